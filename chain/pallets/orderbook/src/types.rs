use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame::prelude::{BoundedVec, ConstU32, Weight};
use scale_info::TypeInfo;
use wattfleet_primitives::{value_nano, CommunityId, MarketKind, Nano, Order, Seconds, Side, SiteId};

/// Most items in one batch: more than fit half of a block, so that weight is the limit and not this.
pub const MAX_BATCH: u32 = 4_096;
/// Longer than any message that enters the chain (an order with both options has 153 bytes).
pub const MAX_ITEM_BYTES: u32 = 256;
/// Orders per storage item. A batch writes each page once, however many of its orders lie there; a page stays small enough
/// (7 kB) to be read for one order of it.
pub const PAGE_ORDERS: u32 = 32;
/// Orders and waiting cancels of one site that the chain remembers at a time; more are refused with `cap`. At four slots
/// ahead, that is 32 per slot.
pub const MAX_SITE_ENTRIES: u32 = 128;
/// Of these, cancels that may wait for their orders.
pub const MAX_EARLY_CANCELS: u32 = 32;

/// The bytes that the gateway signed, and its signature over exactly them.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct SignedItem {
	pub bytes: BoundedVec<u8, ConstU32<MAX_ITEM_BYTES>>,
	pub signature: [u8; 64],
}

/// Markets are independent of each other: community, slot, kind.
pub type MarketKey = (CommunityId, Seconds, MarketKind);

/// An order's place in its market: it was the n-th to enter, from 0. It never changes, and with the market it names the
/// order.
pub type Position = u32;

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

/// Orders of one market in the order in which they entered, from a multiple of `PAGE_ORDERS` on.
pub type Page<AccountId> = BoundedVec<OrderRecord<AccountId>, ConstU32<PAGE_ORDERS>>;

/// One market.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, Default, TypeInfo, MaxEncodedLen)]
pub struct Book<BlockNumber> {
	/// Orders that entered: the next one's position.
	pub entered: Position,
	/// The block in which trades of this market last entered: a match computed from before it is stale.
	pub last_matched: BlockNumber,
	/// The one rate of a pay-as-clear market, once it is fixed.
	pub rate_micro: Option<u32>,
	/// Pages that were closed and forgotten already.
	pub closed_pages: u32,
}

/// What the chain remembers of one signed item of a site, until entry for its slot is closed.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub enum Entry {
	Order {
		epoch: u32,
		sequence: u64,
		slot_start: Seconds,
		kind: MarketKind,
		side: Side,
		position: Position,
		/// Of the signed bytes, so that other bytes under the same identity are told without reading the order.
		fingerprint: [u8; 8],
		/// Open or traded: what counts towards the nameplate's cap.
		counted_wh: u32,
	},
	/// A cancel that came before its order.
	EarlyCancel { epoch: u32, target: u64, came_at: Seconds },
}

/// The entries of one site, all in one storage item.
pub type SiteEntries = BoundedVec<Entry, ConstU32<MAX_SITE_ENTRIES>>;

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

	/// What this order has locked now.
	pub fn locked(&self) -> Nano {
		self.collateral(self.remaining_wh)
	}

	/// Whether it can still be matched at this moment.
	pub fn is_live(&self, now: Seconds) -> bool {
		self.state == OrderState::Open && (self.order.expires_at == 0 || now <= self.order.expires_at)
	}
}

/// What each call and each step costs, measured on the project's runtime.
pub trait WeightInfo {
	/// One order each of `s` sites and members, in one market.
	fn submit(s: u32) -> Weight;
	/// `x` more orders of a site.
	fn further(x: u32) -> Weight;
	/// Orders that lie in `p` pages more than those of `submit` do.
	fn pages(p: u32) -> Weight;
	/// One full page of open orders closed after their market's match deadline.
	fn close_page() -> Weight;
	/// One order that expires before its market closes.
	fn expire_order() -> Weight;
	/// `n` open orders of one site cancelled, each in a page of its own.
	fn cancel_site(n: u32) -> Weight;
}
