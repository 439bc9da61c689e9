use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame::prelude::{BoundedVec, ConstU32};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use wattfleet_primitives::{CommunityId, CommunityRules, GatewayKey, Seconds, SiteId};

/// What an account may do in one community.
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
#[serde(rename_all = "camelCase")]
pub enum Role {
	/// Registers sites, enrols gateways, issues and redeems money.
	Operator,
	/// Enters signed orders.
	Relayer,
	MatchingEngine,
	SettlementEngine,
	/// Corrects by official values.
	GridOperator,
}

impl Role {
	pub const ALL: [Role; 5] =
		[Role::Operator, Role::Relayer, Role::MatchingEngine, Role::SettlementEngine, Role::GridOperator];
}

#[derive(
	Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Community<AccountId> {
	pub rules: CommunityRules,
	/// Gets what deviations cost, and stands between those who owe by a correction and those who are owed.
	pub balancing: AccountId,
	/// Gets the grid fees.
	pub grid_operator: AccountId,
}

/// A community as it is for slots that start at or after `from`. What a slot is traded and settled by never changes.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct Version<AccountId> {
	pub from: Seconds,
	pub entry: Community<AccountId>,
}

/// Versions that a community has at a time. One is dropped when no slot of it can change any more.
pub const MAX_VERSIONS: u32 = 8;
/// A gigawatt-hour per slot: more than any site, and two of it still fit the figures of a slot.
pub const MAX_CAP_WH: u32 = 1_000_000_000;

/// The versions of one community, the oldest first.
pub type Versions<AccountId> = BoundedVec<Version<AccountId>, ConstU32<MAX_VERSIONS>>;

/// The version of these for a slot.
pub fn version_at<AccountId>(versions: &[Version<AccountId>], slot_start: Seconds) -> Option<&Community<AccountId>> {
	versions.iter().rev().find(|version| version.from <= slot_start).map(|version| &version.entry)
}

/// A member's metering point with the grid: the unit that trades and is settled.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct Site<AccountId> {
	pub community: CommunityId,
	pub member: AccountId,
	/// Grid zone: the topology class of a trade follows from its two zones.
	pub zone: u32,
	/// Most that may be bid for, and offered, per slot: the nameplate.
	pub cap_import_wh: u32,
	pub cap_export_wh: u32,
	/// The key in force.
	pub gateway: Option<GatewayKey>,
	/// Of the latest enrolment; zero before the first.
	pub epoch: u32,
}

#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct Gateway {
	pub site: SiteId,
	pub epoch: u32,
	pub revoked: bool,
	/// When it was revoked or replaced: what it signs of slots from then on is nothing.
	pub ended_at: Option<Seconds>,
}

/// Told when a gateway's key or epoch ends, so that nothing signed under it stays open.
pub trait OnGatewayEnded {
	/// Ends all that this site has open, and says what that cost.
	fn ended(site: &SiteId) -> frame::prelude::Weight;
	/// The most that `ended` costs.
	fn weight() -> frame::prelude::Weight;
}

impl OnGatewayEnded for () {
	fn ended(_: &SiteId) -> frame::prelude::Weight {
		frame::prelude::Weight::zero()
	}
	fn weight() -> frame::prelude::Weight {
		frame::prelude::Weight::zero()
	}
}

/// What each call costs, measured on the project's runtime.
pub trait WeightInfo {
	fn set_community() -> frame::prelude::Weight;
	fn grant_role() -> frame::prelude::Weight;
	fn revoke_role() -> frame::prelude::Weight;
	fn set_site() -> frame::prelude::Weight;
	fn set_share() -> frame::prelude::Weight;
	fn enrol_gateway() -> frame::prelude::Weight;
	fn revoke_gateway() -> frame::prelude::Weight;
}
