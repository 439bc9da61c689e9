//! Matches checked one by one, the trades they make, and their execution after the slot.
//!
//! Matching moves no money; execution does. The engines that call this are not trusted: a match must be one that both
//! orders agreed to, and no allocation or deviation can exceed what was traded. What an engine claims of a site's reading
//! can be disputed by showing the reading.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod check;
mod coefficients;
mod correction;
mod differences;
mod dispute;
mod execution;
mod forgetting;
mod matching;
mod types;

pub use pallet::*;
pub use types::{
	Allocation, Bond, Claim, Deviation, Match, MatchFault, MessageId, Phase, Settled, Share, SharedEnergy, SiteFlow,
	SiteTotals, Slot, SlotKey, Source, Trade, TradeId, TradeState, WeightInfo, ANSWER_S, MAX_BATCH,
	MAX_COEFFICIENT_SITES, MAX_PROOF, MAX_SITE_TRADES,
};

#[frame::pallet]
pub mod pallet {
	use super::{correction::Measured, dispute::Dispute, execution::Execution, types::*};
	use frame::prelude::*;
	use pallet_wattfleet_orderbook::{Books, Desk, Pallet as Orderbook, SignedItem};
	use pallet_wattfleet_registry::{Community, Pallet as Registry, Role};
	use pallet_wattfleet_vault::{HoldReason, Pallet as Vault};
	use wattfleet_primitives::{
		merkle::ProofStep, CommunityId, MarketKind, MarketRule, Nano, OrderId, Seconds, SiteId,
	};

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::config]
	pub trait Config: frame_system::Config + pallet_wattfleet_orderbook::Config {
		type WeightInfo: WeightInfo;
	}

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::storage]
	pub type NextTrade<T: Config> = StorageValue<_, TradeId, ValueQuery>;

	/// The trades of each slot, executed or not, until nothing about the slot can change.
	#[pallet::storage]
	pub type Trades<T: Config> = StorageDoubleMap<_, Twox64Concat, SlotKey, Twox64Concat, TradeId, Trade<T::AccountId>>;

	/// What each site traded in a slot and how it was settled, as long.
	#[pallet::storage]
	pub type Totals<T: Config> =
		StorageDoubleMap<_, Twox64Concat, SlotKey, Blake2_128Concat, SiteId, SiteTotals<T::AccountId>>;

	/// What is still to do in each slot, and the root that it is settled by, as long.
	#[pallet::storage]
	pub type Slots<T: Config> = StorageMap<_, Twox64Concat, SlotKey, Slot, ValueQuery>;

	/// What each site gave and got by coefficients in a slot, as long.
	#[pallet::storage]
	pub type SharedFlows<T: Config> =
		StorageDoubleMap<_, Twox64Concat, SlotKey, Blake2_128Concat, SiteId, SharedEnergy<T::AccountId>>;

	/// What settlement engines have at stake.
	#[pallet::storage]
	pub type Bonds<T: Config> =
		StorageDoubleMap<_, Twox64Concat, CommunityId, Blake2_128Concat, T::AccountId, Bond, ValueQuery>;

	/// Slots by the minute (Unix time / 60) from which they are given up or forgotten.
	#[pallet::storage]
	pub type Agenda<T: Config> = StorageDoubleMap<_, Twox64Concat, u64, Twox64Concat, SlotKey, (), OptionQuery>;

	/// The minute up to which the agenda was worked through.
	#[pallet::storage]
	pub type AgendaFrom<T: Config> = StorageValue<_, u64, ValueQuery>;

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
		MatchRejected {
			index: u32,
			fault: MatchFault,
		},
		/// The one rate of a pay-as-clear market: its first batch fixes it.
		RateFixed {
			community: CommunityId,
			slot_start: Seconds,
			kind: MarketKind,
			rate_micro: u32,
		},
		TradeExecuted {
			trade: TradeId,
			allocated_wh: u32,
			paid: Nano,
			received: Nano,
			fee: Nano,
		},
		/// What an executed trade comes to now; only the difference moved.
		TradeCorrected {
			trade: TradeId,
			allocated_wh: u32,
			paid: Nano,
			received: Nano,
			fee: Nano,
		},
		/// Nobody settled its slot in time: what it had locked is free again, and nobody pays.
		TradeGivenUp {
			trade: TradeId,
		},
		/// Nobody settled this site's slot in time: what was held for its deviations is free again.
		SiteGivenUp {
			community: CommunityId,
			slot_start: Seconds,
			site: SiteId,
		},
		/// What a site's slot comes to: when it is settled, when its last trade has ended, and after each correction of it or
		/// of a counterparty that changed it.
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
			/// Its trades that are not executed yet: until there are none, the allocated sums are not complete.
			pending: u32,
			source: Source,
		},
		SlotCommitted {
			community: CommunityId,
			slot_start: Seconds,
			root: [u8; 32],
		},
		/// What a site gave and got by coefficients; again after each correction.
		EnergyShared {
			community: CommunityId,
			slot_start: Seconds,
			site: SiteId,
			sold_wh: u32,
			bought_wh: u32,
			received: Nano,
			paid: Nano,
		},
		/// What a settlement engine has at stake from now on.
		BondSet {
			community: CommunityId,
			engine: T::AccountId,
			amount: Nano,
		},
		/// A site's member has revealed a message that is not later than the one that the engine named: the engine, or
		/// anybody, must reveal that one up to `answer_by`, or the engine's stake can be taken.
		SiteChallenged {
			community: CommunityId,
			slot_start: Seconds,
			site: SiteId,
			engine: T::AccountId,
			named: MessageId,
			answer_by: Seconds,
		},
		/// The message that the engine had named was revealed: the challenge is over.
		ChallengeAnswered {
			community: CommunityId,
			slot_start: Seconds,
			site: SiteId,
		},
		/// A settlement engine claimed other of a site than the message in its own root says, or did not show the message
		/// that it had named, and lost its stake. With it a challenge of this site is over.
		EngineSlashed {
			community: CommunityId,
			slot_start: Seconds,
			site: SiteId,
			engine: T::AccountId,
			amount: Nano,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		UnknownCommunity,
		/// The match deadline has passed, matching has not begun, or there is no such market.
		MarketClosed,
		/// Computed from a block that is not finalized history, or older than the market's last trades.
		Stale,
		/// A pay-as-clear market needs one rate, the same in every batch; other markets have none.
		WrongRate,
		/// Execution of this slot may not begin yet.
		TooEarly,
		/// Another root was committed for this slot before.
		RootDiffers,
		/// No such trade in this slot.
		UnknownTrade,
		AlreadyExecuted,
		/// Not what follows from the shares of the two sites, or more than one of them has left.
		AllocatedWrong,
		/// This site has nothing to settle in this slot.
		UnknownSite,
		AlreadySettled,
		/// A deviation is larger than what was traded.
		DeviationTooLarge,
		/// What is claimed of a site comes from a message that it can have signed, unless something is missing.
		MessageUnnamed,
		/// Before the latest execution, energies are waited for.
		MissingTooEarly,
		/// A missing export counts as not delivered, a missing import as taken as bought.
		MissingByRule,
		/// The settlement engine must have the community's bond at stake.
		BondTooSmall,
		/// What this engine settled can still be disputed.
		BondBound,
		/// This slot was not settled, or a counterparty was not.
		NotSettled,
		/// All trades of the site in this slot are needed, ascending.
		TradesIncomplete,
		NotAnEnergyMessage,
		/// Another chain's, community's, slot's or site's message, or one that says nothing.
		WrongMessage,
		BadSignature,
		/// Only the site's own member, or who acts for it, reveals its readings.
		NotYourSite,
		DisputesEnded,
		/// It was given up, or nothing about it can change any more: it is being forgotten.
		SlotClosed,
		CorrectionsEnded,
		/// A later message of this site is known.
		Superseded,
		/// The slot's root does not commit to this message, or the proof is missing.
		NotInRoot,
		/// No message waits for an answer of the engine.
		NotChallenged,
		/// The engine may still show the message that it named.
		AnswerAwaited,
		/// The official value is final.
		OfficialValueStands,
		/// It says what was settled.
		NothingToCorrect,
		/// This community trades by orders.
		NotByCoefficients,
		/// Sites must be ordered by id, each once.
		SitesDisordered,
		/// All sites of the community are needed.
		SitesMissing,
		/// More than a site can draw or feed in.
		BeyondNameplate,
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
			Self::end_slots(remaining)
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), frame::try_runtime::TryRuntimeError> {
			Self::check_money().map_err(Into::into)
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Enters matches of one market, computed from the finalized block `computed_from`. The matching engine. A match
		/// that breaks a rule gets its own event; the others enter. A pay-as-clear market is matched after gate closure,
		/// at `rate_micro`, which its first batch fixes.
		#[pallet::call_index(0)]
		#[pallet::weight(<T as Config>::WeightInfo::submit_matches(matches.len() as u32))]
		pub fn submit_matches(
			origin: OriginFor<T>,
			community: CommunityId,
			slot_start: Seconds,
			kind: MarketKind,
			computed_from: BlockNumberFor<T>,
			rate_micro: Option<u32>,
			matches: BoundedVec<Match, ConstU32<MAX_BATCH>>,
		) -> DispatchResult {
			Registry::<T>::ensure_role(origin, community, Role::MatchingEngine)?;
			let rules = Self::community((community, slot_start))?.rules;
			let market = (community, slot_start, kind);
			let block = frame_system::Pallet::<T>::block_number();
			let now = Orderbook::<T>::now();
			let times = rules.market_times(slot_start, kind).ok_or(Error::<T>::MarketClosed)?;
			ensure!(now <= times.match_deadline, Error::<T>::MarketClosed);
			let state = Slots::<T>::get((community, slot_start));
			ensure!(state.phase == Phase::Live && state.settled_sites == 0, Error::<T>::MarketClosed);
			let book = Books::<T>::get(market);
			// with its rate fixed and its gate closed, only matches change a pay-as-clear market, and each is checked
			let fixed = book.rate_micro.is_some();
			ensure!(computed_from < block && (fixed || computed_from >= book.last_matched), Error::<T>::Stale);
			let uniform = rules.market_rule == MarketRule::Uniform;
			ensure!(rate_micro.is_some() == uniform, Error::<T>::WrongRate);
			ensure!(!uniform || now > times.gate_closes_at, Error::<T>::MarketClosed);
			ensure!(book.rate_micro.is_none() || book.rate_micro == rate_micro, Error::<T>::WrongRate);
			let mut desk = Desk::<T>::new();
			let mut traded = false;
			for (index, of) in (0u32..).zip(&matches) {
				match Self::check_match(&mut desk, &market, of, &rules, rate_micro, now) {
					Ok(pair) => {
						Self::trade(&mut desk, market, of, pair);
						traded = true;
					},
					Err(fault) => Self::deposit_event(Event::MatchRejected { index, fault }),
				}
			}
			if traded {
				let book = desk.change_book(market);
				book.last_matched = block;
				if let (None, Some(rate_micro)) = (book.rate_micro, rate_micro) {
					book.rate_micro = Some(rate_micro);
					Self::deposit_event(Event::RateFixed { community, slot_start, kind, rate_micro });
				}
				desk.save();
			}
			Ok(())
		}

		/// Settles what sites of a slot deviated by, then executes trades between sites that are settled, by their shares.
		/// The settlement engine, its bond at stake. In one call or several of one root. All or nothing per call.
		#[pallet::call_index(1)]
		#[pallet::weight(
			<T as Config>::WeightInfo::settle(deviations.len() as u32)
				.saturating_add(<T as Config>::WeightInfo::execute(allocations.len() as u32))
		)]
		pub fn settle(
			origin: OriginFor<T>,
			community: CommunityId,
			slot_start: Seconds,
			root: [u8; 32],
			allocations: BoundedVec<Allocation, ConstU32<MAX_BATCH>>,
			deviations: BoundedVec<Deviation, ConstU32<MAX_BATCH>>,
		) -> DispatchResult {
			let of = Self::begin(origin, community, slot_start)?;
			Self::commit(of.slot, root)?;
			for deviation in &deviations {
				Self::settle_site(&of, deviation)?;
			}
			for allocation in &allocations {
				Self::execute(&of, allocation)?;
			}
			Ok(())
		}

		/// Shows the signed energy message of a site of one's own against how its slot was settled: the site is settled
		/// again by it. `trades` are all trades of the site in this slot, ascending; `proof` shows that the slot's root
		/// commits to the message. The site's member, until disputes end; whoever shows a message in the root that answers a
		/// challenge.
		#[pallet::call_index(2)]
		#[pallet::weight(<T as Config>::WeightInfo::reveal(trades.len() as u32))]
		pub fn reveal(
			origin: OriginFor<T>,
			community: CommunityId,
			slot_start: Seconds,
			site: SiteId,
			message: SignedItem,
			proof: Option<BoundedVec<ProofStep, ConstU32<MAX_PROOF>>>,
			trades: BoundedVec<TradeId, ConstU32<MAX_SITE_TRADES>>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			let slot = (community, slot_start);
			let member = Totals::<T>::get(slot, site).ok_or(Error::<T>::UnknownSite)?.member;
			let entry = Self::community(slot)?;
			let (entry, trades, now) = (&entry, &trades[..], Orderbook::<T>::now());
			let of = Dispute { slot, entry, site, by_member: member == who, trades, now };
			Self::dispute(&of, &message, proof.as_ref().map(|proof| &proof[..]))
		}

		/// Settles a site's slot again by official values; a counter that is not given stays as it was settled. `trades` are
		/// all trades of the site in this slot, ascending. The grid operator, until corrections end.
		#[pallet::call_index(3)]
		#[pallet::weight(<T as Config>::WeightInfo::correct(trades.len() as u32))]
		pub fn correct(
			origin: OriginFor<T>,
			community: CommunityId,
			slot_start: Seconds,
			site: SiteId,
			import_wh: Option<u32>,
			export_wh: Option<u32>,
			trades: BoundedVec<TradeId, ConstU32<MAX_SITE_TRADES>>,
		) -> DispatchResult {
			Registry::<T>::ensure_role(origin, community, Role::GridOperator)?;
			let entry = Self::community((community, slot_start))?;
			let latest = entry.rules.times(slot_start).execution_latest;
			ensure!(
				Orderbook::<T>::now() <= latest.saturating_add(entry.rules.corrections_s.into()),
				Error::<T>::CorrectionsEnded
			);
			ensure!(import_wh.is_some() || export_wh.is_some(), Error::<T>::NothingToCorrect);
			let measured = Measured { export_wh, import_wh, source: Source::Official };
			Self::resettle((community, slot_start), &entry, site, &measured, &trades)
		}

		/// Splits a slot's export over the sites of a community, all of them, ordered by id. First the settlement engine,
		/// its bond at stake; then the grid operator, by official values, until corrections end: only the difference moves.
		#[pallet::call_index(4)]
		#[pallet::weight(<T as Config>::WeightInfo::settle_coefficients(flows.len() as u32))]
		pub fn settle_coefficients(
			origin: OriginFor<T>,
			community: CommunityId,
			slot_start: Seconds,
			root: [u8; 32],
			flows: BoundedVec<SiteFlow, ConstU32<MAX_COEFFICIENT_SITES>>,
		) -> DispatchResult {
			let slot = (community, slot_start);
			let entry = Self::community(slot)?;
			let price_micro = entry.rules.market_rule.coefficient_price().ok_or(Error::<T>::NotByCoefficients)?;
			ensure!(entry.rules.is_slot_start(slot_start), Error::<T>::UnknownSite);
			let latest = entry.rules.times(slot_start).execution_latest;
			ensure!(
				Orderbook::<T>::now() <= latest.saturating_add(entry.rules.corrections_s.into()),
				Error::<T>::CorrectionsEnded
			);
			if Slots::<T>::get(slot).split_rates.is_some() {
				Registry::<T>::ensure_role(origin, community, Role::GridOperator)?;
				return Self::split_officially(slot, &entry, &flows);
			}
			let of = Self::begin(origin, community, slot_start)?;
			Self::split_first(&of, price_micro, root, &flows)
		}

		/// Adds to what the signer has at stake as settlement engine of a community.
		#[pallet::call_index(5)]
		#[pallet::weight(<T as Config>::WeightInfo::post_bond())]
		pub fn post_bond(origin: OriginFor<T>, community: CommunityId, amount: Nano) -> DispatchResult {
			let engine = Registry::<T>::ensure_role(origin, community, Role::SettlementEngine)?;
			Registry::<T>::ensure_takes_part(community, &engine)?;
			ensure!(Vault::<T>::debt(&engine) == 0, pallet_wattfleet_vault::Error::<T>::InDebt);
			Vault::<T>::lock(HoldReason::Bond, &engine, amount)?;
			let amount = Bonds::<T>::mutate(community, &engine, |bond| {
				bond.amount = bond.amount.saturating_add(amount);
				bond.amount
			});
			Self::deposit_event(Event::BondSet { community, engine, amount });
			Ok(())
		}

		/// Takes the signer's whole stake back, once nothing that it settled can be disputed.
		#[pallet::call_index(6)]
		#[pallet::weight(<T as Config>::WeightInfo::release_bond())]
		pub fn release_bond(origin: OriginFor<T>, community: CommunityId) -> DispatchResult {
			let engine = ensure_signed(origin)?;
			let bond = Bonds::<T>::get(community, &engine);
			ensure!(Orderbook::<T>::now() > bond.bound_until, Error::<T>::BondBound);
			Vault::<T>::release(HoldReason::Bond, &engine, bond.amount)?;
			Bonds::<T>::remove(community, &engine);
			Self::deposit_event(Event::BondSet { community, engine, amount: 0 });
			Ok(())
		}

		/// Takes the stake of an engine that, challenged, has not shown the message that it named for a site. Anybody.
		#[pallet::call_index(7)]
		#[pallet::weight(<T as Config>::WeightInfo::enforce())]
		pub fn enforce(
			origin: OriginFor<T>,
			community: CommunityId,
			slot_start: Seconds,
			site: SiteId,
		) -> DispatchResult {
			ensure_signed(origin)?;
			let slot = (community, slot_start);
			Self::enforce_answer(slot, &Self::community(slot)?, site, Orderbook::<T>::now())
		}

		/// Shows the signed energy message of a site of one's own against how a slot was split. The site's member, until
		/// disputes end.
		#[pallet::call_index(8)]
		#[pallet::weight(<T as Config>::WeightInfo::settle_coefficients(MAX_COEFFICIENT_SITES))]
		pub fn reveal_flow(
			origin: OriginFor<T>,
			community: CommunityId,
			slot_start: Seconds,
			site: SiteId,
			message: SignedItem,
			proof: Option<BoundedVec<ProofStep, ConstU32<MAX_PROOF>>>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			let slot = (community, slot_start);
			let member = SharedFlows::<T>::get(slot, site).ok_or(Error::<T>::UnknownSite)?.member;
			ensure!(member == who, Error::<T>::NotYourSite);
			let entry = Self::community(slot)?;
			let now = Orderbook::<T>::now();
			let of = Dispute { slot, entry: &entry, site, by_member: true, trades: &[], now };
			Self::dispute_flow(&of, &message, proof.as_ref().map(|proof| &proof[..]))
		}
	}

	impl<T: Config> Pallet<T> {
		/// A community as it is for a slot.
		fn community((community, slot_start): SlotKey) -> Result<Community<T::AccountId>, DispatchError> {
			Ok(Registry::<T>::community_at(community, slot_start).ok_or(Error::<T>::UnknownCommunity)?)
		}

		/// The settlement engine, its stake bound until what it does now cannot be disputed any more.
		fn begin(
			origin: OriginFor<T>,
			community: CommunityId,
			slot_start: Seconds,
		) -> Result<Execution<T::AccountId>, DispatchError> {
			let engine = Registry::<T>::ensure_role(origin, community, Role::SettlementEngine)?;
			let slot = (community, slot_start);
			let entry = Self::community(slot)?;
			let now = Orderbook::<T>::now();
			ensure!(now >= entry.rules.times(slot_start).execution_from, Error::<T>::TooEarly);
			ensure!(Slots::<T>::get(slot).phase == Phase::Live, Error::<T>::SlotClosed);
			let bond = Bonds::<T>::get(community, &engine);
			ensure!(bond.amount >= entry.rules.engine_bond_nano.into(), Error::<T>::BondTooSmall);
			Self::bind_bond(
				community,
				&engine,
				now.saturating_add(entry.rules.disputes_s.into()).saturating_add(ANSWER_S),
			);
			Ok(Execution { slot, entry, engine, now })
		}
	}
}
