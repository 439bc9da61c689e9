//! The exchange's rules as a FRAME runtime: one WebAssembly for the embedded development chain and for validators.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod apis;
mod configs;
mod presets;

pub use apis::*;
use alloc::vec::Vec;
use frame::{deps::frame_support::runtime, prelude::*, runtime::prelude::*};

#[runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
	spec_name: alloc::borrow::Cow::Borrowed("wattfleet"),
	impl_name: alloc::borrow::Cow::Borrowed("wattfleet"),
	authoring_version: 1,
	spec_version: 1,
	impl_version: 1,
	apis: apis::RUNTIME_API_VERSIONS,
	transaction_version: 1,
	system_version: 1,
};

/// Checked on every extrinsic, in this order.
pub type TxExtension = (
	frame_system::CheckNonZeroSender<Runtime>,
	frame_system::CheckSpecVersion<Runtime>,
	frame_system::CheckTxVersion<Runtime>,
	frame_system::CheckGenesis<Runtime>,
	frame_system::CheckEra<Runtime>,
	frame_system::CheckNonce<Runtime>,
	frame_system::CheckWeight<Runtime>,
	pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
);

pub type Block = frame::runtime::types_common::BlockOf<Runtime, TxExtension>;
pub(crate) type RuntimeExecutive =
	Executive<Runtime, Block, frame_system::ChainContext<Runtime>, Runtime, AllPalletsWithSystem>;

#[runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask,
		RuntimeViewFunction
	)]
	pub struct Runtime;

	#[runtime::pallet_index(0)]
	pub type System = frame_system::Pallet<Runtime>;
	#[runtime::pallet_index(1)]
	pub type Timestamp = pallet_timestamp::Pallet<Runtime>;
	/// Pays for extrinsics.
	#[runtime::pallet_index(2)]
	pub type Balances = pallet_balances::Pallet<Runtime>;
	#[runtime::pallet_index(3)]
	pub type TransactionPayment = pallet_transaction_payment::Pallet<Runtime>;
	#[runtime::pallet_index(4)]
	pub type Aura = pallet_aura::Pallet<Runtime>;
	#[runtime::pallet_index(5)]
	pub type Grandpa = pallet_grandpa::Pallet<Runtime>;
	/// Development only.
	#[runtime::pallet_index(6)]
	pub type Sudo = pallet_sudo::Pallet<Runtime>;

	/// The community's currency in nano. It has no calls of its own: only the vault moves it.
	#[runtime::pallet_index(10)]
	#[runtime::disable_call]
	pub type Money = pallet_balances::Pallet<Runtime, Instance1>;
	#[runtime::pallet_index(11)]
	pub type Registry = pallet_wattfleet_registry::Pallet<Runtime>;
	#[runtime::pallet_index(12)]
	pub type Vault = pallet_wattfleet_vault::Pallet<Runtime>;
	#[runtime::pallet_index(13)]
	pub type Orderbook = pallet_wattfleet_orderbook::Pallet<Runtime>;
	#[runtime::pallet_index(14)]
	pub type Settlement = pallet_wattfleet_settlement::Pallet<Runtime>;
}
