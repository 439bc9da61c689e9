//! What a batch costs: by its items, and by the pages that they lie in.

use crate::{
	pallet::Config,
	types::{SignedItem, WeightInfo, PAGE_ORDERS},
};
use alloc::collections::{BTreeMap, BTreeSet};
use frame::prelude::*;
use wattfleet_primitives::{decode_signed, Cancel, GatewayKey, Item, MarketKind, Order, Seconds};

/// The pages that `n` orders of one market fill, when they come one after the other.
fn packed(n: u32) -> u32 {
	n.div_ceil(PAGE_ORDERS)
}

/// What items of so many sites in so many pages cost. What a site's first item reads and writes, its others find there.
fn of<T: Config>(items: u32, sites: u32, pages: u32) -> Weight {
	let more_pages = pages.saturating_sub(packed(items));
	<T as Config>::WeightInfo::submit(sites)
		.saturating_add(<T as Config>::WeightInfo::further(items.saturating_sub(sites)))
		.saturating_add(<T as Config>::WeightInfo::pages(more_pages))
}

/// What the items say of their cost: how many gateways they are of, when they expire, what they replace.
#[derive(Default)]
struct Extras {
	gateways: BTreeSet<GatewayKey>,
	expiring: u64,
	replacing: u32,
}

impl Extras {
	fn sites(&self) -> u32 {
		self.gateways.len() as u32
	}

	fn add_cancel(&mut self, cancel: &Cancel) {
		self.gateways.insert(cancel.gateway);
	}

	fn add(&mut self, order: &Order) {
		self.gateways.insert(order.gateway);
		self.expiring = self.expiring.saturating_add(u64::from(order.expires_at > 0));
		self.replacing = self.replacing.saturating_add(u32::from(order.replaces.is_some()));
	}

	/// An expiry is one item written; a replacement ends an order beside entering one.
	fn weight<T: Config>(&self) -> Weight {
		let ends = <T as Config>::WeightInfo::expire_order().saturating_mul(self.replacing.into());
		<T as frame_system::Config>::DbWeight::get().writes(self.expiring).saturating_add(ends)
	}
}

/// The most that a batch can cost, before any of it is looked up: the orders of one market lie in as many pages as they
/// fill and one more, where they begin within one; each cancel and each order that is replaced may lie in a page of its own.
pub(crate) fn most<T: Config>(items: &[SignedItem]) -> Weight {
	let mut markets: BTreeMap<(Seconds, MarketKind), u32> = BTreeMap::new();
	let (mut cancels, mut extras) = (0u32, Extras::default());
	for item in items {
		match decode_signed(&item.bytes) {
			Some(Item::Order(order)) => {
				let count = markets.entry((order.slot_start, order.kind)).or_default();
				*count = count.saturating_add(1);
				extras.add(&order);
			},
			Some(Item::Cancel(cancel)) => {
				cancels = cancels.saturating_add(1);
				extras.add_cancel(&cancel);
			},
			None => {},
		}
	}
	let filled = markets.values().fold(0u32, |sum, count| sum.saturating_add(packed(*count)).saturating_add(1));
	let pages = filled.saturating_add(cancels).saturating_add(extras.replacing);
	of::<T>(items.len() as u32, extras.sites(), pages).saturating_add(extras.weight::<T>())
}

/// What a batch did cost, that touched so many pages.
pub(crate) fn actual<T: Config>(items: &[SignedItem], pages: u32) -> Weight {
	let mut extras = Extras::default();
	for item in items {
		match decode_signed(&item.bytes) {
			Some(Item::Order(order)) => extras.add(&order),
			Some(Item::Cancel(cancel)) => extras.add_cancel(&cancel),
			None => {},
		}
	}
	of::<T>(items.len() as u32, extras.sites(), pages).saturating_add(extras.weight::<T>())
}
