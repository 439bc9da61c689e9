//! Who decides what: the council's threshold, and what a key may do that acts for another account.

use crate::*;
use frame::deps::frame_support::traits::EitherOfDiverse;

type AccountId = <Runtime as frame_system::Config>::AccountId;
type CouncilCollective = pallet_collective::Instance1;

/// Two thirds of the council, or what they have approved to be carried out as root.
pub type CouncilMajority = EitherOf<EnsureRoot<AccountId>, CouncilThreshold>;
type CouncilThreshold =
	MapSuccess<pallet_collective::EnsureProportionAtLeast<AccountId, CouncilCollective, 2, 3>, ReplaceWithDefault<()>>;
type EndsMotion = EitherOfDiverse<
	EnsureRoot<AccountId>,
	pallet_collective::EnsureProportionAtLeast<AccountId, CouncilCollective, 2, 3>,
>;

parameter_types! {
	/// The dearest single thing that a council decides: a runtime's code, half a block.
	pub MaxProposalWeight: Weight = Perbill::from_percent(50) * configs::BlockWeights::get().max_block;
}

/// Who does not vote has not agreed, whatever the others or a prime member say.
pub struct SilenceIsNo;
impl pallet_collective::DefaultVote for SilenceIsNo {
	fn default_vote(_: Option<bool>, _: u32, _: u32, _: u32) -> bool {
		false
	}
}

impl pallet_collective::Config<CouncilCollective> for Runtime {
	type RuntimeOrigin = RuntimeOrigin;
	type Proposal = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	/// Seven days of blocks: a motion that has not found its majority by then is closed.
	type MotionDuration = ConstU32<{ 7 * 14_400 }>;
	type MaxProposals = ConstU32<32>;
	type MaxMembers = ConstU32<32>;
	type DefaultVote = SilenceIsNo;
	type WeightInfo = pallet_collective::weights::SubstrateWeight<Runtime>;
	type SetMembersOrigin = CouncilMajority;
	type MaxProposalWeight = MaxProposalWeight;
	type DisapproveOrigin = EndsMotion;
	type KillOrigin = EndsMotion;
	type Consideration = ();
}

impl pallet_whitelist::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type WhitelistOrigin = CouncilMajority;
	/// What the council has approved by its hash any one of its members may carry out.
	type DispatchWhitelistedOrigin = pallet_collective::EnsureMember<AccountId, CouncilCollective>;
	type Preimages = ();
	type DeferredDispatchExpiration = ConstU32<{ 7 * 14_400 }>;
	type BlockNumberProvider = System;
	type WeightInfo = pallet_whitelist::weights::SubstrateWeight<Runtime>;
}

/// What a key may do for the account that named it.
#[derive(
	codec::Encode,
	codec::Decode,
	codec::DecodeWithMemTracking,
	codec::MaxEncodedLen,
	scale_info::TypeInfo,
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
)]
pub enum ProxyType {
	/// Everything.
	#[default]
	Any,
	/// Show the account's readings against a settlement. Moves no money but what a correction does.
	Disputes,
	/// Ask for the account's money, which the operator pays to the account's owner and to nobody else.
	Withdrawals,
	/// An operator's daily work: sites and gateways. Moves no money itself, but whoever puts keys in force decides who
	/// trades for a site: for a key that is guarded like the operator's own.
	Fleet,
}

impl InstanceFilter<RuntimeCall> for ProxyType {
	fn filter(&self, call: &RuntimeCall) -> bool {
		use pallet_wattfleet_registry::Call as RegistryCall;
		match self {
			ProxyType::Any => true,
			ProxyType::Disputes => {
				matches!(call, RuntimeCall::Settlement(pallet_wattfleet_settlement::Call::reveal { .. }))
			},
			ProxyType::Withdrawals => matches!(call, RuntimeCall::Vault(pallet_wattfleet_vault::Call::withdraw { .. })),
			ProxyType::Fleet => matches!(
				call,
				RuntimeCall::Registry(
					RegistryCall::set_site { .. }
						| RegistryCall::enrol_gateway { .. }
						| RegistryCall::revoke_gateway { .. }
				)
			),
		}
	}

	fn is_superset(&self, other: &Self) -> bool {
		*self == ProxyType::Any || self == other
	}
}

impl pallet_proxy::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type Currency = Balances;
	type ProxyType = ProxyType;
	/// Members hold little of the chain's own token: few proxies per account instead of a deposit.
	type ProxyDepositBase = ConstU128<0>;
	type ProxyDepositFactor = ConstU128<0>;
	type MaxProxies = ConstU32<8>;
	type WeightInfo = pallet_proxy::weights::SubstrateWeight<Runtime>;
	type MaxPending = ConstU32<8>;
	type CallHasher = frame::traits::BlakeTwo256;
	type AnnouncementDepositBase = ConstU128<0>;
	type AnnouncementDepositFactor = ConstU128<0>;
	type BlockNumberProvider = System;
}
