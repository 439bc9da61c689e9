//! What ends by itself: orders that expire before their market closes, and markets whose match deadline has passed. As much
//! per block as its weight leaves.

use crate::{
	desk::Desk,
	pallet::{Books, ClosedUpTo, Closing, Config, Event, ExpiredUpTo, Expiring, Pages, Pallet},
	types::{MarketKey, OrderRecord, OrderState, Position, WeightInfo, PAGE_ORDERS},
};
use frame::prelude::*;
use pallet_wattfleet_vault::{HoldReason, Pallet as Vault};
use wattfleet_primitives::{agenda, CommunityRules, Order};

impl<T: Config> Pallet<T> {
	/// Puts a market that just came to be on the agenda.
	pub(crate) fn schedule_closing(market: MarketKey, rules: &CommunityRules) {
		let Some(times) = rules.market_times(market.1, market.2) else { return };
		Closing::<T>::insert(times.match_deadline / 60 + 1, market, ());
		if ClosedUpTo::<T>::get() == 0 {
			ClosedUpTo::<T>::put(Self::now() / 60);
		}
	}

	/// Puts an order that says when it expires on the agenda, if that is before its market closes.
	pub(crate) fn schedule_expiry(market: MarketKey, position: Position, order: &Order, rules: &CommunityRules) {
		let closes = rules.market_times(market.1, market.2).map_or(0, |times| times.match_deadline);
		if order.expires_at == 0 || order.expires_at >= closes {
			return;
		}
		Expiring::<T>::insert(order.expires_at / 60 + 1, (market, position), ());
		if ExpiredUpTo::<T>::get() == 0 {
			ExpiredUpTo::<T>::put(Self::now() / 60);
		}
	}

	/// Ends what is due, as far as the weight reaches; the next block goes on from there. Half of it is for each.
	pub(crate) fn end_due(remaining: Weight) -> Weight {
		let half = remaining.checked_div(2).unwrap_or_default();
		Self::expire_orders(half).saturating_add(Self::close_markets(half))
	}

	fn expire_orders(remaining: Weight) -> Weight {
		let step = <T as Config>::WeightInfo::expire_order();
		let budget = remaining.checked_div_per_component(&step).unwrap_or(0);
		let minute = ExpiredUpTo::<T>::get();
		if minute == 0 || budget == 0 {
			return Weight::zero();
		}
		let due = |minute, most: u64| Expiring::<T>::iter_key_prefix(minute).take(most as usize).collect();
		let (minute, left) = agenda::walk(minute, Self::now() / 60, budget, due, |minute, due, left| {
			Self::expire_order(minute, due);
			left
		});
		ExpiredUpTo::<T>::put(minute);
		step.saturating_mul(budget.saturating_sub(left))
	}

	pub(crate) fn expire_order(minute: u64, (market, position): (MarketKey, Position)) {
		Expiring::<T>::remove(minute, (market, position));
		let mut desk = Desk::<T>::new();
		Self::end(&mut desk, market, position, OrderState::Expired);
		desk.save();
	}

	fn close_markets(remaining: Weight) -> Weight {
		let step = <T as Config>::WeightInfo::close_page();
		let budget = remaining.checked_div_per_component(&step).unwrap_or(0);
		let minute = ClosedUpTo::<T>::get();
		if minute == 0 || budget == 0 {
			return Weight::zero();
		}
		let due = |minute, most: u64| Closing::<T>::iter_key_prefix(minute).take(most as usize).collect();
		let (minute, left) = agenda::walk(minute, Self::now() / 60, budget, due, Self::close_market);
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
