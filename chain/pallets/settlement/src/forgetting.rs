//! What ends by itself: a slot that nobody settled in time is given up and its locks return; a slot about which nothing can
//! change any more is forgotten. As much per block as its weight leaves.

use crate::{
	pallet::{Agenda, AgendaFrom, Config, Event, Pallet, SharedFlows, Slots, Totals, Trades},
	types::{Phase, Slot, SlotKey, TradeId, TradeState, WeightInfo},
};
use alloc::vec::Vec;
use frame::prelude::*;
use pallet_wattfleet_orderbook::Pallet as Orderbook;
use pallet_wattfleet_registry::Pallet as Registry;
use pallet_wattfleet_vault::{HoldReason, Pallet as Vault};
use wattfleet_primitives::{agenda, value_nano, SiteId};

impl<T: Config> Pallet<T> {
	/// Puts a slot that just came to be on the agenda, for when it is given up if nobody settles it.
	pub(crate) fn schedule(slot: SlotKey) {
		let Some(entry) = Registry::<T>::community_at(slot.0, slot.1) else { return };
		let due = entry.rules.times(slot.1).abandoned_from;
		// a slot of long ago is due at once: a minute that was worked through is never looked at again
		let minute = (due / 60 + 1).max(Orderbook::<T>::now() / 60);
		Agenda::<T>::insert(minute, slot, ());
		if AgendaFrom::<T>::get() == 0 {
			AgendaFrom::<T>::put(Orderbook::<T>::now() / 60);
		}
	}

	pub(crate) fn end_slots(remaining: Weight) -> Weight {
		let step = <T as Config>::WeightInfo::forget();
		let budget = remaining.checked_div_per_component(&step).unwrap_or(0);
		let minute = AgendaFrom::<T>::get();
		if minute == 0 || budget == 0 {
			return Weight::zero();
		}
		let due = |minute, most: u64| Agenda::<T>::iter_key_prefix(minute).take(most as usize).collect();
		let (minute, left) = agenda::walk(minute, Orderbook::<T>::now() / 60, budget, due, Self::end_slot);
		AgendaFrom::<T>::put(minute);
		step.saturating_mul(budget.saturating_sub(left))
	}

	/// Says how many steps are left. A slot that is not done is given up first; then it waits until nothing about it can
	/// change, and is forgotten.
	fn end_slot(minute: u64, slot: SlotKey, left: u64) -> u64 {
		let ends =
			Registry::<T>::community_at(slot.0, slot.1).map_or(0, |entry| entry.rules.times(slot.1).forgotten_from);
		let mut state = Slots::<T>::get(slot);
		let mut left = left;
		if !state.is_done() {
			state.phase = Phase::GivenUp;
			left = Self::give_up_trades(slot, &mut state, left);
			left = Self::give_up_sites(slot, &mut state, left);
			let is_done = state.is_done();
			Slots::<T>::insert(slot, state);
			if !is_done {
				return 0;
			}
		}
		if minute <= ends / 60 {
			Agenda::<T>::remove(minute, slot);
			Agenda::<T>::insert(ends / 60 + 1, slot, ());
			return left;
		}
		Self::forget(minute, slot, left)
	}

	/// What trades had locked that nobody executed returns.
	pub(crate) fn give_up_trades(slot: SlotKey, state: &mut Slot, left: u64) -> u64 {
		let mut left = left;
		let ids: Vec<TradeId> = match state.swept_trade {
			Some(last) => Trades::<T>::iter_key_prefix_from(slot, Trades::<T>::hashed_key_for(slot, last)),
			None => Trades::<T>::iter_key_prefix(slot),
		}
		.take(left as usize)
		.collect();
		for id in ids {
			left = left.saturating_sub(1);
			state.swept_trade = Some(id);
			let Some(mut trade) = Trades::<T>::get(slot, id).filter(|trade| trade.state == TradeState::Open) else {
				continue;
			};
			let locked = value_nano(trade.energy_wh, trade.buyer_rate_micro);
			let released = Vault::<T>::release(HoldReason::Collateral, &trade.buyer, locked);
			debug_assert!(released.is_ok(), "what a trade will cost is locked until it is executed");
			trade.state = TradeState::GivenUp;
			state.open_trades = state.open_trades.saturating_sub(1);
			Self::deposit_event(Event::TradeGivenUp { trade: id });
			for site in [trade.buyer_site, trade.seller_site] {
				Totals::<T>::mutate(slot, site, |totals| {
					if let Some(totals) = totals {
						Self::ended_for(slot, site, totals);
					}
				});
			}
			Trades::<T>::insert(slot, id, trade);
		}
		left
	}

	/// What was held for the deviations of sites that nobody settled returns.
	fn give_up_sites(slot: SlotKey, state: &mut Slot, left: u64) -> u64 {
		let mut left = left;
		let sites: Vec<SiteId> = match state.swept_site {
			Some(last) => Totals::<T>::iter_key_prefix_from(slot, Totals::<T>::hashed_key_for(slot, last)),
			None => Totals::<T>::iter_key_prefix(slot),
		}
		.take(left as usize)
		.collect();
		for site in sites {
			left = left.saturating_sub(1);
			state.swept_site = Some(site);
			let Some(mut totals) = Totals::<T>::get(slot, site).filter(|totals| totals.settled.is_none()) else {
				continue;
			};
			let held = totals.held_for_shortfall.saturating_add(totals.held_for_unused);
			let released = Vault::<T>::release(HoldReason::Collateral, &totals.member, held);
			debug_assert!(released.is_ok(), "what a deviation may cost is locked until the site is settled");
			totals.given_up = true;
			Self::deposit_event(Event::SiteGivenUp { community: slot.0, slot_start: slot.1, site });
			state.open_sites = state.open_sites.saturating_sub(1);
			Totals::<T>::insert(slot, site, totals);
		}
		left
	}

	fn forget(minute: u64, slot: SlotKey, left: u64) -> u64 {
		Slots::<T>::mutate(slot, |state| state.phase = Phase::Forgetting);
		let mut left = left;
		// read once, then removed: a new look for each would walk past all that were removed before
		let trades: Vec<TradeId> = Trades::<T>::iter_key_prefix(slot).take(left as usize).collect();
		left = left.saturating_sub(trades.len() as u64);
		for id in trades {
			Trades::<T>::remove(slot, id);
		}
		let sites: Vec<SiteId> = Totals::<T>::iter_key_prefix(slot).take(left as usize).collect();
		left = left.saturating_sub(sites.len() as u64);
		for site in sites {
			Totals::<T>::remove(slot, site);
		}
		let shared: Vec<SiteId> = SharedFlows::<T>::iter_key_prefix(slot).take(left as usize).collect();
		left = left.saturating_sub(shared.len() as u64);
		for site in shared {
			SharedFlows::<T>::remove(slot, site);
		}
		if left > 0 {
			Slots::<T>::remove(slot);
			Agenda::<T>::remove(minute, slot);
		}
		left
	}
}
