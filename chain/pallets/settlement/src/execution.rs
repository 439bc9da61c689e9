//! After the slot: energy allocated, paid for, and what deviated charged. Every nano that was locked goes somewhere named.

use crate::{
	pallet::{Config, Error, Event, Pallet, Slots, Totals, Trades},
	types::{Allocation, Deviation, Settled, SiteTotals, SlotKey, Source},
};
use frame::prelude::*;
use pallet_wattfleet_registry::Community;
use pallet_wattfleet_vault::{HoldReason, Pallet as Vault};
use wattfleet_primitives::{value_nano, Seconds, SiteId};

/// What one call of `settle` has in common.
pub(crate) struct Execution<AccountId> {
	pub slot: SlotKey,
	pub entry: Community<AccountId>,
	pub engine: AccountId,
	pub now: Seconds,
}

impl<T: Config> Pallet<T> {
	/// Binds the slot to one set of energy messages.
	pub(crate) fn commit(slot: SlotKey, root: [u8; 32]) -> DispatchResult {
		let mut state = Slots::<T>::get(slot);
		match state.root {
			Some(known) => ensure!(known == root, Error::<T>::RootDiffers),
			None => {
				if state == Default::default() {
					Self::schedule(slot);
				}
				state.root = Some(root);
				Slots::<T>::insert(slot, state);
				let (community, slot_start) = slot;
				Self::deposit_event(Event::SlotCommitted { community, slot_start, root });
			},
		}
		Ok(())
	}

	/// The buyer pays for what was allocated: the fee to the grid operator, the rest to the seller; what was locked beyond returns.
	pub(crate) fn execute(of: &Execution<T::AccountId>, allocation: &Allocation) -> DispatchResult {
		let Allocation { trade: id, allocated_wh } = *allocation;
		let mut trade = Trades::<T>::get(of.slot, id).ok_or(Error::<T>::UnknownTrade)?;
		ensure!(trade.allocated_wh.is_none(), Error::<T>::AlreadyExecuted);
		ensure!(allocated_wh <= trade.energy_wh, Error::<T>::AllocatedTooMuch);
		let locked = value_nano(trade.energy_wh, trade.buyer_rate_micro);
		let paid = value_nano(allocated_wh, trade.buyer_rate_micro);
		let received = value_nano(allocated_wh, trade.seller_rate_micro);
		let fee = paid.saturating_sub(received);
		Vault::<T>::pay(HoldReason::Collateral, &trade.buyer, &trade.seller, received)?;
		Vault::<T>::pay(HoldReason::Collateral, &trade.buyer, &of.entry.grid_operator, fee)?;
		Vault::<T>::release(HoldReason::Collateral, &trade.buyer, locked.saturating_sub(paid))?;
		Self::count(of.slot, trade.buyer_site, |totals| {
			totals.allocated_bought_wh = totals.allocated_bought_wh.saturating_add(allocated_wh)
		})?;
		Self::count(of.slot, trade.seller_site, |totals| {
			totals.allocated_sold_wh = totals.allocated_sold_wh.saturating_add(allocated_wh)
		})?;
		trade.allocated_wh = Some(allocated_wh);
		Trades::<T>::insert(of.slot, id, trade);
		Slots::<T>::mutate(of.slot, |state| state.open_trades = state.open_trades.saturating_sub(1));
		Self::deposit_event(Event::TradeExecuted { trade: id, allocated_wh, paid, received, fee });
		Ok(())
	}

	fn count(slot: SlotKey, site: SiteId, add: impl FnOnce(&mut SiteTotals<T::AccountId>)) -> DispatchResult {
		Totals::<T>::try_mutate(slot, site, |totals| {
			let totals = totals.as_mut().ok_or(Error::<T>::UnknownSite)?;
			totals.pending = totals.pending.saturating_sub(1);
			add(totals);
			Ok(())
		})
	}

	/// Charges a site's net deviation to what was locked for it, and returns the rest.
	pub(crate) fn settle_site(of: &Execution<T::AccountId>, deviation: &Deviation) -> DispatchResult {
		let Deviation { site, shortfall_wh, unused_wh, missing_import, missing_export, message } = *deviation;
		let mut totals = Totals::<T>::get(of.slot, site).ok_or(Error::<T>::UnknownSite)?;
		ensure!(totals.settled.is_none(), Error::<T>::AlreadySettled);
		ensure!(totals.pending == 0, Error::<T>::TradesPending);
		ensure!(
			shortfall_wh <= totals.sold_wh.saturating_sub(totals.allocated_sold_wh)
				&& unused_wh <= totals.bought_wh.saturating_sub(totals.allocated_bought_wh),
			Error::<T>::DeviationTooLarge
		);
		if missing_import || missing_export {
			let latest = of.entry.rules.times(of.slot.1).execution_latest;
			ensure!(of.now >= latest, Error::<T>::MissingTooEarly);
		}
		// by rule: a missing export counts as not delivered, a missing import as taken as bought
		ensure!(!missing_export || shortfall_wh == totals.sold_wh, Error::<T>::MissingByRule);
		ensure!(!missing_import || unused_wh == 0, Error::<T>::MissingByRule);
		let held = totals.held_for_shortfall.saturating_add(totals.held_for_unused);
		let penalty = totals.penalty(shortfall_wh, unused_wh);
		Vault::<T>::pay(HoldReason::Collateral, &totals.member, &of.entry.balancing, penalty)?;
		Vault::<T>::release(HoldReason::Collateral, &totals.member, held.saturating_sub(penalty))?;
		totals.settled = Some(Settled {
			shortfall_wh,
			unused_wh,
			missing_import,
			missing_export,
			penalty,
			source: Source::Engine,
			message,
			at: of.now,
			engine: of.engine.clone(),
		});
		Slots::<T>::mutate(of.slot, |state| state.open_sites = state.open_sites.saturating_sub(1));
		Self::deposit_event(Self::site_event(of.slot, site, &totals, Source::Engine));
		Totals::<T>::insert(of.slot, site, totals);
		Ok(())
	}

	/// What a site's slot comes to now.
	pub(crate) fn site_event(
		(community, slot_start): SlotKey,
		site: SiteId,
		totals: &SiteTotals<T::AccountId>,
		source: Source,
	) -> Event<T> {
		let settled = totals.settled.as_ref();
		Event::SiteSettled {
			community,
			slot_start,
			site,
			sold_wh: totals.sold_wh,
			bought_wh: totals.bought_wh,
			allocated_sold_wh: totals.allocated_sold_wh,
			allocated_bought_wh: totals.allocated_bought_wh,
			shortfall_wh: settled.map_or(0, |settled| settled.shortfall_wh),
			unused_wh: settled.map_or(0, |settled| settled.unused_wh),
			missing_import: settled.is_some_and(|settled| settled.missing_import),
			missing_export: settled.is_some_and(|settled| settled.missing_export),
			penalty: settled.map_or(0, |settled| settled.penalty),
			source,
		}
	}
}
