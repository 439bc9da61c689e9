//! How an item enters: decoded, checked against registry and market, its collateral locked.

use crate::{
	desk::Desk,
	pallet::{Config, Event, Pallet},
	types::{Entry, MarketKey, OrderRecord, OrderState, Position, SignedItem, SiteEntries, MAX_EARLY_CANCELS},
};
use frame::prelude::*;
use pallet_wattfleet_registry::{version_at, Gateways, Site, Sites, Versions};
use pallet_wattfleet_vault::{HoldReason, Pallet as Vault};
use wattfleet_primitives::{
	decode_signed, is_signed_by, sha256, Cancel, CommunityId, CommunityRules, GatewayKey, Item, MarketKind, Order,
	Reason, Seconds, Side, SiteId,
};

/// What all items of a batch have in common.
pub(crate) struct Batch<AccountId> {
	pub community: CommunityId,
	pub versions: Versions<AccountId>,
	pub chain: [u8; 32],
	pub now: Seconds,
}

impl<AccountId> Batch<AccountId> {
	fn market(&self, (slot_start, kind): OwnMarket) -> MarketKey {
		(self.community, slot_start, kind)
	}

	fn rules(&self, slot_start: Seconds) -> Option<&CommunityRules> {
		version_at(&self.versions, slot_start).map(|entry| &entry.rules)
	}

	/// Whether an entry can be forgotten: entry for its slot is closed, or what a cancel waited for cannot come any more:
	/// an order that was signed up to a day before its market opens.
	fn is_stale(&self, entry: &Entry) -> bool {
		match entry {
			Entry::Order { slot_start, kind, .. } => self
				.rules(*slot_start)
				.and_then(|rules| rules.market_times(*slot_start, *kind))
				.is_none_or(|times| times.match_deadline < self.now),
			Entry::EarlyCancel { came_at, .. } => {
				let waits = self.rules(*came_at).map_or(0, |rules| 2 * Seconds::from(rules.spot_opens_s));
				came_at.saturating_add(waits) < self.now
			},
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
	pub(crate) fn enter(batch: &Batch<T::AccountId>, desk: &mut Desk<T>, item: &SignedItem) -> Result<(), Reason> {
		match decode_signed(&item.bytes).ok_or(Reason::Malformed)? {
			Item::Order(order) => Self::enter_order(batch, desk, order, item),
			Item::Cancel(cancel) => Self::enter_cancel(batch, desk, cancel, item),
		}
	}

	/// The site that this key acts for now, its stale entries forgotten.
	fn authenticate(
		batch: &Batch<T::AccountId>,
		desk: &mut Desk<T>,
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
		if desk.is_new(known.site) && desk.entries(known.site).iter().any(|entry| batch.is_stale(entry)) {
			desk.change_entries(known.site).retain(|entry| !batch.is_stale(entry));
		}
		Ok((known.site, site))
	}

	fn enter_order(
		batch: &Batch<T::AccountId>,
		desk: &mut Desk<T>,
		order: Order,
		item: &SignedItem,
	) -> Result<(), Reason> {
		ensure!(order.is_sane(), Reason::Malformed);
		ensure!(order.community == batch.community, Reason::WrongCommunity);
		let (site_id, site) = Self::authenticate(batch, desk, &order.chain, &order.gateway, order.epoch, item)?;
		let fingerprint = fingerprint(&item.bytes);
		if let Some(known) = find(desk.entries(site_id), order.epoch, order.sequence) {
			ensure!(known.fingerprint == fingerprint, Reason::Conflict);
			return Ok(());
		}
		let rules = batch.rules(order.slot_start).ok_or(Reason::MarketNotOpen)?;
		Self::check_market(batch, rules, &order)?;
		ensure!(Vault::<T>::debt(&site.member) == 0, Reason::Debt);
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
		Self::place(batch, desk, rules, record, &site, fingerprint)
	}

	fn check_market(batch: &Batch<T::AccountId>, rules: &CommunityRules, order: &Order) -> Result<(), Reason> {
		ensure!(rules.is_slot_start(order.slot_start), Reason::Malformed);
		let times = rules.market_times(order.slot_start, order.kind).ok_or(Reason::MarketNotOpen)?;
		ensure!(batch.now >= times.opens_at, Reason::MarketNotOpen);
		ensure!(batch.now <= times.gate_closes_at, Reason::GateClosed);
		ensure!(order.expires_at == 0 || batch.now <= order.expires_at, Reason::Expired);
		Ok(())
	}

	/// Takes the order that this one replaces out and puts this one in, or does neither.
	fn place(
		batch: &Batch<T::AccountId>,
		desk: &mut Desk<T>,
		rules: &CommunityRules,
		record: OrderRecord<T::AccountId>,
		site: &Site<T::AccountId>,
		fingerprint: [u8; 8],
	) -> Result<(), Reason> {
		let market = record.market();
		let (site_id, side, energy_wh) = (record.site, record.order.side, record.order.energy_wh);
		let replaced = Self::open_target(batch, desk, &record)?;
		ensure!(!desk.entries(site_id).is_full(), Reason::Cap);
		Self::check_cap(desk, &record, site, replaced.as_ref().map(|(old, ..)| old))?;
		let position = desk.next_position(market).ok_or(Reason::TooLarge)?;
		let locked = record.locked();
		let freed = replaced.as_ref().map_or(0, |(old, ..)| old.locked());
		// what the old order had locked may be part of what the new one needs
		Vault::<T>::release(HoldReason::Collateral, &record.member, freed).map_err(|_| Reason::Conflict)?;
		if Vault::<T>::lock(HoldReason::Collateral, &record.member, locked).is_err() {
			let again = Vault::<T>::lock(HoldReason::Collateral, &record.member, freed);
			debug_assert!(again.is_ok(), "what was locked a moment ago can be locked again");
			return Err(Reason::Collateral);
		}
		if let Some((_, old_market, at)) = replaced {
			Self::end_unlocked(desk, old_market, at, OrderState::Replaced);
		}
		if position == 0 {
			Self::schedule_closing(market, rules);
		}
		Self::schedule_expiry(market, position, &record.order, rules);
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
		let entries = desk.change_entries(site_id);
		let pushed = entries.try_push(entry);
		debug_assert!(pushed.is_ok(), "there was room a moment ago");
		if has_early_cancel(entries, epoch, sequence) {
			entries.retain(
				|entry| !matches!(entry, Entry::EarlyCancel { epoch: e, target, .. } if *e == epoch && *target == sequence),
			);
			Self::end(desk, market, position, OrderState::Cancelled);
		}
		Ok(())
	}

	/// What a site has open or traded in one market, on one side, stays within its nameplate.
	fn check_cap(
		desk: &mut Desk<T>,
		record: &OrderRecord<T::AccountId>,
		site: &Site<T::AccountId>,
		replaced: Option<&OrderRecord<T::AccountId>>,
	) -> Result<(), Reason> {
		let (market, side) = (record.market(), record.order.side);
		let gone_wh =
			replaced.filter(|old| old.market() == market && old.order.side == side).map_or(0, |old| old.remaining_wh);
		let cap = match side {
			Side::Bid => site.cap_import_wh,
			Side::Offer => site.cap_export_wh,
		};
		let counted = counted_wh(desk.entries(record.site), (market.1, market.2), side).saturating_sub(gone_wh);
		ensure!(counted.checked_add(record.order.energy_wh).is_some_and(|sum| sum <= cap), Reason::Cap);
		Ok(())
	}

	/// The open order that this one replaces, and where it is; `conflict` where it names one that is not open.
	fn open_target(
		batch: &Batch<T::AccountId>,
		desk: &mut Desk<T>,
		record: &OrderRecord<T::AccountId>,
	) -> Result<Option<(OrderRecord<T::AccountId>, MarketKey, Position)>, Reason> {
		let Some(sequence) = record.order.replaces else { return Ok(None) };
		let known = find(desk.entries(record.site), record.order.epoch, sequence).ok_or(Reason::Conflict)?;
		let (market, position) = (batch.market(known.market), known.position);
		let old = desk
			.order(market, position)
			.filter(|old| old.state == OrderState::Open && old.site == record.site)
			.ok_or(Reason::Conflict)?;
		Ok(Some((old.clone(), market, position)))
	}

	fn enter_cancel(
		batch: &Batch<T::AccountId>,
		desk: &mut Desk<T>,
		cancel: Cancel,
		item: &SignedItem,
	) -> Result<(), Reason> {
		ensure!(cancel.is_sane(), Reason::Malformed);
		let (site_id, _) = Self::authenticate(batch, desk, &cancel.chain, &cancel.gateway, cancel.epoch, item)?;
		let entries = desk.entries(site_id);
		if let Some(known) = find(entries, cancel.epoch, cancel.target) {
			// where it has ended already there is nothing left to withdraw
			Self::end(desk, batch.market(known.market), known.position, OrderState::Cancelled);
			return Ok(());
		}
		if has_early_cancel(entries, cancel.epoch, cancel.target) {
			return Ok(());
		}
		let waiting = entries.iter().filter(|entry| matches!(entry, Entry::EarlyCancel { .. })).count();
		ensure!(waiting < MAX_EARLY_CANCELS as usize && !entries.is_full(), Reason::Cap);
		let entry = Entry::EarlyCancel { epoch: cancel.epoch, target: cancel.target, came_at: batch.now };
		desk.change_entries(site_id).try_push(entry).map_err(|_| Reason::Cap)
	}

	/// Ends an open order before its market closes: releases what remains, keeps the order known.
	pub(crate) fn end(desk: &mut Desk<T>, market: MarketKey, position: Position, state: OrderState) {
		let Some(record) = desk.order(market, position).filter(|record| record.state == OrderState::Open) else {
			return;
		};
		let (member, locked) = (record.member.clone(), record.locked());
		let released = Vault::<T>::release(HoldReason::Collateral, &member, locked);
		debug_assert!(released.is_ok(), "an open order's collateral is locked");
		Self::end_unlocked(desk, market, position, state);
	}

	/// Ends an open order whose collateral has been released already.
	fn end_unlocked(desk: &mut Desk<T>, market: MarketKey, position: Position, state: OrderState) {
		let Some(record) = desk.change_order(market, position) else { return };
		let (id, site, remaining_wh) = (record.order.id(), record.site, record.remaining_wh);
		record.remaining_wh = 0;
		record.state = state;
		for entry in desk.change_entries(site).iter_mut() {
			if let Entry::Order { slot_start, kind, position: at, counted_wh, .. } = entry {
				if (*slot_start, *kind, *at) == (market.1, market.2, position) {
					*counted_wh = counted_wh.saturating_sub(remaining_wh);
				}
			}
		}
		Self::deposit_event(Event::OrderEnded { id, state, remaining_wh });
	}

	/// Cancels all that a site has open, whatever the epoch, and says how many entries that was to look at.
	pub(crate) fn cancel_site(community: CommunityId, site: &SiteId) -> u32 {
		let mut desk = Desk::<T>::new();
		let entries = desk.entries(*site).clone();
		let looked_at = entries.len() as u32;
		for entry in entries {
			if let Entry::Order { slot_start, kind, position, .. } = entry {
				let market = (community, slot_start, kind);
				// a market that was closed and came to be again would have another order there
				if desk.order(market, position).is_some_and(|record| record.site == *site) {
					Self::end(&mut desk, market, position, OrderState::Cancelled);
				}
			}
		}
		if !desk.entries(*site).is_empty() {
			desk.change_entries(*site).retain(|entry| matches!(entry, Entry::Order { .. }));
		}
		desk.save();
		looked_at
	}
}
