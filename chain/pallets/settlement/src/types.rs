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
	/// Nothing before execution.
	pub allocated_wh: Option<u32>,
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

/// How a site's slot was settled, last.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct Settled<AccountId> {
	pub shortfall_wh: u32,
	pub unused_wh: u32,
	pub missing_import: bool,
	pub missing_export: bool,
	pub penalty: Nano,
	pub source: Source,
	pub message: Option<MessageId>,
	/// When it was first settled: disputes count from here.
	pub at: Seconds,
	/// The settlement engine whose stake answers for it.
	pub engine: AccountId,
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
		}
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

/// What is still to do in a slot, and what it was bound to.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, Default, TypeInfo, MaxEncodedLen)]
pub struct Slot {
	/// The commitment to the energy messages that it is settled by.
	pub root: Option<[u8; 32]>,
	/// Trades that are not executed.
	pub open_trades: u32,
	/// Sites that traded and are not settled.
	pub open_sites: u32,
	/// It is being forgotten: nothing about it can change.
	pub closed: bool,
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

/// What a site fed in and drew in a slot of a community that splits its export.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct SiteFlow {
	pub site: SiteId,
	pub export_wh: u32,
	pub import_wh: u32,
}

/// What a site gave and got by coefficients.
#[derive(
	Encode, Decode, DecodeWithMemTracking, Clone, Copy, PartialEq, Eq, Debug, Default, TypeInfo, MaxEncodedLen,
)]
pub struct SharedEnergy {
	pub sold_wh: u32,
	pub bought_wh: u32,
}

/// What each call and each step costs, measured on the project's runtime.
pub trait WeightInfo {
	/// `n` matches, each of two orders, sites and pages of its own.
	fn submit_matches(n: u32) -> Weight;
	/// `a` trades executed and `d` sites settled.
	fn settle(a: u32, d: u32) -> Weight;
	/// A site with `t` trades, each with a counterparty of its own.
	fn reveal(t: u32) -> Weight;
	fn correct(t: u32) -> Weight;
	/// `n` sites.
	fn settle_coefficients(n: u32) -> Weight;
	fn post_bond() -> Weight;
	fn release_bond() -> Weight;
	/// One trade or one site's totals forgotten, with what they still have locked.
	fn forget() -> Weight;
}
