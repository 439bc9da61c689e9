//! The exchange's rules, on the real runtime.

mod conservation;
mod governance;
mod growth;
mod matching;
mod migration;
mod orders;
mod settlement;
mod vault;
mod vectors;

use crate::{configs::Nano, *};
use codec::Encode;
use frame::deps::{
	frame_support::traits::OnIdle,
	sp_core::{crypto::AccountId32, ed25519, Pair as _},
	sp_io::TestExternalities,
	sp_runtime::BuildStorage,
};
use pallet_wattfleet_orderbook::{Entry, OrderRecord, SignedItem, PAGE_ORDERS};
use pallet_wattfleet_registry::{Community, Role};
use pallet_wattfleet_settlement::{Allocation, Deviation, Match, MessageId};
use wattfleet_primitives::{
	Cancel, CommunityRules, Energy, MarketKind, MarketRule, Order, Quality, Seconds, Side, SiteId, CANCEL_TAG,
	ENERGY_TAG, ORDER_TAG,
};

pub type AccountId = AccountId32;

pub const CHAIN_ID: [u8; 32] = [42; 32];
pub const COMMUNITY: u32 = 7;
/// 2025-06-20T10:00:00Z, the start of a slot.
pub const START: Seconds = 1_750_413_600;
/// A slot whose spot market is open at `START`.
pub const SLOT: Seconds = START + 3_600;
pub const SHORTFALL_MICRO: u32 = 100_000;
pub const UNUSED_MICRO: u32 = 50_000;
pub const BOND: u64 = 1_000_000_000;
pub const FUNDS: Nano = 1_000_000_000_000;

pub fn account(name: u8) -> AccountId {
	AccountId32::new([name; 32])
}

pub const OPERATOR: u8 = 1;
pub const RELAYER: u8 = 2;
pub const MATCHER: u8 = 3;
pub const SETTLER: u8 = 4;
pub const GRID: u8 = 5;
pub const BALANCING: u8 = 6;
pub const GRID_ACCOUNT: u8 = 7;
pub const COUNCIL: [u8; 3] = [11, 12, 13];

pub fn signed(name: u8) -> RuntimeOrigin {
	RuntimeOrigin::signed(account(name))
}

pub fn rules() -> CommunityRules {
	CommunityRules {
		slot_length_s: 900,
		spot_opens_s: 86_400,
		relay_margin_s: 330,
		gate_closure_s: 300,
		match_deadline_s: 60,
		energies_after_s: 600,
		post_opens_s: 600,
		post_gate_closure_s: 3_600,
		post_match_deadline_s: 3_840,
		execution_after_s: 3_900,
		execution_latest_s: 86_400,
		disputes_s: 604_800,
		corrections_s: 5_184_000,
		shortfall_rate_micro: SHORTFALL_MICRO,
		unused_rate_micro: UNUSED_MICRO,
		fee_micro: [10_000, 20_000],
		market_rule: MarketRule::PayAsBid,
		engine_bond_nano: BOND,
	}
}

/// A chain with one community, an account in every role, a council of three and one validator.
pub fn exchange_with(rules: CommunityRules) -> TestExternalities {
	let roles = [
		(Role::Operator, OPERATOR),
		(Role::Relayer, RELAYER),
		(Role::MatchingEngine, MATCHER),
		(Role::SettlementEngine, SETTLER),
		(Role::GridOperator, GRID),
	];
	let entry = Community { rules, balancing: account(BALANCING), grid_operator: account(GRID_ACCOUNT) };
	let validator = account(COUNCIL[0]);
	let storage = RuntimeGenesisConfig {
		registry: pallet_wattfleet_registry::GenesisConfig {
			chain_id: CHAIN_ID,
			communities: vec![(COMMUNITY, entry)],
			roles: roles.into_iter().map(|(role, name)| (COMMUNITY, role, account(name))).collect(),
		},
		validators: pallet_wattfleet_validators::GenesisConfig { validators: vec![validator.clone()] },
		session: pallet_session::GenesisConfig {
			keys: vec![(validator.clone(), validator, session_keys(COUNCIL[0]).0)],
			..Default::default()
		},
		council: pallet_collective::GenesisConfig {
			members: COUNCIL.into_iter().map(account).collect(),
			..Default::default()
		},
		..Default::default()
	}
	.build_storage()
	.expect("the genesis is sound");
	let mut ext = TestExternalities::new(storage);
	ext.execute_with(|| {
		System::set_block_number(1);
		go_to(START);
	});
	ext
}

/// As `exchange_with`, the invariants checked when the test is through.
pub fn exchange(test: impl FnOnce()) {
	in_exchange(rules(), test);
}

pub fn in_exchange(rules: CommunityRules, test: impl FnOnce()) {
	exchange_with(rules).execute_with(|| {
		test();
		assert_eq!(Settlement::check_money(), Ok(()));
	});
}

/// Session keys of a validator, and the pairs that sign for them.
pub fn session_keys(name: u8) -> (SessionKeys, (frame::deps::sp_core::sr25519::Pair, ed25519::Pair)) {
	let aura = frame::deps::sp_core::sr25519::Pair::from_seed(&[name; 32]);
	let grandpa = ed25519::Pair::from_seed(&[name; 32]);
	(SessionKeys { aura: aura.public().into(), grandpa: grandpa.public().into() }, (aura, grandpa))
}

/// The chain's time.
pub fn go_to(at: Seconds) {
	pallet_timestamp::Now::<Runtime>::put(at * 1000);
}

/// Begins the next block, the events of the last gone.
pub fn next_block() {
	System::set_block_number(System::block_number() + 1);
	System::reset_events();
}

/// What the hooks do in so many blocks with nothing else in them.
pub fn idle(blocks: u32) {
	for _ in 0..blocks {
		next_block();
		let weight = configs::BlockWeights::get().max_block;
		<AllPalletsWithSystem as OnIdle<u32>>::on_idle(System::block_number(), weight);
	}
}

pub fn events() -> Vec<RuntimeEvent> {
	System::events().into_iter().map(|record| record.event).collect()
}

pub fn orderbook_events() -> Vec<pallet_wattfleet_orderbook::Event<Runtime>> {
	events().into_iter().filter_map(|event| event.try_into().ok()).collect()
}

pub fn settlement_events() -> Vec<pallet_wattfleet_settlement::Event<Runtime>> {
	events().into_iter().filter_map(|event| event.try_into().ok()).collect()
}

/// A member's site with its gateway.
#[derive(Clone)]
pub struct House {
	pub name: u8,
	pub site: SiteId,
	pub key: ed25519::Pair,
	pub epoch: u32,
}

impl House {
	pub fn member(&self) -> AccountId {
		account(self.name)
	}

	pub fn gateway(&self) -> [u8; 32] {
		self.key.public().0
	}

	pub fn sign(&self, bytes: Vec<u8>) -> SignedItem {
		let signature = self.key.sign(&bytes).0;
		SignedItem { bytes: bytes.try_into().expect("messages are short"), signature }
	}

	pub fn order(&self, sequence: u64, side: Side, energy_wh: u32, price_micro: u32) -> Order {
		Order {
			tag: ORDER_TAG,
			chain: CHAIN_ID,
			community: COMMUNITY,
			gateway: self.gateway(),
			epoch: self.epoch,
			sequence,
			kind: MarketKind::Spot,
			side,
			slot_start: SLOT,
			energy_wh,
			price_micro,
			expires_at: 0,
			energy_types: if side == Side::Offer { 1 } else { 0 },
			partner: None,
			replaces: None,
		}
	}

	pub fn bid(&self, sequence: u64, energy_wh: u32, price_micro: u32) -> Order {
		self.order(sequence, Side::Bid, energy_wh, price_micro)
	}

	pub fn offer(&self, sequence: u64, energy_wh: u32, price_micro: u32) -> Order {
		self.order(sequence, Side::Offer, energy_wh, price_micro)
	}

	pub fn cancel(&self, sequence: u64, target: u64) -> SignedItem {
		let (chain, gateway, epoch) = (CHAIN_ID, self.gateway(), self.epoch);
		self.sign(Cancel { tag: CANCEL_TAG, chain, gateway, epoch, sequence, target }.encode())
	}

	pub fn energy(&self, sequence: u64, import_wh: u32, export_wh: u32) -> SignedItem {
		let energy = Energy {
			tag: ENERGY_TAG,
			chain: CHAIN_ID,
			community: COMMUNITY,
			gateway: self.gateway(),
			epoch: self.epoch,
			sequence,
			slot_start: SLOT,
			import_wh,
			export_wh,
			error_wh: 1,
			quality: Quality::Good,
			grade: 0,
			salt: [9; 16],
			previous: [0; 32],
		};
		self.sign(energy.encode())
	}

	pub fn free(&self) -> Nano {
		free(self.name)
	}

	pub fn locked(&self) -> Nano {
		locked(self.name)
	}
}

pub fn free(name: u8) -> Nano {
	use frame::traits::fungible::Inspect;
	let (all, held) = (Money::total_balance(&account(name)), locked(name));
	all - held
}

pub fn locked(name: u8) -> Nano {
	use frame::traits::fungible::InspectHold;
	Money::total_balance_on_hold(&account(name))
}

pub fn issue(name: u8, amount: Nano) {
	let mut reference = [0; 32];
	reference[..8].copy_from_slice(
		&pallet_balances::TotalIssuance::<Runtime, pallet_balances::Instance1>::get().to_le_bytes()[..8],
	);
	reference[31] = name;
	Vault::issue(signed(OPERATOR), COMMUNITY, account(name), amount, reference).unwrap();
}

/// A house of its own member, in a zone, with money.
pub fn house_in(name: u8, zone: u32) -> House {
	let site = [name; 16];
	let key = ed25519::Pair::from_seed(&[name; 32]);
	Registry::set_site(signed(OPERATOR), site, COMMUNITY, account(name), zone, 5_000, 5_000).unwrap();
	Registry::enrol_gateway(signed(OPERATOR), site, key.public().0).unwrap();
	issue(name, FUNDS);
	let epoch = pallet_wattfleet_registry::Sites::<Runtime>::get(site).unwrap().epoch;
	House { name, site, key, epoch }
}

pub fn house(name: u8) -> House {
	house_in(name, 1)
}

pub fn submit(items: Vec<SignedItem>) {
	let items = items.try_into().expect("a batch is bounded");
	Orderbook::submit(signed(RELAYER), COMMUNITY, items).unwrap();
}

/// Enters orders, each of its house.
pub fn enter(orders: &[(&House, Order)]) {
	submit(orders.iter().map(|(house, order)| house.sign(order.encode())).collect());
}

pub fn stored(market_of: &Order, position: u32) -> Option<OrderRecord<AccountId>> {
	let market = (market_of.community, market_of.slot_start, market_of.kind);
	let page = pallet_wattfleet_orderbook::Pages::<Runtime>::get(market, position / PAGE_ORDERS);
	page.get((position % PAGE_ORDERS) as usize).cloned()
}

pub fn entries(house: &House) -> Vec<Entry> {
	pallet_wattfleet_orderbook::Entries::<Runtime>::get(house.site).into_inner()
}

/// Enters matches computed from the block before this one.
pub fn try_matches(matches: &[(u32, u32, u32)], rate_micro: Option<u32>) -> DispatchResult {
	let matches: Vec<Match> = matches
		.iter()
		.map(|(bid, offer, energy_wh)| Match { bid: *bid, offer: *offer, energy_wh: *energy_wh })
		.collect();
	next_block();
	let from = System::block_number() - 1;
	dispatch(
		pallet_wattfleet_settlement::Call::submit_matches {
			community: COMMUNITY,
			slot_start: SLOT,
			kind: MarketKind::Spot,
			computed_from: from,
			rate_micro,
			matches: matches.try_into().expect("a batch is bounded"),
		},
		MATCHER,
	)
}

pub fn matches(matches: &[(u32, u32, u32)]) {
	try_matches(matches, None).unwrap();
}

/// A settlement engine with its bond.
pub fn bond() {
	issue(SETTLER, 2 * Nano::from(BOND));
	Settlement::post_bond(signed(SETTLER), COMMUNITY, BOND.into()).unwrap();
}

pub fn deviation(of: &House, shortfall_wh: u32, unused_wh: u32) -> Deviation {
	let message = Some(MessageId { epoch: of.epoch, sequence: 100 });
	Deviation { site: of.site, shortfall_wh, unused_wh, missing_import: false, missing_export: false, message }
}

pub fn try_settle(root: [u8; 32], allocations: &[(u64, u32)], deviations: &[Deviation]) -> DispatchResult {
	let allocations: Vec<Allocation> = allocations
		.iter()
		.map(|(trade, allocated_wh)| Allocation { trade: *trade, allocated_wh: *allocated_wh })
		.collect();
	dispatch(
		pallet_wattfleet_settlement::Call::settle {
			community: COMMUNITY,
			slot_start: SLOT,
			root,
			allocations: allocations.try_into().expect("a batch is bounded"),
			deviations: deviations.to_vec().try_into().expect("a batch is bounded"),
		},
		SETTLER,
	)
}

/// As an extrinsic would: what fails changes nothing.
pub fn dispatch(call: impl Into<RuntimeCall>, name: u8) -> DispatchResult {
	call.into().dispatch(signed(name)).map(|_| ()).map_err(|failed| failed.error)
}
