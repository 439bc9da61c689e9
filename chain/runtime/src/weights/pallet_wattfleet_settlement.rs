//! Measured by chain/build-weights.sh: 6 steps, 3 repetitions. Not written by hand.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens)]
#![allow(unused_imports)]
#![allow(missing_docs)]

use frame::deps::frame_support::{traits::Get, weights::Weight};
use core::marker::PhantomData;

/// Weight functions for `pallet_wattfleet_settlement`.
pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame::deps::frame_system::Config> pallet_wattfleet_settlement::WeightInfo for WeightInfo<T> {
	/// Storage: `Registry::Roles` (r:1 w:0)
	/// Proof: `Registry::Roles` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Communities` (r:1 w:0)
	/// Proof: `Registry::Communities` (`max_values`: None, `max_size`: Some(1237), added: 3712, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Slots` (r:1 w:1)
	/// Proof: `Settlement::Slots` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Books` (r:1 w:1)
	/// Proof: `Orderbook::Books` (`max_values`: None, `max_size`: Some(38), added: 2513, mode: `MaxEncodedLen`)
	/// Storage: `Orderbook::Pages` (r:512 w:512)
	/// Proof: `Orderbook::Pages` (`max_values`: None, `max_size`: Some(6882), added: 9357, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Totals` (r:512 w:512)
	/// Proof: `Settlement::Totals` (`max_values`: None, `max_size`: Some(255), added: 2730, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::NextTrade` (r:1 w:1)
	/// Proof: `Settlement::NextTrade` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::AgendaFrom` (r:1 w:1)
	/// Proof: `Settlement::AgendaFrom` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Agenda` (r:0 w:1)
	/// Proof: `Settlement::Agenda` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Trades` (r:0 w:256)
	/// Proof: `Settlement::Trades` (`max_values`: None, `max_size`: Some(149), added: 2624, mode: `MaxEncodedLen`)
	/// The range of component `n` is `[1, 256]`.
	fn submit_matches(n: u32, ) -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `861 + n * (13225 ±0)`
		//  Estimated: `4702 + n * (18714 ±0)`
		// Minimum execution time: 123_205_000 picoseconds.
		Weight::from_parts(124_229_000, 0)
			.saturating_add(Weight::from_parts(0, 4702))
			// Standard Error: 1_173_638
			.saturating_add(Weight::from_parts(87_548_643, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().reads((4_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(5))
			.saturating_add(T::DbWeight::get().writes((5_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 18714).saturating_mul(n.into()))
	}
	/// Storage: `Registry::Roles` (r:1 w:0)
	/// Proof: `Registry::Roles` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Communities` (r:1 w:0)
	/// Proof: `Registry::Communities` (`max_values`: None, `max_size`: Some(1237), added: 3712, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Slots` (r:1 w:1)
	/// Proof: `Settlement::Slots` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Bonds` (r:1 w:1)
	/// Proof: `Settlement::Bonds` (`max_values`: None, `max_size`: Some(84), added: 2559, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::AgendaFrom` (r:1 w:1)
	/// Proof: `Settlement::AgendaFrom` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Totals` (r:256 w:256)
	/// Proof: `Settlement::Totals` (`max_values`: None, `max_size`: Some(255), added: 2730, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Sites` (r:256 w:0)
	/// Proof: `Registry::Sites` (`max_values`: None, `max_size`: Some(117), added: 2592, mode: `MaxEncodedLen`)
	/// Storage: `Money::Holds` (r:256 w:256)
	/// Proof: `Money::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `Money::Account` (r:257 w:257)
	/// Proof: `Money::Account` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:257 w:257)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Agenda` (r:0 w:1)
	/// Proof: `Settlement::Agenda` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	/// The range of component `d` is `[0, 256]`.
	fn settle(d: u32, ) -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `567 + d * (497 ±0)`
		//  Estimated: `4702 + d * (2730 ±0)`
		// Minimum execution time: 41_663_000 picoseconds.
		Weight::from_parts(45_353_000, 0)
			.saturating_add(Weight::from_parts(0, 4702))
			// Standard Error: 440_484
			.saturating_add(Weight::from_parts(94_965_892, 0).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().reads((5_u64).saturating_mul(d.into())))
			.saturating_add(T::DbWeight::get().writes(5))
			.saturating_add(T::DbWeight::get().writes((4_u64).saturating_mul(d.into())))
			.saturating_add(Weight::from_parts(0, 2730).saturating_mul(d.into()))
	}
	/// Storage: `Registry::Roles` (r:1 w:0)
	/// Proof: `Registry::Roles` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Communities` (r:1 w:0)
	/// Proof: `Registry::Communities` (`max_values`: None, `max_size`: Some(1237), added: 3712, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Slots` (r:1 w:1)
	/// Proof: `Settlement::Slots` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Bonds` (r:1 w:1)
	/// Proof: `Settlement::Bonds` (`max_values`: None, `max_size`: Some(84), added: 2559, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Trades` (r:256 w:256)
	/// Proof: `Settlement::Trades` (`max_values`: None, `max_size`: Some(149), added: 2624, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Totals` (r:512 w:512)
	/// Proof: `Settlement::Totals` (`max_values`: None, `max_size`: Some(255), added: 2730, mode: `MaxEncodedLen`)
	/// Storage: `Money::Holds` (r:256 w:256)
	/// Proof: `Money::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `Money::Account` (r:513 w:513)
	/// Proof: `Money::Account` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:513 w:257)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// The range of component `a` is `[0, 256]`.
	fn execute(a: u32, ) -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `612 + a * (993 ±0)`
		//  Estimated: `4702 + a * (5460 ±0)`
		// Minimum execution time: 31_518_000 picoseconds.
		Weight::from_parts(35_681_000, 0)
			.saturating_add(Weight::from_parts(0, 4702))
			// Standard Error: 1_374_737
			.saturating_add(Weight::from_parts(159_232_156, 0).saturating_mul(a.into()))
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().reads((8_u64).saturating_mul(a.into())))
			.saturating_add(T::DbWeight::get().writes(2))
			.saturating_add(T::DbWeight::get().writes((7_u64).saturating_mul(a.into())))
			.saturating_add(Weight::from_parts(0, 5460).saturating_mul(a.into()))
	}
	/// Storage: `Settlement::Totals` (r:257 w:257)
	/// Proof: `Settlement::Totals` (`max_values`: None, `max_size`: Some(255), added: 2730, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Communities` (r:1 w:0)
	/// Proof: `Registry::Communities` (`max_values`: None, `max_size`: Some(1237), added: 3712, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Registry::ChainId` (r:1 w:0)
	/// Proof: `Registry::ChainId` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Gateways` (r:1 w:0)
	/// Proof: `Registry::Gateways` (`max_values`: None, `max_size`: Some(78), added: 2553, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Slots` (r:1 w:0)
	/// Proof: `Settlement::Slots` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Bonds` (r:1 w:1)
	/// Proof: `Settlement::Bonds` (`max_values`: None, `max_size`: Some(84), added: 2559, mode: `MaxEncodedLen`)
	/// Storage: `Money::Holds` (r:1 w:1)
	/// Proof: `Money::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `Money::Account` (r:260 w:260)
	/// Proof: `Money::Account` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:259 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Trades` (r:256 w:256)
	/// Proof: `Settlement::Trades` (`max_values`: None, `max_size`: Some(149), added: 2624, mode: `MaxEncodedLen`)
	/// Storage: `Vault::Claims` (r:258 w:0)
	/// Proof: `Vault::Claims` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Vault::Debts` (r:258 w:0)
	/// Proof: `Vault::Debts` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// The range of component `t` is `[1, 256]`.
	fn reveal(t: u32, ) -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `1777 + t * (530 ±0)`
		//  Estimated: `11338 + t * (2730 ±0)`
		// Minimum execution time: 370_083_000 picoseconds.
		Weight::from_parts(262_860_534, 0)
			.saturating_add(Weight::from_parts(0, 11338))
			// Standard Error: 520_313
			.saturating_add(Weight::from_parts(78_651_865, 0).saturating_mul(t.into()))
			.saturating_add(T::DbWeight::get().reads(19))
			.saturating_add(T::DbWeight::get().reads((6_u64).saturating_mul(t.into())))
			.saturating_add(T::DbWeight::get().writes(8))
			.saturating_add(T::DbWeight::get().writes((3_u64).saturating_mul(t.into())))
			.saturating_add(Weight::from_parts(0, 2730).saturating_mul(t.into()))
	}
	/// Storage: `Registry::Roles` (r:1 w:0)
	/// Proof: `Registry::Roles` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Communities` (r:1 w:0)
	/// Proof: `Registry::Communities` (`max_values`: None, `max_size`: Some(1237), added: 3712, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Slots` (r:1 w:0)
	/// Proof: `Settlement::Slots` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Totals` (r:257 w:257)
	/// Proof: `Settlement::Totals` (`max_values`: None, `max_size`: Some(255), added: 2730, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Trades` (r:256 w:256)
	/// Proof: `Settlement::Trades` (`max_values`: None, `max_size`: Some(149), added: 2624, mode: `MaxEncodedLen`)
	/// Storage: `Vault::Claims` (r:258 w:0)
	/// Proof: `Vault::Claims` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Vault::Debts` (r:258 w:0)
	/// Proof: `Vault::Debts` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Money::Account` (r:259 w:259)
	/// Proof: `Money::Account` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:259 w:2)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// The range of component `t` is `[1, 256]`.
	fn correct(t: u32, ) -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `1201 + t * (529 ±0)`
		//  Estimated: `8799 + t * (2730 ±0)`
		// Minimum execution time: 234_130_000 picoseconds.
		Weight::from_parts(231_222_719, 0)
			.saturating_add(Weight::from_parts(0, 8799))
			// Standard Error: 559_636
			.saturating_add(Weight::from_parts(76_694_061, 0).saturating_mul(t.into()))
			.saturating_add(T::DbWeight::get().reads(15))
			.saturating_add(T::DbWeight::get().reads((6_u64).saturating_mul(t.into())))
			.saturating_add(T::DbWeight::get().writes(6))
			.saturating_add(T::DbWeight::get().writes((3_u64).saturating_mul(t.into())))
			.saturating_add(Weight::from_parts(0, 2730).saturating_mul(t.into()))
	}
	/// Storage: `Registry::Communities` (r:1 w:0)
	/// Proof: `Registry::Communities` (`max_values`: None, `max_size`: Some(1237), added: 3712, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Slots` (r:1 w:1)
	/// Proof: `Settlement::Slots` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Roles` (r:1 w:0)
	/// Proof: `Registry::Roles` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Bonds` (r:1 w:1)
	/// Proof: `Settlement::Bonds` (`max_values`: None, `max_size`: Some(84), added: 2559, mode: `MaxEncodedLen`)
	/// Storage: `Registry::SiteCount` (r:1 w:0)
	/// Proof: `Registry::SiteCount` (`max_values`: None, `max_size`: Some(16), added: 2491, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::AgendaFrom` (r:1 w:1)
	/// Proof: `Settlement::AgendaFrom` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Sites` (r:512 w:0)
	/// Proof: `Registry::Sites` (`max_values`: None, `max_size`: Some(117), added: 2592, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Shares` (r:512 w:0)
	/// Proof: `Registry::Shares` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::SharedFlows` (r:513 w:512)
	/// Proof: `Settlement::SharedFlows` (`max_values`: None, `max_size`: Some(175), added: 2650, mode: `MaxEncodedLen`)
	/// Storage: `Vault::Claims` (r:513 w:257)
	/// Proof: `Vault::Claims` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Vault::Debts` (r:513 w:256)
	/// Proof: `Vault::Debts` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Money::Account` (r:258 w:258)
	/// Proof: `Money::Account` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:258 w:257)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Vault::ClaimsTotal` (r:1 w:1)
	/// Proof: `Vault::ClaimsTotal` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Agenda` (r:0 w:1)
	/// Proof: `Settlement::Agenda` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	/// The range of component `n` is `[1, 512]`.
	fn settle_coefficients(n: u32, ) -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `924 + n * (278 ±0)`
		//  Estimated: `8021 + n * (2650 ±0)`
		// Minimum execution time: 83_214_000 picoseconds.
		Weight::from_parts(88_496_000, 0)
			.saturating_add(Weight::from_parts(0, 8021))
			// Standard Error: 576_123
			.saturating_add(Weight::from_parts(65_445_516, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().reads((6_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(6))
			.saturating_add(T::DbWeight::get().writes((3_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 2650).saturating_mul(n.into()))
	}
	/// Storage: `Registry::Communities` (r:1 w:0)
	/// Proof: `Registry::Communities` (`max_values`: None, `max_size`: Some(1237), added: 3712, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Totals` (r:1 w:1)
	/// Proof: `Settlement::Totals` (`max_values`: None, `max_size`: Some(255), added: 2730, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Bonds` (r:1 w:1)
	/// Proof: `Settlement::Bonds` (`max_values`: None, `max_size`: Some(84), added: 2559, mode: `MaxEncodedLen`)
	/// Storage: `Money::Holds` (r:1 w:1)
	/// Proof: `Money::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `Money::Account` (r:2 w:2)
	/// Proof: `Money::Account` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:0)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	fn enforce() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `1479`
		//  Estimated: `6164`
		// Minimum execution time: 74_937_000 picoseconds.
		Weight::from_parts(82_598_000, 0)
			.saturating_add(Weight::from_parts(0, 6164))
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	/// Storage: `Registry::Roles` (r:1 w:0)
	/// Proof: `Registry::Roles` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Members` (r:1 w:0)
	/// Proof: `Registry::Members` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Vault::Debts` (r:1 w:0)
	/// Proof: `Vault::Debts` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Money::Account` (r:1 w:1)
	/// Proof: `Money::Account` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `Money::Holds` (r:1 w:1)
	/// Proof: `Money::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Bonds` (r:1 w:1)
	/// Proof: `Settlement::Bonds` (`max_values`: None, `max_size`: Some(84), added: 2559, mode: `MaxEncodedLen`)
	fn post_bond() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `791`
		//  Estimated: `3622`
		// Minimum execution time: 61_719_000 picoseconds.
		Weight::from_parts(69_830_000, 0)
			.saturating_add(Weight::from_parts(0, 3622))
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	/// Storage: `Settlement::Bonds` (r:1 w:1)
	/// Proof: `Settlement::Bonds` (`max_values`: None, `max_size`: Some(84), added: 2559, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Money::Account` (r:1 w:1)
	/// Proof: `Money::Account` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `Money::Holds` (r:1 w:1)
	/// Proof: `Money::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	fn release_bond() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `414`
		//  Estimated: `3622`
		// Minimum execution time: 43_882_000 picoseconds.
		Weight::from_parts(49_476_000, 0)
			.saturating_add(Weight::from_parts(0, 3622))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	/// Storage: `Settlement::Trades` (r:2 w:1)
	/// Proof: `Settlement::Trades` (`max_values`: None, `max_size`: Some(149), added: 2624, mode: `MaxEncodedLen`)
	/// Storage: `Money::Account` (r:1 w:1)
	/// Proof: `Money::Account` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `Money::Holds` (r:1 w:1)
	/// Proof: `Money::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:0)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Settlement::Totals` (r:2 w:2)
	/// Proof: `Settlement::Totals` (`max_values`: None, `max_size`: Some(255), added: 2730, mode: `MaxEncodedLen`)
	fn forget() -> Weight {
		// Proof Size summary in bytes:
		//  Measured:  `1005`
		//  Estimated: `6450`
		// Minimum execution time: 59_737_000 picoseconds.
		Weight::from_parts(68_828_000, 0)
			.saturating_add(Weight::from_parts(0, 6450))
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(5))
	}
}
