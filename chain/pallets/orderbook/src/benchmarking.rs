//! Costs of entering, cancelling and closing orders, with as much beside them as the limits allow: every site remembers as
//! many entries as it may, every page is full.

use super::{pallet::*, types::*, Desk, Pallet};
use alloc::vec::Vec;
use codec::Encode;
use frame::benchmarking::prelude::*;
use frame::deps::{sp_core::crypto::KeyTypeId, sp_io::crypto};
use frame::traits::fungible::Mutate;
use pallet_wattfleet_registry::{
	benchmarking::{community, put, COMMUNITY},
	ChainId, Gateway, Gateways, OnGatewayEnded, Role, Roles, Site, Sites,
};
use pallet_wattfleet_vault::{HoldReason, Pallet as Vault};
use wattfleet_primitives::{MarketKind, Nano, Order, Seconds, Side, SiteId, ORDER_TAG};

const KEY_TYPE: KeyTypeId = KeyTypeId(*b"benc");
pub const CHAIN_ID: [u8; 32] = [7; 32];
/// The start of a slot.
pub const SLOT: Seconds = 1_750_413_600;
pub const NOW: Seconds = SLOT - 3_600;
const FUNDS: Nano = 1_000_000_000_000_000;

/// A site with its member, its money and its gateway's key.
#[derive(Clone)]
pub struct House<AccountId> {
	pub site: SiteId,
	pub member: AccountId,
	pub gateway: [u8; 32],
}

/// A community with this account in every role, at `NOW`.
pub fn exchange<T: Config>(in_roles: &T::AccountId) {
	go_to::<T>(NOW);
	ChainId::<T>::put(CHAIN_ID);
	put::<T>(community::<T>());
	for role in Role::ALL {
		Roles::<T>::insert(COMMUNITY, (role, in_roles), ());
	}
}

pub fn go_to<T: Config>(at: Seconds) {
	pallet_timestamp::Now::<T>::put(at * 1_000);
}

pub fn house<T: Config>(index: u32) -> Result<House<T::AccountId>, BenchmarkError> {
	let seed = alloc::format!("//House{index}").into_bytes();
	let gateway = crypto::ed25519_generate(KEY_TYPE, Some(seed)).0;
	let member: T::AccountId = account("member", index, 0);
	let mut site = [0; 16];
	site[..4].copy_from_slice(&index.to_be_bytes());
	let entry = Site {
		community: COMMUNITY,
		member: member.clone(),
		zone: index % 2,
		cap_import_wh: 1_000_000_000,
		cap_export_wh: 1_000_000_000,
		gateway: Some(gateway),
		epoch: 1,
	};
	Sites::<T>::insert(site, entry);
	Gateways::<T>::insert(gateway, Gateway { site, epoch: 1, revoked: false, ended_at: None });
	T::Currency::mint_into(&member, FUNDS)?;
	Ok(House { site, member, gateway })
}

pub fn order<AccountId>(of: &House<AccountId>, sequence: u64, side: Side, slot_start: Seconds) -> Order {
	Order {
		tag: ORDER_TAG,
		chain: CHAIN_ID,
		community: COMMUNITY,
		gateway: of.gateway,
		epoch: 1,
		sequence,
		kind: MarketKind::Spot,
		side,
		slot_start,
		energy_wh: 1_000,
		price_micro: if side == Side::Bid { 300_000 } else { 100_000 },
		expires_at: 0,
		energy_types: if side == Side::Bid { 0 } else { 1 },
		partner: Some([1; 32]),
		replaces: None,
	}
}

pub fn sign<AccountId>(of: &House<AccountId>, bytes: Vec<u8>) -> SignedItem {
	let key = frame::deps::sp_core::ed25519::Public::from_raw(of.gateway);
	let signature = crypto::ed25519_sign(KEY_TYPE, &key, &bytes).expect("the key was generated here").0;
	SignedItem { bytes: bytes.try_into().expect("messages are short"), signature }
}

/// An open order in storage, its collateral locked.
pub fn open_order<T: Config>(
	of: &House<T::AccountId>,
	order: Order,
) -> Result<OrderRecord<T::AccountId>, BenchmarkError> {
	let record = OrderRecord {
		site: of.site,
		member: of.member.clone(),
		zone: 1,
		remaining_wh: order.energy_wh,
		deviation_rate_micro: 50_000,
		state: OrderState::Open,
		order,
	};
	Vault::<T>::lock(HoldReason::Collateral, &of.member, record.locked())?;
	Ok(record)
}

/// A full page at this place of a market, this order first.
pub fn full_page<T: Config>(market: MarketKey, page: u32, first: OrderRecord<T::AccountId>) {
	let filler = OrderRecord { state: OrderState::Cancelled, remaining_wh: 0, ..first.clone() };
	let records: Vec<_> =
		core::iter::once(first).chain(core::iter::repeat(filler)).take(PAGE_ORDERS as usize).collect();
	Pages::<T>::insert(market, page, Page::try_from(records).expect("a page"));
	Books::<T>::mutate(market, |book| book.entered = book.entered.max((page + 1) * PAGE_ORDERS));
}

/// So many entries of another market, not stale.
fn entries<T: Config>(of: &House<T::AccountId>, count: u32) {
	let all: Vec<Entry> = (0..count)
		.map(|n| Entry::Order {
			epoch: 1,
			sequence: 1_000_000 + u64::from(n),
			slot_start: SLOT + 900,
			kind: MarketKind::Spot,
			side: Side::Bid,
			position: n,
			fingerprint: [0; 8],
			counted_wh: 1,
		})
		.collect();
	Entries::<T>::insert(of.site, BoundedVec::try_from(all).expect("within the bound"));
}

#[benchmarks]
mod benches {
	use super::*;

	#[benchmark]
	fn submit(s: Linear<1, 512>) -> Result<(), BenchmarkError> {
		let relayer: T::AccountId = whitelisted_caller();
		exchange::<T>(&relayer);
		let mut items = Vec::new();
		for index in 0..s {
			let house = house::<T>(index)?;
			entries::<T>(&house, MAX_SITE_ENTRIES - 1);
			items.push(sign(&house, order(&house, 1, Side::Bid, SLOT).encode()));
		}
		let items = BoundedVec::try_from(items).map_err(|_| "too many")?;
		#[extrinsic_call]
		_(RawOrigin::Signed(relayer), COMMUNITY, items);
		assert_eq!(Books::<T>::get((COMMUNITY, SLOT, MarketKind::Spot)).entered, s);
		Ok(())
	}

	/// Each beside as many entries of the site as there may be.
	#[benchmark]
	fn further(x: Linear<1, 120>) -> Result<(), BenchmarkError> {
		let relayer: T::AccountId = whitelisted_caller();
		exchange::<T>(&relayer);
		let house = house::<T>(0)?;
		entries::<T>(&house, MAX_SITE_ENTRIES - 1 - x);
		let orders = (0..=x).map(|n| sign(&house, order(&house, n.into(), Side::Bid, SLOT).encode()));
		let items = BoundedVec::try_from(orders.collect::<Vec<_>>()).map_err(|_| "too many")?;
		#[block]
		{
			Pallet::<T>::submit(RawOrigin::Signed(relayer).into(), COMMUNITY, items)?;
		}
		assert_eq!(Books::<T>::get((COMMUNITY, SLOT, MarketKind::Spot)).entered, x + 1);
		Ok(())
	}

	#[benchmark]
	fn pages(p: Linear<0, 512>) -> Result<(), BenchmarkError> {
		exchange::<T>(&whitelisted_caller());
		let house = house::<T>(0)?;
		let market = (COMMUNITY, SLOT, MarketKind::Spot);
		for page in 0..p {
			full_page::<T>(market, page, open_order::<T>(&house, order(&house, page.into(), Side::Bid, SLOT))?);
		}
		let mut desk = Desk::<T>::new();
		#[block]
		{
			for page in 0..p {
				if let Some(record) = desk.change_order(market, page * PAGE_ORDERS) {
					record.remaining_wh = 1;
				}
			}
			desk.save();
		}
		assert_eq!(Pages::<T>::iter_prefix(market).count() as u32, p);
		Ok(())
	}

	#[benchmark]
	fn close_page() -> Result<(), BenchmarkError> {
		exchange::<T>(&whitelisted_caller());
		let market = (COMMUNITY, SLOT, MarketKind::Spot);
		let mut page = Page::<T::AccountId>::default();
		for index in 0..PAGE_ORDERS {
			let house = house::<T>(index)?;
			let record = open_order::<T>(&house, order(&house, 1, Side::Bid, SLOT))?;
			page.try_push(record).map_err(|_| "full")?;
		}
		Pages::<T>::insert(market, 0, page);
		Books::<T>::insert(market, Book { entered: PAGE_ORDERS, ..Default::default() });
		let minute = SLOT / 60;
		Closing::<T>::insert(minute, market, ());
		#[block]
		{
			Pallet::<T>::close_market(minute, market, 1);
		}
		assert!(!Books::<T>::contains_key(market));
		Ok(())
	}

	#[benchmark]
	fn expire_order() -> Result<(), BenchmarkError> {
		exchange::<T>(&whitelisted_caller());
		let house = house::<T>(0)?;
		let market = (COMMUNITY, SLOT, MarketKind::Spot);
		full_page::<T>(market, 0, open_order::<T>(&house, order(&house, 1, Side::Bid, SLOT))?);
		entries::<T>(&house, MAX_SITE_ENTRIES);
		let minute = SLOT / 60;
		Expiring::<T>::insert(minute, (market, 0), ());
		#[block]
		{
			Pallet::<T>::expire_order(minute, (market, 0));
		}
		assert_eq!(Pages::<T>::get(market, 0)[0].state, OrderState::Expired);
		Ok(())
	}

	#[benchmark]
	fn cancel_site(n: Linear<1, MAX_SITE_ENTRIES>) -> Result<(), BenchmarkError> {
		exchange::<T>(&whitelisted_caller());
		let house = house::<T>(0)?;
		let market = (COMMUNITY, SLOT, MarketKind::Spot);
		let mut all = Vec::new();
		for page in 0..n {
			let order = order(&house, page.into(), Side::Bid, SLOT);
			full_page::<T>(market, page, open_order::<T>(&house, order)?);
			all.push(Entry::Order {
				epoch: 1,
				sequence: page.into(),
				slot_start: SLOT,
				kind: MarketKind::Spot,
				side: Side::Bid,
				position: page * PAGE_ORDERS,
				fingerprint: [0; 8],
				counted_wh: 1_000,
			});
		}
		Entries::<T>::insert(house.site, BoundedVec::try_from(all).map_err(|_| "too many")?);
		#[block]
		{
			<Pallet<T> as OnGatewayEnded>::ended(&house.site);
		}
		assert_eq!(Pages::<T>::get(market, 0)[0].state, OrderState::Cancelled);
		Ok(())
	}
}
