//! The exchange's rules as a FRAME runtime: one WebAssembly for the embedded development chain and for validators.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod apis;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarks;
mod configs;
mod governance;
mod presets;
#[cfg(test)]
mod tests;
mod weights;

use alloc::vec::Vec;
pub use apis::*;
pub use configs::SessionKeys;
use frame::{deps::frame_support::runtime, prelude::*, runtime::prelude::*};
pub use governance::ProxyType;

/// The version as the node reads it from the code: only a literal will do.
macro_rules! version {
	($spec_version:tt) => {
		#[runtime_version]
		pub const VERSION: RuntimeVersion = RuntimeVersion {
			spec_name: alloc::borrow::Cow::Borrowed("wattfleet"),
			impl_name: alloc::borrow::Cow::Borrowed("wattfleet"),
			authoring_version: 1,
			spec_version: $spec_version,
			impl_version: 1,
			apis: apis::RUNTIME_API_VERSIONS,
			transaction_version: 2,
			system_version: 1,
		};
	};
}

// 1: the thin runtime of the first street. 2: complete pallets, packed orders, council, sessions.
#[cfg(not(feature = "next-version"))]
version!(2);
/// What an upgrade is tried out with.
#[cfg(feature = "next-version")]
version!(3);

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

/// What an upgrade to this version does to the state. Each runs once, where the storage is of the version before.
pub type Migrations = (pallet_wattfleet_registry::migrations::V0ToV1<Runtime>,);

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
	/// Before the sessions, whose first set it names.
	#[runtime::pallet_index(6)]
	pub type Validators = pallet_wattfleet_validators::Pallet<Runtime>;
	#[runtime::pallet_index(7)]
	pub type Session = pallet_session::Pallet<Runtime>;
	/// Decides by a threshold what nobody may decide alone: communities, roles, validators, upgrades.
	#[runtime::pallet_index(8)]
	pub type Council = pallet_collective::Pallet<Runtime, Instance1>;
	/// Carries out as root what the council has approved by its hash.
	#[runtime::pallet_index(9)]
	pub type Whitelist = pallet_whitelist::Pallet<Runtime>;

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

	/// Lets a key act for an account, within limits.
	#[runtime::pallet_index(20)]
	pub type Proxy = pallet_proxy::Pallet<Runtime>;
}
