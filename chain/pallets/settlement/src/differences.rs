//! What a correction moves: only the difference, and who cannot pay owes.

use crate::pallet::Config;
use alloc::collections::BTreeMap;
use frame::prelude::*;
use pallet_wattfleet_vault::Pallet as Vault;
use wattfleet_primitives::{CommunityId, Nano};

/// What each account gains, less what it gives. The sum is zero.
pub(crate) struct Differences<AccountId>(BTreeMap<AccountId, i128>);

/// `now` less `before`: sums of Wh × rate, each factor below 2^32, far from the edge.
pub(crate) fn difference(now: Nano, before: Nano) -> i128 {
	(now as i128).saturating_sub(before as i128)
}

impl<AccountId: Ord + Clone> Differences<AccountId> {
	pub(crate) fn new() -> Self {
		Self(BTreeMap::new())
	}

	pub(crate) fn add(&mut self, account: &AccountId, amount: i128) {
		let sum = self.0.entry(account.clone()).or_default();
		*sum = sum.saturating_add(amount);
	}

	pub(crate) fn move_nano(&mut self, from: &AccountId, to: &AccountId, amount: i128) {
		self.add(from, amount.saturating_neg());
		self.add(to, amount);
	}

	/// First all that is owed goes to the balancing account, then it pays all that is due.
	pub(crate) fn settle<T: Config<AccountId = AccountId>>(
		self,
		community: CommunityId,
		balancing: &AccountId,
	) -> DispatchResult {
		let others = self.0.iter().filter(|(account, _)| *account != balancing);
		for (account, nano) in others.clone().filter(|(_, nano)| **nano < 0) {
			Vault::<T>::charge(community, account, nano.unsigned_abs())?;
		}
		for (account, nano) in others.filter(|(_, nano)| **nano > 0) {
			Vault::<T>::refund(community, account, nano.unsigned_abs())?;
		}
		Ok(())
	}
}
