//! Measured by chain/build-weights.sh: 6 steps, 3 repetitions. Not written by hand.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens)]
#![allow(unused_imports)]
#![allow(missing_docs)]

use frame::deps::frame_support::{traits::Get, weights::Weight};
use core::marker::PhantomData;

/// Weight functions for `pallet_wattfleet_vault`.
pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame::deps::frame_system::Config> pallet_wattfleet_vault::WeightInfo for WeightInfo<T> {
	/// Storage: `Registry::Roles` (r:1 w:0)
	/// Proof: `Registry::Roles` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Members` (r:1 w:0)
	/// Proof: `Registry::Members` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Vault::References` (r:1 w:1)
	/// Proof: `Vault::References` (`max_values`: None, `max_size`: Some(76), added: 2551, mode: `MaxEncodedLen`)
	/// Storage: `Vault::Outstanding` (r:1 w:1)
	/// Proof: `Vault::Outstanding` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	/// Storage: `Money::Account` (r:2 w:2)
	/// Proof: `Money::Account` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:2 w:2)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Vault::Debts` (r:1 w:1)
	/// Proof: `Vault::Debts` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Communities` (r:1 w:0)
	/// Proof: `Registry::Communities` (`max_values`: None, `max_size`: Some(1237), added: 3712, mode: `MaxEncodedLen`)
	fn issue() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `908`
		//  Estimated: `6196`
		// Minimum execution time: 94_178_000 picoseconds.
		Weight::from_parts(101_407_000, 0)
			.saturating_add(Weight::from_parts(0, 6196))
			.saturating_add(T::DbWeight::get().reads(11))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	/// Storage: `Registry::Members` (r:1 w:0)
	/// Proof: `Registry::Members` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Vault::Debts` (r:1 w:0)
	/// Proof: `Vault::Debts` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Vault::ClaimsTotal` (r:1 w:0)
	/// Proof: `Vault::ClaimsTotal` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	/// Storage: `Money::Account` (r:1 w:1)
	/// Proof: `Money::Account` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Money::Holds` (r:1 w:1)
	/// Proof: `Money::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `Vault::NextWithdrawal` (r:1 w:1)
	/// Proof: `Vault::NextWithdrawal` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Vault::Withdrawals` (r:0 w:1)
	/// Proof: `Vault::Withdrawals` (`max_values`: None, `max_size`: Some(76), added: 2551, mode: `MaxEncodedLen`)
	fn withdraw() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `599`
		//  Estimated: `3622`
		// Minimum execution time: 52_720_000 picoseconds.
		Weight::from_parts(57_612_000, 0)
			.saturating_add(Weight::from_parts(0, 3622))
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	/// Storage: `Registry::Roles` (r:1 w:0)
	/// Proof: `Registry::Roles` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// Storage: `Vault::Redemptions` (r:1 w:1)
	/// Proof: `Vault::Redemptions` (`max_values`: None, `max_size`: Some(76), added: 2551, mode: `MaxEncodedLen`)
	/// Storage: `Vault::Withdrawals` (r:1 w:1)
	/// Proof: `Vault::Withdrawals` (`max_values`: None, `max_size`: Some(76), added: 2551, mode: `MaxEncodedLen`)
	/// Storage: `Money::Account` (r:1 w:1)
	/// Proof: `Money::Account` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `Money::Holds` (r:1 w:1)
	/// Proof: `Money::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Vault::Outstanding` (r:1 w:1)
	/// Proof: `Vault::Outstanding` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	fn redeem() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `740`
		//  Estimated: `3622`
		// Minimum execution time: 42_749_000 picoseconds.
		Weight::from_parts(47_491_000, 0)
			.saturating_add(Weight::from_parts(0, 3622))
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	/// Storage: `Registry::Roles` (r:1 w:0)
	/// Proof: `Registry::Roles` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// Storage: `Vault::Withdrawals` (r:1 w:1)
	/// Proof: `Vault::Withdrawals` (`max_values`: None, `max_size`: Some(76), added: 2551, mode: `MaxEncodedLen`)
	/// Storage: `Money::Account` (r:1 w:1)
	/// Proof: `Money::Account` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `Money::Holds` (r:1 w:1)
	/// Proof: `Money::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	fn decline() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `725`
		//  Estimated: `3622`
		// Minimum execution time: 44_155_000 picoseconds.
		Weight::from_parts(47_902_000, 0)
			.saturating_add(Weight::from_parts(0, 3622))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	/// Storage: `Registry::Members` (r:1 w:0)
	/// Proof: `Registry::Members` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Vault::Debts` (r:1 w:1)
	/// Proof: `Vault::Debts` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Money::Account` (r:2 w:2)
	/// Proof: `Money::Account` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:2 w:0)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Communities` (r:1 w:0)
	/// Proof: `Registry::Communities` (`max_values`: None, `max_size`: Some(1237), added: 3712, mode: `MaxEncodedLen`)
	/// Storage: `Vault::Claims` (r:1 w:1)
	/// Proof: `Vault::Claims` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Vault::ClaimsTotal` (r:1 w:1)
	/// Proof: `Vault::ClaimsTotal` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	fn settle_debt() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `1055`
		//  Estimated: `6196`
		// Minimum execution time: 107_246_000 picoseconds.
		Weight::from_parts(114_810_000, 0)
			.saturating_add(Weight::from_parts(0, 6196))
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(5))
	}
}
