//! Costs of the registry's calls. Cancelling what a gateway has open is measured where it is done.

use super::*;
use frame::benchmarking::prelude::*;
use wattfleet_primitives::{CommunityRules, MarketRule};

pub const COMMUNITY: u32 = 1;

/// The market's default rules.
pub fn community<T: Config>() -> Community<T::AccountId> {
	Community {
		rules: CommunityRules {
			slot_length_s: 900,
			spot_opens_s: 86_400,
			relay_margin_s: 330,
			gate_closure_s: 300,
			match_deadline_s: 60,
			energies_after_s: 600,
			post_opens_s: 600,
			post_gate_closure_s: 3_600,
			post_match_deadline_s: 3_840,
			execution_after_s: 3_900,
			execution_latest_s: 86_400,
			disputes_s: 604_800,
			corrections_s: 5_184_000,
			shortfall_rate_micro: 100_000,
			unused_rate_micro: 50_000,
			fee_micro: [10_000, 20_000],
			market_rule: MarketRule::PayAsBid,
			engine_bond_nano: 1_000_000_000,
		},
		balancing: account("balancing", 0, 0),
		grid_operator: account("grid", 0, 0),
	}
}

/// One version of this community, for all slots.
pub fn put<T: Config>(entry: Community<T::AccountId>) {
	let version = Version { from: 0, entry };
	Communities::<T>::insert(COMMUNITY, Versions::truncate_from(alloc::vec![version]));
}

fn operator<T: Config>() -> Result<T::AccountId, BenchmarkError> {
	let origin = T::Governance::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
	let who: T::AccountId = whitelisted_caller();
	Pallet::<T>::set_community(origin.clone(), COMMUNITY, 0, community::<T>())?;
	Pallet::<T>::grant_role(origin, COMMUNITY, Role::Operator, who.clone())?;
	Ok(who)
}

fn site<T: Config>(operator: &T::AccountId) -> Result<[u8; 16], BenchmarkError> {
	let origin = RawOrigin::Signed(operator.clone()).into();
	Pallet::<T>::set_site(origin, [7; 16], COMMUNITY, account("member", 0, 0), 1, 10_000, 10_000)?;
	Ok([7; 16])
}

#[benchmarks]
mod benches {
	use super::*;

	#[benchmark]
	fn set_community() -> Result<(), BenchmarkError> {
		operator::<T>()?;
		let origin = T::Governance::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, COMMUNITY, 900 * 10_000, community::<T>());
		assert_eq!(Communities::<T>::get(COMMUNITY).len(), 2);
		Ok(())
	}

	#[benchmark]
	fn grant_role() -> Result<(), BenchmarkError> {
		let who = operator::<T>()?;
		let origin = T::Governance::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, COMMUNITY, Role::Relayer, who.clone());
		assert!(Roles::<T>::contains_key(COMMUNITY, (Role::Relayer, who)));
		Ok(())
	}

	#[benchmark]
	fn revoke_role() -> Result<(), BenchmarkError> {
		let who = operator::<T>()?;
		let origin = T::Governance::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, COMMUNITY, Role::Operator, who.clone());
		assert!(!Roles::<T>::contains_key(COMMUNITY, (Role::Operator, who)));
		Ok(())
	}

	#[benchmark]
	fn set_site() -> Result<(), BenchmarkError> {
		let who = operator::<T>()?;
		let member: T::AccountId = account("member", 0, 0);
		#[extrinsic_call]
		_(RawOrigin::Signed(who), [7; 16], COMMUNITY, member, 1, 10_000, 10_000);
		assert!(Sites::<T>::contains_key([7; 16]));
		Ok(())
	}

	#[benchmark]
	fn set_share() -> Result<(), BenchmarkError> {
		let who = operator::<T>()?;
		let id = site::<T>(&who)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), id, 100);
		assert_eq!(Shares::<T>::get(id), 100);
		Ok(())
	}

	/// Rotation: the key before is revoked.
	#[benchmark]
	fn enrol_gateway() -> Result<(), BenchmarkError> {
		let who = operator::<T>()?;
		let id = site::<T>(&who)?;
		Pallet::<T>::enrol_gateway(RawOrigin::Signed(who.clone()).into(), id, [1; 32])?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), id, [2; 32]);
		assert_eq!(Sites::<T>::get(id).and_then(|site| site.gateway), Some([2; 32]));
		Ok(())
	}

	#[benchmark]
	fn revoke_gateway() -> Result<(), BenchmarkError> {
		let who = operator::<T>()?;
		let id = site::<T>(&who)?;
		Pallet::<T>::enrol_gateway(RawOrigin::Signed(who.clone()).into(), id, [1; 32])?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), [1; 32]);
		assert!(Gateways::<T>::get([1u8; 32]).is_some_and(|gateway| gateway.revoked));
		Ok(())
	}
}
