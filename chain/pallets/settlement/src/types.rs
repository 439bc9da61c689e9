use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use wattfleet_primitives::{CommunityId, Nano, OrderId, Seconds, SiteId};

/// Most matches, allocations or deviations in one call: well under half of a block's weight.
pub const MAX_BATCH: u32 = 256;

pub type TradeId = u64;
pub type SlotKey = (CommunityId, Seconds);

#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct Match {
	pub bid: OrderId,
	pub offer: OrderId,
	pub energy_wh: u32,
}

/// Why a match was refused.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, Copy, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub enum MatchFault {
	UnknownOrder,
	/// One of the orders belongs to another market.
	WrongMarket,
	/// Not a bid and an offer, in this order.
	WrongSide,
	/// Filled, cancelled, replaced or expired.
	NotOpen,
	/// Nothing, or more than what remains of one of the two.
	Amount,
	/// The bid does not cover offer and grid fee.
	Price,
	/// Both sites belong to one member.
	SameMember,
	/// The bid does not accept this type of energy.
	EnergyType,
	/// The key that signed one of the orders was revoked or replaced.
	KeyRevoked,
}

#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct Trade<AccountId> {
	pub buyer: AccountId,
	pub seller: AccountId,
	pub buyer_site: SiteId,
	pub seller_site: SiteId,
	pub energy_wh: u32,
	pub buyer_rate_micro: u32,
	pub seller_rate_micro: u32,
}

/// One site's trades of one slot, and what is locked for what it may deviate by.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct SiteTotals<AccountId> {
	pub member: AccountId,
	pub sold_wh: u32,
	pub bought_wh: u32,
	pub allocated_sold_wh: u32,
	pub allocated_bought_wh: u32,
	/// Trades that are not executed yet.
	pub pending: u32,
	pub held_for_shortfall: Nano,
	pub held_for_unused: Nano,
}

impl<AccountId> SiteTotals<AccountId> {
	pub fn new(member: AccountId) -> Self {
		Self {
			member,
			sold_wh: 0,
			bought_wh: 0,
			allocated_sold_wh: 0,
			allocated_bought_wh: 0,
			pending: 0,
			held_for_shortfall: 0,
			held_for_unused: 0,
		}
	}
}

#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct Allocation {
	pub trade: TradeId,
	pub allocated_wh: u32,
}

/// What a site sold and did not deliver, bought and did not take; and which of its energies were missing.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct Deviation {
	pub site: SiteId,
	pub shortfall_wh: u32,
	pub unused_wh: u32,
	pub missing_import: bool,
	pub missing_export: bool,
}
