//! Genesis presets. `development` and `local` are public knowledge: anybody can sign for their accounts. `community` is
//! what a community fills in.

use crate::SessionKeys;
use alloc::{vec, vec::Vec};
use frame::deps::{sp_core::crypto::AccountId32, sp_genesis_builder::PresetId};
use serde_json::{json, Value};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// Pays for a lifetime of extrinsics.
const ENDOWMENT: u64 = 1_000_000_000_000_000;

const DEVELOPMENT: &str = "development";
const LOCAL: &str = "local";
const COMMUNITY: &str = "community";

pub fn names() -> Vec<PresetId> {
	vec![PresetId::from(DEVELOPMENT), PresetId::from(LOCAL), PresetId::from(COMMUNITY)]
}

pub fn get(id: &PresetId) -> Option<Vec<u8>> {
	let preset = match AsRef::<str>::as_ref(id) {
		DEVELOPMENT => network(&[(Sr25519Keyring::Alice, Ed25519Keyring::Alice)]),
		LOCAL => network(&[
			(Sr25519Keyring::Alice, Ed25519Keyring::Alice),
			(Sr25519Keyring::Bob, Ed25519Keyring::Bob),
			(Sr25519Keyring::Charlie, Ed25519Keyring::Charlie),
			(Sr25519Keyring::Dave, Ed25519Keyring::Dave),
		]),
		COMMUNITY => template(),
		_ => return None,
	};
	serde_json::to_vec(&preset).ok()
}

/// These validators, who are the council too; no community: whoever starts such a chain puts its own in.
fn network(validators: &[(Sr25519Keyring, Ed25519Keyring)]) -> Value {
	let accounts: Vec<AccountId32> = validators.iter().map(|(aura, _)| aura.to_account_id()).collect();
	let keys: Vec<(AccountId32, AccountId32, SessionKeys)> = validators
		.iter()
		.map(|(aura, grandpa)| {
			let account = aura.to_account_id();
			let keys = SessionKeys { aura: aura.public().into(), grandpa: grandpa.public().into() };
			(account.clone(), account, keys)
		})
		.collect();
	let balances: Vec<(&AccountId32, u64)> = accounts.iter().map(|account| (account, ENDOWMENT)).collect();
	json!({
		"balances": { "balances": balances },
		"validators": { "validators": accounts },
		"session": { "keys": keys },
		"council": { "members": accounts },
	})
}

/// A community with the market's default rules. Its accounts, validators, session keys, council and chain id are empty or
/// zero: they must be filled in before a chain starts from it.
fn template() -> Value {
	let nobody = AccountId32::new([0; 32]);
	let no_chain_id = [0u8; 32];
	json!({
		"balances": { "balances": [] },
		"validators": { "validators": [] },
		"session": { "keys": [] },
		"council": { "members": [] },
		"registry": {
			"chainId": no_chain_id,
			"communities": [[1, {
				"rules": {
					"slotLengthS": 900,
					"spotOpensS": 86_400,
					"relayMarginS": 330,
					"gateClosureS": 300,
					"matchDeadlineS": 60,
					"energiesAfterS": 600,
					"postOpensS": 600,
					"postGateClosureS": 3_600,
					"postMatchDeadlineS": 3_840,
					"executionAfterS": 3_900,
					"executionLatestS": 86_400,
					"disputesS": 604_800,
					"correctionsS": 5_184_000,
					"shortfallRateMicro": 100_000,
					"unusedRateMicro": 50_000,
					"feeMicro": [10_000, 20_000],
					"marketRule": "payAsBid",
					"engineBondNano": 1_000_000_000_000u64,
				},
				"balancing": nobody,
				"gridOperator": nobody,
			}]],
			"roles": [],
		},
	})
}
