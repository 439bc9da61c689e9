//! What the chain forgets: slots that nobody settled are given up and their locks return, settled ones go when nothing
//! about them can change any more. A bounded number of steps per block.

use crate::{
	pallet::{Agenda, AgendaFrom, Config, Event, Pallet, SharedFlows, Slots, Totals, Trades},
	types::{SiteTotals, SlotKey, Trade, TradeId, WeightInfo},
};
use alloc::vec::Vec;
use frame::prelude::*;
use pallet_wattfleet_orderbook::Pallet as Orderbook;
use pallet_wattfleet_registry::Communities;
use pallet_wattfleet_vault::{HoldReason, Pallet as Vault};
use wattfleet_primitives::{agenda, value_nano, SiteId};

/// Most trades and totals forgotten in one block, so that no block is long because a slot was large.
const MAX_STEPS: u64 = 512;

impl<T: Config> Pallet<T> {
	/// Puts a slot that just came to be on the agenda, for when it is given up if nobody settles it.
	pub(crate) fn schedule(slot: SlotKey) {
		let Some(entry) = Communities::<T>::get(slot.0) else { return };
		let due = entry.rules.times(slot.1).abandoned_from;
		// a slot of long ago is due at once: a minute that was worked through is never looked at again
		let minute = (due / 60 + 1).max(Orderbook::<T>::now() / 60);
		Agenda::<T>::insert(minute, slot, ());
		if AgendaFrom::<T>::get() == 0 {
			AgendaFrom::<T>::put(Orderbook::<T>::now() / 60);
		}
	}

	pub(crate) fn forget_slots(remaining: Weight) -> Weight {
		let step = <T as Config>::WeightInfo::forget();
		let budget = remaining.checked_div_per_component(&step).unwrap_or(0).min(MAX_STEPS);
		let minute = AgendaFrom::<T>::get();
		if minute == 0 || budget == 0 {
			return Weight::zero();
		}
		let (minute, left) = agenda::walk(
			minute,
			Orderbook::<T>::now() / 60,
			budget,
			|minute| Agenda::<T>::iter_key_prefix(minute).next(),
			Self::forget_slot,
		);
		AgendaFrom::<T>::put(minute);
		step.saturating_mul(budget.saturating_sub(left))
	}

	/// A slot that is done stays until corrections have ended; one that is not is given up now. Says how many steps are left.
	fn forget_slot(minute: u64, slot: SlotKey, left: u64) -> u64 {
		let ends = Communities::<T>::get(slot.0).map_or(0, |entry| entry.rules.times(slot.1).forgotten_from);
		if Slots::<T>::get(slot).is_done() && minute <= ends / 60 {
			Agenda::<T>::remove(minute, slot);
			Agenda::<T>::insert(ends / 60 + 1, slot, ());
			return left;
		}
		Slots::<T>::mutate(slot, |state| state.closed = true);
		let left = Self::forget_trades(slot, left);
		let left = Self::forget_totals(slot, left);
		let shared: Vec<SiteId> = SharedFlows::<T>::iter_key_prefix(slot).take(left as usize).collect();
		for site in &shared {
			SharedFlows::<T>::remove(slot, site);
		}
		let left = left.saturating_sub(shared.len() as u64);
		if left > 0 {
			Slots::<T>::remove(slot);
			Agenda::<T>::remove(minute, slot);
		}
		left
	}

	pub(crate) fn forget_trades(slot: SlotKey, left: u64) -> u64 {
		// read once, then removed: a new look for each would walk past all that were removed before
		let trades: Vec<(TradeId, Trade<T::AccountId>)> = Trades::<T>::iter_prefix(slot).take(left as usize).collect();
		for (id, trade) in &trades {
			Trades::<T>::remove(slot, id);
			if trade.allocated_wh.is_none() {
				let locked = value_nano(trade.energy_wh, trade.buyer_rate_micro);
				let released = Vault::<T>::release(HoldReason::Collateral, &trade.buyer, locked);
				debug_assert!(released.is_ok(), "what a trade will cost is locked until it is executed");
				Self::deposit_event(Event::TradeGivenUp { trade: *id });
			}
		}
		left.saturating_sub(trades.len() as u64)
	}

	fn forget_totals(slot: SlotKey, left: u64) -> u64 {
		let totals: Vec<(SiteId, SiteTotals<T::AccountId>)> =
			Totals::<T>::iter_prefix(slot).take(left as usize).collect();
		for (site, totals) in &totals {
			Totals::<T>::remove(slot, site);
			if totals.settled.is_none() {
				let held = totals.held_for_shortfall.saturating_add(totals.held_for_unused);
				let released = Vault::<T>::release(HoldReason::Collateral, &totals.member, held);
				debug_assert!(released.is_ok(), "what a deviation may cost is locked until the site is settled");
			}
		}
		left.saturating_sub(totals.len() as u64)
	}
}
