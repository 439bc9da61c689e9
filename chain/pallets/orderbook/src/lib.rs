//! Orders signed by gateways: entered in batches by a relayer that cannot forge them, cancelled, replaced, expired.
//!
//! A bad item never spoils its batch: it gets its own event with a reason. Entry is idempotent on
//! (gateway, epoch, sequence). When a market's match deadline has passed, what is left of its orders is released and the
//! orders are forgotten, a bounded number per block: entry for the slot is closed by then, so nothing can come back.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod closing;
mod entry;
mod types;

pub use pallet::*;
pub use types::{MarketKey, OrderRecord, OrderState, SignedItem, MAX_BATCH};

#[frame::pallet]
pub mod pallet {
	use super::types::*;
	use frame::prelude::*;
	use pallet_wattfleet_registry::{Pallet as Registry, Role};
	use wattfleet_primitives::{CommunityId, GatewayKey, Nano, Order, OrderId, Reason, Seconds, Side, SiteId};

	/// One signature check and about ten storage accesses; no benchmark yet, so a generous constant.
	pub(crate) const ITEM_WEIGHT: Weight = Weight::from_parts(300_000_000, 12_000);

	#[pallet::config]
	pub trait Config:
		frame_system::Config + pallet_timestamp::Config<Moment = u64> + pallet_wattfleet_registry::Config + pallet_wattfleet_vault::Config
	{
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// Orders of markets that are not closed yet, whatever their state: their ids must stay known.
	#[pallet::storage]
	pub type Orders<T: Config> = StorageMap<_, Identity, OrderId, OrderRecord<T::AccountId>>;

	/// The orders of one market.
	#[pallet::storage]
	pub type MarketOrders<T: Config> = StorageDoubleMap<_, Twox64Concat, MarketKey, Identity, OrderId, (), OptionQuery>;

	/// What a site has open or traded in one slot, per side: what the nameplate caps.
	#[pallet::storage]
	pub type Exposure<T: Config> =
		StorageDoubleMap<_, Twox64Concat, MarketKey, Blake2_128Concat, (SiteId, Side), u32, ValueQuery>;

	/// Cancels that arrived before their order, by the time at which they came.
	#[pallet::storage]
	pub type EarlyCancels<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, (GatewayKey, u32), Twox64Concat, u64, Seconds, OptionQuery>;

	/// How many cancels of one (gateway, epoch) wait for their order.
	#[pallet::storage]
	pub type EarlyCancelCount<T: Config> = StorageMap<_, Blake2_128Concat, (GatewayKey, u32), u32, ValueQuery>;

	/// Markets by the minute (Unix time / 60) from which their match deadline has passed.
	#[pallet::storage]
	pub type Closing<T: Config> = StorageDoubleMap<_, Twox64Concat, u64, Twox64Concat, MarketKey, (), OptionQuery>;

	/// The minute up to which markets have been closed.
	#[pallet::storage]
	pub type ClosedUpTo<T: Config> = StorageValue<_, u64, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		OrderEntered { id: OrderId, order: Order, site: SiteId, member: T::AccountId, locked: Nano },
		/// An item of a batch was refused; `item_hash` is the SHA-256 of its bytes.
		ItemRejected { item_hash: [u8; 32], reason: Reason },
		/// The end of an order; the lock of what remained is released.
		OrderEnded { id: OrderId, state: OrderState, remaining_wh: u32 },
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_idle(_: BlockNumberFor<T>, remaining: Weight) -> Weight {
			Self::close_markets(remaining)
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Enters signed orders and cancels of one community. Its relayer.
		#[pallet::call_index(0)]
		#[pallet::weight(ITEM_WEIGHT.saturating_mul(items.len() as u64 + 1))]
		pub fn submit(
			origin: OriginFor<T>,
			community: CommunityId,
			items: BoundedVec<SignedItem, ConstU32<MAX_BATCH>>,
		) -> DispatchResult {
			Registry::<T>::ensure_role(origin, community, Role::Relayer)?;
			for item in &items {
				if let Err(reason) = Self::enter(community, item) {
					let item_hash = wattfleet_primitives::sha256(&item.bytes);
					Self::deposit_event(Event::ItemRejected { item_hash, reason });
				}
			}
			Ok(())
		}
	}

	impl<T: Config> Pallet<T> {
		/// The chain's own time in seconds: the one that decides.
		pub fn now() -> Seconds {
			pallet_timestamp::Pallet::<T>::get() / 1000
		}
	}
}
