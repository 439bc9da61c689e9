use core::marker::PhantomData;
use frame::prelude::Weight;

pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame::prelude::frame_system::Config> pallet_wattfleet_registry::WeightInfo for WeightInfo<T> {
	fn set_community() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
	fn grant_role() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
	fn revoke_role() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
	fn set_site() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
	fn set_share() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
	fn enrol_gateway() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
	fn revoke_gateway() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
}
