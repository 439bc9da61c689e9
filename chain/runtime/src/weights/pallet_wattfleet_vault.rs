use core::marker::PhantomData;
use frame::prelude::Weight;

pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame::prelude::frame_system::Config> pallet_wattfleet_vault::WeightInfo for WeightInfo<T> {
	fn issue() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
	fn withdraw() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
	fn redeem() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
	fn decline() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
	fn settle_debt() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
}
