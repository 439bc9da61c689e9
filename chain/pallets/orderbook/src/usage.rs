//! What a batch costs: by its items, and by the pages that they lie in.

use crate::{
	pallet::Config,
	types::{SignedItem, WeightInfo, PAGE_ORDERS},
};
use alloc::collections::BTreeMap;
use frame::prelude::*;
use wattfleet_primitives::{decode_signed, Item, MarketKind, Seconds};

/// The pages that `n` orders of one market fill, when they come one after the other.
fn packed(n: u32) -> u32 {
	n.div_ceil(PAGE_ORDERS)
}

/// What `items` items in `pages` pages cost.
fn of<T: Config>(items: u32, pages: u32) -> Weight {
	let more = pages.saturating_sub(packed(items));
	<T as Config>::WeightInfo::submit(items).saturating_add(<T as Config>::WeightInfo::pages(more))
}

/// What it costs to remember when so many orders expire.
fn expiry<T: Config>(orders: u64) -> Weight {
	<T as frame_system::Config>::DbWeight::get().writes(orders)
}

/// The most that a batch can cost, before any of it is looked up: the orders of one market lie in as many pages as they
/// fill and one more, where they begin within one; each cancel and each order that is replaced may lie in a page of its own.
pub(crate) fn most<T: Config>(items: &[SignedItem]) -> Weight {
	let mut markets: BTreeMap<(Seconds, MarketKind), u32> = BTreeMap::new();
	let (mut single, mut expiring) = (0u32, 0u64);
	for item in items {
		match decode_signed(&item.bytes) {
			Some(Item::Order(order)) => {
				let count = markets.entry((order.slot_start, order.kind)).or_default();
				*count = count.saturating_add(1);
				single = single.saturating_add(u32::from(order.replaces.is_some()));
				expiring = expiring.saturating_add(u64::from(order.expires_at > 0));
			},
			Some(Item::Cancel(_)) => single = single.saturating_add(1),
			None => {},
		}
	}
	let filled = markets.values().fold(0u32, |sum, count| sum.saturating_add(packed(*count)).saturating_add(1));
	of::<T>(items.len() as u32, filled.saturating_add(single)).saturating_add(expiry::<T>(expiring))
}

/// What a batch did cost, that touched so many pages.
pub(crate) fn actual<T: Config>(items: &[SignedItem], pages: u32) -> Weight {
	let expires =
		|item: &&SignedItem| matches!(decode_signed(&item.bytes), Some(Item::Order(order)) if order.expires_at > 0);
	let expiring = items.iter().filter(expires).count() as u64;
	of::<T>(items.len() as u32, pages).saturating_add(expiry::<T>(expiring))
}
