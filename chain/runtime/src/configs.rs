//! How each pallet is set up.

use crate::governance::CouncilMajority;
use crate::*;
use frame::deps::{
	frame_support::{
		traits::StorageMapShim,
		weights::{
			constants::{ParityDbWeight, WEIGHT_REF_TIME_PER_SECOND},
			FixedFee, WeightToFeeCoefficient, WeightToFeeCoefficients, WeightToFeePolynomial,
		},
	},
	frame_system::limits,
	sp_runtime::{impl_opaque_keys, traits::OpaqueKeys},
};

/// A third of the six seconds between blocks is spent on executing one: as long again to build it, and time to spare for
/// sending it around.
const BLOCK_WEIGHT: Weight = Weight::from_parts(2 * WEIGHT_REF_TIME_PER_SECOND, u64::MAX);
/// Of a block's weight and length, what transactions may use; the rest is for inherents and hooks.
const NORMAL_SHARE: Perbill = Perbill::from_percent(75);
/// Bytes: six thousand signed orders and a runtime upgrade fit.
const BLOCK_LENGTH: u32 = 5 * 1024 * 1024;

parameter_types! {
	pub const Version: RuntimeVersion = VERSION;
	pub BlockWeights: limits::BlockWeights = limits::BlockWeights::with_sensible_defaults(BLOCK_WEIGHT, NORMAL_SHARE);
	pub BlockLength: limits::BlockLength = limits::BlockLength::builder()
		.max_length(BLOCK_LENGTH)
		.modify_max_length_for_class(DispatchClass::Normal, |most| *most = NORMAL_SHARE * BLOCK_LENGTH)
		.build();
}

/// What the community's currency is counted in: nano, wide enough for any sum.
pub type Nano = wattfleet_primitives::Nano;
type AccountId = <Runtime as frame_system::Config>::AccountId;

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
	type Block = Block;
	type Version = Version;
	type AccountData = pallet_balances::AccountData<<Runtime as pallet_balances::Config>::Balance>;
	/// Addresses of no particular network.
	type SS58Prefix = ConstU16<42>;
	/// The node keeps its state in ParityDB.
	type DbWeight = ParityDbWeight;
	type BlockWeights = BlockWeights;
	type BlockLength = BlockLength;
	type SingleBlockMigrations = Migrations;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Runtime {
	type AccountStore = System;
	/// As wide as other clients expect it.
	type Balance = u128;
	type ExistentialDeposit = ConstU128<1>;
}

/// The exchange's own currency. Its accounts live beside the system's, and its smallest balance is one nano.
impl pallet_balances::Config<pallet_balances::Instance1> for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeHoldReason = RuntimeHoldReason;
	type RuntimeFreezeReason = RuntimeFreezeReason;
	type WeightInfo = ();
	type Balance = Nano;
	type DustRemoval = ();
	type ExistentialDeposit = ConstU128<1>;
	type AccountStore = StorageMapShim<
		pallet_balances::Account<Runtime, pallet_balances::Instance1>,
		AccountId,
		pallet_balances::AccountData<Nano>,
	>;
	type ReserveIdentifier = [u8; 8];
	type FreezeIdentifier = ();
	type MaxLocks = ConstU32<0>;
	type MaxReserves = ConstU32<0>;
	type MaxFreezes = ConstU32<0>;
	type DoneSlashHandler = ();
}

/// Half of Aura's slot: blocks every six seconds.
impl pallet_timestamp::Config for Runtime {
	type Moment = u64;
	type OnTimestampSet = Aura;
	type MinimumPeriod = ConstU64<3000>;
	type WeightInfo = ();
}

impl pallet_aura::Config for Runtime {
	type AuthorityId = sp_consensus_aura::sr25519::AuthorityId;
	type DisabledValidators = ();
	type MaxAuthorities = MaxValidators;
	type AllowMultipleBlocksPerSlot = ConstBool<false>;
	type SlotDuration = pallet_aura::MinimumPeriodTimesTwo<Runtime>;
}

impl pallet_grandpa::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
	type MaxAuthorities = MaxValidators;
	type MaxNominators = ConstU32<0>;
	type MaxSetIdSessionEntries = ConstU64<0>;
	type KeyOwnerProof = frame::deps::sp_core::Void;
	type EquivocationReportSystem = ();
}

/// A unit of the chain's own token for each microsecond of execution: nothing for those who trade, and a price for filling
/// blocks.
pub struct MicrosecondFee;
impl WeightToFeePolynomial for MicrosecondFee {
	type Balance = <Runtime as pallet_balances::Config>::Balance;
	fn polynomial() -> WeightToFeeCoefficients<Self::Balance> {
		let per_picosecond = Perbill::from_rational(1u32, 1_000_000u32);
		let linear =
			WeightToFeeCoefficient { coeff_integer: 0, coeff_frac: per_picosecond, negative: false, degree: 1 };
		[linear].into_iter().collect()
	}
}

#[derive_impl(pallet_transaction_payment::config_preludes::TestDefaultConfig)]
impl pallet_transaction_payment::Config for Runtime {
	type OnChargeTransaction = pallet_transaction_payment::FungibleAdapter<Balances, ()>;
	type WeightToFee = MicrosecondFee;
	type LengthToFee = FixedFee<1, <Self as pallet_balances::Config>::Balance>;
}

/// Most validators: a set that GRANDPA agrees in within a second or two.
pub type MaxValidators = ConstU32<32>;

impl_opaque_keys! {
	pub struct SessionKeys {
		pub aura: Aura,
		pub grandpa: Grandpa,
	}
}

/// Blocks of a session: five minutes. A change of validators or keys is in force after two.
pub type SessionBlocks = ConstU32<50>;

/// The account itself: whoever is not named by the council may set keys and stays without effect.
pub struct OwnId;
impl Convert<AccountId, Option<AccountId>> for OwnId {
	fn convert(account: AccountId) -> Option<AccountId> {
		Some(account)
	}
}

impl pallet_session::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type ValidatorId = AccountId;
	type ValidatorIdOf = OwnId;
	type ShouldEndSession = pallet_session::PeriodicSessions<SessionBlocks, ConstU32<0>>;
	type NextSessionRotation = pallet_session::PeriodicSessions<SessionBlocks, ConstU32<0>>;
	type SessionManager = Validators;
	type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
	type Keys = SessionKeys;
	type DisablingStrategy = ();
	type WeightInfo = ();
	type Currency = Balances;
	type KeyDeposit = ConstU128<0>;
}

impl pallet_wattfleet_validators::Config for Runtime {
	type Governance = CouncilMajority;
	type MaxValidators = MaxValidators;
	type WeightInfo = crate::weights::pallet_wattfleet_validators::WeightInfo<Runtime>;
}

impl pallet_wattfleet_registry::Config for Runtime {
	type Governance = CouncilMajority;
	type OnGatewayEnded = Orderbook;
	type WeightInfo = crate::weights::pallet_wattfleet_registry::WeightInfo<Runtime>;
}

impl pallet_wattfleet_vault::Config for Runtime {
	type RuntimeHoldReason = RuntimeHoldReason;
	type Currency = Money;
	type WeightInfo = crate::weights::pallet_wattfleet_vault::WeightInfo<Runtime>;
}

impl pallet_wattfleet_orderbook::Config for Runtime {
	type WeightInfo = crate::weights::pallet_wattfleet_orderbook::WeightInfo<Runtime>;
}

impl pallet_wattfleet_settlement::Config for Runtime {
	type WeightInfo = crate::weights::pallet_wattfleet_settlement::WeightInfo<Runtime>;
}
