//! How an item enters: decoded, checked against registry and market, its collateral locked.

use crate::{
	desk::Desk,
	pallet::{Config, Event, Pallet},
	types::{Entry, MarketKey, OrderRecord, OrderState, Position, SignedItem, SiteEntries, MAX_EARLY_CANCELS},
};
use frame::prelude::*;
use pallet_wattfleet_registry::{ChainId, Gateways, Site, Sites};
use pallet_wattfleet_vault::{HoldReason, Pallet as Vault};
use wattfleet_primitives::{
	decode_signed, is_signed_by, sha256, Cancel, CommunityId, CommunityRules, GatewayKey, Item, MarketKind, Order,
	Reason, Seconds, Side, SiteId,
};

/// What all items of a batch have in common.
pub(crate) struct Batch {
	pub community: CommunityId,
	pub rules: CommunityRules,
	pub chain: [u8; 32],
	pub now: Seconds,
}

impl Batch {
	pub(crate) fn new<T: Config>(community: CommunityId, rules: CommunityRules) -> Self {
		Self { community, rules, chain: ChainId::<T>::get(), now: Pallet::<T>::now() }
	}

	fn market(&self, (slot_start, kind): OwnMarket) -> MarketKey {
		(self.community, slot_start, kind)
	}

	/// Whether an entry can be forgotten: entry for its slot is closed, or what a cancel waited for cannot come any more.
	fn is_stale(&self, entry: &Entry) -> bool {
		match entry {
			Entry::Order { slot_start, kind, .. } => {
				self.rules.market_times(*slot_start, *kind).is_none_or(|times| times.match_deadline < self.now)
			},
			Entry::EarlyCancel { came_at, .. } => came_at.saturating_add(self.rules.spot_opens_s.into()) < self.now,
		}
	}
}

/// A market of a site's own community.
type OwnMarket = (Seconds, MarketKind);

/// An order that a site entered, and where it is.
struct Known {
	market: OwnMarket,
	position: Position,
	fingerprint: [u8; 8],
}

fn find(entries: &SiteEntries, of_epoch: u32, of_sequence: u64) -> Option<Known> {
	entries.iter().find_map(|entry| match entry {
		Entry::Order { epoch, sequence, slot_start, kind, position, fingerprint, .. }
			if *epoch == of_epoch && *sequence == of_sequence =>
		{
			Some(Known { market: (*slot_start, *kind), position: *position, fingerprint: *fingerprint })
		},
		_ => None,
	})
}

/// The first bytes of the SHA-256 of a message.
fn fingerprint(bytes: &[u8]) -> [u8; 8] {
	let hash = sha256(bytes);
	core::array::from_fn(|at| hash[at])
}

fn has_early_cancel(entries: &SiteEntries, of_epoch: u32, of_target: u64) -> bool {
	entries.iter().any(
		|entry| matches!(entry, Entry::EarlyCancel { epoch, target, .. } if *epoch == of_epoch && *target == of_target),
	)
}

/// What a site has open or traded in one market, per side.
fn counted_wh(entries: &SiteEntries, market: OwnMarket, of_side: Side) -> u32 {
	entries.iter().fold(0u32, |sum, entry| match entry {
		Entry::Order { slot_start, kind, side, counted_wh, .. }
			if (*slot_start, *kind) == market && *side == of_side =>
		{
			sum.saturating_add(*counted_wh)
		},
		_ => sum,
	})
}

impl<T: Config> Pallet<T> {
	/// Enters one item. The same bytes again: success without effect.
	pub(crate) fn enter(batch: &Batch, desk: &mut Desk<T>, item: &SignedItem) -> Result<(), Reason> {
		match decode_signed(&item.bytes).ok_or(Reason::Malformed)? {
			Item::Order(order) => Self::enter_order(batch, desk, order, item),
			Item::Cancel(cancel) => Self::enter_cancel(batch, desk, cancel, item),
		}
	}

	/// The site that this key acts for now.
	fn authenticate(
		batch: &Batch,
		chain: &[u8; 32],
		gateway: &GatewayKey,
		epoch: u32,
		item: &SignedItem,
	) -> Result<(SiteId, Site<T::AccountId>), Reason> {
		ensure!(*chain == batch.chain, Reason::WrongChain);
		let known = Gateways::<T>::get(gateway).ok_or(Reason::UnknownGateway)?;
		ensure!(!known.revoked, Reason::Revoked);
		ensure!(known.epoch == epoch, Reason::Epoch);
		let site = Sites::<T>::get(known.site).ok_or(Reason::UnknownGateway)?;
		ensure!(site.community == batch.community, Reason::WrongCommunity);
		ensure!(is_signed_by(gateway, &item.bytes, &item.signature), Reason::Signature);
		Ok((known.site, site))
	}

	fn enter_order(batch: &Batch, desk: &mut Desk<T>, order: Order, item: &SignedItem) -> Result<(), Reason> {
		ensure!(order.is_sane(), Reason::Malformed);
		ensure!(order.community == batch.community, Reason::WrongCommunity);
		let (site_id, site) = Self::authenticate(batch, &order.chain, &order.gateway, order.epoch, item)?;
		let entries = desk.entries(site_id, |entry| batch.is_stale(entry));
		if let Some(known) = find(entries, order.epoch, order.sequence) {
			ensure!(known.fingerprint == fingerprint(&item.bytes), Reason::Conflict);
			return Ok(());
		}
		Self::check_market(batch, &order)?;
		ensure!(Vault::<T>::debt(&site.member) == 0, Reason::Debt);
		let deviation_rate_micro = match order.side {
			Side::Bid => batch.rules.unused_rate_micro,
			Side::Offer => batch.rules.shortfall_rate_micro,
		};
		let fingerprint = fingerprint(&item.bytes);
		let record = OrderRecord {
			remaining_wh: order.energy_wh,
			site: site_id,
			member: site.member.clone(),
			zone: site.zone,
			deviation_rate_micro,
			state: OrderState::Open,
			order,
		};
		Self::place(batch, desk, record, &site, fingerprint)
	}

	fn check_market(batch: &Batch, order: &Order) -> Result<(), Reason> {
		ensure!(batch.rules.is_slot_start(order.slot_start), Reason::Malformed);
		let times = batch.rules.market_times(order.slot_start, order.kind).ok_or(Reason::MarketNotOpen)?;
		ensure!(batch.now >= times.opens_at, Reason::MarketNotOpen);
		ensure!(batch.now <= times.gate_closes_at, Reason::GateClosed);
		ensure!(order.expires_at == 0 || batch.now <= order.expires_at, Reason::Expired);
		Ok(())
	}

	/// Takes the order that this one replaces out and puts this one in, or does neither.
	fn place(
		batch: &Batch,
		desk: &mut Desk<T>,
		record: OrderRecord<T::AccountId>,
		site: &Site<T::AccountId>,
		fingerprint: [u8; 8],
	) -> Result<(), Reason> {
		let market = record.market();
		let (site_id, side, energy_wh) = (record.site, record.order.side, record.order.energy_wh);
		let replaced = Self::open_target(batch, desk, &record)?;
		let entries = desk.entries(site_id, |entry| batch.is_stale(entry));
		ensure!(!entries.is_full(), Reason::Cap);
		let gone_wh = replaced.as_ref().map_or(0, |(old, _)| {
			let same = old.market() == market && old.order.side == side;
			if same {
				old.remaining_wh
			} else {
				0
			}
		});
		let cap = match side {
			Side::Bid => site.cap_import_wh,
			Side::Offer => site.cap_export_wh,
		};
		let counted = counted_wh(entries, (market.1, market.2), side).saturating_sub(gone_wh);
		ensure!(counted.checked_add(energy_wh).is_some_and(|sum| sum <= cap), Reason::Cap);
		let position = desk.next_position(market).ok_or(Reason::TooLarge)?;
		let locked = record.locked();
		let freed = replaced.as_ref().map_or(0, |(old, _)| old.locked());
		// what the old order had locked may be part of what the new one needs
		Vault::<T>::release(HoldReason::Collateral, &record.member, freed).map_err(|_| Reason::Conflict)?;
		if Vault::<T>::lock(HoldReason::Collateral, &record.member, locked).is_err() {
			let again = Vault::<T>::lock(HoldReason::Collateral, &record.member, freed);
			debug_assert!(again.is_ok(), "what was locked a moment ago can be locked again");
			return Err(Reason::Collateral);
		}
		if let Some((_, old_position)) = replaced {
			let (old_market, at) = old_position;
			Self::end_unlocked(batch, desk, old_market, at, OrderState::Replaced);
		}
		if position == 0 {
			Self::schedule_closing(market, &batch.rules);
		}
		Self::deposit_event(Event::OrderEntered {
			id: record.order.id(),
			position,
			order: record.order.clone(),
			site: site_id,
			member: record.member.clone(),
			locked,
		});
		let (epoch, sequence) = (record.order.epoch, record.order.sequence);
		let entry = Entry::Order {
			epoch,
			sequence,
			slot_start: market.1,
			kind: market.2,
			side,
			position,
			fingerprint,
			counted_wh: energy_wh,
		};
		desk.push(market, record);
		let entries = desk.entries(site_id, |entry| batch.is_stale(entry));
		let pushed = entries.try_push(entry);
		debug_assert!(pushed.is_ok(), "there was room a moment ago");
		if has_early_cancel(entries, epoch, sequence) {
			entries.retain(
				|entry| !matches!(entry, Entry::EarlyCancel { epoch: e, target, .. } if *e == epoch && *target == sequence),
			);
			Self::end(batch, desk, market, position, OrderState::Cancelled);
		}
		Ok(())
	}

	/// The open order that this one replaces, and where it is; `conflict` where it names one that is not open.
	fn open_target(
		batch: &Batch,
		desk: &mut Desk<T>,
		record: &OrderRecord<T::AccountId>,
	) -> Result<Option<(OrderRecord<T::AccountId>, (MarketKey, Position))>, Reason> {
		let Some(sequence) = record.order.replaces else { return Ok(None) };
		let entries = desk.entries(record.site, |entry| batch.is_stale(entry));
		let known = find(entries, record.order.epoch, sequence).ok_or(Reason::Conflict)?;
		let (market, position) = (batch.market(known.market), known.position);
		let old = desk.order(market, position).filter(|old| old.state == OrderState::Open);
		let old = old.ok_or(Reason::Conflict)?.clone();
		Ok(Some((old, (market, position))))
	}

	fn enter_cancel(batch: &Batch, desk: &mut Desk<T>, cancel: Cancel, item: &SignedItem) -> Result<(), Reason> {
		ensure!(cancel.is_sane(), Reason::Malformed);
		let (site_id, _) = Self::authenticate(batch, &cancel.chain, &cancel.gateway, cancel.epoch, item)?;
		let entries = desk.entries(site_id, |entry| batch.is_stale(entry));
		if let Some(known) = find(entries, cancel.epoch, cancel.target) {
			// where it has ended already there is nothing left to withdraw
			Self::end(batch, desk, batch.market(known.market), known.position, OrderState::Cancelled);
			return Ok(());
		}
		if has_early_cancel(entries, cancel.epoch, cancel.target) {
			return Ok(());
		}
		let waiting = entries.iter().filter(|entry| matches!(entry, Entry::EarlyCancel { .. })).count();
		ensure!(waiting < MAX_EARLY_CANCELS as usize, Reason::Cap);
		let entry = Entry::EarlyCancel { epoch: cancel.epoch, target: cancel.target, came_at: batch.now };
		entries.try_push(entry).map_err(|_| Reason::Cap)
	}

	/// Ends an open order before its market closes: releases what remains, keeps the order known.
	pub(crate) fn end(batch: &Batch, desk: &mut Desk<T>, market: MarketKey, position: Position, state: OrderState) {
		let Some(record) = desk.order(market, position).filter(|record| record.state == OrderState::Open) else {
			return;
		};
		let (member, locked) = (record.member.clone(), record.locked());
		let released = Vault::<T>::release(HoldReason::Collateral, &member, locked);
		debug_assert!(released.is_ok(), "an open order's collateral is locked");
		Self::end_unlocked(batch, desk, market, position, state);
	}

	/// Ends an open order whose collateral has been released already.
	fn end_unlocked(batch: &Batch, desk: &mut Desk<T>, market: MarketKey, position: Position, state: OrderState) {
		let Some(record) = desk.order(market, position) else { return };
		let (id, site, remaining_wh) = (record.order.id(), record.site, record.remaining_wh);
		record.remaining_wh = 0;
		record.state = state;
		for entry in desk.entries(site, |entry| batch.is_stale(entry)).iter_mut() {
			if let Entry::Order { slot_start, kind, position: at, counted_wh, .. } = entry {
				if (*slot_start, *kind, *at) == (market.1, market.2, position) {
					*counted_wh = counted_wh.saturating_sub(remaining_wh);
				}
			}
		}
		Self::deposit_event(Event::OrderEnded { id, state, remaining_wh });
	}

	/// Cancels all that a site has open, whatever the epoch.
	pub(crate) fn cancel_site(community: CommunityId, rules: CommunityRules, site: &SiteId) {
		let batch = Batch::new::<T>(community, rules);
		let mut desk = Desk::<T>::new();
		for entry in desk.entries(*site, |entry| batch.is_stale(entry)).clone() {
			if let Entry::Order { slot_start, kind, position, .. } = entry {
				Self::end(&batch, &mut desk, (community, slot_start, kind), position, OrderState::Cancelled);
			}
		}
		desk.entries(*site, |_| false).retain(|entry| matches!(entry, Entry::Order { .. }));
		desk.save();
	}
}
