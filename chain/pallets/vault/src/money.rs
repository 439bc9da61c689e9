//! How money moves: between free and locked, from one account to another, and what happens where there is not enough.

use crate::pallet::{Claims, ClaimsTotal, Config, Debts, Event, HoldReason, Outstanding, Pallet};
use frame::prelude::*;
use frame::traits::{
	fungible::{Inspect, Mutate, MutateHold},
	tokens::{Fortitude, Precision, Preservation, Restriction},
};
use wattfleet_primitives::{CommunityId, Nano};

impl<T: Config> Pallet<T> {
	/// Locks free money; fails, with nothing changed, where there is not enough.
	pub fn lock(reason: HoldReason, account: &T::AccountId, amount: Nano) -> DispatchResult {
		if amount == 0 {
			return Ok(());
		}
		T::Currency::hold(&reason.into(), account, amount)?;
		Self::deposit_event(Event::Locked { account: account.clone(), amount });
		Ok(())
	}

	/// Frees what was locked, to the nano.
	pub fn release(reason: HoldReason, account: &T::AccountId, amount: Nano) -> DispatchResult {
		if amount == 0 {
			return Ok(());
		}
		T::Currency::release(&reason.into(), account, amount, Precision::Exact)?;
		Self::deposit_event(Event::Released { account: account.clone(), amount });
		Ok(())
	}

	/// Moves locked money of one account into the free balance of another, to the nano: a payment from collateral, or a
	/// stake that is slashed.
	pub fn pay(reason: HoldReason, from: &T::AccountId, to: &T::AccountId, amount: Nano) -> DispatchResult {
		if amount == 0 {
			return Ok(());
		}
		let moved = T::Currency::transfer_on_hold(
			&reason.into(),
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

	/// What an account can pay at once.
	pub fn free(account: &T::AccountId) -> Nano {
		T::Currency::reducible_balance(account, Preservation::Expendable, Fortitude::Polite)
	}

	pub fn debt(account: &T::AccountId) -> Nano {
		Debts::<T>::get(account)
	}

	/// An account owes the community's balancing account this much by a correction: what it has goes at once, the rest
	/// becomes a debt. What it is itself still owed is set off first.
	pub fn charge(community: CommunityId, account: &T::AccountId, amount: Nano) -> DispatchResult {
		let claim = Claims::<T>::get(account);
		let set_off = amount.min(claim);
		Self::set_claim(community, account, claim.saturating_sub(set_off));
		let debt = Debts::<T>::get(account).saturating_add(amount.saturating_sub(set_off));
		Self::pay_towards_debt(community, account, debt)
	}

	/// The community's balancing account owes an account this much by a correction: what it has goes at once, the rest
	/// becomes a claim. The account's own debt is set off first.
	pub fn refund(community: CommunityId, account: &T::AccountId, amount: Nano) -> DispatchResult {
		let debt = Debts::<T>::get(account);
		let set_off = amount.min(debt);
		Self::set_debt(account, debt.saturating_sub(set_off));
		let claim = Claims::<T>::get(account).saturating_add(amount.saturating_sub(set_off));
		Self::pay_towards_claim(community, account, claim)
	}

	/// Pays a debt to the balancing account as far as the free balance reaches.
	pub(crate) fn pay_debt(community: CommunityId, account: &T::AccountId) -> DispatchResult {
		Self::pay_towards_debt(community, account, Debts::<T>::get(account))
	}

	/// Pays a claim from the balancing account as far as its free balance reaches.
	pub(crate) fn pay_claim(community: CommunityId, account: &T::AccountId) -> DispatchResult {
		Self::pay_towards_claim(community, account, Claims::<T>::get(account))
	}

	/// Pays what there is of this much owed, and remembers the rest.
	fn pay_towards_debt(community: CommunityId, account: &T::AccountId, debt: Nano) -> DispatchResult {
		let paid = debt.min(Self::free(account));
		Self::transfer(account, &Self::balancing_of(community)?, paid)?;
		Self::set_debt(account, debt.saturating_sub(paid));
		Ok(())
	}

	/// Pays what there is of this much claimed, and remembers the rest.
	fn pay_towards_claim(community: CommunityId, account: &T::AccountId, claim: Nano) -> DispatchResult {
		let balancing = Self::balancing_of(community)?;
		let paid = claim.min(Self::free(&balancing));
		Self::transfer(&balancing, account, paid)?;
		Self::set_claim(community, account, claim.saturating_sub(paid));
		Ok(())
	}

	/// Moves free money, to the nano.
	fn transfer(from: &T::AccountId, to: &T::AccountId, amount: Nano) -> DispatchResult {
		if amount == 0 || from == to {
			return Ok(());
		}
		T::Currency::transfer(from, to, amount, Preservation::Expendable)?;
		Self::deposit_event(Event::Charged { account: from.clone(), amount });
		Self::deposit_event(Event::Credited { account: to.clone(), amount });
		Ok(())
	}

	fn set_debt(account: &T::AccountId, amount: Nano) {
		if Debts::<T>::get(account) == amount {
			return;
		}
		match amount {
			0 => Debts::<T>::remove(account),
			_ => Debts::<T>::insert(account, amount),
		}
		Self::deposit_event(Event::DebtSet { account: account.clone(), amount });
	}

	fn set_claim(community: CommunityId, account: &T::AccountId, amount: Nano) {
		let before = Claims::<T>::get(account);
		if before == amount {
			return;
		}
		ClaimsTotal::<T>::mutate(community, |total| *total = total.saturating_sub(before).saturating_add(amount));
		match amount {
			0 => Claims::<T>::remove(account),
			_ => Claims::<T>::insert(account, amount),
		}
		Self::deposit_event(Event::ClaimSet { account: account.clone(), amount });
	}

	/// What was issued and not redeemed, over all communities, is all the money that there is.
	pub fn check_outstanding() -> Result<(), &'static str> {
		let outstanding: Nano = Outstanding::<T>::iter_values().fold(0, Nano::saturating_add);
		ensure!(
			T::Currency::total_issuance() == outstanding,
			"total issuance is not what was issued less what was redeemed"
		);
		Ok(())
	}
}
