//! Costs of the council's two calls. Session keys cannot be signed for here, so `add` is measured over a set of its largest
//! size but one, with the keys put in place directly.

use super::*;
use frame::benchmarking::prelude::*;
use frame::deps::sp_runtime::traits::TrailingZeroInput;

fn with_keys<T: Config>(index: u32) -> T::AccountId {
	use codec::Decode;
	let who: T::AccountId = account("validator", index, 0);
	let keys = T::Keys::decode(&mut TrailingZeroInput::zeroes()).expect("zeros are keys");
	pallet_session::NextKeys::<T>::insert(&who, keys);
	who
}

fn fill<T: Config>(count: u32) {
	let all: alloc::vec::Vec<T::AccountId> = (0..count).map(with_keys::<T>).collect();
	Validators::<T>::put(BoundedVec::try_from(all).expect("within the bound"));
}

#[benchmarks]
mod benches {
	use super::*;

	#[benchmark]
	fn add() -> Result<(), BenchmarkError> {
		let most = T::MaxValidators::get();
		fill::<T>(most - 1);
		let one = with_keys::<T>(most);
		let origin = T::Governance::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, one);
		assert_eq!(Validators::<T>::get().len() as u32, most);
		Ok(())
	}

	#[benchmark]
	fn remove() -> Result<(), BenchmarkError> {
		let most = T::MaxValidators::get();
		fill::<T>(most);
		let last: T::AccountId = account("validator", most - 1, 0);
		let origin = T::Governance::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, last);
		assert_eq!(Validators::<T>::get().len() as u32, most - 1);
		Ok(())
	}
}
