//! After the slot: energy allocated, paid for, and what deviated charged. Every nano that was locked goes somewhere named.

use crate::{
	pallet::{Config, Error, Event, Pallet, Slots, Totals, Trades},
	types::{Allocation, Claim, Deviation, MessageId, Settled, SiteTotals, SlotKey, Source, TradeState},
};
use frame::prelude::*;
use pallet_wattfleet_registry::{Community, Sites};
use pallet_wattfleet_vault::{HoldReason, Pallet as Vault};
use wattfleet_primitives::{value_nano, Seconds, SiteId, MAX_COUNTER};

/// What one call of `settle` has in common.
pub(crate) struct Execution<AccountId> {
	pub slot: SlotKey,
	pub entry: Community<AccountId>,
	pub engine: AccountId,
	pub now: Seconds,
}

impl<T: Config> Pallet<T> {
	/// Binds the slot to one set of energy messages. Until a site is settled by it another root may take its place, so
	/// that nobody can block a slot by a root that it does not use.
	pub(crate) fn commit(slot: SlotKey, root: [u8; 32]) -> DispatchResult {
		let mut state = Slots::<T>::get(slot);
		if state.root == Some(root) {
			return Ok(());
		}
		ensure!(state.settled_sites == 0, Error::<T>::RootDiffers);
		if state == Default::default() {
			Self::schedule(slot);
		}
		state.root = Some(root);
		Slots::<T>::insert(slot, state);
		let (community, slot_start) = slot;
		Self::deposit_event(Event::SlotCommitted { community, slot_start, root });
		Ok(())
	}

	/// Takes what the engine claims of a site: charges its net deviation to what was locked for it, and returns the rest.
	pub(crate) fn settle_site(of: &Execution<T::AccountId>, deviation: &Deviation) -> DispatchResult {
		let Deviation { site, shortfall_wh, unused_wh, missing_import, missing_export, message } = *deviation;
		let mut totals = Totals::<T>::get(of.slot, site).ok_or(Error::<T>::UnknownSite)?;
		ensure!(totals.settled.is_none() && !totals.given_up, Error::<T>::AlreadySettled);
		ensure!(shortfall_wh <= totals.sold_wh && unused_wh <= totals.bought_wh, Error::<T>::DeviationTooLarge);
		Self::check_missing(of, &totals, deviation)?;
		Self::check_message(site, message, missing_import || missing_export)?;
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
			import_source: Source::Engine,
			export_source: Source::Engine,
			claim: Claim { shortfall_wh, unused_wh, missing: missing_import || missing_export, message },
			engine: of.engine.clone(),
			at: of.now,
			revealed: None,
			challenged_at: None,
			judged: false,
		});
		Slots::<T>::mutate(of.slot, |state| {
			state.open_sites = state.open_sites.saturating_sub(1);
			state.settled_sites = state.settled_sites.saturating_add(1);
		});
		Self::tell_site(of.slot, site, &totals);
		Totals::<T>::insert(of.slot, site, totals);
		Ok(())
	}

	/// By rule: a missing export counts as not delivered, a missing import as taken as bought, and neither is missing
	/// before the latest execution.
	fn check_missing(
		of: &Execution<T::AccountId>,
		totals: &SiteTotals<T::AccountId>,
		deviation: &Deviation,
	) -> DispatchResult {
		if deviation.missing_import || deviation.missing_export {
			let latest = of.entry.rules.times(of.slot.1).execution_latest;
			ensure!(of.now >= latest, Error::<T>::MissingTooEarly);
		}
		ensure!(!deviation.missing_export || deviation.shortfall_wh == totals.sold_wh, Error::<T>::MissingByRule);
		ensure!(!deviation.missing_import || deviation.unused_wh == 0, Error::<T>::MissingByRule);
		Ok(())
	}

	/// What is claimed comes from a message that the site can have signed, unless something is missing.
	pub(crate) fn check_message(site: SiteId, message: Option<MessageId>, missing: bool) -> DispatchResult {
		let Some(message) = message else {
			ensure!(missing, Error::<T>::MessageUnnamed);
			return Ok(());
		};
		let epoch = Sites::<T>::get(site).map_or(0, |site| site.epoch);
		ensure!(message.epoch <= epoch && message.sequence <= MAX_COUNTER, Error::<T>::MessageUnnamed);
		Ok(())
	}

	/// Executes a trade between two settled sites. What is allocated follows from their shares: its energy × the lesser,
	/// rounded down, or the one more that rounding lost; but never more than either has left of what it delivered or took,
	/// of which trades that were executed and corrected before may have had a watt-hour more. The buyer pays for it: the fee
	/// to the grid operator, the rest to the seller; what was locked beyond returns.
	pub(crate) fn execute(of: &Execution<T::AccountId>, allocation: &Allocation) -> DispatchResult {
		let Allocation { trade: id, allocated_wh } = *allocation;
		let mut trade = Trades::<T>::get(of.slot, id).ok_or(Error::<T>::UnknownTrade)?;
		ensure!(trade.state == TradeState::Open, Error::<T>::AlreadyExecuted);
		let mut seller = Self::settled_totals(of.slot, trade.seller_site)?;
		let mut buyer = Self::settled_totals(of.slot, trade.buyer_site)?;
		let delivered = seller.delivered().ok_or(Error::<T>::NotSettled)?;
		let taken = buyer.taken().ok_or(Error::<T>::NotSettled)?;
		let (least_wh, lost) = delivered.lesser(taken).of(trade.energy_wh);
		let most_wh = least_wh.saturating_add(u32::from(lost));
		let left_wh = seller.left_to_sell().min(buyer.left_to_buy());
		ensure!((least_wh.min(left_wh)..=most_wh.min(left_wh)).contains(&allocated_wh), Error::<T>::AllocatedWrong);
		seller.allocated_sold_wh = seller.allocated_sold_wh.saturating_add(allocated_wh);
		buyer.allocated_bought_wh = buyer.allocated_bought_wh.saturating_add(allocated_wh);
		let locked = value_nano(trade.energy_wh, trade.buyer_rate_micro);
		let paid = value_nano(allocated_wh, trade.buyer_rate_micro);
		let received = value_nano(allocated_wh, trade.seller_rate_micro);
		let fee = paid.saturating_sub(received);
		Vault::<T>::pay(HoldReason::Collateral, &trade.buyer, &trade.seller, received)?;
		Vault::<T>::pay(HoldReason::Collateral, &trade.buyer, &of.entry.grid_operator, fee)?;
		Vault::<T>::release(HoldReason::Collateral, &trade.buyer, locked.saturating_sub(paid))?;
		Self::deposit_event(Event::TradeExecuted { trade: id, allocated_wh, paid, received, fee });
		Self::ended_for(of.slot, trade.seller_site, &mut seller);
		Self::ended_for(of.slot, trade.buyer_site, &mut buyer);
		Totals::<T>::insert(of.slot, trade.seller_site, seller);
		Totals::<T>::insert(of.slot, trade.buyer_site, buyer);
		trade.state = TradeState::Executed { allocated_wh };
		Trades::<T>::insert(of.slot, id, trade);
		Slots::<T>::mutate(of.slot, |state| state.open_trades = state.open_trades.saturating_sub(1));
		Ok(())
	}

	/// One more trade of a site has come to its end; with the last, the site's slot is told with all its sums.
	pub(crate) fn ended_for(slot: SlotKey, site: SiteId, totals: &mut SiteTotals<T::AccountId>) {
		totals.pending = totals.pending.saturating_sub(1);
		if totals.pending == 0 {
			Self::tell_site(slot, site, totals);
		}
	}

	/// What a site's slot comes to now, where it is settled.
	pub(crate) fn tell_site((community, slot_start): SlotKey, site: SiteId, totals: &SiteTotals<T::AccountId>) {
		let Some(settled) = &totals.settled else { return };
		Self::deposit_event(Event::SiteSettled {
			community,
			slot_start,
			site,
			sold_wh: totals.sold_wh,
			bought_wh: totals.bought_wh,
			allocated_sold_wh: totals.allocated_sold_wh,
			allocated_bought_wh: totals.allocated_bought_wh,
			shortfall_wh: settled.shortfall_wh,
			unused_wh: settled.unused_wh,
			missing_import: settled.missing_import,
			missing_export: settled.missing_export,
			penalty: settled.penalty,
			pending: totals.pending,
			source: settled.source(),
		});
	}
}
