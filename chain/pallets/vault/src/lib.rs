//! The community's money: issued by the operator against payment references, held as collateral, moved by execution.
//!
//! Balances are holds on a `fungible` of their own, so that what is locked cannot be spent and the total is what was issued.
#![cfg_attr(not(feature = "std"), no_std)]

pub use pallet::*;

#[frame::pallet]
pub mod pallet {
	use frame::prelude::*;
	use frame::traits::{
		fungible::{Inspect, Mutate, MutateHold},
		tokens::{Fortitude, Precision, Restriction},
	};
	use pallet_wattfleet_registry::{Pallet as Registry, Role};
	use wattfleet_primitives::{CommunityId, Nano};

	/// One balance and one reference written; no benchmark yet, so a generous constant.
	const ISSUE_WEIGHT: Weight = Weight::from_parts(150_000_000, 8_000);

	#[pallet::composite_enum]
	pub enum HoldReason {
		/// For open orders, and for trades until they are executed.
		Collateral,
	}

	#[pallet::config]
	pub trait Config: frame_system::Config + pallet_wattfleet_registry::Config {
		type RuntimeHoldReason: From<HoldReason>;
		/// The community's currency in nano. Not the one that pays for extrinsics.
		type Currency: Inspect<Self::AccountId, Balance = Nano>
			+ Mutate<Self::AccountId>
			+ MutateHold<Self::AccountId, Reason = <Self as Config>::RuntimeHoldReason>;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// Payment references that money was issued against, so that none counts twice.
	#[pallet::storage]
	pub type References<T: Config> =
		StorageDoubleMap<_, Twox64Concat, CommunityId, Blake2_128Concat, [u8; 32], Nano, OptionQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// New money for a member, against a payment that the operator received.
		Issued { account: T::AccountId, amount: Nano, reference: [u8; 32] },
		/// Free became locked.
		Locked { account: T::AccountId, amount: Nano },
		/// Locked became free.
		Released { account: T::AccountId, amount: Nano },
		/// Left an account's locked balance, at execution.
		Debited { account: T::AccountId, amount: Nano },
		/// Arrived in an account's free balance, at execution.
		Credited { account: T::AccountId, amount: Nano },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// Money was issued against this reference before.
		ReferenceUsed,
		NothingToIssue,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Issues money to a member against a unique payment reference. The community's operator.
		#[pallet::call_index(0)]
		#[pallet::weight(ISSUE_WEIGHT)]
		pub fn issue(
			origin: OriginFor<T>,
			community: CommunityId,
			account: T::AccountId,
			amount: Nano,
			reference: [u8; 32],
		) -> DispatchResult {
			Registry::<T>::ensure_role(origin, community, Role::Operator)?;
			Registry::<T>::ensure_member(community, &account)?;
			ensure!(amount > 0, Error::<T>::NothingToIssue);
			ensure!(!References::<T>::contains_key(community, reference), Error::<T>::ReferenceUsed);
			T::Currency::mint_into(&account, amount)?;
			References::<T>::insert(community, reference, amount);
			Self::deposit_event(Event::Issued { account, amount, reference });
			Ok(())
		}
	}

	impl<T: Config> Pallet<T> {
		/// Locks free money; fails, with nothing changed, where there is not enough.
		pub fn lock(account: &T::AccountId, amount: Nano) -> DispatchResult {
			if amount == 0 {
				return Ok(());
			}
			T::Currency::hold(&HoldReason::Collateral.into(), account, amount)?;
			Self::deposit_event(Event::Locked { account: account.clone(), amount });
			Ok(())
		}

		/// Frees what was locked, to the nano.
		pub fn release(account: &T::AccountId, amount: Nano) -> DispatchResult {
			if amount == 0 {
				return Ok(());
			}
			T::Currency::release(&HoldReason::Collateral.into(), account, amount, Precision::Exact)?;
			Self::deposit_event(Event::Released { account: account.clone(), amount });
			Ok(())
		}

		/// Moves locked money of one account into the free balance of another, to the nano.
		pub fn pay(from: &T::AccountId, to: &T::AccountId, amount: Nano) -> DispatchResult {
			if amount == 0 {
				return Ok(());
			}
			let moved = T::Currency::transfer_on_hold(
				&HoldReason::Collateral.into(),
				from,
				to,
				amount,
				Precision::Exact,
				Restriction::Free,
				Fortitude::Polite,
			)?;
			Self::deposit_event(Event::Debited { account: from.clone(), amount });
			Self::deposit_event(Event::Credited { account: to.clone(), amount: moved });
			Ok(())
		}
	}
}
