//! Costs of the vault's calls.

use super::pallet::*;
use frame::benchmarking::prelude::*;
use frame::traits::fungible::Mutate;
use pallet_wattfleet_registry::{
	benchmarking::{community, COMMUNITY},
	Pallet as Registry, Role, Roles,
};
use wattfleet_primitives::Nano;

const AMOUNT: Nano = 1_000_000_000;

/// A community whose operator is the one account that also has money.
fn operator<T: Config>() -> T::AccountId {
	let who: T::AccountId = whitelisted_caller();
	pallet_wattfleet_registry::benchmarking::put::<T>(community::<T>());
	Roles::<T>::insert(COMMUNITY, (Role::Operator, &who), ());
	who
}

/// A member with a site, and money.
fn member<T: Config>(operator: &T::AccountId) -> Result<T::AccountId, BenchmarkError> {
	let who: T::AccountId = account("member", 0, 0);
	Registry::<T>::set_site(RawOrigin::Signed(operator.clone()).into(), [7; 16], COMMUNITY, who.clone(), 1, 1, 1)?;
	Pallet::<T>::issue(RawOrigin::Signed(operator.clone()).into(), COMMUNITY, who.clone(), AMOUNT, [9; 32])?;
	Ok(who)
}

#[benchmarks]
mod benches {
	use super::*;

	/// To an account in debt, which is the dearer case.
	#[benchmark]
	fn issue() -> Result<(), BenchmarkError> {
		let who = operator::<T>();
		let member = member::<T>(&who)?;
		Debts::<T>::insert(&member, 2 * AMOUNT);
		#[extrinsic_call]
		_(RawOrigin::Signed(who), COMMUNITY, member.clone(), AMOUNT, [1; 32]);
		assert_eq!(Debts::<T>::get(&member), 0);
		Ok(())
	}

	#[benchmark]
	fn withdraw() -> Result<(), BenchmarkError> {
		let who = operator::<T>();
		let member = member::<T>(&who)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(member), COMMUNITY, AMOUNT / 2);
		assert!(Withdrawals::<T>::contains_key(COMMUNITY, 1));
		Ok(())
	}

	#[benchmark]
	fn redeem() -> Result<(), BenchmarkError> {
		let who = operator::<T>();
		let member = member::<T>(&who)?;
		Pallet::<T>::withdraw(RawOrigin::Signed(member).into(), COMMUNITY, AMOUNT / 2)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), COMMUNITY, 1, [2; 32]);
		assert_eq!(Outstanding::<T>::get(COMMUNITY), AMOUNT - AMOUNT / 2);
		Ok(())
	}

	#[benchmark]
	fn decline() -> Result<(), BenchmarkError> {
		let who = operator::<T>();
		let member = member::<T>(&who)?;
		Pallet::<T>::withdraw(RawOrigin::Signed(member).into(), COMMUNITY, AMOUNT / 2)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), COMMUNITY, 1);
		assert!(!Withdrawals::<T>::contains_key(COMMUNITY, 1));
		Ok(())
	}

	/// Debt and claim at once.
	#[benchmark]
	fn settle_debt() -> Result<(), BenchmarkError> {
		let who = operator::<T>();
		let member = member::<T>(&who)?;
		T::Currency::mint_into(&account("balancing", 0, 0), AMOUNT)?;
		ClaimsTotal::<T>::insert(COMMUNITY, AMOUNT / 4);
		Debts::<T>::insert(&member, AMOUNT / 2);
		Claims::<T>::insert(&member, AMOUNT / 4);
		#[extrinsic_call]
		_(RawOrigin::Signed(who), COMMUNITY, member.clone());
		assert_eq!(Claims::<T>::get(&member), 0);
		Ok(())
	}
}
