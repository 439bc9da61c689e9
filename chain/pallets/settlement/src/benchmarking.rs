//! Costs of matching, settling and correcting, each trade with sites, members and pages of its own.

use super::{pallet::*, types::*, Pallet};
use alloc::vec::Vec;
use codec::Encode;
use frame::benchmarking::prelude::*;
use frame::traits::fungible::Mutate;
use pallet_wattfleet_orderbook::{
	benchmarking::{exchange, full_page, go_to, house, open_order, order, sign, House, CHAIN_ID, SLOT},
	Books, PAGE_ORDERS,
};
use pallet_wattfleet_registry::benchmarking::{community, put, COMMUNITY};
use pallet_wattfleet_vault::{HoldReason, Pallet as Vault};
use wattfleet_primitives::{
	merkle::ProofStep, sha256, value_nano, Energy, MarketKind, MarketRule, Nano, Quality, Side, ENERGY_TAG,
};

const KEY: SlotKey = (COMMUNITY, SLOT);
const ENERGY_WH: u32 = 1_000;
const RATE: u32 = 200_000;
const BOND: Nano = 1_000_000_000;
const EXECUTED: TradeState = TradeState::Executed { allocated_wh: ENERGY_WH };

type HouseOf<T> = House<<T as frame_system::Config>::AccountId>;

/// The engine, in every role, its bond at stake.
fn engine<T: Config>() -> Result<T::AccountId, BenchmarkError> {
	let who: T::AccountId = whitelisted_caller();
	exchange::<T>(&who);
	T::Currency::mint_into(&who, 10 * BOND)?;
	Pallet::<T>::post_bond(RawOrigin::Signed(who.clone()).into(), COMMUNITY, BOND)?;
	Ok(who)
}

fn add_totals<T: Config>(of: &HouseOf<T>, bought: bool) -> Result<(), BenchmarkError> {
	let held = value_nano(ENERGY_WH, 50_000);
	Vault::<T>::lock(HoldReason::Collateral, &of.member, held)?;
	Totals::<T>::mutate(KEY, of.site, |totals| {
		let totals = totals.get_or_insert_with(|| SiteTotals::new(of.member.clone()));
		totals.trades += 1;
		totals.pending += 1;
		match bought {
			true => {
				totals.bought_wh += ENERGY_WH;
				totals.held_for_unused += held;
			},
			false => {
				totals.sold_wh += ENERGY_WH;
				totals.held_for_shortfall += held;
			},
		}
	});
	Ok(())
}

/// A trade that waits for execution, all that it has locked included.
fn trade<T: Config>(id: TradeId, buyer: &HouseOf<T>, seller: &HouseOf<T>) -> Result<(), BenchmarkError> {
	Vault::<T>::lock(HoldReason::Collateral, &buyer.member, value_nano(ENERGY_WH, RATE))?;
	add_totals::<T>(buyer, true)?;
	add_totals::<T>(seller, false)?;
	let entry = Trade {
		buyer: buyer.member.clone(),
		seller: seller.member.clone(),
		buyer_site: buyer.site,
		seller_site: seller.site,
		energy_wh: ENERGY_WH,
		buyer_rate_micro: RATE,
		seller_rate_micro: RATE - 10_000,
		state: TradeState::Open,
	};
	Trades::<T>::insert(KEY, id, entry);
	Slots::<T>::mutate(KEY, |state| {
		state.open_trades += 1;
		state.open_sites += 2;
	});
	Ok(())
}

fn settle<T: Config>(
	who: &T::AccountId,
	root: [u8; 32],
	allocations: Vec<Allocation>,
	deviations: Vec<Deviation>,
) -> Result<(), BenchmarkError> {
	let allocations = BoundedVec::try_from(allocations).map_err(|_| "too many")?;
	let deviations = BoundedVec::try_from(deviations).map_err(|_| "too many")?;
	Pallet::<T>::settle(RawOrigin::Signed(who.clone()).into(), COMMUNITY, SLOT, root, allocations, deviations)?;
	Ok(())
}

fn deviation<T: Config>(of: &HouseOf<T>, shortfall_wh: u32) -> Deviation {
	let message = Some(MessageId { epoch: 1, sequence: 1 });
	Deviation { site: of.site, shortfall_wh, unused_wh: 0, missing_import: false, missing_export: false, message }
}

/// One seller with `t` trades, each with a buyer of its own, settled as if nothing had been delivered.
fn settled_seller<T: Config>(
	who: &T::AccountId,
	t: u32,
) -> Result<(HouseOf<T>, BoundedVec<TradeId, ConstU32<MAX_SITE_TRADES>>), BenchmarkError> {
	let seller = house::<T>(0)?;
	let mut ids = Vec::new();
	let (mut allocations, mut deviations) = (Vec::new(), Vec::new());
	for index in 1..=t {
		let buyer = house::<T>(index)?;
		trade::<T>(index.into(), &buyer, &seller)?;
		ids.push(index.into());
		allocations.push(Allocation { trade: index.into(), allocated_wh: 0 });
		deviations.push(deviation::<T>(&buyer, 0));
	}
	deviations.push(deviation::<T>(&seller, t * ENERGY_WH));
	go_to::<T>(SLOT + 900 + 3_900);
	settle::<T>(who, [1; 32], allocations, deviations)?;
	Ok((seller, BoundedVec::try_from(ids).map_err(|_| "too many")?))
}

/// What a message and the neighbours on its way up come to.
fn root_of(bytes: &[u8], signature: &[u8; 64], steps: &[ProofStep]) -> [u8; 32] {
	let leaf = sha256(&[&[0u8], bytes, &signature[..]].concat());
	steps.iter().fold(leaf, |below, step| sha256(&[&[1u8], &step.hash[..], &below[..]].concat()))
}

#[benchmarks]
mod benches {
	use super::*;

	#[benchmark]
	fn submit_matches(n: Linear<1, 256>) -> Result<(), BenchmarkError> {
		let who = engine::<T>()?;
		let market = (COMMUNITY, SLOT, MarketKind::Spot);
		let mut matches = Vec::new();
		for index in 0..n {
			for (page, side) in [(2 * index, Side::Bid), (2 * index + 1, Side::Offer)] {
				let house = house::<T>(page)?;
				full_page::<T>(market, page, open_order::<T>(&house, order(&house, 1, side, SLOT))?);
			}
			let (bid, offer) = (2 * index * PAGE_ORDERS, (2 * index + 1) * PAGE_ORDERS);
			matches.push(Match { bid, offer, energy_wh: ENERGY_WH });
		}
		let matches = BoundedVec::try_from(matches).map_err(|_| "too many")?;
		frame_system::Pallet::<T>::set_block_number(10u32.into());
		#[extrinsic_call]
		_(RawOrigin::Signed(who), COMMUNITY, SLOT, MarketKind::Spot, 9u32.into(), None, matches);
		assert_eq!(Trades::<T>::iter_prefix(KEY).count() as u32, n);
		assert_eq!(Books::<T>::get(market).last_matched, 10u32.into());
		Ok(())
	}

	#[benchmark]
	fn settle(d: Linear<0, 256>) -> Result<(), BenchmarkError> {
		let who = engine::<T>()?;
		let mut deviations = Vec::new();
		for index in 0..d {
			let of = house::<T>(index)?;
			add_totals::<T>(&of, false)?;
			deviations.push(deviation::<T>(&of, ENERGY_WH / 2));
		}
		go_to::<T>(SLOT + 900 + 3_900);
		let deviations = BoundedVec::try_from(deviations).map_err(|_| "too many")?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), COMMUNITY, SLOT, [1; 32], BoundedVec::default(), deviations);
		assert_eq!(Slots::<T>::get(KEY).settled_sites, d);
		Ok(())
	}

	/// Each between two sites of its own.
	#[benchmark]
	fn execute(a: Linear<0, 256>) -> Result<(), BenchmarkError> {
		let who = engine::<T>()?;
		let (mut allocations, mut settled) = (Vec::new(), Vec::new());
		for index in 0..a {
			let (buyer, seller) = (house::<T>(2 * index)?, house::<T>(2 * index + 1)?);
			trade::<T>(index.into(), &buyer, &seller)?;
			settled.extend([deviation::<T>(&buyer, 0), deviation::<T>(&seller, ENERGY_WH / 2)]);
			allocations.push(Allocation { trade: index.into(), allocated_wh: ENERGY_WH / 2 });
		}
		go_to::<T>(SLOT + 900 + 3_900);
		super::settle::<T>(&who, [1; 32], Vec::new(), settled)?;
		let allocations = BoundedVec::try_from(allocations).map_err(|_| "too many")?;
		#[extrinsic_call]
		settle(RawOrigin::Signed(who), COMMUNITY, SLOT, [1; 32], allocations, BoundedVec::default());
		assert_eq!(Slots::<T>::get(KEY).open_trades, 0);
		Ok(())
	}

	/// With the longest proof, which the root is made of, so that the engine is slashed.
	#[benchmark]
	fn reveal(t: Linear<1, MAX_SITE_TRADES>) -> Result<(), BenchmarkError> {
		let who = engine::<T>()?;
		let (seller, ids) = settled_seller::<T>(&who, t)?;
		let energy = Energy {
			tag: ENERGY_TAG,
			chain: CHAIN_ID,
			community: COMMUNITY,
			gateway: seller.gateway,
			epoch: 1,
			sequence: 2,
			slot_start: SLOT,
			import_wh: 0,
			export_wh: t * ENERGY_WH,
			error_wh: 0,
			quality: Quality::Good,
			grade: 0,
			salt: [0; 16],
			previous: [0; 32],
		};
		let message = sign(&seller, energy.encode());
		let steps = alloc::vec![ProofStep { on_left: true, hash: [0; 32] }; MAX_PROOF as usize];
		let root = root_of(&message.bytes, &message.signature, &steps);
		Slots::<T>::mutate(KEY, |state| state.root = Some(root));
		let proof = Some(BoundedVec::try_from(steps).map_err(|_| "too many")?);
		#[extrinsic_call]
		_(RawOrigin::Signed(seller.member.clone()), COMMUNITY, SLOT, seller.site, message, proof, ids);
		assert_eq!(Bonds::<T>::get(COMMUNITY, &who).amount, 0);
		assert_eq!(Trades::<T>::get(KEY, 1).map(|trade| trade.state), Some(EXECUTED));
		Ok(())
	}

	#[benchmark]
	fn correct(t: Linear<1, MAX_SITE_TRADES>) -> Result<(), BenchmarkError> {
		let who = engine::<T>()?;
		let (seller, ids) = settled_seller::<T>(&who, t)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), COMMUNITY, SLOT, seller.site, None, Some(t * ENERGY_WH), ids);
		assert_eq!(Trades::<T>::get(KEY, 1).map(|trade| trade.state), Some(EXECUTED));
		Ok(())
	}

	/// All of them buy or sell, and none has any money: debts and claims are written.
	#[benchmark]
	fn settle_coefficients(n: Linear<1, MAX_COEFFICIENT_SITES>) -> Result<(), BenchmarkError> {
		let who = engine::<T>()?;
		let mut entry = community::<T>();
		entry.rules.market_rule = MarketRule::StaticShares { price_micro: RATE };
		put::<T>(entry);
		pallet_wattfleet_registry::SiteCount::<T>::insert(COMMUNITY, n);
		let mut flows = Vec::new();
		for index in 0..n {
			let of = house::<T>(index)?;
			T::Currency::set_balance(&of.member, 1);
			pallet_wattfleet_registry::Shares::<T>::insert(of.site, index + 1);
			let (export_wh, import_wh) = (100_000 * (index % 2), 100_000 * ((index + 1) % 2));
			let message = Some(MessageId { epoch: 1, sequence: 1 });
			flows.push(SiteFlow { site: of.site, export_wh, import_wh, message });
		}
		go_to::<T>(SLOT + 900 + 3_900);
		let flows = BoundedVec::try_from(flows).map_err(|_| "too many")?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), COMMUNITY, SLOT, [1; 32], flows);
		assert_eq!(SharedFlows::<T>::iter_prefix(KEY).count() as u32, n);
		Ok(())
	}

	#[benchmark]
	fn enforce() -> Result<(), BenchmarkError> {
		let who = engine::<T>()?;
		let (seller, _) = settled_seller::<T>(&who, 1)?;
		Totals::<T>::mutate(KEY, seller.site, |totals| {
			if let Some(settled) = totals.as_mut().and_then(|totals| totals.settled.as_mut()) {
				settled.challenged_at = Some(SLOT);
			}
		});
		go_to::<T>(SLOT + 2 * ANSWER_S);
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), COMMUNITY, SLOT, seller.site);
		assert_eq!(Bonds::<T>::get(COMMUNITY, who).amount, 0);
		Ok(())
	}

	#[benchmark]
	fn post_bond() -> Result<(), BenchmarkError> {
		let who = engine::<T>()?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), COMMUNITY, BOND);
		assert_eq!(Bonds::<T>::get(COMMUNITY, who).amount, 2 * BOND);
		Ok(())
	}

	#[benchmark]
	fn release_bond() -> Result<(), BenchmarkError> {
		let who = engine::<T>()?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), COMMUNITY);
		assert_eq!(Bonds::<T>::get(COMMUNITY, who).amount, 0);
		Ok(())
	}

	/// A trade that nobody executed: its lock returns.
	#[benchmark]
	fn forget() -> Result<(), BenchmarkError> {
		engine::<T>()?;
		trade::<T>(1, &house::<T>(0)?, &house::<T>(1)?)?;
		let mut state = Slots::<T>::get(KEY);
		#[block]
		{
			Pallet::<T>::give_up_trades(KEY, &mut state, 1);
		}
		assert_eq!(Trades::<T>::get(KEY, 1).map(|trade| trade.state), Some(TradeState::GivenUp));
		Ok(())
	}
}
