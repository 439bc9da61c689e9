use core::marker::PhantomData;
use frame::prelude::Weight;

pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame::prelude::frame_system::Config> pallet_wattfleet_validators::WeightInfo for WeightInfo<T> {
	fn add() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
	fn remove() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
}
