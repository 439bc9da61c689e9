//! Measured by chain/build-weights.sh: 6 steps, 3 repetitions. Not written by hand.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens)]
#![allow(unused_imports)]
#![allow(missing_docs)]

use frame::deps::frame_support::{traits::Get, weights::Weight};
use core::marker::PhantomData;

/// Weight functions for `pallet_wattfleet_orderbook`.
pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame::deps::frame_system::Config> pallet_wattfleet_orderbook::WeightInfo for WeightInfo<T> {
	/// Storage: `Registry::Roles` (r:1 w:0)
	/// Proof: `Registry::Roles` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Communities` (r:1 w:0)
	/// Proof: `Registry::Communities` (`max_values`: None, `max_size`: Some(1237), added: 3712, mode: `MaxEncodedLen`)
	/// Storage: `Registry::ChainId` (r:1 w:0)
	/// Proof: `Registry::ChainId` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Gateways` (r:512 w:0)
	/// Proof: `Registry::Gateways` (`max_values`: None, `max_size`: Some(78), added: 2553, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Sites` (r:512 w:0)
	/// Proof: `Registry::Sites` (`max_values`: None, `max_size`: Some(117), added: 2592, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Entries` (r:512 w:512)
	/// Proof: `Orderbook::Entries` (`max_values`: None, `max_size`: Some(5026), added: 7501, mode: `MaxEncodedLen`)
	/// Storage: `Vault::Debts` (r:512 w:0)
	/// Proof: `Vault::Debts` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Books` (r:1 w:1)
	/// Proof: `Orderbook::Books` (`max_values`: None, `max_size`: Some(38), added: 2513, mode: `MaxEncodedLen`)
	/// Storage: `Money::Account` (r:512 w:512)
	/// Proof: `Money::Account` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:512 w:512)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Money::Holds` (r:512 w:512)
	/// Proof: `Money::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::ClosedUpTo` (r:1 w:1)
	/// Proof: `Orderbook::ClosedUpTo` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Pages` (r:16 w:16)
	/// Proof: `Orderbook::Pages` (`max_values`: None, `max_size`: Some(6882), added: 9357, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Closing` (r:0 w:1)
	/// Proof: `Orderbook::Closing` (`max_values`: None, `max_size`: Some(37), added: 2512, mode: `MaxEncodedLen`)
	/// The range of component `s` is `[1, 512]`.
	fn submit(s: u32, ) -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `5049 + s * (442 ±0)`
		//  Estimated: `10125 + s * (7501 ±0)`
		// Minimum execution time: 172_786_000 picoseconds.
		Weight::from_parts(172_786_000, 0)
			.saturating_add(Weight::from_parts(0, 10125))
			// Standard Error: 1_210_944
			.saturating_add(Weight::from_parts(135_846_526, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().reads((7_u64).saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes(4))
			.saturating_add(T::DbWeight::get().writes((4_u64).saturating_mul(s.into())))
			.saturating_add(Weight::from_parts(0, 7501).saturating_mul(s.into()))
	}
	/// Storage: `Registry::Roles` (r:1 w:0)
	/// Proof: `Registry::Roles` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Communities` (r:1 w:0)
	/// Proof: `Registry::Communities` (`max_values`: None, `max_size`: Some(1237), added: 3712, mode: `MaxEncodedLen`)
	/// Storage: `Registry::ChainId` (r:1 w:0)
	/// Proof: `Registry::ChainId` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Gateways` (r:1 w:0)
	/// Proof: `Registry::Gateways` (`max_values`: None, `max_size`: Some(78), added: 2553, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Sites` (r:1 w:0)
	/// Proof: `Registry::Sites` (`max_values`: None, `max_size`: Some(117), added: 2592, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Entries` (r:1 w:1)
	/// Proof: `Orderbook::Entries` (`max_values`: None, `max_size`: Some(5026), added: 7501, mode: `MaxEncodedLen`)
	/// Storage: `Vault::Debts` (r:1 w:0)
	/// Proof: `Vault::Debts` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Books` (r:1 w:1)
	/// Proof: `Orderbook::Books` (`max_values`: None, `max_size`: Some(38), added: 2513, mode: `MaxEncodedLen`)
	/// Storage: `Money::Account` (r:1 w:1)
	/// Proof: `Money::Account` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Money::Holds` (r:1 w:1)
	/// Proof: `Money::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::ClosedUpTo` (r:1 w:1)
	/// Proof: `Orderbook::ClosedUpTo` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Pages` (r:4 w:4)
	/// Proof: `Orderbook::Pages` (`max_values`: None, `max_size`: Some(6882), added: 9357, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Closing` (r:0 w:1)
	/// Proof: `Orderbook::Closing` (`max_values`: None, `max_size`: Some(37), added: 2512, mode: `MaxEncodedLen`)
	/// The range of component `x` is `[1, 120]`.
	fn further(x: u32, ) -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `6108`
		//  Estimated: `8491 + x * (280 ±14)`
		// Minimum execution time: 237_095_000 picoseconds.
		Weight::from_parts(203_322_996, 0)
			.saturating_add(Weight::from_parts(0, 8491))
			// Standard Error: 142_137
			.saturating_add(Weight::from_parts(77_741_897, 0).saturating_mul(x.into()))
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().writes(8))
			.saturating_add(Weight::from_parts(0, 280).saturating_mul(x.into()))
	}
	/// Storage: `Orderbook::Books` (r:1 w:0)
	/// Proof: `Orderbook::Books` (`max_values`: None, `max_size`: Some(38), added: 2513, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Pages` (r:512 w:512)
	/// Proof: `Orderbook::Pages` (`max_values`: None, `max_size`: Some(6882), added: 9357, mode: `MaxEncodedLen`)
	/// The range of component `p` is `[0, 512]`.
	fn pages(p: u32, ) -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `98 + p * (6613 ±0)`
		//  Estimated: `3503 + p * (9357 ±0)`
		// Minimum execution time: 205_000 picoseconds.
		Weight::from_parts(257_000, 0)
			.saturating_add(Weight::from_parts(0, 3503))
			// Standard Error: 85_358
			.saturating_add(Weight::from_parts(25_069_531, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(p.into())))
			.saturating_add(Weight::from_parts(0, 9357).saturating_mul(p.into()))
	}
	/// Storage: `Orderbook::Books` (r:1 w:1)
	/// Proof: `Orderbook::Books` (`max_values`: None, `max_size`: Some(38), added: 2513, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Pages` (r:1 w:1)
	/// Proof: `Orderbook::Pages` (`max_values`: None, `max_size`: Some(6882), added: 9357, mode: `MaxEncodedLen`)
	/// Storage: `Money::Account` (r:32 w:32)
	/// Proof: `Money::Account` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `Money::Holds` (r:32 w:32)
	/// Proof: `Money::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:32 w:32)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Closing` (r:0 w:1)
	/// Proof: `Orderbook::Closing` (`max_values`: None, `max_size`: Some(37), added: 2512, mode: `MaxEncodedLen`)
	fn close_page() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `14212`
		//  Estimated: `85214`
		// Minimum execution time: 1_062_836_000 picoseconds.
		Weight::from_parts(1_125_790_000, 0)
			.saturating_add(Weight::from_parts(0, 85214))
			.saturating_add(T::DbWeight::get().reads(98))
			.saturating_add(T::DbWeight::get().writes(99))
	}
	/// Storage: `Orderbook::Books` (r:1 w:0)
	/// Proof: `Orderbook::Books` (`max_values`: None, `max_size`: Some(38), added: 2513, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Pages` (r:1 w:1)
	/// Proof: `Orderbook::Pages` (`max_values`: None, `max_size`: Some(6882), added: 9357, mode: `MaxEncodedLen`)
	/// Storage: `Money::Account` (r:1 w:1)
	/// Proof: `Money::Account` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `Money::Holds` (r:1 w:1)
	/// Proof: `Money::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Entries` (r:1 w:1)
	/// Proof: `Orderbook::Entries` (`max_values`: None, `max_size`: Some(5026), added: 7501, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Expiring` (r:0 w:1)
	/// Proof: `Orderbook::Expiring` (`max_values`: None, `max_size`: Some(41), added: 2516, mode: `MaxEncodedLen`)
	fn expire_order() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `12164`
		//  Estimated: `10347`
		// Minimum execution time: 78_755_000 picoseconds.
		Weight::from_parts(87_060_000, 0)
			.saturating_add(Weight::from_parts(0, 10347))
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	/// Storage: `Registry::Sites` (r:1 w:0)
	/// Proof: `Registry::Sites` (`max_values`: None, `max_size`: Some(117), added: 2592, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Entries` (r:1 w:1)
	/// Proof: `Orderbook::Entries` (`max_values`: None, `max_size`: Some(5026), added: 7501, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Books` (r:1 w:0)
	/// Proof: `Orderbook::Books` (`max_values`: None, `max_size`: Some(38), added: 2513, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Pages` (r:128 w:128)
	/// Proof: `Orderbook::Pages` (`max_values`: None, `max_size`: Some(6882), added: 9357, mode: `MaxEncodedLen`)
	/// Storage: `Money::Account` (r:1 w:1)
	/// Proof: `Money::Account` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `Money::Holds` (r:1 w:1)
	/// Proof: `Money::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// The range of component `n` is `[1, 128]`.
	fn cancel_site(n: u32, ) -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `850 + n * (6651 ±0)`
		//  Estimated: `8491 + n * (9357 ±0)`
		// Minimum execution time: 71_903_000 picoseconds.
		Weight::from_parts(2_349_272, 0)
			.saturating_add(Weight::from_parts(0, 8491))
			// Standard Error: 99_793
			.saturating_add(Weight::from_parts(51_371_029, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(4))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 9357).saturating_mul(n.into()))
	}
}
