//! What this node asks of whatever runtime its chain carries, as types.
//!
//! The client's generic code wants a type that declares every runtime API it calls. The calls themselves go into the
//! WebAssembly, so the bodies below are never run. A runtime may offer more than this, and must offer these.

use pallet_transaction_payment_rpc_runtime_api::{FeeDetails, RuntimeDispatchInfo};
use sp_consensus_aura::sr25519::AuthorityId as AuraId;
use sp_core::{crypto::KeyTypeId, OpaqueMetadata};
use sp_runtime::{
	generic,
	traits::{BlakeTwo256, Block as BlockT, NumberFor},
	transaction_validity::{TransactionSource, TransactionValidity},
	AccountId32, ApplyExtrinsicResult, ExtrinsicInclusionMode, OpaqueExtrinsic, Weight,
};

pub type AccountId = AccountId32;
pub type Balance = u128;
pub type BlockNumber = u32;
pub type Nonce = u32;

pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
pub type Block = generic::Block<Header, OpaqueExtrinsic>;
pub type Hash = <Block as BlockT>::Hash;

/// Stands for the runtime on the chain; `RuntimeApi`, which the macro derives from it, is what the client is given.
#[allow(dead_code)]
pub enum Runtime {}

sp_api::impl_runtime_apis! {
	impl sp_api::Core<Block> for Runtime {
		fn version() -> sp_version::RuntimeVersion {
			unreachable!()
		}
		fn execute_block(_: <Block as BlockT>::LazyBlock) {
			unreachable!()
		}
		fn initialize_block(_: &Header) -> ExtrinsicInclusionMode {
			unreachable!()
		}
	}

	impl sp_api::Metadata<Block> for Runtime {
		fn metadata() -> OpaqueMetadata {
			unreachable!()
		}
		fn metadata_at_version(_: u32) -> Option<OpaqueMetadata> {
			unreachable!()
		}
		fn metadata_versions() -> Vec<u32> {
			unreachable!()
		}
	}

	impl sp_block_builder::BlockBuilder<Block> for Runtime {
		fn apply_extrinsic(_: OpaqueExtrinsic) -> ApplyExtrinsicResult {
			unreachable!()
		}
		fn finalize_block() -> Header {
			unreachable!()
		}
		fn inherent_extrinsics(_: sp_inherents::InherentData) -> Vec<OpaqueExtrinsic> {
			unreachable!()
		}
		fn check_inherents(
			_: <Block as BlockT>::LazyBlock,
			_: sp_inherents::InherentData,
		) -> sp_inherents::CheckInherentsResult {
			unreachable!()
		}
	}

	impl sp_transaction_pool::runtime_api::TaggedTransactionQueue<Block> for Runtime {
		fn validate_transaction(_: TransactionSource, _: OpaqueExtrinsic, _: Hash) -> TransactionValidity {
			unreachable!()
		}
	}

	impl sp_offchain::OffchainWorkerApi<Block> for Runtime {
		fn offchain_worker(_: &Header) {
			unreachable!()
		}
	}

	impl sp_consensus_aura::AuraApi<Block, AuraId> for Runtime {
		fn slot_duration() -> sp_consensus_aura::SlotDuration {
			unreachable!()
		}
		fn authorities() -> Vec<AuraId> {
			unreachable!()
		}
	}

	impl sp_consensus_grandpa::GrandpaApi<Block> for Runtime {
		fn grandpa_authorities() -> sp_consensus_grandpa::AuthorityList {
			unreachable!()
		}
		fn current_set_id() -> sp_consensus_grandpa::SetId {
			unreachable!()
		}
		fn submit_report_equivocation_unsigned_extrinsic(
			_: sp_consensus_grandpa::EquivocationProof<Hash, NumberFor<Block>>,
			_: sp_consensus_grandpa::OpaqueKeyOwnershipProof,
		) -> Option<()> {
			unreachable!()
		}
		fn generate_key_ownership_proof(
			_: sp_consensus_grandpa::SetId,
			_: sp_consensus_grandpa::AuthorityId,
		) -> Option<sp_consensus_grandpa::OpaqueKeyOwnershipProof> {
			unreachable!()
		}
	}

	impl sp_session::SessionKeys<Block> for Runtime {
		fn generate_session_keys(_: Vec<u8>, _: Option<Vec<u8>>) -> sp_session::OpaqueGeneratedSessionKeys {
			unreachable!()
		}
		fn decode_session_keys(_: Vec<u8>) -> Option<Vec<(Vec<u8>, KeyTypeId)>> {
			unreachable!()
		}
	}

	impl frame_system_rpc_runtime_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
		fn account_nonce(_: AccountId) -> Nonce {
			unreachable!()
		}
	}

	impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentApi<Block, Balance> for Runtime {
		fn query_info(_: OpaqueExtrinsic, _: u32) -> RuntimeDispatchInfo<Balance> {
			unreachable!()
		}
		fn query_fee_details(_: OpaqueExtrinsic, _: u32) -> FeeDetails<Balance> {
			unreachable!()
		}
		fn query_weight_to_fee(_: Weight) -> Balance {
			unreachable!()
		}
		fn query_length_to_fee(_: u32) -> Balance {
			unreachable!()
		}
	}

	impl sp_genesis_builder::GenesisBuilder<Block> for Runtime {
		fn build_state(_: Vec<u8>) -> sp_genesis_builder::Result {
			unreachable!()
		}
		fn get_preset(_: &Option<sp_genesis_builder::PresetId>) -> Option<Vec<u8>> {
			unreachable!()
		}
		fn preset_names() -> Vec<sp_genesis_builder::PresetId> {
			unreachable!()
		}
	}
}
