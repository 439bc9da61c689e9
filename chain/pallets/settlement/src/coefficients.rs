//! Communities without orders: each slot's export is split over the importing sites at the community's price.

use crate::{
	differences::{difference, Differences},
	execution::Execution,
	pallet::{Config, Error, Event, Pallet, SharedFlows, Slots},
	types::{Phase, SharedEnergy, SiteFlow, SlotKey, Source},
};
use alloc::vec::Vec;
use frame::prelude::*;
use pallet_wattfleet_registry::{Community, Shares, SiteCount, Sites};
use wattfleet_primitives::{split, value_nano, MarketRule};

impl<T: Config> Pallet<T> {
	/// The first settlement of a slot: the flows of all sites of the community, ordered by id, each within its nameplate.
	pub(crate) fn split_first(
		of: &Execution<T::AccountId>,
		price_micro: u32,
		root: [u8; 32],
		flows: &[SiteFlow],
	) -> DispatchResult {
		Self::check_sites(of.slot.0, flows)?;
		let state = Slots::<T>::get(of.slot);
		ensure!(state.settled_sites == 0, Error::<T>::AlreadySettled);
		Self::commit(of.slot, root)?;
		for flow in flows {
			let site = Sites::<T>::get(flow.site).ok_or(Error::<T>::UnknownSite)?;
			ensure!(site.community == of.slot.0, Error::<T>::UnknownSite);
			ensure!(
				flow.export_wh <= site.cap_export_wh && flow.import_wh <= site.cap_import_wh,
				Error::<T>::BeyondNameplate
			);
			Self::check_message(flow.site, flow.message, false)?;
			let shared = SharedEnergy {
				flow: flow.clone(),
				source: Source::Engine,
				member: site.member,
				share: Shares::<T>::get(flow.site),
				sold_wh: 0,
				bought_wh: 0,
				at: of.now,
				engine: of.engine.clone(),
				judged: false,
			};
			SharedFlows::<T>::insert(of.slot, flow.site, shared);
		}
		Slots::<T>::mutate(of.slot, |state| {
			state.settled_sites = flows.len() as u32;
			state.split_rates = Some((price_micro, of.entry.rules.fee_micro[0]));
		});
		Self::share_out_again(of.slot, &of.entry)
	}

	/// A later settlement, by official values: of the same sites.
	pub(crate) fn split_officially(
		slot: SlotKey,
		entry: &Community<T::AccountId>,
		flows: &[SiteFlow],
	) -> DispatchResult {
		ensure!(Slots::<T>::get(slot).settled_sites as usize == flows.len(), Error::<T>::SitesMissing);
		for flow in flows {
			SharedFlows::<T>::try_mutate(slot, flow.site, |shared| {
				let shared = shared.as_mut().ok_or(Error::<T>::UnknownSite)?;
				shared.flow = flow.clone();
				shared.source = Source::Official;
				Ok::<(), Error<T>>(())
			})?;
		}
		ensure!(flows.windows(2).all(|pair| pair[0].site < pair[1].site), Error::<T>::SitesDisordered);
		Self::share_out_again(slot, entry)
	}

	fn check_sites(community: u32, flows: &[SiteFlow]) -> DispatchResult {
		ensure!(flows.windows(2).all(|pair| pair[0].site < pair[1].site), Error::<T>::SitesDisordered);
		ensure!(SiteCount::<T>::get(community) as usize == flows.len(), Error::<T>::SitesMissing);
		Ok(())
	}

	/// Splits a slot's flows, as they are known now, by the shares and at the rates of its first settlement, and moves the
	/// difference to what was split before. Each buyer pays price and the fee within one zone; who cannot pay owes.
	pub(crate) fn share_out_again(slot: SlotKey, entry: &Community<T::AccountId>) -> DispatchResult {
		let state = Slots::<T>::get(slot);
		ensure!(state.phase != Phase::Forgetting, Error::<T>::SlotClosed);
		let (price_micro, fee_micro) = state.split_rates.ok_or(Error::<T>::NotSettled)?;
		let gross_micro = price_micro.saturating_add(fee_micro);
		let mut all: Vec<SharedEnergy<T::AccountId>> = SharedFlows::<T>::iter_prefix_values(slot).collect();
		all.sort_by_key(|shared| shared.flow.site);
		let of_all = |pick: &dyn Fn(&SharedEnergy<T::AccountId>) -> u32| -> Vec<u64> {
			all.iter().map(|shared| pick(shared).into()).collect()
		};
		let (exports, imports) = (of_all(&|one| one.flow.export_wh), of_all(&|one| one.flow.import_wh));
		let shares =
			matches!(entry.rules.market_rule, MarketRule::StaticShares { .. }).then(|| of_all(&|one| one.share));
		let parts = split::coefficients(&exports, &imports, shares.as_deref());
		let mut differences = Differences::new();
		for (at, before) in all.into_iter().enumerate() {
			// each at most what one site exported or imported
			let (sold_wh, bought_wh) = (parts.sold_wh[at] as u32, parts.bought_wh[at] as u32);
			let (received, paid) = (value_nano(sold_wh, price_micro), value_nano(bought_wh, gross_micro));
			differences.add(&before.member, difference(received, value_nano(before.sold_wh, price_micro)));
			differences.add(&before.member, difference(value_nano(before.bought_wh, gross_micro), paid));
			let fee = |wh: u32| value_nano(wh, fee_micro);
			differences.add(&entry.grid_operator, difference(fee(bought_wh), fee(before.bought_wh)));
			let (community, slot_start) = slot;
			let site = before.flow.site;
			Self::deposit_event(Event::EnergyShared {
				community,
				slot_start,
				site,
				sold_wh,
				bought_wh,
				received,
				paid,
			});
			SharedFlows::<T>::insert(slot, site, SharedEnergy { sold_wh, bought_wh, ..before });
		}
		differences.settle::<T>(slot.0, &entry.balancing)
	}
}
