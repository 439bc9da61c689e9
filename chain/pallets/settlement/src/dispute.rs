//! A member shows its own signed reading against what the settlement engine claimed.

use crate::{
	correction::Measured,
	pallet::{Bonds, Config, Error, Event, Pallet, Slots, Totals},
	types::{MessageId, SlotKey, Source, TradeId},
};
use frame::prelude::*;
use pallet_wattfleet_orderbook::SignedItem;
use pallet_wattfleet_registry::{ChainId, Community, Gateways};
use pallet_wattfleet_vault::{HoldReason, Pallet as Vault};
use wattfleet_primitives::{
	decode_energy, is_signed_by,
	merkle::{is_included, ProofStep},
	Energy, Quality, Seconds, SiteId,
};

impl<T: Config> Pallet<T> {
	/// The energy message in these bytes, if this site's gateway signed it for this slot and it says something.
	pub(crate) fn authentic(slot: SlotKey, site: SiteId, item: &SignedItem) -> Result<Energy, DispatchError> {
		let energy = decode_energy(&item.bytes).ok_or(Error::<T>::NotAnEnergyMessage)?;
		ensure!(
			energy.chain == ChainId::<T>::get() && (energy.community, energy.slot_start) == slot,
			Error::<T>::WrongMessage
		);
		ensure!(energy.quality != Quality::Missing, Error::<T>::WrongMessage);
		// a key that was revoked since could sign what it likes; one that was replaced belongs to this site for good
		let gateway = Gateways::<T>::get(energy.gateway).ok_or(Error::<T>::WrongMessage)?;
		ensure!(gateway.site == site && energy.epoch <= gateway.epoch, Error::<T>::WrongMessage);
		ensure!(is_signed_by(&energy.gateway, &item.bytes, &item.signature), Error::<T>::BadSignature);
		Ok(energy)
	}

	/// Settles a site again by its revealed message. A message that the slot's root commits to, and that says other than
	/// the engine claimed, costs the engine its stake. A later message of the site than the engine named only corrects.
	pub(crate) fn dispute(
		slot: SlotKey,
		entry: &Community<T::AccountId>,
		site: SiteId,
		item: &SignedItem,
		proof: Option<&[ProofStep]>,
		ids: &[TradeId],
		now: Seconds,
	) -> DispatchResult {
		let energy = Self::authentic(slot, site, item)?;
		let totals = Totals::<T>::get(slot, site).ok_or(Error::<T>::UnknownSite)?;
		let settled = totals.settled.as_ref().ok_or(Error::<T>::NotSettled)?;
		ensure!(settled.source < Source::Official, Error::<T>::OfficialValueStands);
		ensure!(now <= settled.at.saturating_add(entry.rules.disputes_s.into()), Error::<T>::DisputesEnded);
		let message = MessageId { epoch: energy.epoch, sequence: energy.sequence };
		let shortfall_wh = totals.sold_wh.saturating_sub(energy.export_wh);
		let unused_wh = totals.bought_wh.saturating_sub(energy.import_wh);
		let differs = (shortfall_wh, unused_wh) != (settled.shortfall_wh, settled.unused_wh)
			|| settled.missing_export
			|| settled.missing_import;
		ensure!(differs, Error::<T>::NothingToCorrect);
		let root = Slots::<T>::get(slot).root.unwrap_or_default();
		let included = proof.is_some_and(|proof| is_included(&item.bytes, &item.signature, proof, &root));
		let by_engine = settled.source == Source::Engine;
		if included && by_engine {
			// the root commits to one message of each site: this one, and the engine claimed otherwise
			Self::slash(slot, site, entry, &settled.engine)?;
		} else {
			let later = settled.message.is_none_or(|used| used < message);
			ensure!(
				later,
				if settled.message == Some(message) { Error::<T>::NotInRoot } else { Error::<T>::Superseded }
			);
		}
		let measured =
			Measured { export_wh: Some(energy.export_wh), import_wh: Some(energy.import_wh), source: Source::Revealed };
		Self::resettle(slot, entry, site, &measured, ids)?;
		Totals::<T>::mutate(slot, site, |totals| {
			if let Some(settled) = totals.as_mut().and_then(|totals| totals.settled.as_mut()) {
				settled.message = Some(message);
			}
		});
		Ok(())
	}

	/// Takes the stake of an engine that claimed other than its own root says. It goes to the balancing account.
	fn slash(slot: SlotKey, site: SiteId, entry: &Community<T::AccountId>, engine: &T::AccountId) -> DispatchResult {
		let mut bond = Bonds::<T>::get(slot.0, engine);
		let amount = bond.amount.min(entry.rules.engine_bond_nano.into());
		Vault::<T>::pay(HoldReason::Bond, engine, &entry.balancing, amount)?;
		bond.amount = bond.amount.saturating_sub(amount);
		Bonds::<T>::insert(slot.0, engine, bond);
		let (community, slot_start) = slot;
		Self::deposit_event(Event::EngineSlashed { community, slot_start, site, engine: engine.clone(), amount });
		Ok(())
	}
}
