//! From one storage version to the next.
//!
//! Chains of the first runtime were development chains with a sudo key and no council, and are not upgraded in place. What
//! their registry held shows how a change of storage goes.

use crate::pallet::{Config, Pallet};
use frame::deps::frame_support::{migrations::VersionedMigration, traits::UncheckedOnRuntimeUpgrade};
use frame::prelude::*;

/// Communities before version 1: one market, one rule, no disputes, no versions.
pub mod v0 {
	use crate::types::{Community, Version, Versions};
	use codec::{Decode, Encode};
	use wattfleet_primitives::{CommunityRules, MarketRule};

	#[derive(Encode, Decode)]
	pub struct Rules {
		pub slot_length_s: u32,
		pub spot_opens_s: u32,
		pub relay_margin_s: u32,
		pub gate_closure_s: u32,
		pub match_deadline_s: u32,
		pub energies_after_s: u32,
		pub execution_after_s: u32,
		pub execution_latest_s: u32,
		pub shortfall_rate_micro: u32,
		pub unused_rate_micro: u32,
		pub fee_micro: [u32; 2],
	}

	#[derive(Encode, Decode)]
	pub struct OldCommunity<AccountId> {
		pub rules: Rules,
		pub balancing: AccountId,
		pub grid_operator: AccountId,
	}

	/// Seven days for disputes, sixty for corrections: the market's defaults.
	const DISPUTES_S: u32 = 7 * 86_400;
	const CORRECTIONS_S: u32 = 60 * 86_400;

	impl<AccountId> OldCommunity<AccountId> {
		/// What the community traded by so far, with the defaults of what it did not have. No bond, so that its engine can
		/// settle what is open; the council sets one.
		pub fn upgraded(self) -> Versions<AccountId> {
			let old = self.rules;
			let entry = Community {
				rules: CommunityRules {
					slot_length_s: old.slot_length_s,
					spot_opens_s: old.spot_opens_s,
					relay_margin_s: old.relay_margin_s,
					gate_closure_s: old.gate_closure_s,
					match_deadline_s: old.match_deadline_s,
					energies_after_s: old.energies_after_s,
					post_opens_s: 0,
					post_gate_closure_s: 0,
					post_match_deadline_s: 0,
					execution_after_s: old.execution_after_s,
					execution_latest_s: old.execution_latest_s,
					disputes_s: DISPUTES_S,
					corrections_s: CORRECTIONS_S,
					shortfall_rate_micro: old.shortfall_rate_micro,
					unused_rate_micro: old.unused_rate_micro,
					fee_micro: old.fee_micro,
					market_rule: MarketRule::PayAsBid,
					engine_bond_nano: 0,
				},
				balancing: self.balancing,
				grid_operator: self.grid_operator,
			};
			Versions::truncate_from(alloc::vec![Version { from: 0, entry }])
		}
	}
}

/// Gives every community its one version, for all slots. Its cost grows with the communities, of which a chain has few.
pub struct VersionsBySlot<T>(core::marker::PhantomData<T>);

impl<T: Config> UncheckedOnRuntimeUpgrade for VersionsBySlot<T> {
	fn on_runtime_upgrade() -> Weight {
		let mut translated = 0u64;
		crate::Communities::<T>::translate::<v0::OldCommunity<T::AccountId>, _>(|_, old| {
			translated = translated.saturating_add(1);
			Some(old.upgraded())
		});
		T::DbWeight::get().reads_writes(translated, translated)
	}
}

/// Runs once: only where the storage is of version 0.
pub type V0ToV1<T> = VersionedMigration<0, 1, VersionsBySlot<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;
