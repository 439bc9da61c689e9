use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use wattfleet_primitives::{CommunityId, CommunityRules, GatewayKey, SiteId};

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
}

/// Told when a gateway's key or epoch ends, so that nothing signed under it stays open.
pub trait OnGatewayEnded {
	/// All that this site has open.
	fn ended(site: &SiteId);
	/// The most that `ended` costs.
	fn weight() -> frame::prelude::Weight;
}

impl OnGatewayEnded for () {
	fn ended(_: &SiteId) {}
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
