//! One match against the rules of its market, and the trade it makes.

use crate::{
	pallet::{Config, Event, NextTrade, Pallet, Slots, Totals, Trades},
	types::{Match, MatchFault, SiteTotals, Trade, TradeState, MAX_SITE_TRADES},
};
use frame::prelude::*;
use pallet_wattfleet_orderbook::{Desk, MarketKey, OrderRecord, Pallet as Orderbook};
use pallet_wattfleet_vault::{HoldReason, Pallet as Vault};
use wattfleet_primitives::{value_nano, CommunityRules, Seconds, Side, SiteId};

/// A match that may enter.
pub(crate) struct Pair<AccountId> {
	bid: OrderRecord<AccountId>,
	offer: OrderRecord<AccountId>,
	buyer_rate_micro: u32,
	seller_rate_micro: u32,
}

impl<T: Config> Pallet<T> {
	/// Pay-as-bid: the buyer's rate is the bid's price. Pay-as-clear: it is the market's one rate. The seller's is what the
	/// grid fee leaves of it.
	pub(crate) fn check_match(
		desk: &mut Desk<T>,
		market: &MarketKey,
		pair: &Match,
		rules: &CommunityRules,
		rate_micro: Option<u32>,
		now: Seconds,
	) -> Result<Pair<T::AccountId>, MatchFault> {
		let bid = desk.order(*market, pair.bid).ok_or(MatchFault::UnknownOrder)?.clone();
		let offer = desk.order(*market, pair.offer).ok_or(MatchFault::UnknownOrder)?.clone();
		ensure!(bid.order.side == Side::Bid && offer.order.side == Side::Offer, MatchFault::WrongSide);
		ensure!(bid.is_live(now) && offer.is_live(now), MatchFault::NotOpen);
		let energy_wh = pair.energy_wh;
		ensure!(energy_wh > 0 && energy_wh <= bid.remaining_wh && energy_wh <= offer.remaining_wh, MatchFault::Amount);
		ensure!(bid.member != offer.member, MatchFault::SameMember);
		let accepts = bid.order.energy_types;
		ensure!(accepts == 0 || accepts & offer.order.energy_types != 0, MatchFault::EnergyType);
		let buyer_rate_micro = rate_micro.unwrap_or(bid.order.price_micro);
		ensure!(buyer_rate_micro <= bid.order.price_micro, MatchFault::Price);
		let fee = rules.fee_between(bid.zone, offer.zone);
		let seller_rate_micro = buyer_rate_micro.checked_sub(fee).ok_or(MatchFault::Price)?;
		ensure!(seller_rate_micro >= offer.order.price_micro, MatchFault::Price);
		let slot = (market.0, market.1);
		ensure!(Self::has_room(slot, bid.site) && Self::has_room(slot, offer.site), MatchFault::TooManyTrades);
		Ok(Pair { bid, offer, buyer_rate_micro, seller_rate_micro })
	}

	fn has_room(slot: crate::SlotKey, site: SiteId) -> bool {
		Totals::<T>::get(slot, site).is_none_or(|totals| totals.trades < MAX_SITE_TRADES)
	}

	/// Makes the trade. What the two orders had locked for this energy is now locked for the trade; what the bid had locked
	/// above the trade's rate returns.
	pub(crate) fn trade(desk: &mut Desk<T>, market: MarketKey, of: &Match, pair: Pair<T::AccountId>) {
		let Pair { bid, offer, buyer_rate_micro, seller_rate_micro } = pair;
		let energy_wh = of.energy_wh;
		let (community, slot_start, kind) = market;
		let slot = (community, slot_start);
		let trade = NextTrade::<T>::mutate(|next| {
			*next = next.saturating_add(1);
			*next
		});
		let above = value_nano(energy_wh, bid.order.price_micro.saturating_sub(buyer_rate_micro));
		let released = Vault::<T>::release(HoldReason::Collateral, &bid.member, above);
		debug_assert!(released.is_ok(), "an open order's collateral is locked");
		let new_buyer = Self::add_to(slot, &bid, |totals| {
			totals.bought_wh = totals.bought_wh.saturating_add(energy_wh);
			totals.held_for_unused =
				totals.held_for_unused.saturating_add(value_nano(energy_wh, bid.deviation_rate_micro));
		});
		let new_seller = Self::add_to(slot, &offer, |totals| {
			totals.sold_wh = totals.sold_wh.saturating_add(energy_wh);
			totals.held_for_shortfall =
				totals.held_for_shortfall.saturating_add(value_nano(energy_wh, offer.deviation_rate_micro));
		});
		Slots::<T>::mutate(slot, |state| {
			if *state == Default::default() {
				Self::schedule(slot);
			}
			state.open_trades = state.open_trades.saturating_add(1);
			state.open_sites = state.open_sites.saturating_add(u32::from(new_buyer) + u32::from(new_seller));
		});
		Self::deposit_event(Event::Traded {
			trade,
			community,
			slot_start,
			kind,
			bid: bid.order.id(),
			offer: offer.order.id(),
			buyer_site: bid.site,
			seller_site: offer.site,
			energy_wh,
			buyer_rate_micro,
			seller_rate_micro,
		});
		let entry = Trade {
			buyer: bid.member,
			seller: offer.member,
			buyer_site: bid.site,
			seller_site: offer.site,
			energy_wh,
			buyer_rate_micro,
			seller_rate_micro,
			state: TradeState::Open,
		};
		Trades::<T>::insert(slot, trade, entry);
		for position in [of.bid, of.offer] {
			if let Some(record) = desk.change_order(market, position) {
				Orderbook::<T>::fill(record, energy_wh);
			}
		}
	}

	/// Adds a trade to a site's totals and says whether it is the site's first of the slot.
	fn add_to(
		slot: crate::SlotKey,
		of: &OrderRecord<T::AccountId>,
		add: impl FnOnce(&mut SiteTotals<T::AccountId>),
	) -> bool {
		Totals::<T>::mutate(slot, of.site, |totals| {
			let is_new = totals.is_none();
			let totals = totals.get_or_insert_with(|| SiteTotals::new(of.member.clone()));
			totals.trades = totals.trades.saturating_add(1);
			totals.pending = totals.pending.saturating_add(1);
			add(totals);
			is_new
		})
	}
}
