//! How each pallet is set up.

use crate::*;
use frame::deps::frame_support::{
	traits::StorageMapShim,
	weights::{FixedFee, NoFee},
};

parameter_types! {
	pub const Version: RuntimeVersion = VERSION;
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

#[derive_impl(pallet_sudo::config_preludes::TestDefaultConfig)]
impl pallet_sudo::Config for Runtime {}

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
	type MaxAuthorities = ConstU32<32>;
	type AllowMultipleBlocksPerSlot = ConstBool<false>;
	type SlotDuration = pallet_aura::MinimumPeriodTimesTwo<Runtime>;
}

impl pallet_grandpa::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
	type MaxAuthorities = ConstU32<32>;
	type MaxNominators = ConstU32<0>;
	type MaxSetIdSessionEntries = ConstU64<0>;
	type KeyOwnerProof = frame::deps::sp_core::Void;
	type EquivocationReportSystem = ();
}

#[derive_impl(pallet_transaction_payment::config_preludes::TestDefaultConfig)]
impl pallet_transaction_payment::Config for Runtime {
	type OnChargeTransaction = pallet_transaction_payment::FungibleAdapter<Balances, ()>;
	type WeightToFee = NoFee<<Self as pallet_balances::Config>::Balance>;
	type LengthToFee = FixedFee<1, <Self as pallet_balances::Config>::Balance>;
}

impl pallet_wattfleet_registry::Config for Runtime {}

impl pallet_wattfleet_vault::Config for Runtime {
	type RuntimeHoldReason = RuntimeHoldReason;
	type Currency = Money;
}

impl pallet_wattfleet_orderbook::Config for Runtime {}

impl pallet_wattfleet_settlement::Config for Runtime {}
