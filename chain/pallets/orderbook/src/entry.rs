//! How an item enters: decoded, checked against registry and market, its collateral locked.

use crate::{
	pallet::{Closing, ClosedUpTo, Config, EarlyCancelCount, EarlyCancels, Event, Exposure, MarketOrders, Orders, Pallet},
	types::{OrderRecord, OrderState, SignedItem, MAX_EARLY_CANCELS},
};
use alloc::vec::Vec;
use frame::deps::frame_support::storage::with_storage_layer;
use frame::prelude::*;
use pallet_wattfleet_registry::{ChainId, Communities, Gateways, Site, Sites};
use pallet_wattfleet_vault::Pallet as Vault;
use wattfleet_primitives::{
	decode_signed, is_signed_by, order_id, Cancel, CommunityId, CommunityRules, GatewayKey, Item, MarketKind, Order,
	OrderId, Reason, Side, SiteId,
};

/// Carries a reason out of a storage layer, whose error must be a DispatchError.
enum Refusal {
	Reason(Reason),
	Dispatch,
}

impl From<DispatchError> for Refusal {
	fn from(_: DispatchError) -> Self {
		Refusal::Dispatch
	}
}

impl<T: Config> Pallet<T> {
	/// Enters one item. The same bytes again: success without effect.
	pub(crate) fn enter(community: CommunityId, item: &SignedItem) -> Result<(), Reason> {
		match decode_signed(&item.bytes).ok_or(Reason::Malformed)? {
			Item::Order(order) => Self::enter_order(community, order, item),
			Item::Cancel(cancel) => Self::enter_cancel(community, cancel, item),
		}
	}

	/// The site that this key acts for now.
	fn authenticate(
		community: CommunityId,
		chain: &[u8; 32],
		gateway: &GatewayKey,
		epoch: u32,
		item: &SignedItem,
	) -> Result<(SiteId, Site<T::AccountId>), Reason> {
		ensure!(*chain == ChainId::<T>::get(), Reason::WrongChain);
		let known = Gateways::<T>::get(gateway).ok_or(Reason::UnknownGateway)?;
		ensure!(!known.revoked, Reason::Revoked);
		ensure!(known.epoch == epoch, Reason::Epoch);
		let site = Sites::<T>::get(known.site).ok_or(Reason::UnknownGateway)?;
		ensure!(site.community == community, Reason::WrongCommunity);
		ensure!(is_signed_by(gateway, &item.bytes, &item.signature), Reason::Signature);
		Ok((known.site, site))
	}

	fn enter_order(community: CommunityId, order: Order, item: &SignedItem) -> Result<(), Reason> {
		ensure!(order.is_sane(), Reason::Malformed);
		ensure!(order.community == community, Reason::WrongCommunity);
		let (site_id, site) = Self::authenticate(community, &order.chain, &order.gateway, order.epoch, item)?;
		let id = order.id();
		if let Some(known) = Orders::<T>::get(id) {
			// every field is part of the bytes, so equal orders are equal bytes
			ensure!(known.order == order, Reason::Conflict);
			return Ok(());
		}
		let rules = Communities::<T>::get(community).ok_or(Reason::WrongCommunity)?.rules;
		Self::check_market(&order, &rules)?;
		let deviation_rate_micro = match order.side {
			Side::Bid => rules.unused_rate_micro,
			Side::Offer => rules.shortfall_rate_micro,
		};
		let record = OrderRecord {
			remaining_wh: order.energy_wh,
			site: site_id,
			member: site.member.clone(),
			zone: site.zone,
			deviation_rate_micro,
			state: OrderState::Open,
			order,
		};
		// replacing takes the old order out and puts the new one in, or does neither
		let entered: Result<(), Refusal> =
			with_storage_layer_for(|| Self::place(id, record, &site, &rules).map_err(Refusal::Reason));
		entered.map_err(|refusal| match refusal {
			Refusal::Reason(reason) => reason,
			Refusal::Dispatch => Reason::TooLarge,
		})
	}

	fn check_market(order: &Order, rules: &CommunityRules) -> Result<(), Reason> {
		ensure!(rules.is_slot_start(order.slot_start), Reason::Malformed);
		// the market after delivery is not open yet in this version
		ensure!(order.kind == MarketKind::Spot, Reason::MarketNotOpen);
		let now = Self::now();
		let times = rules.times(order.slot_start);
		ensure!(now >= times.opens_at, Reason::MarketNotOpen);
		ensure!(now <= times.gate_closes_at, Reason::GateClosed);
		ensure!(order.expires_at == 0 || now <= order.expires_at, Reason::Expired);
		Ok(())
	}

	fn place(
		id: OrderId,
		mut record: OrderRecord<T::AccountId>,
		site: &Site<T::AccountId>,
		rules: &CommunityRules,
	) -> Result<(), Reason> {
		let order = &record.order;
		if let Some(sequence) = order.replaces {
			let target = order_id(&order.gateway, order.epoch, sequence);
			let open = Orders::<T>::get(target).filter(|old| old.state == OrderState::Open).ok_or(Reason::Conflict)?;
			Self::end(target, open, OrderState::Replaced).map_err(|_| Reason::Conflict)?;
		}
		let market = record.market();
		let slot_side = (record.site, order.side);
		let exposure = Exposure::<T>::get(market, slot_side).checked_add(order.energy_wh).ok_or(Reason::Cap)?;
		let cap = match order.side {
			Side::Bid => site.cap_import_wh,
			Side::Offer => site.cap_export_wh,
		};
		ensure!(exposure <= cap, Reason::Cap);
		let locked = record.collateral(order.energy_wh);
		Vault::<T>::lock(&record.member, locked).map_err(|_| Reason::Collateral)?;
		Exposure::<T>::insert(market, slot_side, exposure);
		MarketOrders::<T>::insert(market, id, ());
		Self::schedule_closing(market, rules);
		Self::deposit_event(Event::OrderEntered {
			id,
			order: record.order.clone(),
			site: record.site,
			member: record.member.clone(),
			locked,
		});
		let (key, sequence) = ((record.order.gateway, record.order.epoch), record.order.sequence);
		if EarlyCancels::<T>::take(key, sequence).is_some() {
			EarlyCancelCount::<T>::mutate(key, |count| *count = count.saturating_sub(1));
			return Self::end(id, record, OrderState::Cancelled).map_err(|_| Reason::Conflict);
		}
		record.state = OrderState::Open;
		Orders::<T>::insert(id, record);
		Ok(())
	}

	fn schedule_closing(market: crate::MarketKey, rules: &CommunityRules) {
		let deadline = rules.times(market.1).match_deadline;
		Closing::<T>::insert(deadline / 60 + 1, market, ());
		if ClosedUpTo::<T>::get() == 0 {
			ClosedUpTo::<T>::put(Self::now() / 60);
		}
	}

	fn enter_cancel(community: CommunityId, cancel: Cancel, item: &SignedItem) -> Result<(), Reason> {
		ensure!(cancel.is_sane(), Reason::Malformed);
		Self::authenticate(community, &cancel.chain, &cancel.gateway, cancel.epoch, item)?;
		let id = order_id(&cancel.gateway, cancel.epoch, cancel.target);
		match Orders::<T>::get(id) {
			Some(record) if record.state == OrderState::Open =>
				Self::end(id, record, OrderState::Cancelled).map_err(|_| Reason::Conflict),
			// it has ended already: there is nothing left to withdraw
			Some(_) => Ok(()),
			None => {
				let key = (cancel.gateway, cancel.epoch);
				if EarlyCancels::<T>::contains_key(key, cancel.target) {
					return Ok(());
				}
				let waiting = Self::forget_stale_cancels(community, key);
				ensure!(waiting < MAX_EARLY_CANCELS, Reason::Cap);
				EarlyCancels::<T>::insert(key, cancel.target, Self::now());
				EarlyCancelCount::<T>::insert(key, waiting + 1);
				Ok(())
			},
		}
	}

	/// Where no place is left, forgets the cancels that have waited longer than spot is open: what they were meant for
	/// will not come any more. Yields how many wait. Bounded by how many may wait.
	fn forget_stale_cancels(community: CommunityId, key: (GatewayKey, u32)) -> u32 {
		let waiting = EarlyCancelCount::<T>::get(key);
		if waiting < MAX_EARLY_CANCELS {
			return waiting;
		}
		let opens = Communities::<T>::get(community).map_or(0, |entry| entry.rules.spot_opens_s);
		let oldest = Self::now().saturating_sub(opens.into());
		let stale: Vec<u64> =
			EarlyCancels::<T>::iter_prefix(key).filter(|(_, came)| *came < oldest).map(|(target, _)| target).collect();
		let left = waiting.saturating_sub(stale.len() as u32);
		for target in stale {
			EarlyCancels::<T>::remove(key, target);
		}
		EarlyCancelCount::<T>::insert(key, left);
		left
	}

	/// Ends an order before its market closes: releases what remains, keeps the id known.
	pub(crate) fn end(
		id: OrderId,
		mut record: OrderRecord<T::AccountId>,
		state: OrderState,
	) -> Result<(), DispatchError> {
		let remaining_wh = record.remaining_wh;
		Vault::<T>::release(&record.member, record.collateral(remaining_wh))?;
		Exposure::<T>::mutate(record.market(), (record.site, record.order.side), |wh| {
			*wh = wh.saturating_sub(remaining_wh)
		});
		record.remaining_wh = 0;
		record.state = state;
		Orders::<T>::insert(id, record);
		Self::deposit_event(Event::OrderEnded { id, state, remaining_wh });
		Ok(())
	}

	/// Takes matched energy out of an open order; its collateral now belongs to the trade.
	pub fn fill(id: OrderId, record: &mut OrderRecord<T::AccountId>, energy_wh: u32) {
		record.remaining_wh = record.remaining_wh.saturating_sub(energy_wh);
		if record.remaining_wh == 0 {
			record.state = OrderState::Filled;
			Self::deposit_event(Event::OrderEnded { id, state: OrderState::Filled, remaining_wh: 0 });
		}
		Orders::<T>::insert(id, record);
	}
}

/// `with_storage_layer` for an error that can be made of a DispatchError.
fn with_storage_layer_for<R>(body: impl FnOnce() -> Result<R, Refusal>) -> Result<R, Refusal> {
	with_storage_layer(body)
}
