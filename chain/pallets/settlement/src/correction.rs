//! A site's slot settled again: by its own signed message, revealed, or by the grid operator's official value. Only the
//! difference moves; who cannot pay owes.

use crate::{
	differences::{difference, Differences},
	pallet::{Config, Error, Event, Pallet, Slots, Totals, Trades},
	types::{Phase, SiteTotals, SlotKey, Source, Trade, TradeId, TradeState},
};
use alloc::{
	collections::{BTreeMap, BTreeSet},
	vec::Vec,
};
use frame::prelude::*;
use pallet_wattfleet_registry::Community;
use wattfleet_primitives::{value_nano, SiteId};

/// What is known of a site's slot now. A counter that nothing is said of stays as it was settled.
pub(crate) struct Measured {
	pub export_wh: Option<u32>,
	pub import_wh: Option<u32>,
	pub source: Source,
}

/// What an executed trade was allocated.
fn allocated<A>(trade: &Trade<A>) -> u32 {
	match trade.state {
		TradeState::Executed { allocated_wh } => allocated_wh,
		TradeState::Open | TradeState::GivenUp => 0,
	}
}

type TradeOf<T> = Trade<<T as frame_system::Config>::AccountId>;
type TotalsOf<T> = SiteTotals<<T as frame_system::Config>::AccountId>;

impl<T: Config> Pallet<T> {
	/// Settles a site's slot again. `ids` are all its trades of the slot, ascending. Its trades' allocations follow from its
	/// new shares and its counterparties' settled ones, as at execution; a watt-hour lost by rounding is given back in the
	/// order of trade ids while neither side exceeds what it delivered or took. Its deviation is charged anew. What the site
	/// comes to is told, and what each comes to that has a trade which changed.
	pub(crate) fn resettle(
		slot: SlotKey,
		entry: &Community<T::AccountId>,
		site: SiteId,
		measured: &Measured,
		ids: &[TradeId],
	) -> DispatchResult {
		let mut sites: BTreeMap<SiteId, TotalsOf<T>> = BTreeMap::new();
		ensure!(Slots::<T>::get(slot).phase != Phase::Forgetting, Error::<T>::SlotClosed);
		let mut own = Self::settled_totals(slot, site)?;
		let before = own.settled.clone().ok_or(Error::<T>::NotSettled)?;
		let mut trades = Self::all_trades(slot, site, &own, ids)?;
		let mut after = before.clone();
		if let Some(export_wh) = measured.export_wh {
			after.shortfall_wh = own.sold_wh.saturating_sub(export_wh);
			after.missing_export = false;
			after.export_source = measured.source;
		}
		if let Some(import_wh) = measured.import_wh {
			after.unused_wh = own.bought_wh.saturating_sub(import_wh);
			after.missing_import = false;
			after.import_source = measured.source;
		}
		after.penalty = own.penalty(after.shortfall_wh, after.unused_wh);
		let penalty = difference(after.penalty, before.penalty);
		own.settled = Some(after);
		let mut differences = Differences::new();
		differences.move_nano(&own.member, &entry.balancing, penalty);
		sites.insert(site, own);
		// what is not executed yet will be by the new shares; what was given up stays so
		trades.retain(|(_, trade)| matches!(trade.state, TradeState::Executed { .. }));
		for (_, trade) in &trades {
			for side in [trade.buyer_site, trade.seller_site] {
				if let alloc::collections::btree_map::Entry::Vacant(vacant) = sites.entry(side) {
					vacant.insert(Self::settled_totals(slot, side)?);
				}
			}
		}
		let allocations = Self::reallocate(&mut sites, &trades)?;
		let mut touched = BTreeSet::from([site]);
		for ((id, trade), allocated_wh) in trades.iter_mut().zip(allocations) {
			let old_wh = allocated(trade);
			if old_wh == allocated_wh {
				continue;
			}
			trade.state = TradeState::Executed { allocated_wh };
			let received = value_nano(allocated_wh, trade.seller_rate_micro);
			let paid = value_nano(allocated_wh, trade.buyer_rate_micro);
			let fee = paid.saturating_sub(received);
			let received_before = value_nano(old_wh, trade.seller_rate_micro);
			let fee_before = value_nano(old_wh, trade.buyer_rate_micro).saturating_sub(received_before);
			differences.move_nano(&trade.buyer, &trade.seller, difference(received, received_before));
			differences.move_nano(&trade.buyer, &entry.grid_operator, difference(fee, fee_before));
			Self::deposit_event(Event::TradeCorrected { trade: *id, allocated_wh, paid, received, fee });
			touched.extend([trade.buyer_site, trade.seller_site]);
			Trades::<T>::insert(slot, *id, trade);
		}
		for (id, totals) in sites.into_iter().filter(|(id, _)| touched.contains(id)) {
			Self::tell_site(slot, id, &totals);
			Totals::<T>::insert(slot, id, totals);
		}
		differences.settle::<T>(slot.0, &entry.balancing)
	}

	pub(crate) fn settled_totals(slot: SlotKey, site: SiteId) -> Result<TotalsOf<T>, DispatchError> {
		let totals = Totals::<T>::get(slot, site).ok_or(Error::<T>::UnknownSite)?;
		ensure!(totals.settled.is_some(), Error::<T>::NotSettled);
		Ok(totals)
	}

	/// The trades of these ids, if they are all that this site has in the slot.
	fn all_trades(
		slot: SlotKey,
		site: SiteId,
		own: &TotalsOf<T>,
		ids: &[TradeId],
	) -> Result<Vec<(TradeId, TradeOf<T>)>, DispatchError> {
		ensure!(ids.len() == own.trades as usize, Error::<T>::TradesIncomplete);
		ensure!(ids.windows(2).all(|pair| pair[0] < pair[1]), Error::<T>::TradesIncomplete);
		ids.iter()
			.map(|id| {
				let trade = Trades::<T>::get(slot, id).ok_or(Error::<T>::UnknownTrade)?;
				ensure!(trade.buyer_site == site || trade.seller_site == site, Error::<T>::TradesIncomplete);
				Ok((*id, trade))
			})
			.collect()
	}

	/// What each trade is allocated by the shares of its two sites; the sites' sums follow. Never more than a site has left
	/// of what it delivered or took: trades that are not among these may have had the watt-hours that rounding lost.
	fn reallocate(
		sites: &mut BTreeMap<SiteId, TotalsOf<T>>,
		trades: &[(TradeId, TradeOf<T>)],
	) -> Result<Vec<u32>, DispatchError> {
		for (_, trade) in trades {
			Self::change_sums(sites, trade, |sum| sum.saturating_sub(allocated(trade)));
		}
		let mut rounded = Vec::with_capacity(trades.len());
		for (_, trade) in trades {
			let seller = sites.get(&trade.seller_site).and_then(SiteTotals::delivered).ok_or(Error::<T>::NotSettled)?;
			let buyer = sites.get(&trade.buyer_site).and_then(SiteTotals::taken).ok_or(Error::<T>::NotSettled)?;
			let (wh, lost) = seller.lesser(buyer).of(trade.energy_wh);
			let wh = wh.min(Self::left_wh(sites, trade));
			Self::change_sums(sites, trade, |sum| sum.saturating_add(wh));
			rounded.push((wh, lost));
		}
		Ok(trades
			.iter()
			.zip(rounded)
			.map(|((_, trade), (wh, lost))| {
				let more = u32::from(lost).min(Self::left_wh(sites, trade));
				Self::change_sums(sites, trade, |sum| sum.saturating_add(more));
				wh.saturating_add(more)
			})
			.collect())
	}

	/// Changes what a trade's two sites were allocated.
	fn change_sums(sites: &mut BTreeMap<SiteId, TotalsOf<T>>, trade: &TradeOf<T>, change: impl Fn(u32) -> u32) {
		if let Some(seller) = sites.get_mut(&trade.seller_site) {
			seller.allocated_sold_wh = change(seller.allocated_sold_wh);
		}
		if let Some(buyer) = sites.get_mut(&trade.buyer_site) {
			buyer.allocated_bought_wh = change(buyer.allocated_bought_wh);
		}
	}

	/// What can still be allocated between a trade's two sites.
	fn left_wh(sites: &BTreeMap<SiteId, TotalsOf<T>>, trade: &TradeOf<T>) -> u32 {
		let seller = sites.get(&trade.seller_site).map_or(0, SiteTotals::left_to_sell);
		let buyer = sites.get(&trade.buyer_site).map_or(0, SiteTotals::left_to_buy);
		seller.min(buyer)
	}
}
