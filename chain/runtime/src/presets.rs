//! Genesis presets. `development` is public knowledge: anybody can sign for its accounts.

use alloc::{vec, vec::Vec};
use frame::deps::sp_genesis_builder::PresetId;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// Pays for a lifetime of extrinsics.
const ENDOWMENT: u64 = 1_000_000_000_000_000;

pub fn names() -> Vec<PresetId> {
	vec![PresetId::from("development")]
}

/// One authority, one sudo key, no community: whoever starts a development chain puts its own in.
pub fn get(id: &PresetId) -> Option<Vec<u8>> {
	if id != "development" {
		return None;
	}
	let alice = Sr25519Keyring::Alice;
	let preset = serde_json::json!({
		"balances": { "balances": [(alice.to_account_id(), ENDOWMENT)] },
		"aura": { "authorities": [sp_consensus_aura::sr25519::AuthorityId::from(alice.public())] },
		"grandpa": {
			"authorities": [(sp_consensus_grandpa::AuthorityId::from(Ed25519Keyring::Alice.public()), 1u64)],
		},
		"sudo": { "key": Some(alice.to_account_id()) },
	});
	serde_json::to_vec(&preset).ok()
}
