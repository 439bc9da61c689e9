use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame::prelude::{BoundedVec, ConstU32};
use scale_info::TypeInfo;
use wattfleet_primitives::{value_nano, CommunityId, MarketKind, Nano, Order, Seconds, Side, SiteId};

/// Most items in one batch: well under half of a block's weight.
pub const MAX_BATCH: u32 = 256;
/// Longer than any message that enters the chain (an order with both options has 153 bytes).
pub const MAX_ITEM_BYTES: u32 = 256;
/// Cancels that one gateway may have waiting for their orders; more are refused with `cap`.
pub const MAX_EARLY_CANCELS: u32 = 128;

/// The bytes that the gateway signed, and its signature over exactly them.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct SignedItem {
	pub bytes: BoundedVec<u8, ConstU32<MAX_ITEM_BYTES>>,
	pub signature: [u8; 64],
}

/// Markets are independent of each other: community, slot, kind.
pub type MarketKey = (CommunityId, Seconds, MarketKind);

#[derive(Encode, Decode, DecodeWithMemTracking, Clone, Copy, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub enum OrderState {
	/// Open, or partly filled: something remains.
	Open,
	Filled,
	Cancelled,
	Replaced,
	Expired,
}

#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct OrderRecord<AccountId> {
	pub order: Order,
	pub site: SiteId,
	pub member: AccountId,
	pub zone: u32,
	pub remaining_wh: u32,
	/// Per kWh of deviation, as it was when the order entered: what collateral was taken for.
	pub deviation_rate_micro: u32,
	pub state: OrderState,
}

impl<AccountId> OrderRecord<AccountId> {
	pub fn market(&self) -> MarketKey {
		(self.order.community, self.order.slot_start, self.order.kind)
	}

	/// What so much of this order has locked: a bid its price and what not taking would cost, an offer what not delivering would.
	pub fn collateral(&self, energy_wh: u32) -> Nano {
		let price = match self.order.side {
			Side::Bid => self.order.price_micro,
			Side::Offer => 0,
		};
		value_nano(energy_wh, price).saturating_add(value_nano(energy_wh, self.deviation_rate_micro))
	}

	/// Whether it can still be matched at this moment.
	pub fn is_live(&self, now: Seconds) -> bool {
		self.state == OrderState::Open && (self.order.expires_at == 0 || now <= self.order.expires_at)
	}
}
