//! The community's money: issued by the operator against payment references, held as collateral, moved by execution,
//! redeemed on withdrawal.
//!
//! Balances are holds on a `fungible` of their own, so that what is locked cannot be spent and the total is what was issued
//! less what was redeemed. What a correction takes from an account that does not have it becomes a debt; no balance goes
//! negative.
#![cfg_attr(not(feature = "std"), no_std)]

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod money;

pub use pallet::*;

/// What each call costs, measured on the project's runtime.
pub trait WeightInfo {
	fn issue() -> frame::prelude::Weight;
	fn withdraw() -> frame::prelude::Weight;
	fn redeem() -> frame::prelude::Weight;
	fn decline() -> frame::prelude::Weight;
	fn settle_debt() -> frame::prelude::Weight;
}

#[frame::pallet]
pub mod pallet {
	use super::WeightInfo;
	use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
	use frame::prelude::*;
	use frame::traits::{
		fungible::{Inspect, InspectHold, Mutate, MutateHold},
		tokens::{Fortitude, Precision},
	};
	use pallet_wattfleet_registry::{Pallet as Registry, Role};
	use scale_info::TypeInfo;
	use wattfleet_primitives::{CommunityId, Nano};

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::composite_enum]
	pub enum HoldReason {
		/// For open orders, and for trades until they are executed.
		Collateral,
		/// On its way out: the operator redeems it.
		Withdrawal,
		/// A settlement engine's stake.
		Bond,
	}

	/// Money that a member asked for and the operator has not paid out yet.
	#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
	pub struct Withdrawal<AccountId> {
		pub account: AccountId,
		pub amount: Nano,
	}

	#[pallet::config]
	pub trait Config: frame_system::Config + pallet_wattfleet_registry::Config {
		type RuntimeHoldReason: From<HoldReason>;
		/// The community's currency in nano. Not the one that pays for extrinsics.
		type Currency: Inspect<Self::AccountId, Balance = Nano>
			+ Mutate<Self::AccountId>
			+ InspectHold<Self::AccountId>
			+ MutateHold<Self::AccountId, Reason = <Self as Config>::RuntimeHoldReason>;
		type WeightInfo: WeightInfo;
	}

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Payment references that money was issued against, so that none counts twice.
	#[pallet::storage]
	pub type References<T: Config> =
		StorageDoubleMap<_, Twox64Concat, CommunityId, Blake2_128Concat, [u8; 32], Nano, OptionQuery>;

	/// Payment references that money was redeemed against, so that none counts twice.
	#[pallet::storage]
	pub type Redemptions<T: Config> =
		StorageDoubleMap<_, Twox64Concat, CommunityId, Blake2_128Concat, [u8; 32], Nano, OptionQuery>;

	/// Issued less redeemed, by community: what its operator's bank account holds for it.
	#[pallet::storage]
	pub type Outstanding<T: Config> = StorageMap<_, Twox64Concat, CommunityId, Nano, ValueQuery>;

	#[pallet::storage]
	pub type NextWithdrawal<T: Config> = StorageValue<_, u64, ValueQuery>;

	/// Withdrawals that wait for the operator.
	#[pallet::storage]
	pub type Withdrawals<T: Config> =
		StorageDoubleMap<_, Twox64Concat, CommunityId, Twox64Concat, u64, Withdrawal<T::AccountId>, OptionQuery>;

	/// What an account owes its community's balancing account by corrections. It blocks orders and withdrawals.
	#[pallet::storage]
	pub type Debts<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Nano, ValueQuery>;

	/// What a balancing account still owes an account by corrections, until debts to it are paid.
	#[pallet::storage]
	pub type Claims<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Nano, ValueQuery>;

	/// The sum of all claims in a community: while there are some, its balancing account pays them and nothing else.
	#[pallet::storage]
	pub type ClaimsTotal<T: Config> = StorageMap<_, Twox64Concat, CommunityId, Nano, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// New money, against a payment that the operator received.
		Issued { account: T::AccountId, amount: Nano, reference: [u8; 32] },
		/// Free became locked.
		Locked { account: T::AccountId, amount: Nano },
		/// Locked became free.
		Released { account: T::AccountId, amount: Nano },
		/// Left an account's locked balance, at execution.
		Debited { account: T::AccountId, amount: Nano },
		/// Left an account's free balance, by a correction or a debt.
		Charged { account: T::AccountId, amount: Nano },
		/// Arrived in an account's free balance.
		Credited { account: T::AccountId, amount: Nano },
		/// An account asks for its money; the amount is locked.
		WithdrawalRequested { community: CommunityId, id: u64, account: T::AccountId, amount: Nano },
		/// Left an account's locked balance and ceased to be, against a payment that the operator made.
		Redeemed { community: CommunityId, id: u64, account: T::AccountId, amount: Nano, reference: [u8; 32] },
		/// The operator did not pay: the amount is free again.
		WithdrawalDeclined { community: CommunityId, id: u64, account: T::AccountId, amount: Nano },
		/// What an account owes its community's balancing account from now on.
		DebtSet { account: T::AccountId, amount: Nano },
		/// What the balancing account owes an account from now on.
		ClaimSet { account: T::AccountId, amount: Nano },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// Money was issued, or redeemed, against this reference before.
		ReferenceUsed,
		NothingToIssue,
		NothingToWithdraw,
		/// Debts come first, and what a balancing account owes.
		InDebt,
		/// The free balance does not cover it; one nano stays while anything is locked.
		NotEnoughFree,
		UnknownWithdrawal,
		UnknownCommunity,
		/// This account neither owes nor is owed anything.
		NoDebt,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Issues money to a participant against a unique payment reference; it pays that account's debt first. The
		/// community's operator.
		#[pallet::call_index(0)]
		#[pallet::weight(<T as Config>::WeightInfo::issue())]
		pub fn issue(
			origin: OriginFor<T>,
			community: CommunityId,
			account: T::AccountId,
			amount: Nano,
			reference: [u8; 32],
		) -> DispatchResult {
			Registry::<T>::ensure_role(origin, community, Role::Operator)?;
			Registry::<T>::ensure_takes_part(community, &account)?;
			ensure!(amount > 0, Error::<T>::NothingToIssue);
			ensure!(!References::<T>::contains_key(community, reference), Error::<T>::ReferenceUsed);
			let outstanding = Outstanding::<T>::get(community).checked_add(amount).ok_or(ArithmeticError::Overflow)?;
			T::Currency::mint_into(&account, amount)?;
			Outstanding::<T>::insert(community, outstanding);
			References::<T>::insert(community, reference, amount);
			Self::deposit_event(Event::Issued { account: account.clone(), amount, reference });
			Self::pay_debt(community, &account)
		}

		/// Asks the operator for money of the signer's own: it is locked until the operator has paid it out. Any
		/// participant without debt.
		#[pallet::call_index(1)]
		#[pallet::weight(<T as Config>::WeightInfo::withdraw())]
		pub fn withdraw(origin: OriginFor<T>, community: CommunityId, amount: Nano) -> DispatchResult {
			let account = ensure_signed(origin)?;
			Registry::<T>::ensure_takes_part(community, &account)?;
			ensure!(amount > 0, Error::<T>::NothingToWithdraw);
			ensure!(Debts::<T>::get(&account) == 0, Error::<T>::InDebt);
			let owes = ClaimsTotal::<T>::get(community) > 0 && Self::balancing_of(community)? == account;
			ensure!(!owes, Error::<T>::InDebt);
			Self::lock(HoldReason::Withdrawal, &account, amount).map_err(|_| Error::<T>::NotEnoughFree)?;
			let id = NextWithdrawal::<T>::mutate(|next| {
				*next = next.saturating_add(1);
				*next
			});
			Withdrawals::<T>::insert(community, id, Withdrawal { account: account.clone(), amount });
			Self::deposit_event(Event::WithdrawalRequested { community, id, account, amount });
			Ok(())
		}

		/// Says that a withdrawal was paid out under a unique payment reference: its money ceases to be. The community's
		/// operator.
		#[pallet::call_index(2)]
		#[pallet::weight(<T as Config>::WeightInfo::redeem())]
		pub fn redeem(origin: OriginFor<T>, community: CommunityId, id: u64, reference: [u8; 32]) -> DispatchResult {
			Registry::<T>::ensure_role(origin, community, Role::Operator)?;
			ensure!(!Redemptions::<T>::contains_key(community, reference), Error::<T>::ReferenceUsed);
			let Withdrawal { account, amount } =
				Withdrawals::<T>::take(community, id).ok_or(Error::<T>::UnknownWithdrawal)?;
			T::Currency::burn_held(
				&HoldReason::Withdrawal.into(),
				&account,
				amount,
				Precision::Exact,
				Fortitude::Polite,
			)?;
			Outstanding::<T>::try_mutate(community, |outstanding| {
				*outstanding = outstanding.checked_sub(amount).ok_or(ArithmeticError::Underflow)?;
				Ok::<(), DispatchError>(())
			})?;
			Redemptions::<T>::insert(community, reference, amount);
			Self::deposit_event(Event::Redeemed { community, id, account, amount, reference });
			Ok(())
		}

		/// Gives a withdrawal back to its account's free balance, unpaid. The community's operator.
		#[pallet::call_index(3)]
		#[pallet::weight(<T as Config>::WeightInfo::decline())]
		pub fn decline(origin: OriginFor<T>, community: CommunityId, id: u64) -> DispatchResult {
			Registry::<T>::ensure_role(origin, community, Role::Operator)?;
			let Withdrawal { account, amount } =
				Withdrawals::<T>::take(community, id).ok_or(Error::<T>::UnknownWithdrawal)?;
			Self::release(HoldReason::Withdrawal, &account, amount)?;
			Self::deposit_event(Event::WithdrawalDeclined { community, id, account, amount });
			Ok(())
		}

		/// Moves what can be moved now of what an account owes, and is owed, by corrections. Anybody.
		#[pallet::call_index(4)]
		#[pallet::weight(<T as Config>::WeightInfo::settle_debt())]
		pub fn settle_debt(origin: OriginFor<T>, community: CommunityId, account: T::AccountId) -> DispatchResult {
			ensure_signed(origin)?;
			Registry::<T>::ensure_takes_part(community, &account)?;
			ensure!(Debts::<T>::get(&account) > 0 || Claims::<T>::get(&account) > 0, Error::<T>::NoDebt);
			Self::pay_debt(community, &account)?;
			Self::pay_claim(community, &account)
		}
	}

	impl<T: Config> Pallet<T> {
		/// The balancing account of a community as it is now.
		pub(crate) fn balancing_of(community: CommunityId) -> Result<T::AccountId, DispatchError> {
			let now = pallet_timestamp::Pallet::<T>::get() / 1000;
			Ok(Registry::<T>::community_at(community, now).ok_or(Error::<T>::UnknownCommunity)?.balancing)
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), frame::try_runtime::TryRuntimeError> {
			Self::check_outstanding().map_err(Into::into)
		}
	}
}
