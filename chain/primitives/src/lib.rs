//! What a gateway signs and the community's times, as the chain sees them: pure types, no storage.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod agenda;
pub mod merkle;
mod messages;
mod reason;
mod rules;
pub mod split;

pub use messages::{
	decode_energy, decode_signed, order_id, Cancel, Energy, Item, MarketKind, Order, OrderId, Quality, Side,
	CANCEL_TAG, ENERGY_TAG, MAX_COUNTER, ORDER_TAG,
};
pub use reason::Reason;
pub use rules::{CommunityRules, MarketRule, MarketTimes, SlotTimes};

/// A community's number.
pub type CommunityId = u32;
/// A gateway's Ed25519 public key.
pub type GatewayKey = [u8; 32];
/// A site's pseudonym: 16 random bytes.
pub type SiteId = [u8; 16];
/// UTC Unix seconds.
pub type Seconds = u64;
/// Nano-currency. 1 Wh × 1 micro-currency per kWh is 1 nano.
pub type Nano = u128;

/// Energy at a rate, exactly: Wh × micro-currency per kWh.
pub fn value_nano(energy_wh: u32, rate_micro: u32) -> Nano {
	Nano::from(energy_wh) * Nano::from(rate_micro)
}

/// Whether `key` signed exactly these bytes (Ed25519, RFC 8032), by the node's host function.
pub fn is_signed_by(key: &GatewayKey, bytes: &[u8], signature: &[u8; 64]) -> bool {
	use frame::deps::{sp_core::ed25519, sp_io::crypto::ed25519_verify};
	ed25519_verify(&ed25519::Signature::from_raw(*signature), bytes, &ed25519::Public::from_raw(*key))
}

/// SHA-256: the hash of message bytes, order ids and roots.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
	frame::deps::sp_io::hashing::sha2_256(bytes)
}
