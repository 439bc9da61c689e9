//! The signed messages that enter the chain: fixed SCALE layouts, tag first.

use crate::{sha256, CommunityId, GatewayKey, Seconds};
use codec::{Decode, DecodeAll, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

pub const ORDER_TAG: [u8; 4] = *b"wfo1";
pub const CANCEL_TAG: [u8; 4] = *b"wfc1";
pub const ENERGY_TAG: [u8; 4] = *b"wfe1";

/// Largest sequence and time: 2^53 - 1, what every client can count to exactly, those that count in doubles too.
pub const MAX_COUNTER: u64 = (1 << 53) - 1;

/// SHA-256 over SCALE(gateway, epoch, sequence).
pub type OrderId = [u8; 32];

#[derive(
	Encode, Decode, DecodeWithMemTracking, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, TypeInfo, MaxEncodedLen,
)]
pub enum MarketKind {
	/// Before delivery, on the forecast.
	#[codec(index = 0)]
	Spot,
	/// After delivery, on what was measured.
	#[codec(index = 1)]
	Post,
}

#[derive(Encode, Decode, DecodeWithMemTracking, Clone, Copy, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub enum Side {
	#[codec(index = 0)]
	Bid,
	#[codec(index = 1)]
	Offer,
}

/// `wfo1`: the field order is the layout.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct Order {
	pub tag: [u8; 4],
	pub chain: [u8; 32],
	pub community: CommunityId,
	pub gateway: GatewayKey,
	pub epoch: u32,
	pub sequence: u64,
	pub kind: MarketKind,
	pub side: Side,
	pub slot_start: Seconds,
	/// More than zero.
	pub energy_wh: u32,
	/// Micro-currency per kWh: a bid's includes fees, an offer's is before fees.
	pub price_micro: u32,
	/// Zero: at gate closure.
	pub expires_at: Seconds,
	/// Offer: what it is (1 sun, 2 storage, 4 other). Bid: what it accepts, 0 being all.
	pub energy_types: u8,
	pub partner: Option<GatewayKey>,
	pub replaces: Option<u64>,
}

/// `wfc1`: withdraws what remains of an own order of the same epoch, even when it arrives first.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct Cancel {
	pub tag: [u8; 4],
	pub chain: [u8; 32],
	pub gateway: GatewayKey,
	pub epoch: u32,
	pub sequence: u64,
	pub target: u64,
}

#[derive(Encode, Decode, DecodeWithMemTracking, Clone, Copy, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub enum Quality {
	#[codec(index = 0)]
	Good,
	#[codec(index = 1)]
	Estimated,
	/// Nothing is known: not zero.
	#[codec(index = 2)]
	Missing,
}

/// `wfe1`: what a site drew and fed in during one slot, by its two counters (OBIS 1.8.0 and 2.8.0). On the chain only
/// when its owner reveals it.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct Energy {
	pub tag: [u8; 4],
	pub chain: [u8; 32],
	pub community: CommunityId,
	pub gateway: GatewayKey,
	pub epoch: u32,
	pub sequence: u64,
	pub slot_start: Seconds,
	pub import_wh: u32,
	pub export_wh: u32,
	pub error_wh: u32,
	pub quality: Quality,
	/// 0 operational, 1 billing.
	pub grade: u8,
	pub salt: [u8; 16],
	pub previous: [u8; 32],
}

pub enum Item {
	Order(Order),
	Cancel(Cancel),
}

/// The message that fills these bytes to the last one, or nothing.
pub fn decode_signed(bytes: &[u8]) -> Option<Item> {
	match bytes.get(..4)? {
		tag if tag == ORDER_TAG => Order::decode_all(&mut &bytes[..]).ok().map(Item::Order),
		tag if tag == CANCEL_TAG => Cancel::decode_all(&mut &bytes[..]).ok().map(Item::Cancel),
		_ => None,
	}
}

/// The energy message that fills these bytes to the last one, or nothing.
pub fn decode_energy(bytes: &[u8]) -> Option<Energy> {
	let energy = Energy::decode_all(&mut &bytes[..]).ok()?;
	(energy.tag == ENERGY_TAG && energy.grade <= 1).then_some(energy)
}

/// SHA-256 over SCALE(gateway, epoch, sequence).
pub fn order_id(gateway: &GatewayKey, epoch: u32, sequence: u64) -> OrderId {
	sha256(&(gateway, epoch, sequence).encode())
}

impl Order {
	pub fn id(&self) -> OrderId {
		order_id(&self.gateway, self.epoch, self.sequence)
	}

	/// Whether the figures make sense at all, whatever the market.
	pub fn is_sane(&self) -> bool {
		self.energy_wh > 0
			&& self.energy_types <= 7
			&& self.sequence <= MAX_COUNTER
			&& self.slot_start <= MAX_COUNTER
			&& self.expires_at <= MAX_COUNTER
			&& self.replaces.unwrap_or(0) <= MAX_COUNTER
	}
}

impl Cancel {
	pub fn is_sane(&self) -> bool {
		self.sequence <= MAX_COUNTER && self.target <= MAX_COUNTER
	}
}
