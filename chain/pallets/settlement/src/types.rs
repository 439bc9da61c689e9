use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame::prelude::Weight;
use scale_info::TypeInfo;
use wattfleet_primitives::{CommunityId, Nano, Seconds, SiteId};

/// Most matches, allocations or deviations in one call: more than fit half of a block, so that weight is the limit.
pub const MAX_BATCH: u32 = 4_096;
/// Trades that one site may have in one slot, so that its settlement can be corrected in one call.
pub const MAX_SITE_TRADES: u32 = 256;
/// Sites of a community that splits its export by coefficients: one call settles all of them.
pub const MAX_COEFFICIENT_SITES: u32 = 512;
/// A settlement engine has a day to show the message that it named, once its site reveals an earlier one.
pub const ANSWER_S: Seconds = 86_400;
/// Steps of a proof: 2^24 messages in one slot.
pub const MAX_PROOF: u32 = 24;

pub type TradeId = u64;
pub type SlotKey = (CommunityId, Seconds);

/// A bid and an offer of one market, by their positions, paired over some energy.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct Match {
	pub bid: u32,
	pub offer: u32,
	pub energy_wh: u32,
}

/// Why a match was refused.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, Copy, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub enum MatchFault {
	UnknownOrder,
	/// Not a bid and an offer, in this order.
	WrongSide,
	/// Filled, cancelled, replaced or expired.
	NotOpen,
	/// Nothing, or more than what remains of one of the two.
	Amount,
	/// The bid does not cover offer and grid fee, or the market's one rate lies outside what the two agreed to.
	Price,
	/// Both sites belong to one member.
	SameMember,
	/// The bid does not accept this type of energy.
	EnergyType,
	/// One of the sites has as many trades in this slot as can be corrected.
	TooManyTrades,
}

#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct Trade<AccountId> {
	pub buyer: AccountId,
	pub seller: AccountId,
	pub buyer_site: SiteId,
	pub seller_site: SiteId,
	pub energy_wh: u32,
	/// What the buyer pays per kWh, fee included.
	pub buyer_rate_micro: u32,
	/// What the seller gets per kWh.
	pub seller_rate_micro: u32,
	pub state: TradeState,
}

#[derive(Encode, Decode, DecodeWithMemTracking, Clone, Copy, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub enum TradeState {
	/// Waits for execution; what it can cost is locked.
	Open,
	Executed {
		allocated_wh: u32,
	},
	/// Nobody settled its slot in time: nobody pays.
	GivenUp,
}

/// Where a site's settled figures come from. A later source overrides an earlier one.
#[derive(
	Encode, Decode, DecodeWithMemTracking, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, TypeInfo, MaxEncodedLen,
)]
pub enum Source {
	/// What the settlement engine says that the site's energy message said.
	Engine,
	/// The site's signed energy message, revealed by its member.
	Revealed,
	/// The grid operator's official value.
	Official,
}

/// The energy message that figures come from: its identity under the site's gateway.
#[derive(
	Encode, Decode, DecodeWithMemTracking, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, TypeInfo, MaxEncodedLen,
)]
pub struct MessageId {
	pub epoch: u32,
	pub sequence: u64,
}

/// How a site's slot was settled, last, and what the engine claimed of it.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct Settled<AccountId> {
	pub shortfall_wh: u32,
	pub unused_wh: u32,
	pub missing_import: bool,
	pub missing_export: bool,
	pub penalty: Nano,
	/// Where what is known of each counter comes from.
	pub import_source: Source,
	pub export_source: Source,
	/// The engine's word, which its stake answers for.
	pub claim: Claim,
	pub engine: AccountId,
	/// When it was claimed: disputes count from here.
	pub at: Seconds,
	/// The latest message that was revealed.
	pub revealed: Option<MessageId>,
	/// Since when a message is revealed that the engine must show a later one for.
	pub challenged_at: Option<Seconds>,
	/// The engine has lost its stake for this claim.
	pub judged: bool,
}

impl<AccountId> Settled<AccountId> {
	/// The one that stands above the other.
	pub fn source(&self) -> Source {
		self.import_source.max(self.export_source)
	}
}

/// What a settlement engine said of a site.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, Copy, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct Claim {
	pub shortfall_wh: u32,
	pub unused_wh: u32,
	pub missing: bool,
	/// The message that it comes from.
	pub message: Option<MessageId>,
}

/// One site's trades of one slot, and what is locked for what it may deviate by.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct SiteTotals<AccountId> {
	pub member: AccountId,
	pub sold_wh: u32,
	pub bought_wh: u32,
	pub allocated_sold_wh: u32,
	pub allocated_bought_wh: u32,
	pub trades: u32,
	/// Trades that are not executed yet.
	pub pending: u32,
	/// What was held for deviations when the trades were made; released or paid when the site is settled.
	pub held_for_shortfall: Nano,
	pub held_for_unused: Nano,
	pub settled: Option<Settled<AccountId>>,
	/// Nobody settled it in time: what was held for it has returned.
	pub given_up: bool,
}

impl<AccountId> SiteTotals<AccountId> {
	pub fn new(member: AccountId) -> Self {
		Self {
			member,
			sold_wh: 0,
			bought_wh: 0,
			allocated_sold_wh: 0,
			allocated_bought_wh: 0,
			trades: 0,
			pending: 0,
			held_for_shortfall: 0,
			held_for_unused: 0,
			settled: None,
			given_up: false,
		}
	}

	/// What it delivered of what it sold.
	pub fn delivered(&self) -> Option<Share> {
		let settled = self.settled.as_ref()?;
		Some(Share { part: self.sold_wh.saturating_sub(settled.shortfall_wh), whole: self.sold_wh })
	}

	/// What it took of what it bought.
	pub fn taken(&self) -> Option<Share> {
		let settled = self.settled.as_ref()?;
		Some(Share { part: self.bought_wh.saturating_sub(settled.unused_wh), whole: self.bought_wh })
	}

	/// What it delivered and no trade was allocated.
	pub fn left_to_sell(&self) -> u32 {
		self.delivered().map_or(0, |share| share.part.saturating_sub(self.allocated_sold_wh))
	}

	/// What it took and no trade was allocated.
	pub fn left_to_buy(&self) -> u32 {
		self.taken().map_or(0, |share| share.part.saturating_sub(self.allocated_bought_wh))
	}

	/// What these deviations cost. One rate makes this exact: what is held is a multiple of the whole. Where orders entered
	/// under different rates, each Wh costs their mean, rounded down.
	pub fn penalty(&self, shortfall_wh: u32, unused_wh: u32) -> Nano {
		share(self.held_for_shortfall, shortfall_wh, self.sold_wh).saturating_add(share(
			self.held_for_unused,
			unused_wh,
			self.bought_wh,
		))
	}
}

/// Part of a whole, compared without dividing.
#[derive(Clone, Copy)]
pub struct Share {
	pub part: u32,
	pub whole: u32,
}

impl Share {
	pub fn lesser(self, other: Share) -> Share {
		let (a, b) = (u64::from(self.part) * u64::from(other.whole), u64::from(other.part) * u64::from(self.whole));
		if a <= b {
			self
		} else {
			other
		}
	}

	/// So much of an energy, rounded down, and whether anything was lost by it.
	pub fn of(self, energy_wh: u32) -> (u32, bool) {
		let product = u64::from(energy_wh) * u64::from(self.part);
		let whole = u64::from(self.whole.max(1));
		// at most the energy: a share is at most one
		((product / whole) as u32, product % whole != 0)
	}
}

/// What is held for `whole` Wh, for `part` of them.
fn share(held: Nano, part_wh: u32, whole_wh: u32) -> Nano {
	held.saturating_mul(part_wh.into()).checked_div(whole_wh.into()).unwrap_or(0)
}

#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct Allocation {
	pub trade: TradeId,
	pub allocated_wh: u32,
}

/// What a site sold and did not deliver, bought and did not take; which of its energies were missing; and the message that
/// says so.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct Deviation {
	pub site: SiteId,
	pub shortfall_wh: u32,
	pub unused_wh: u32,
	pub missing_import: bool,
	pub missing_export: bool,
	pub message: Option<MessageId>,
}

#[derive(
	Encode, Decode, DecodeWithMemTracking, Clone, Copy, PartialEq, Eq, Debug, Default, TypeInfo, MaxEncodedLen,
)]
pub enum Phase {
	/// It can be traded, settled and corrected, each in its time.
	#[default]
	Live,
	/// Nobody settled all of it in time: what was not settled never will be.
	GivenUp,
	/// Nothing about it can change any more.
	Forgetting,
}

/// What is still to do in a slot, and what it was bound to.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, Default, TypeInfo, MaxEncodedLen)]
pub struct Slot {
	/// The commitment to the energy messages that it is settled by.
	pub root: Option<[u8; 32]>,
	/// Trades that are not executed.
	pub open_trades: u32,
	/// Sites that traded and are not settled.
	pub open_sites: u32,
	/// Sites that are: from the first on, the root stands and no trade enters.
	pub settled_sites: u32,
	pub phase: Phase,
	/// How far giving up has come: everything up to these.
	pub swept_trade: Option<TradeId>,
	pub swept_site: Option<SiteId>,
	/// What a split's energy costs, and its grid fee, micro-currency per kWh, as at its first settlement.
	pub split_rates: Option<(u32, u32)>,
}

impl Slot {
	pub fn is_done(&self) -> bool {
		self.open_trades == 0 && self.open_sites == 0
	}
}

/// A settlement engine's stake in one community.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, Default, TypeInfo, MaxEncodedLen)]
pub struct Bond {
	pub amount: Nano,
	/// It cannot be taken back before: what the engine settled last can be disputed until then.
	pub bound_until: Seconds,
}

/// What a site fed in and drew in a slot of a community that splits its export, and the message that says so.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct SiteFlow {
	pub site: SiteId,
	pub export_wh: u32,
	pub import_wh: u32,
	pub message: Option<MessageId>,
}

/// What a site gave and got by coefficients.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct SharedEnergy<AccountId> {
	pub flow: SiteFlow,
	pub source: Source,
	pub member: AccountId,
	/// The site's static share, as at the first settlement.
	pub share: u32,
	pub sold_wh: u32,
	pub bought_wh: u32,
	/// When it was first settled, and whose stake answers for it, unless it is lost already.
	pub at: Seconds,
	pub engine: AccountId,
	pub judged: bool,
}

/// What each call and each step costs, measured on the project's runtime.
pub trait WeightInfo {
	/// `n` matches, each of two orders, sites and pages of its own.
	fn submit_matches(n: u32) -> Weight;
	/// `d` sites settled.
	fn settle(d: u32) -> Weight;
	/// `a` trades executed, each between two sites of its own.
	fn execute(a: u32) -> Weight;
	/// A site with `t` trades, each with a counterparty of its own.
	fn reveal(t: u32) -> Weight;
	fn correct(t: u32) -> Weight;
	/// `n` sites.
	fn settle_coefficients(n: u32) -> Weight;
	fn enforce() -> Weight;
	fn post_bond() -> Weight;
	fn release_bond() -> Weight;
	/// One trade or one site's totals forgotten, with what they still have locked.
	fn forget() -> Weight;
}
