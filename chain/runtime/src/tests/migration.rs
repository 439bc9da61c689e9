use super::*;
use frame::deps::frame_support::{storage::unhashed, traits::StorageVersion};
use frame::traits::GetStorageVersion;
use pallet_wattfleet_registry::{
	migrations::v0::{OldCommunity, Rules},
	Communities,
};

fn old() -> OldCommunity<AccountId> {
	let new = rules();
	OldCommunity {
		rules: Rules {
			slot_length_s: new.slot_length_s,
			spot_opens_s: new.spot_opens_s,
			relay_margin_s: new.relay_margin_s,
			gate_closure_s: new.gate_closure_s,
			match_deadline_s: new.match_deadline_s,
			energies_after_s: new.energies_after_s,
			execution_after_s: new.execution_after_s,
			execution_latest_s: new.execution_latest_s,
			shortfall_rate_micro: new.shortfall_rate_micro,
			unused_rate_micro: new.unused_rate_micro,
			fee_micro: new.fee_micro,
		},
		balancing: account(BALANCING),
		grid_operator: account(GRID_ACCOUNT),
	}
}

#[test]
fn communities_get_their_one_version_once() {
	exchange(|| {
		unhashed::put(&Communities::<Runtime>::hashed_key_for(COMMUNITY), &old());
		StorageVersion::new(0).put::<Registry>();
		assert_eq!(Registry::community_at(COMMUNITY, SLOT), None, "the old bytes are no community any more");
		Migrations::on_runtime_upgrade();
		let versions = Communities::<Runtime>::get(COMMUNITY);
		let entry = Registry::community_at(COMMUNITY, 0).unwrap();
		let before = rules();
		assert_eq!(
			entry.rules,
			CommunityRules {
				post_opens_s: 0,
				post_gate_closure_s: 0,
				post_match_deadline_s: 0,
				market_rule: MarketRule::PayAsBid,
				engine_bond_nano: 0,
				..before
			}
		);
		assert!(entry.rules.is_sane());
		assert_eq!((entry.balancing.clone(), entry.grid_operator.clone()), (account(BALANCING), account(GRID_ACCOUNT)));
		assert_eq!(Registry::on_chain_storage_version(), 1);
		Migrations::on_runtime_upgrade();
		assert_eq!(Communities::<Runtime>::get(COMMUNITY), versions, "a second run changes nothing");
	});
}

#[test]
fn a_new_chain_begins_with_the_newest_version() {
	exchange(|| {
		assert_eq!(Registry::on_chain_storage_version(), Registry::in_code_storage_version());
		assert_eq!(Settlement::on_chain_storage_version(), Settlement::in_code_storage_version());
	});
}
