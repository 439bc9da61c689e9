use crate::Seconds;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// The rules of one community. Offsets in seconds, rates in micro-currency per kWh.
#[derive(
	Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CommunityRules {
	/// L, 900 where the imbalance period is 15 minutes (Regulation (EU) 2017/2195, Art. 53).
	pub slot_length_s: u32,
	/// Spot opens this long before the slot starts.
	pub spot_opens_s: u32,
	/// The hub refuses new orders from this long before the slot starts; the chain itself only knows gate closure.
	pub relay_margin_s: u32,
	/// Last moment an order may enter a block, before the slot starts.
	pub gate_closure_s: u32,
	/// Last moment a match may enter a block, before the slot starts.
	pub match_deadline_s: u32,
	/// Energies are expected this long after the slot's end.
	pub energies_after_s: u32,
	/// Execution may begin this long after the slot's end.
	pub execution_after_s: u32,
	/// At the latest this long after the slot's end it is executed, with what is missing by rule.
	pub execution_latest_s: u32,
	/// Per kWh of sold energy that was not delivered.
	pub shortfall_rate_micro: u32,
	/// Per kWh of bought energy that was not taken.
	pub unused_rate_micro: u32,
	/// Grid fee by topology class: within one zone, between zones.
	pub fee_micro: [u32; 2],
}

/// The moments of one slot.
pub struct SlotTimes {
	pub opens_at: Seconds,
	pub gate_closes_at: Seconds,
	pub match_deadline: Seconds,
	pub ends_at: Seconds,
	pub execution_from: Seconds,
}

impl CommunityRules {
	/// Phases in their order: margin before closure, closure before the match deadline, both before the slot.
	pub fn is_sane(&self) -> bool {
		self.slot_length_s > 0
			&& self.spot_opens_s > self.relay_margin_s
			&& self.relay_margin_s >= self.gate_closure_s
			&& self.gate_closure_s > self.match_deadline_s
			&& self.execution_latest_s >= self.execution_after_s
	}

	pub fn is_slot_start(&self, at: Seconds) -> bool {
		at % Seconds::from(self.slot_length_s.max(1)) == 0
	}

	/// Saturating: a slot at the edge of time has its moments there too, and nothing overflows.
	pub fn times(&self, slot_start: Seconds) -> SlotTimes {
		let ends_at = slot_start.saturating_add(self.slot_length_s.into());
		SlotTimes {
			opens_at: slot_start.saturating_sub(self.spot_opens_s.into()),
			gate_closes_at: slot_start.saturating_sub(self.gate_closure_s.into()),
			match_deadline: slot_start.saturating_sub(self.match_deadline_s.into()),
			ends_at,
			execution_from: ends_at.saturating_add(self.execution_after_s.into()),
		}
	}

	/// The grid fee between two zones.
	pub fn fee_between(&self, a: u32, b: u32) -> u32 {
		self.fee_micro[usize::from(a != b)]
	}
}
