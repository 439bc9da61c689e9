//! After the slot: energy allocated, paid for, and what deviated charged. Every nano that was locked goes somewhere named.

use crate::{
	pallet::{Config, Error, Event, Pallet, Roots, Totals, Trades},
	types::{Allocation, Deviation, SiteTotals, SlotKey},
};
use frame::prelude::*;
use pallet_wattfleet_registry::Community;
use pallet_wattfleet_vault::Pallet as Vault;
use wattfleet_primitives::{value_nano, Nano, SiteId};

impl<T: Config> Pallet<T> {
	/// Binds the slot to one set of energy messages.
	pub(crate) fn commit(slot: SlotKey, root: [u8; 32]) -> DispatchResult {
		match Roots::<T>::get(slot) {
			Some(known) => ensure!(known == root, Error::<T>::RootDiffers),
			None => {
				Roots::<T>::insert(slot, root);
				let (community, slot_start) = slot;
				Self::deposit_event(Event::SlotCommitted { community, slot_start, root });
			},
		}
		Ok(())
	}

	/// The buyer pays for what was allocated: the fee to the grid operator, the rest to the seller; what was locked beyond returns.
	pub(crate) fn execute(slot: SlotKey, allocation: &Allocation, grid_operator: &T::AccountId) -> DispatchResult {
		let Allocation { trade: id, allocated_wh } = *allocation;
		let trade = Trades::<T>::take(slot, id).ok_or(Error::<T>::UnknownTrade)?;
		ensure!(allocated_wh <= trade.energy_wh, Error::<T>::AllocatedTooMuch);
		let locked = value_nano(trade.energy_wh, trade.buyer_rate_micro);
		let paid = value_nano(allocated_wh, trade.buyer_rate_micro);
		let received = value_nano(allocated_wh, trade.seller_rate_micro);
		let fee = paid.saturating_sub(received);
		Vault::<T>::pay(&trade.buyer, &trade.seller, received)?;
		Vault::<T>::pay(&trade.buyer, grid_operator, fee)?;
		Vault::<T>::release(&trade.buyer, locked.saturating_sub(paid))?;
		Self::count(slot, trade.buyer_site, |totals| {
			totals.allocated_bought_wh = totals.allocated_bought_wh.saturating_add(allocated_wh)
		})?;
		Self::count(slot, trade.seller_site, |totals| {
			totals.allocated_sold_wh = totals.allocated_sold_wh.saturating_add(allocated_wh)
		})?;
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
	pub(crate) fn settle_site(
		slot: SlotKey,
		deviation: &Deviation,
		community: &Community<T::AccountId>,
	) -> DispatchResult {
		let Deviation { site, shortfall_wh, unused_wh, missing_import, missing_export } = deviation.clone();
		let totals = Totals::<T>::take(slot, site).ok_or(Error::<T>::UnknownSite)?;
		ensure!(totals.pending == 0, Error::<T>::TradesPending);
		ensure!(
			shortfall_wh <= totals.sold_wh.saturating_sub(totals.allocated_sold_wh)
				&& unused_wh <= totals.bought_wh.saturating_sub(totals.allocated_bought_wh),
			Error::<T>::DeviationTooLarge
		);
		let held = totals.held_for_shortfall.saturating_add(totals.held_for_unused);
		let penalty = share(totals.held_for_shortfall, shortfall_wh, totals.sold_wh)
			.saturating_add(share(totals.held_for_unused, unused_wh, totals.bought_wh));
		Vault::<T>::pay(&totals.member, &community.balancing, penalty)?;
		Vault::<T>::release(&totals.member, held.saturating_sub(penalty))?;
		let (community, slot_start) = slot;
		Self::deposit_event(Event::SiteSettled {
			community,
			slot_start,
			site,
			sold_wh: totals.sold_wh,
			bought_wh: totals.bought_wh,
			allocated_sold_wh: totals.allocated_sold_wh,
			allocated_bought_wh: totals.allocated_bought_wh,
			shortfall_wh,
			unused_wh,
			missing_import,
			missing_export,
			penalty,
		});
		Ok(())
	}
}

/// What is held for `whole` Wh, for `part` of them. One rate makes this exact: held is a multiple of the whole. Where
/// orders entered under different rates, each Wh costs their mean, rounded down.
fn share(held: Nano, part_wh: u32, whole_wh: u32) -> Nano {
	held.saturating_mul(part_wh.into()).checked_div(whole_wh.into()).unwrap_or(0)
}
