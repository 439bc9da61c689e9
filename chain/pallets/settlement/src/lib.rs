//! Matches checked one by one, the trades they make, and their execution after the slot.
//!
//! Matching moves no money; execution does. The engines that call this are not trusted: a match must be one that both
//! orders agreed to, and no allocation or deviation can exceed what was traded.
#![cfg_attr(not(feature = "std"), no_std)]

mod execution;
mod matching;
mod types;

pub use pallet::*;
pub use types::{Allocation, Deviation, Match, MatchFault, SiteTotals, SlotKey, Trade, TradeId, MAX_BATCH};

#[frame::pallet]
pub mod pallet {
	use super::types::*;
	use frame::prelude::*;
	use pallet_wattfleet_orderbook::MarketKey;
	use pallet_wattfleet_registry::{Communities, Pallet as Registry, Role};
	use wattfleet_primitives::{CommunityId, MarketKind, Nano, OrderId, Seconds, SiteId};

	/// Two orders read and written, one trade, two totals; no benchmark yet, so a generous constant.
	const MATCH_WEIGHT: Weight = Weight::from_parts(250_000_000, 12_000);
	/// Up to three payments and two releases.
	const EXECUTION_WEIGHT: Weight = Weight::from_parts(400_000_000, 16_000);

	#[pallet::config]
	pub trait Config: frame_system::Config + pallet_wattfleet_orderbook::Config {}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	#[pallet::storage]
	pub type NextTrade<T: Config> = StorageValue<_, TradeId, ValueQuery>;

	/// Trades that are not executed yet.
	#[pallet::storage]
	pub type Trades<T: Config> = StorageDoubleMap<_, Twox64Concat, SlotKey, Twox64Concat, TradeId, Trade<T::AccountId>>;

	/// What each site traded in a slot, until its deviation is settled.
	#[pallet::storage]
	pub type Totals<T: Config> =
		StorageDoubleMap<_, Twox64Concat, SlotKey, Blake2_128Concat, SiteId, SiteTotals<T::AccountId>>;

	/// The block in which trades of a market last entered: a match computed from before it is stale.
	#[pallet::storage]
	pub type LastMatched<T: Config> = StorageMap<_, Twox64Concat, MarketKey, BlockNumberFor<T>, ValueQuery>;

	/// The commitment to the energy messages that a slot was settled by.
	#[pallet::storage]
	pub type Roots<T: Config> = StorageMap<_, Twox64Concat, SlotKey, [u8; 32]>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		Traded {
			trade: TradeId,
			community: CommunityId,
			slot_start: Seconds,
			kind: MarketKind,
			bid: OrderId,
			offer: OrderId,
			buyer_site: SiteId,
			seller_site: SiteId,
			energy_wh: u32,
			/// What the buyer pays per kWh, fee included.
			buyer_rate_micro: u32,
			/// What the seller gets per kWh.
			seller_rate_micro: u32,
		},
		MatchRejected { index: u32, fault: MatchFault },
		TradeExecuted { trade: TradeId, allocated_wh: u32, paid: Nano, received: Nano, fee: Nano },
		SiteSettled {
			community: CommunityId,
			slot_start: Seconds,
			site: SiteId,
			sold_wh: u32,
			bought_wh: u32,
			allocated_sold_wh: u32,
			allocated_bought_wh: u32,
			shortfall_wh: u32,
			unused_wh: u32,
			missing_import: bool,
			missing_export: bool,
			penalty: Nano,
		},
		SlotCommitted { community: CommunityId, slot_start: Seconds, root: [u8; 32] },
	}

	#[pallet::error]
	pub enum Error<T> {
		UnknownCommunity,
		/// The match deadline has passed, or there is no such market.
		MarketClosed,
		/// Computed from a block that is not finalized history, or older than the market's last trades.
		Stale,
		/// Execution of this slot may not begin yet.
		TooEarly,
		/// Another root was committed for this slot before.
		RootDiffers,
		/// No such trade waits for execution in this slot.
		UnknownTrade,
		/// More was allocated than traded.
		AllocatedTooMuch,
		/// This site has nothing to settle in this slot.
		UnknownSite,
		/// Trades of this site are not executed yet.
		TradesPending,
		/// A deviation is larger than what was traded and not allocated.
		DeviationTooLarge,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Enters matches of one market, computed from the finalized block `computed_from`. The matching engine. A match
		/// that breaks a rule gets its own event; the others enter.
		#[pallet::call_index(0)]
		#[pallet::weight(MATCH_WEIGHT.saturating_mul(matches.len() as u64 + 1))]
		pub fn submit_matches(
			origin: OriginFor<T>,
			community: CommunityId,
			slot_start: Seconds,
			kind: MarketKind,
			computed_from: BlockNumberFor<T>,
			matches: BoundedVec<Match, ConstU32<MAX_BATCH>>,
		) -> DispatchResult {
			Registry::<T>::ensure_role(origin, community, Role::MatchingEngine)?;
			let entry = Communities::<T>::get(community).ok_or(Error::<T>::UnknownCommunity)?;
			let market = (community, slot_start, kind);
			let block = frame_system::Pallet::<T>::block_number();
			let now = pallet_wattfleet_orderbook::Pallet::<T>::now();
			ensure!(now <= entry.rules.times(slot_start).match_deadline, Error::<T>::MarketClosed);
			ensure!(computed_from < block && computed_from >= LastMatched::<T>::get(market), Error::<T>::Stale);
			let mut traded = false;
			for (index, pair) in (0u32..).zip(&matches) {
				match Self::check_match(&market, pair, &entry.rules, now) {
					Ok(pair) => {
						Self::trade(market, pair);
						traded = true;
					},
					Err(fault) => Self::deposit_event(Event::MatchRejected { index, fault }),
				}
			}
			if traded {
				LastMatched::<T>::insert(market, block);
			}
			Ok(())
		}

		/// Executes trades of a slot and settles what sites deviated by. The settlement engine. In one call or several of
		/// one root; a site's deviation is taken once all its trades are executed. All or nothing per call.
		#[pallet::call_index(1)]
		#[pallet::weight(EXECUTION_WEIGHT.saturating_mul((allocations.len() + deviations.len()) as u64 + 1))]
		pub fn settle(
			origin: OriginFor<T>,
			community: CommunityId,
			slot_start: Seconds,
			root: [u8; 32],
			allocations: BoundedVec<Allocation, ConstU32<MAX_BATCH>>,
			deviations: BoundedVec<Deviation, ConstU32<MAX_BATCH>>,
		) -> DispatchResult {
			Registry::<T>::ensure_role(origin, community, Role::SettlementEngine)?;
			let entry = Communities::<T>::get(community).ok_or(Error::<T>::UnknownCommunity)?;
			let now = pallet_wattfleet_orderbook::Pallet::<T>::now();
			ensure!(now >= entry.rules.times(slot_start).execution_from, Error::<T>::TooEarly);
			let slot = (community, slot_start);
			Self::commit(slot, root)?;
			for allocation in &allocations {
				Self::execute(slot, allocation, &entry.grid_operator)?;
			}
			for deviation in &deviations {
				Self::settle_site(slot, deviation, &entry)?;
			}
			Ok(())
		}
	}
}
