//! Who makes blocks: accounts that the council names, in force from the session after next. A validator's keys are its
//! own: it sets and rotates them by `session.set_keys`.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;

pub use pallet::*;

/// What each call costs, measured on the project's runtime.
pub trait WeightInfo {
	fn add() -> frame::prelude::Weight;
	fn remove() -> frame::prelude::Weight;
}

#[frame::pallet]
pub mod pallet {
	use super::WeightInfo;
	use alloc::vec::Vec;
	use frame::prelude::*;

	#[pallet::config]
	pub trait Config:
		frame_system::Config + pallet_session::Config<ValidatorId = <Self as frame_system::Config>::AccountId>
	{
		/// Who names validators: a threshold of the council.
		type Governance: EnsureOrigin<Self::RuntimeOrigin>;
		/// As many as Aura and GRANDPA take.
		#[pallet::constant]
		type MaxValidators: Get<u32>;
		type WeightInfo: WeightInfo;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	#[pallet::storage]
	pub type Validators<T: Config> = StorageValue<_, BoundedVec<T::AccountId, T::MaxValidators>, ValueQuery>;

	#[pallet::genesis_config]
	#[derive(frame::prelude::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		pub validators: Vec<T::AccountId>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let validators = BoundedVec::try_from(self.validators.clone()).expect("no more validators than Aura takes");
			Validators::<T>::put(validators);
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		Added { validator: T::AccountId },
		Removed { validator: T::AccountId },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// It must set its session keys first: a validator without keys would stop the chain.
		NoKeys,
		AlreadyValidator,
		NotAValidator,
		TooMany,
		/// A chain without validators that have keys makes no blocks.
		LastOne,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Makes an account a validator, from the session after next. The council.
		#[pallet::call_index(0)]
		#[pallet::weight(<T as Config>::WeightInfo::add())]
		pub fn add(origin: OriginFor<T>, validator: T::AccountId) -> DispatchResult {
			T::Governance::ensure_origin(origin)?;
			ensure!(pallet_session::NextKeys::<T>::contains_key(&validator), Error::<T>::NoKeys);
			Validators::<T>::try_mutate(|validators| {
				ensure!(!validators.contains(&validator), Error::<T>::AlreadyValidator);
				validators.try_push(validator.clone()).map_err(|_| Error::<T>::TooMany)
			})?;
			Self::deposit_event(Event::Added { validator });
			Ok(())
		}

		/// Ends an account's time as validator, from the session after next. The council.
		#[pallet::call_index(1)]
		#[pallet::weight(<T as Config>::WeightInfo::remove())]
		pub fn remove(origin: OriginFor<T>, validator: T::AccountId) -> DispatchResult {
			T::Governance::ensure_origin(origin)?;
			Validators::<T>::try_mutate(|validators| {
				let at = validators.iter().position(|one| *one == validator).ok_or(Error::<T>::NotAValidator)?;
				validators.remove(at);
				let able = |one: &T::AccountId| pallet_session::NextKeys::<T>::contains_key(one);
				ensure!(validators.iter().any(able), Error::<T>::LastOne);
				Ok::<(), Error<T>>(())
			})?;
			Self::deposit_event(Event::Removed { validator });
			Ok(())
		}
	}

	impl<T: Config> pallet_session::SessionManager<T::AccountId> for Pallet<T> {
		/// Those with keys: one that took its keys back is left out rather than given an empty key. With none left the
		/// set stays as it is.
		fn new_session(_: u32) -> Option<Vec<T::AccountId>> {
			let able: Vec<T::AccountId> = Validators::<T>::get()
				.into_iter()
				.filter(|validator| pallet_session::NextKeys::<T>::contains_key(validator))
				.collect();
			(!able.is_empty()).then_some(able)
		}
		fn start_session(_: u32) {}
		fn end_session(_: u32) {}
	}
}
