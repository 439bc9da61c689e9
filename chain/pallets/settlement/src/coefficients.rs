//! Communities without orders: each slot's export is split over the importing sites at the community's price.

use crate::{
	differences::{difference, Differences},
	pallet::{Config, Error, Event, Pallet, SharedFlows},
	types::{SharedEnergy, SiteFlow, SlotKey},
};
use alloc::vec::Vec;
use frame::prelude::*;
use pallet_wattfleet_registry::{Community, Shares, Sites};
use wattfleet_primitives::{split, value_nano, MarketRule};

impl<T: Config> Pallet<T> {
	/// Splits a slot's export and moves the money for it; done again with other flows, it moves only the difference. Flows
	/// are ordered by site. Each buyer pays price and the fee within one zone; who cannot pay owes.
	pub(crate) fn share_out(
		slot: SlotKey,
		entry: &Community<T::AccountId>,
		price_micro: u32,
		flows: &[SiteFlow],
	) -> DispatchResult {
		ensure!(flows.windows(2).all(|pair| pair[0].site < pair[1].site), Error::<T>::SitesDisordered);
		let members = flows
			.iter()
			.map(|flow| {
				let site = Sites::<T>::get(flow.site).ok_or(Error::<T>::UnknownSite)?;
				ensure!(site.community == slot.0, Error::<T>::UnknownSite);
				Ok(site.member)
			})
			.collect::<Result<Vec<T::AccountId>, DispatchError>>()?;
		let known = SharedFlows::<T>::iter_key_prefix(slot).count();
		let again = flows.iter().filter(|flow| SharedFlows::<T>::contains_key(slot, flow.site)).count();
		ensure!(known == again, Error::<T>::SitesMissing);
		let exports: Vec<u64> = flows.iter().map(|flow| flow.export_wh.into()).collect();
		let imports: Vec<u64> = flows.iter().map(|flow| flow.import_wh.into()).collect();
		let shares: Option<Vec<u64>> = match entry.rules.market_rule {
			MarketRule::StaticShares { .. } => {
				Some(flows.iter().map(|flow| Shares::<T>::get(flow.site).into()).collect())
			},
			_ => None,
		};
		let parts = split::coefficients(&exports, &imports, shares.as_deref());
		let fee_micro = entry.rules.fee_micro[0];
		let gross_micro = price_micro.saturating_add(fee_micro);
		let mut differences = Differences::new();
		for (at, (flow, member)) in flows.iter().zip(&members).enumerate() {
			// each at most what one site exported or imported
			let now = SharedEnergy { sold_wh: parts.sold_wh[at] as u32, bought_wh: parts.bought_wh[at] as u32 };
			let before = SharedFlows::<T>::get(slot, flow.site).unwrap_or_default();
			if SharedFlows::<T>::contains_key(slot, flow.site) && now == before {
				continue;
			}
			SharedFlows::<T>::insert(slot, flow.site, now);
			let (received, paid) = (value_nano(now.sold_wh, price_micro), value_nano(now.bought_wh, gross_micro));
			let fee = |of: &SharedEnergy| value_nano(of.bought_wh, fee_micro);
			differences.add(member, difference(received, value_nano(before.sold_wh, price_micro)));
			differences.add(member, difference(value_nano(before.bought_wh, gross_micro), paid));
			differences.add(&entry.grid_operator, difference(fee(&now), fee(&before)));
			Self::deposit_event(Event::EnergyShared {
				community: slot.0,
				slot_start: slot.1,
				site: flow.site,
				sold_wh: now.sold_wh,
				bought_wh: now.bought_wh,
				received,
				paid,
			});
		}
		differences.settle::<T>(slot.0, &entry.balancing)
	}
}
