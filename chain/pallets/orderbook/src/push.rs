//! The off-chain worker: tells an orderbook service of a block's new orders before the block is final.
//!
//! Only a hint that makes the service faster: the truth is the finalized block. A node does it when its operator has
//! stored a URL under `PUSH_URL_KEY` in the node's local storage and a key of type `PUSH_KEY_TYPE` in its keystore; the
//! service must know that key.

use crate::{
	pallet::{Config, Event, Pallet},
	types::Position,
};
use alloc::{format, string::String, vec, vec::Vec};
use codec::Encode;
use frame::deps::{
	sp_core::{crypto::KeyTypeId, ed25519, offchain::StorageKind},
	sp_io,
	sp_runtime::offchain::{http, Duration},
};
use frame::prelude::*;
use pallet_wattfleet_registry::ChainId;
use wattfleet_primitives::{Order, OrderId};

pub const PUSH_TAG: [u8; 4] = *b"wfp1";
/// Ed25519, generated and inserted as any other key of a node.
pub const PUSH_KEY_TYPE: KeyTypeId = KeyTypeId(*b"wfpu");
/// In the node's persistent local storage: an HTTP URL in UTF-8.
pub const PUSH_URL_KEY: &[u8] = b"wattfleet::push-url";
/// A service that does not answer in time misses the hint; the next block's is due soon after.
const PUSH_TIMEOUT_MS: u64 = 3_000;

/// `wfp1`, SCALE: tag | chain | number of the block | hash of its parent | its new orders with id and position.
#[derive(Encode)]
struct Push<BlockNumber, Hash> {
	tag: [u8; 4],
	chain: [u8; 32],
	number: BlockNumber,
	parent: Hash,
	orders: Vec<(OrderId, Position, Order)>,
}

impl<T: Config> Pallet<T>
where
	<T as frame_system::Config>::RuntimeEvent: TryInto<Event<T>>,
{
	/// Posts this block's new orders. Never submits anything to the chain.
	pub(crate) fn push_new_orders(number: BlockNumberFor<T>) {
		let Some(url) = sp_io::offchain::local_storage_get(StorageKind::PERSISTENT, PUSH_URL_KEY)
			.and_then(|bytes| String::from_utf8(bytes).ok())
		else {
			return;
		};
		let orders: Vec<(OrderId, Position, Order)> = frame_system::Pallet::<T>::read_events_no_consensus()
			.filter_map(|record| match record.event.try_into() {
				Ok(Event::OrderEntered { id, position, order, .. }) => Some((id, position, order)),
				_ => None,
			})
			.collect();
		if orders.is_empty() {
			return;
		}
		let parent = frame_system::Pallet::<T>::parent_hash();
		let body = Push { tag: PUSH_TAG, chain: ChainId::<T>::get(), number, parent, orders }.encode();
		if let Err(error) = post(&url, body) {
			log::warn!(target: "wattfleet::push", "block {number:?}: {error}");
		}
	}
}

fn post(url: &str, body: Vec<u8>) -> Result<(), String> {
	let keys = sp_io::crypto::ed25519_public_keys(PUSH_KEY_TYPE);
	let key = keys.first().ok_or("no key of type wfpu in the keystore")?;
	let signature = sp_io::crypto::ed25519_sign(PUSH_KEY_TYPE, key, &body).ok_or("the keystore did not sign")?;
	let deadline = sp_io::offchain::timestamp().add(Duration::from_millis(PUSH_TIMEOUT_MS));
	let answer = http::Request::post(url, vec![body])
		.add_header("content-type", "application/octet-stream")
		.add_header("x-wattfleet-key", &hex(&key.0))
		.add_header("x-wattfleet-signature", &hex(ed25519::Signature::as_ref(&signature)))
		.deadline(deadline)
		.send()
		.map_err(|error| format!("{url} cannot be reached: {error:?}"))?
		.try_wait(deadline)
		.map_err(|_| format!("{url} did not answer in {PUSH_TIMEOUT_MS} ms"))?
		.map_err(|error| format!("{url}: {error:?}"))?;
	match answer.code {
		200..=299 => Ok(()),
		code => Err(format!("{url} answered {code}")),
	}
}

fn hex(bytes: &[u8]) -> String {
	bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
