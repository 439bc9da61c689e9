//! Orders signed by gateways: entered in batches by a relayer that cannot forge them, cancelled, replaced, expired.
//!
//! A bad item never spoils its batch: it gets its own event with a reason. Entry is idempotent on
//! (gateway, epoch, sequence). Orders of one market lie in pages, in the order in which they entered, and a batch reads and
//! writes each page once. When a market's match deadline has passed, what is left of its orders is released and the orders
//! are forgotten, a bounded number per block: entry for the slot is closed by then, so nothing can come back.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod closing;
mod desk;
mod entry;
mod push;
mod types;
mod usage;

pub use desk::Desk;
pub use pallet::*;
pub use push::{PUSH_KEY_TYPE, PUSH_TAG, PUSH_URL_KEY};
pub use types::{
	Book, Entry, MarketKey, OrderRecord, OrderState, Page, Position, SignedItem, WeightInfo, MAX_BATCH,
	MAX_SITE_ENTRIES, PAGE_ORDERS,
};

#[frame::pallet]
pub mod pallet {
	use super::{entry::Batch, types::*, usage, Desk};
	use frame::prelude::*;
	use pallet_wattfleet_registry::{ChainId, Communities, OnGatewayEnded, Pallet as Registry, Role, Sites};
	use wattfleet_primitives::{CommunityId, Nano, Order, OrderId, Reason, Seconds, SiteId};

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::config]
	pub trait Config:
		frame_system::Config<RuntimeEvent: TryInto<Event<Self>>>
		+ pallet_timestamp::Config<Moment = u64>
		+ pallet_wattfleet_registry::Config
		+ pallet_wattfleet_vault::Config
	{
		type WeightInfo: WeightInfo;
	}

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Markets that are not closed yet.
	#[pallet::storage]
	pub type Books<T: Config> = StorageMap<_, Twox64Concat, MarketKey, Book<BlockNumberFor<T>>, ValueQuery>;

	/// The orders of a market, whatever their state, by page: position / `PAGE_ORDERS`.
	#[pallet::storage]
	pub type Pages<T: Config> =
		StorageDoubleMap<_, Twox64Concat, MarketKey, Twox64Concat, u32, Page<T::AccountId>, ValueQuery>;

	/// What is remembered of each site's items until entry for their slots is closed: identities, what counts towards the
	/// nameplate, cancels that wait for their order.
	#[pallet::storage]
	pub type Entries<T: Config> = StorageMap<_, Blake2_128Concat, SiteId, SiteEntries, ValueQuery>;

	/// Markets by the minute (Unix time / 60) from which their match deadline has passed.
	#[pallet::storage]
	pub type Closing<T: Config> = StorageDoubleMap<_, Twox64Concat, u64, Twox64Concat, MarketKey, (), OptionQuery>;

	/// The minute up to which markets have been closed.
	#[pallet::storage]
	pub type ClosedUpTo<T: Config> = StorageValue<_, u64, ValueQuery>;

	/// Orders that expire before their market closes, by the minute from which they have.
	#[pallet::storage]
	pub type Expiring<T: Config> =
		StorageDoubleMap<_, Twox64Concat, u64, Twox64Concat, (MarketKey, Position), (), OptionQuery>;

	/// The minute up to which orders have expired.
	#[pallet::storage]
	pub type ExpiredUpTo<T: Config> = StorageValue<_, u64, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// With its market, `position` names the order to matches.
		OrderEntered { id: OrderId, position: Position, order: Order, site: SiteId, member: T::AccountId, locked: Nano },
		/// An item of a batch was refused; `item_hash` is the SHA-256 of its bytes.
		ItemRejected { item_hash: [u8; 32], reason: Reason },
		/// The end of an order; the lock of what remained is released.
		OrderEnded { id: OrderId, state: OrderState, remaining_wh: u32 },
	}

	#[pallet::error]
	pub enum Error<T> {
		UnknownCommunity,
	}

	#[pallet::extra_constants]
	impl<T: Config> Pallet<T> {
		/// Most entries of each list that a call takes.
		fn max_batch() -> u32 {
			MAX_BATCH
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_idle(_: BlockNumberFor<T>, remaining: Weight) -> Weight {
			Self::end_due(remaining)
		}

		fn offchain_worker(number: BlockNumberFor<T>) {
			Self::push_new_orders(number);
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Enters signed orders and cancels of one community. Its relayer. What the batch really touched is what it costs.
		#[pallet::call_index(0)]
		#[pallet::weight(usage::most::<T>(items))]
		pub fn submit(
			origin: OriginFor<T>,
			community: CommunityId,
			items: BoundedVec<SignedItem, ConstU32<MAX_BATCH>>,
		) -> DispatchResultWithPostInfo {
			// who may not submit has cost a look-up, not the block
			let refused = |error| DispatchErrorWithPostInfo {
				post_info: Some(<T as frame_system::Config>::DbWeight::get().reads(2)).into(),
				error,
			};
			Registry::<T>::ensure_role(origin, community, Role::Relayer).map_err(refused)?;
			let versions = Communities::<T>::get(community);
			ensure!(!versions.is_empty(), Error::<T>::UnknownCommunity);
			let batch = Batch { community, versions, chain: ChainId::<T>::get(), now: Self::now() };
			let mut desk = Desk::<T>::new();
			for item in &items {
				if let Err(reason) = Self::enter(&batch, &mut desk, item) {
					let item_hash = wattfleet_primitives::sha256(&item.bytes);
					Self::deposit_event(Event::ItemRejected { item_hash, reason });
				}
			}
			let weight = usage::actual::<T>(&items, desk.touched_pages());
			desk.save();
			Ok(Some(weight).into())
		}
	}

	impl<T: Config> Pallet<T> {
		/// The chain's own time in seconds: the one that decides.
		pub fn now() -> Seconds {
			pallet_timestamp::Pallet::<T>::get() / 1000
		}

		/// Takes matched energy out of an open order; its collateral now belongs to the trade.
		pub fn fill(record: &mut OrderRecord<T::AccountId>, energy_wh: u32) {
			record.remaining_wh = record.remaining_wh.saturating_sub(energy_wh);
			if record.remaining_wh == 0 {
				record.state = OrderState::Filled;
				let id = record.order.id();
				Self::deposit_event(Event::OrderEnded { id, state: OrderState::Filled, remaining_wh: 0 });
			}
		}

		/// What every open order has locked, by member.
		pub fn locked_in_orders() -> alloc::collections::BTreeMap<T::AccountId, Nano> {
			let mut locked = alloc::collections::BTreeMap::new();
			for record in Pages::<T>::iter_values().flatten().filter(|record| record.state == OrderState::Open) {
				let sum: &mut Nano = locked.entry(record.member.clone()).or_default();
				*sum = sum.saturating_add(record.locked());
			}
			locked
		}
	}

	impl<T: Config> OnGatewayEnded for Pallet<T> {
		fn ended(site: &SiteId) -> Weight {
			let Some(community) = Sites::<T>::get(site).map(|site| site.community) else { return Weight::zero() };
			<T as Config>::WeightInfo::cancel_site(Self::cancel_site(community, site))
		}

		fn weight() -> Weight {
			<T as Config>::WeightInfo::cancel_site(MAX_SITE_ENTRIES)
		}
	}
}
