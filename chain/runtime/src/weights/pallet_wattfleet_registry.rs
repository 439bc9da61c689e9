//! Measured by chain/build-weights.sh: 6 steps, 3 repetitions. Not written by hand.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens)]
#![allow(unused_imports)]
#![allow(missing_docs)]

use frame::deps::frame_support::{traits::Get, weights::Weight};
use core::marker::PhantomData;

/// Weight functions for `pallet_wattfleet_registry`.
pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame::deps::frame_system::Config> pallet_wattfleet_registry::WeightInfo for WeightInfo<T> {
	/// Storage: `Registry::Members` (r:2 w:0)
	/// Proof: `Registry::Members` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Communities` (r:1 w:1)
	/// Proof: `Registry::Communities` (`max_values`: None, `max_size`: Some(1237), added: 3712, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	fn set_community() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `437`
		//  Estimated: `6044`
		// Minimum execution time: 18_376_000 picoseconds.
		Weight::from_parts(22_841_000, 0)
			.saturating_add(Weight::from_parts(0, 6044))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// Storage: `Registry::Communities` (r:1 w:0)
	/// Proof: `Registry::Communities` (`max_values`: None, `max_size`: Some(1237), added: 3712, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Roles` (r:0 w:1)
	/// Proof: `Registry::Roles` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	fn grant_role() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `210`
		//  Estimated: `4702`
		// Minimum execution time: 9_441_000 picoseconds.
		Weight::from_parts(11_955_000, 0)
			.saturating_add(Weight::from_parts(0, 4702))
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// Storage: `Registry::Roles` (r:0 w:1)
	/// Proof: `Registry::Roles` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	fn revoke_role() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `0`
		//  Estimated: `0`
		// Minimum execution time: 5_680_000 picoseconds.
		Weight::from_parts(6_623_000, 0)
			.saturating_add(Weight::from_parts(0, 0))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// Storage: `Registry::Roles` (r:1 w:0)
	/// Proof: `Registry::Roles` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Communities` (r:1 w:0)
	/// Proof: `Registry::Communities` (`max_values`: None, `max_size`: Some(1237), added: 3712, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Members` (r:1 w:1)
	/// Proof: `Registry::Members` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Sites` (r:1 w:1)
	/// Proof: `Registry::Sites` (`max_values`: None, `max_size`: Some(117), added: 2592, mode: `MaxEncodedLen`)
	/// Storage: `Registry::SiteCount` (r:1 w:1)
	/// Proof: `Registry::SiteCount` (`max_values`: None, `max_size`: Some(16), added: 2491, mode: `MaxEncodedLen`)
	fn set_site() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `315`
		//  Estimated: `4702`
		// Minimum execution time: 19_436_000 picoseconds.
		Weight::from_parts(22_447_000, 0)
			.saturating_add(Weight::from_parts(0, 4702))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	/// Storage: `Registry::Sites` (r:1 w:0)
	/// Proof: `Registry::Sites` (`max_values`: None, `max_size`: Some(117), added: 2592, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Roles` (r:1 w:0)
	/// Proof: `Registry::Roles` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Shares` (r:0 w:1)
	/// Proof: `Registry::Shares` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	fn set_share() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `374`
		//  Estimated: `3582`
		// Minimum execution time: 14_081_000 picoseconds.
		Weight::from_parts(16_426_000, 0)
			.saturating_add(Weight::from_parts(0, 3582))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// Storage: `Registry::Sites` (r:1 w:1)
	/// Proof: `Registry::Sites` (`max_values`: None, `max_size`: Some(117), added: 2592, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Roles` (r:1 w:0)
	/// Proof: `Registry::Roles` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Gateways` (r:2 w:2)
	/// Proof: `Registry::Gateways` (`max_values`: None, `max_size`: Some(78), added: 2553, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Entries` (r:1 w:0)
	/// Proof: `Orderbook::Entries` (`max_values`: None, `max_size`: Some(5026), added: 7501, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	fn enrol_gateway() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `612`
		//  Estimated: `8491`
		// Minimum execution time: 28_658_000 picoseconds.
		Weight::from_parts(33_561_000, 0)
			.saturating_add(Weight::from_parts(0, 8491))
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	/// Storage: `Registry::Gateways` (r:1 w:1)
	/// Proof: `Registry::Gateways` (`max_values`: None, `max_size`: Some(78), added: 2553, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Sites` (r:1 w:1)
	/// Proof: `Registry::Sites` (`max_values`: None, `max_size`: Some(117), added: 2592, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Roles` (r:1 w:0)
	/// Proof: `Registry::Roles` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Entries` (r:1 w:0)
	/// Proof: `Orderbook::Entries` (`max_values`: None, `max_size`: Some(5026), added: 7501, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	fn revoke_gateway() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `612`
		//  Estimated: `8491`
		// Minimum execution time: 25_428_000 picoseconds.
		Weight::from_parts(29_533_000, 0)
			.saturating_add(Weight::from_parts(0, 8491))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
