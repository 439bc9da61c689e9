//! After the match deadline: what remains is released, orders are forgotten, a bounded number per block.

use crate::{
	pallet::{Books, ClosedUpTo, Closing, Config, Event, Pages, Pallet},
	types::{MarketKey, OrderRecord, OrderState, WeightInfo, PAGE_ORDERS},
};
use frame::prelude::*;
use pallet_wattfleet_vault::{HoldReason, Pallet as Vault};
use wattfleet_primitives::{agenda, CommunityRules};

/// Most pages closed in one block, so that no block is long because a market was large.
const MAX_STEPS: u64 = 128;

impl<T: Config> Pallet<T> {
	/// Puts a market that just came to be on the agenda.
	pub(crate) fn schedule_closing(market: MarketKey, rules: &CommunityRules) {
		let Some(times) = rules.market_times(market.1, market.2) else { return };
		Closing::<T>::insert(times.match_deadline / 60 + 1, market, ());
		if ClosedUpTo::<T>::get() == 0 {
			ClosedUpTo::<T>::put(Self::now() / 60);
		}
	}

	/// Closes markets whose match deadline has passed, as far as the weight reaches; the next block goes on from there.
	pub(crate) fn close_markets(remaining: Weight) -> Weight {
		let step = <T as Config>::WeightInfo::close_page();
		let budget = remaining.checked_div_per_component(&step).unwrap_or(0).min(MAX_STEPS);
		let minute = ClosedUpTo::<T>::get();
		if minute == 0 || budget == 0 {
			return Weight::zero();
		}
		let (minute, left) = agenda::walk(
			minute,
			Self::now() / 60,
			budget,
			|minute| Closing::<T>::iter_key_prefix(minute).next(),
			Self::close_market,
		);
		ClosedUpTo::<T>::put(minute);
		step.saturating_mul(budget.saturating_sub(left))
	}

	/// Closes up to `left` pages of a market and says how many steps are left.
	pub(crate) fn close_market(minute: u64, market: MarketKey, mut left: u64) -> u64 {
		let mut book = Books::<T>::get(market);
		let pages = book.entered.div_ceil(PAGE_ORDERS);
		while left > 0 && book.closed_pages < pages {
			let page = Pages::<T>::take(market, book.closed_pages);
			for record in page {
				Self::forget(record);
			}
			left -= 1;
			book.closed_pages = book.closed_pages.saturating_add(1);
		}
		if book.closed_pages < pages {
			Books::<T>::insert(market, book);
		} else {
			Books::<T>::remove(market);
			Closing::<T>::remove(minute, market);
		}
		left
	}

	fn forget(record: OrderRecord<T::AccountId>) {
		if record.state != OrderState::Open {
			return;
		}
		let released = Vault::<T>::release(HoldReason::Collateral, &record.member, record.locked());
		debug_assert!(released.is_ok(), "an open order's collateral is locked");
		Self::deposit_event(Event::OrderEnded {
			id: record.order.id(),
			state: OrderState::Expired,
			remaining_wh: record.remaining_wh,
		});
	}
}
