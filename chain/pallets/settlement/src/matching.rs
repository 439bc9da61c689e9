//! One match against the rules of its market, and the trade it makes.

use crate::{
	pallet::{Config, Event, NextTrade, Pallet, Totals, Trades},
	types::{Match, MatchFault, SiteTotals, Trade},
};
use frame::prelude::*;
use pallet_wattfleet_orderbook::{MarketKey, OrderRecord, Orders, Pallet as Orderbook};
use pallet_wattfleet_registry::Gateways;
use wattfleet_primitives::{value_nano, CommunityRules, OrderId, Seconds, Side};

/// A match that may enter.
pub(crate) struct Pair<AccountId> {
	bid_id: OrderId,
	offer_id: OrderId,
	bid: OrderRecord<AccountId>,
	offer: OrderRecord<AccountId>,
	energy_wh: u32,
	buyer_rate_micro: u32,
	seller_rate_micro: u32,
}

impl<T: Config> Pallet<T> {
	/// Pay-as-bid: the buyer's rate is the bid's price, the seller's what the grid fee leaves of it.
	pub(crate) fn check_match(
		market: &MarketKey,
		pair: &Match,
		rules: &CommunityRules,
		now: Seconds,
	) -> Result<Pair<T::AccountId>, MatchFault> {
		let bid = Orders::<T>::get(pair.bid).ok_or(MatchFault::UnknownOrder)?;
		let offer = Orders::<T>::get(pair.offer).ok_or(MatchFault::UnknownOrder)?;
		ensure!(bid.market() == *market && offer.market() == *market, MatchFault::WrongMarket);
		ensure!(bid.order.side == Side::Bid && offer.order.side == Side::Offer, MatchFault::WrongSide);
		ensure!(bid.is_live(now) && offer.is_live(now), MatchFault::NotOpen);
		ensure!(Self::is_in_force(&bid) && Self::is_in_force(&offer), MatchFault::KeyRevoked);
		let energy_wh = pair.energy_wh;
		ensure!(
			energy_wh > 0 && energy_wh <= bid.remaining_wh && energy_wh <= offer.remaining_wh,
			MatchFault::Amount
		);
		ensure!(bid.member != offer.member, MatchFault::SameMember);
		let accepts = bid.order.energy_types;
		ensure!(accepts == 0 || accepts & offer.order.energy_types != 0, MatchFault::EnergyType);
		let buyer_rate_micro = bid.order.price_micro;
		let fee = rules.fee_between(bid.zone, offer.zone);
		let seller_rate_micro = buyer_rate_micro.checked_sub(fee).ok_or(MatchFault::Price)?;
		ensure!(seller_rate_micro >= offer.order.price_micro, MatchFault::Price);
		let (bid_id, offer_id) = (pair.bid, pair.offer);
		Ok(Pair { bid_id, offer_id, bid, offer, energy_wh, buyer_rate_micro, seller_rate_micro })
	}

	/// Whether the key that signed an order may still act for its site. What a revoked key has open does not trade; its
	/// lock returns when the market closes.
	fn is_in_force(record: &OrderRecord<T::AccountId>) -> bool {
		Gateways::<T>::get(record.order.gateway)
			.is_some_and(|known| !known.revoked && known.epoch == record.order.epoch)
	}

	/// Makes the trade. What the two orders had locked for this energy is now locked for the trade: nothing moves.
	pub(crate) fn trade(market: MarketKey, pair: Pair<T::AccountId>) {
		let Pair { bid_id, offer_id, mut bid, mut offer, energy_wh, buyer_rate_micro, seller_rate_micro } = pair;
		let (community, slot_start, kind) = market;
		let slot = (community, slot_start);
		let trade = NextTrade::<T>::mutate(|next| {
			*next = next.saturating_add(1);
			*next
		});
		Totals::<T>::mutate(slot, bid.site, |totals| {
			let totals = totals.get_or_insert_with(|| SiteTotals::new(bid.member.clone()));
			totals.bought_wh = totals.bought_wh.saturating_add(energy_wh);
			totals.pending = totals.pending.saturating_add(1);
			totals.held_for_unused =
				totals.held_for_unused.saturating_add(value_nano(energy_wh, bid.deviation_rate_micro));
		});
		Totals::<T>::mutate(slot, offer.site, |totals| {
			let totals = totals.get_or_insert_with(|| SiteTotals::new(offer.member.clone()));
			totals.sold_wh = totals.sold_wh.saturating_add(energy_wh);
			totals.pending = totals.pending.saturating_add(1);
			totals.held_for_shortfall =
				totals.held_for_shortfall.saturating_add(value_nano(energy_wh, offer.deviation_rate_micro));
		});
		Self::deposit_event(Event::Traded {
			trade,
			community,
			slot_start,
			kind,
			bid: bid_id,
			offer: offer_id,
			buyer_site: bid.site,
			seller_site: offer.site,
			energy_wh,
			buyer_rate_micro,
			seller_rate_micro,
		});
		Trades::<T>::insert(
			slot,
			trade,
			Trade {
				buyer: bid.member.clone(),
				seller: offer.member.clone(),
				buyer_site: bid.site,
				seller_site: offer.site,
				energy_wh,
				buyer_rate_micro,
				seller_rate_micro,
			},
		);
		Orderbook::<T>::fill(bid_id, &mut bid, energy_wh);
		Orderbook::<T>::fill(offer_id, &mut offer, energy_wh);
	}
}
