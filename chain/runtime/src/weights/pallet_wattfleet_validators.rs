//! Measured by chain/build-weights.sh: 6 steps, 3 repetitions. Not written by hand.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens)]
#![allow(unused_imports)]
#![allow(missing_docs)]

use frame::deps::frame_support::{traits::Get, weights::Weight};
use core::marker::PhantomData;

/// Weight functions for `pallet_wattfleet_validators`.
pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame::deps::frame_system::Config> pallet_wattfleet_validators::WeightInfo for WeightInfo<T> {
	/// Storage: `Session::NextKeys` (r:1 w:0)
	/// Proof: `Session::NextKeys` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Validators::Validators` (r:1 w:1)
	/// Proof: `Validators::Validators` (`max_values`: Some(1), `max_size`: Some(1025), added: 1520, mode: `MaxEncodedLen`)
	fn add() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `1772`
		//  Estimated: `5237`
		// Minimum execution time: 16_185_000 picoseconds.
		Weight::from_parts(20_075_000, 0)
			.saturating_add(Weight::from_parts(0, 5237))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// Storage: `Validators::Validators` (r:1 w:1)
	/// Proof: `Validators::Validators` (`max_values`: Some(1), `max_size`: Some(1025), added: 1520, mode: `MaxEncodedLen`)
	/// Storage: `Session::NextKeys` (r:1 w:0)
	/// Proof: `Session::NextKeys` (`max_values`: None, `max_size`: None, mode: `Measured`)
	fn remove() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `1771`
		//  Estimated: `5236`
		// Minimum execution time: 15_780_000 picoseconds.
		Weight::from_parts(20_041_000, 0)
			.saturating_add(Weight::from_parts(0, 5236))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
}
