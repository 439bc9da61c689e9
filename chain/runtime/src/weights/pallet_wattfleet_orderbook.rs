use core::marker::PhantomData;
use frame::prelude::Weight;

pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame::prelude::frame_system::Config> pallet_wattfleet_orderbook::WeightInfo for WeightInfo<T> {
	fn submit(s: u32, x: u32) -> Weight {
		Weight::from_parts(150_000_000, 8_000)
			.saturating_add(Weight::from_parts(300_000_000, 12_000).saturating_mul((s + x).into()))
	}
	fn pages(p: u32) -> Weight {
		Weight::from_parts(150_000_000, 8_000)
			.saturating_add(Weight::from_parts(300_000_000, 12_000).saturating_mul((p).into()))
	}
	fn close_page() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
	fn expire_order() -> Weight {
		Weight::from_parts(150_000_000, 8_000)
	}
	fn cancel_site(n: u32) -> Weight {
		Weight::from_parts(150_000_000, 8_000)
			.saturating_add(Weight::from_parts(300_000_000, 12_000).saturating_mul(n.into()))
	}
}
