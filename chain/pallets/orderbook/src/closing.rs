//! After the match deadline: what remains is released, orders and exposures are forgotten, a bounded number per block.

use crate::{
	pallet::{ClosedUpTo, Closing, Config, Event, Exposure, MarketOrders, Orders, Pallet, ITEM_WEIGHT},
	types::{MarketKey, OrderState},
};
use alloc::vec::Vec;
use frame::prelude::*;
use pallet_wattfleet_vault::Pallet as Vault;
use wattfleet_primitives::OrderId;

/// Most steps of closing in one block, so that no block is long because a market was large.
const MAX_STEPS: u64 = 256;

impl<T: Config> Pallet<T> {
	/// Closes markets whose match deadline has passed, as far as the weight reaches; the next block goes on from there.
	pub(crate) fn close_markets(remaining: Weight) -> Weight {
		let affordable = remaining.checked_div_per_component(&ITEM_WEIGHT).unwrap_or(0);
		let budget = affordable.min(MAX_STEPS);
		let mut left = budget;
		let now = Self::now() / 60;
		let mut minute = ClosedUpTo::<T>::get();
		if minute == 0 {
			return Weight::zero();
		}
		while left > 0 && minute <= now {
			left -= 1;
			match Closing::<T>::iter_key_prefix(minute).next() {
				Some(market) => left = Self::close_market(minute, market, left),
				None if minute < now => minute += 1,
				None => break,
			}
		}
		ClosedUpTo::<T>::put(minute);
		ITEM_WEIGHT.saturating_mul(budget - left)
	}

	/// Closes up to `left` orders of a market and says how many steps are left.
	fn close_market(minute: u64, market: MarketKey, left: u64) -> u64 {
		// read once, then removed: a new look for each would walk past all that were removed before
		let ids: Vec<OrderId> = MarketOrders::<T>::iter_key_prefix(market).take(left as usize).collect();
		let closed = ids.len() as u64;
		for id in ids {
			Self::forget(market, id);
		}
		if closed < left {
			Closing::<T>::remove(minute, market);
		}
		left.saturating_sub(closed)
	}

	fn forget(market: MarketKey, id: OrderId) {
		MarketOrders::<T>::remove(market, id);
		let Some(record) = Orders::<T>::take(id) else { return };
		Exposure::<T>::remove(market, (record.site, record.order.side));
		if record.state != OrderState::Open {
			return;
		}
		let released = Vault::<T>::release(&record.member, record.collateral(record.remaining_wh));
		debug_assert!(released.is_ok(), "an open order's collateral is locked");
		Self::deposit_event(Event::OrderEnded { id, state: OrderState::Expired, remaining_wh: record.remaining_wh });
	}
}
