use core::marker::PhantomData;
use frame::prelude::Weight;

pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame::prelude::frame_system::Config> pallet_wattfleet_settlement::WeightInfo for WeightInfo<T> {
	fn submit_matches(n: u32) -> Weight {
		Weight::from_parts(150_000_000, 8_000)
			.saturating_add(Weight::from_parts(300_000_000, 12_000).saturating_mul((n).into()))
	}
	fn settle(a: u32, d: u32) -> Weight {
		Weight::from_parts(150_000_000, 8_000)
			.saturating_add(Weight::from_parts(300_000_000, 12_000).saturating_mul((a + d).into()))
	}
	fn reveal(t: u32) -> Weight {
		Weight::from_parts(150_000_000, 8_000)
			.saturating_add(Weight::from_parts(300_000_000, 12_000).saturating_mul((t).into()))
	}
	fn correct(t: u32) -> Weight {
		Weight::from_parts(150_000_000, 8_000)
			.saturating_add(Weight::from_parts(300_000_000, 12_000).saturating_mul((t).into()))
	}
	fn settle_coefficients(n: u32) -> Weight {
		Weight::from_parts(150_000_000, 8_000)
			.saturating_add(Weight::from_parts(300_000_000, 12_000).saturating_mul((n).into()))
	}
	fn enforce() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
	fn post_bond() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
	fn release_bond() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
	fn forget() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
}
