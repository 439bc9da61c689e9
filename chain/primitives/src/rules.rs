use crate::{MarketKind, Seconds};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// How a community's energy finds its buyer and its price.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	Clone,
	Copy,
	PartialEq,
	Eq,
	Debug,
	TypeInfo,
	MaxEncodedLen,
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum MarketRule {
	/// A trade's rate is its bid's price.
	PayAsBid,
	/// Pay-as-clear: one rate for the market, within every matched pair's offer and bid.
	Uniform,
	/// No orders: the community's export is split by the sites' registered shares. A share that its site cannot use goes
	/// to nobody.
	StaticShares { price_micro: u32 },
	/// No orders: the community's export is split in proportion to import.
	ProportionalShares { price_micro: u32 },
}

impl MarketRule {
	/// Micro-currency per kWh of communities that split instead of trading.
	pub fn coefficient_price(&self) -> Option<u32> {
		match self {
			Self::StaticShares { price_micro } | Self::ProportionalShares { price_micro } => Some(*price_micro),
			Self::PayAsBid | Self::Uniform => None,
		}
	}
}

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
	/// The market after delivery opens this long after the slot's end.
	pub post_opens_s: u32,
	/// Its gate closure, after the slot's end. Zero: this community has no such market.
	pub post_gate_closure_s: u32,
	/// Its match deadline, after the slot's end.
	pub post_match_deadline_s: u32,
	/// Execution may begin this long after the slot's end.
	pub execution_after_s: u32,
	/// At the latest this long after the slot's end it is executed, with what is missing by rule.
	pub execution_latest_s: u32,
	/// A member may dispute its site's settlement for so long.
	pub disputes_s: u32,
	/// The grid operator may correct a slot by official values for so long after its latest execution.
	pub corrections_s: u32,
	/// Per kWh of sold energy that was not delivered.
	pub shortfall_rate_micro: u32,
	/// Per kWh of bought energy that was not taken.
	pub unused_rate_micro: u32,
	/// Grid fee by topology class: within one zone, between zones.
	pub fee_micro: [u32; 2],
	pub market_rule: MarketRule,
	/// Nano-currency that a settlement engine holds at stake while what it settled can be disputed.
	pub engine_bond_nano: u64,
}

/// When orders and matches of one market may enter.
pub struct MarketTimes {
	pub opens_at: Seconds,
	pub gate_closes_at: Seconds,
	pub match_deadline: Seconds,
}

/// The moments of a slot after its delivery.
pub struct SlotTimes {
	pub ends_at: Seconds,
	pub execution_from: Seconds,
	/// From here what is missing is settled by rule.
	pub execution_latest: Seconds,
	/// From here a slot that nobody has settled is given up: what its trades had locked returns.
	pub abandoned_from: Seconds,
	/// From here nothing about the slot can change, and the chain forgets it.
	pub forgotten_from: Seconds,
}

impl CommunityRules {
	/// Phases in their order: margin before closure, closure before the match deadline, both before the slot; the market
	/// after delivery likewise, and closed before execution; disputes end before corrections do.
	pub fn is_sane(&self) -> bool {
		let no_post = self.post_gate_closure_s == 0 && self.post_opens_s == 0 && self.post_match_deadline_s == 0;
		let post = self.post_opens_s < self.post_gate_closure_s
			&& self.post_gate_closure_s < self.post_match_deadline_s
			&& self.post_match_deadline_s < self.execution_after_s;
		self.slot_length_s > 0
			&& self.spot_opens_s > self.relay_margin_s
			&& self.relay_margin_s >= self.gate_closure_s
			&& self.gate_closure_s > self.match_deadline_s
			&& self.execution_latest_s >= self.execution_after_s
			&& self.corrections_s >= self.disputes_s
			&& (no_post || post)
	}

	pub fn is_slot_start(&self, at: Seconds) -> bool {
		at % Seconds::from(self.slot_length_s.max(1)) == 0
	}

	/// The phases of one market of a slot, or nothing where this community has no such market. Saturating: a slot at the
	/// edge of time has its moments there too, and nothing overflows.
	pub fn market_times(&self, slot_start: Seconds, kind: MarketKind) -> Option<MarketTimes> {
		if self.market_rule.coefficient_price().is_some() {
			return None;
		}
		match kind {
			MarketKind::Spot => Some(MarketTimes {
				opens_at: slot_start.saturating_sub(self.spot_opens_s.into()),
				gate_closes_at: slot_start.saturating_sub(self.gate_closure_s.into()),
				match_deadline: slot_start.saturating_sub(self.match_deadline_s.into()),
			}),
			MarketKind::Post if self.post_gate_closure_s > 0 => {
				let ends_at = slot_start.saturating_add(self.slot_length_s.into());
				Some(MarketTimes {
					opens_at: ends_at.saturating_add(self.post_opens_s.into()),
					gate_closes_at: ends_at.saturating_add(self.post_gate_closure_s.into()),
					match_deadline: ends_at.saturating_add(self.post_match_deadline_s.into()),
				})
			},
			MarketKind::Post => None,
		}
	}

	/// What follows on delivery. Saturating, as `market_times`.
	pub fn times(&self, slot_start: Seconds) -> SlotTimes {
		let ends_at = slot_start.saturating_add(self.slot_length_s.into());
		let execution_latest = ends_at.saturating_add(self.execution_latest_s.into());
		SlotTimes {
			ends_at,
			execution_from: ends_at.saturating_add(self.execution_after_s.into()),
			execution_latest,
			abandoned_from: execution_latest.saturating_add(self.disputes_s.into()),
			forgotten_from: execution_latest
				.saturating_add(self.disputes_s.into())
				.saturating_add(self.corrections_s.into()),
		}
	}

	/// The grid fee between two zones, micro-currency per kWh.
	pub fn fee_between(&self, a: u32, b: u32) -> u32 {
		self.fee_micro[usize::from(a != b)]
	}
}
