//! A member shows its own signed reading against what the settlement engine claimed.

use crate::{
	correction::Measured,
	pallet::{Bonds, Config, Error, Event, Pallet, SharedFlows, Slots, Totals},
	types::{MessageId, Settled, SiteFlow, SlotKey, Source, TradeId, ANSWER_S},
};
use frame::prelude::*;
use pallet_wattfleet_orderbook::SignedItem;
use pallet_wattfleet_registry::{ChainId, Community, Gateways};
use pallet_wattfleet_vault::{HoldReason, Pallet as Vault};
use wattfleet_primitives::{
	decode_energy, is_signed_by,
	merkle::{is_included, ProofStep},
	CommunityId, Energy, Quality, Seconds, SiteId,
};

/// What is revealed of, and by whom.
pub(crate) struct Dispute<'a, AccountId> {
	pub slot: SlotKey,
	pub entry: &'a Community<AccountId>,
	pub site: SiteId,
	pub by_member: bool,
	/// All trades of the site in the slot, ascending.
	pub trades: &'a [TradeId],
	pub now: Seconds,
}

impl<T: Config> Pallet<T> {
	/// The energy message in these bytes, if this site's gateway signed it for this slot and it says something.
	pub(crate) fn authentic(slot: SlotKey, site: SiteId, item: &SignedItem) -> Result<Energy, DispatchError> {
		let energy = decode_energy(&item.bytes).ok_or(Error::<T>::NotAnEnergyMessage)?;
		ensure!(
			energy.chain == ChainId::<T>::get() && (energy.community, energy.slot_start) == slot,
			Error::<T>::WrongMessage
		);
		ensure!(energy.quality != Quality::Missing, Error::<T>::WrongMessage);
		let gateway = Gateways::<T>::get(energy.gateway).ok_or(Error::<T>::WrongMessage)?;
		ensure!(gateway.site == site && energy.epoch <= gateway.epoch, Error::<T>::WrongMessage);
		// a key speaks for its site until it ends
		ensure!(gateway.ended_at.is_none_or(|ended_at| slot.1 < ended_at), Error::<T>::WrongMessage);
		ensure!(is_signed_by(&energy.gateway, &item.bytes, &item.signature), Error::<T>::BadSignature);
		Ok(energy)
	}

	/// Settles a site again by its revealed message, as far as official values have not settled it already.
	///
	/// The engine answers with its stake for two things: that the message in its root, of which there is one for each
	/// site, says what it claimed; and that there is a message in its root at all. So a message in the root that says
	/// other costs it the stake at once. A message that is not in the root and not later than the one that the engine
	/// named is a challenge: the engine, or anybody, has a day to reveal the one it named, which settles the site again;
	/// after that `enforce` takes the stake. A message later than the one named only corrects. An answer is taken whatever
	/// was revealed or corrected since; it changes figures only where none of these stands above it.
	pub(crate) fn dispute(
		of: &Dispute<T::AccountId>,
		item: &SignedItem,
		proof: Option<&[ProofStep]>,
	) -> DispatchResult {
		let Dispute { slot, site, now, .. } = *of;
		let energy = Self::authentic(slot, site, item)?;
		let mut totals = Self::settled_totals(slot, site)?;
		let mut settled = totals.settled.clone().ok_or(Error::<T>::NotSettled)?;
		let message = MessageId { epoch: energy.epoch, sequence: energy.sequence };
		let root = Slots::<T>::get(slot).root.unwrap_or_default();
		let included = proof.is_some_and(|proof| is_included(&item.bytes, &item.signature, proof, &root));
		let answers = included && settled.challenged_at.is_some();
		let disputes_end = settled.at.saturating_add(of.entry.rules.disputes_s.into());
		ensure!(answers || now <= disputes_end, Error::<T>::DisputesEnded);
		// of two messages of one identity only the one that the root commits to counts
		ensure!(included || settled.claim.message != Some(message), Error::<T>::NotInRoot);
		ensure!(of.by_member || answers, Error::<T>::NotYourSite);
		let figures =
			(totals.sold_wh.saturating_sub(energy.export_wh), totals.bought_wh.saturating_sub(energy.import_wh));
		let claim = settled.claim;
		let lied = included && (claim.missing || figures != (claim.shortfall_wh, claim.unused_wh));
		let slashes = lied && !settled.judged;
		if slashes {
			Self::slash(slot, site, of.entry, &settled.engine)?;
			settled.judged = true;
		}
		if included {
			settled.challenged_at = None;
			if answers && !slashes {
				Self::deposit_event(Event::ChallengeAnswered { community: slot.0, slot_start: slot.1, site });
			}
		} else if let (Some(named), None) = (claim.message.filter(|named| *named > message), settled.challenged_at) {
			Self::challenge(slot, site, &mut settled, named, now);
		}
		let newer = settled.revealed.is_none_or(|known| known < message);
		let open = |source: Source| newer && source < Source::Official;
		let measured = Measured {
			export_wh: open(settled.export_source).then_some(energy.export_wh),
			import_wh: open(settled.import_source).then_some(energy.import_wh),
			source: Source::Revealed,
		};
		let differs = (measured.export_wh.is_some() && (settled.missing_export || figures.0 != settled.shortfall_wh))
			|| (measured.import_wh.is_some() && (settled.missing_import || figures.1 != settled.unused_wh));
		let counts = slashes || answers;
		ensure!(counts || newer, Error::<T>::Superseded);
		ensure!(
			counts || measured.export_wh.is_some() || measured.import_wh.is_some(),
			Error::<T>::OfficialValueStands
		);
		ensure!(counts || differs, Error::<T>::NothingToCorrect);
		if newer {
			settled.revealed = Some(message);
		}
		totals.settled = Some(settled);
		Totals::<T>::insert(slot, site, totals);
		if differs {
			Self::resettle(slot, of.entry, site, &measured, of.trades)?;
		}
		Ok(())
	}

	/// From now on the engine has a day to show the message that it named; its stake stays where it is for longer.
	fn challenge(slot: SlotKey, site: SiteId, settled: &mut Settled<T::AccountId>, named: MessageId, now: Seconds) {
		settled.challenged_at = Some(now);
		Self::bind_bond(slot.0, &settled.engine, now.saturating_add(2 * ANSWER_S));
		let ((community, slot_start), engine) = (slot, settled.engine.clone());
		let answer_by = now.saturating_add(ANSWER_S);
		Self::deposit_event(Event::SiteChallenged { community, slot_start, site, engine, named, answer_by });
	}

	/// Takes the stake of an engine that named a message and, challenged, has not shown it in time.
	pub(crate) fn enforce_answer(
		slot: SlotKey,
		entry: &Community<T::AccountId>,
		site: SiteId,
		now: Seconds,
	) -> DispatchResult {
		let mut totals = Self::settled_totals(slot, site)?;
		let settled = totals.settled.as_mut().ok_or(Error::<T>::NotSettled)?;
		let since = settled.challenged_at.ok_or(Error::<T>::NotChallenged)?;
		ensure!(now > since.saturating_add(ANSWER_S), Error::<T>::AnswerAwaited);
		ensure!(!settled.judged, Error::<T>::NotChallenged);
		settled.judged = true;
		settled.challenged_at = None;
		let engine = settled.engine.clone();
		Totals::<T>::insert(slot, site, totals);
		Self::slash(slot, site, entry, &engine)
	}

	/// A member's own message of a slot that was split. Where the root commits to it and it says other than the engine
	/// did, the engine loses its stake; a message later than the one that it named only corrects.
	pub(crate) fn dispute_flow(
		of: &Dispute<T::AccountId>,
		item: &SignedItem,
		proof: Option<&[ProofStep]>,
	) -> DispatchResult {
		let Dispute { slot, site, now, .. } = *of;
		let energy = Self::authentic(slot, site, item)?;
		let mut shared = SharedFlows::<T>::get(slot, site).ok_or(Error::<T>::UnknownSite)?;
		ensure!(shared.source < Source::Official, Error::<T>::OfficialValueStands);
		ensure!(now <= shared.at.saturating_add(of.entry.rules.disputes_s.into()), Error::<T>::DisputesEnded);
		let message = MessageId { epoch: energy.epoch, sequence: energy.sequence };
		let differs = (energy.export_wh, energy.import_wh) != (shared.flow.export_wh, shared.flow.import_wh);
		ensure!(differs, Error::<T>::NothingToCorrect);
		let root = Slots::<T>::get(slot).root.unwrap_or_default();
		let included = proof.is_some_and(|proof| is_included(&item.bytes, &item.signature, proof, &root));
		let lied = included && shared.source == Source::Engine && !shared.judged;
		ensure!(lied || shared.flow.message.is_none_or(|named| named < message), Error::<T>::Superseded);
		if lied {
			Self::slash(slot, site, of.entry, &shared.engine)?;
			shared.judged = true;
		}
		shared.source = Source::Revealed;
		shared.flow =
			SiteFlow { site, export_wh: energy.export_wh, import_wh: energy.import_wh, message: Some(message) };
		SharedFlows::<T>::insert(slot, site, shared);
		Self::share_out_again(slot, of.entry)
	}

	/// Takes the stake of an engine that claimed other than its own root says. It goes to the balancing account.
	fn slash(slot: SlotKey, site: SiteId, entry: &Community<T::AccountId>, engine: &T::AccountId) -> DispatchResult {
		let mut bond = Bonds::<T>::get(slot.0, engine);
		let amount = bond.amount.min(entry.rules.engine_bond_nano.into());
		Vault::<T>::pay(HoldReason::Bond, engine, &entry.balancing, amount)?;
		bond.amount = bond.amount.saturating_sub(amount);
		let left = bond.amount;
		Bonds::<T>::insert(slot.0, engine, bond);
		let (community, slot_start) = slot;
		Self::deposit_event(Event::EngineSlashed { community, slot_start, site, engine: engine.clone(), amount });
		Self::deposit_event(Event::BondSet { community, engine: engine.clone(), amount: left });
		Ok(())
	}

	/// Keeps an engine's stake where it is until then.
	pub(crate) fn bind_bond(community: CommunityId, engine: &T::AccountId, until: Seconds) {
		Bonds::<T>::mutate(community, engine, |bond| {
			if bond.amount > 0 {
				bond.bound_until = bond.bound_until.max(until);
			}
		});
	}
}
