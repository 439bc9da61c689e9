//! The RPC methods beside those that every `sc-service` node has: an account's next nonce, fees, and what is finalized.

use crate::{
	runtime_api::{AccountId, Balance, Block, BlockNumber, Hash, Nonce},
	service::{Backend, Client, Pool},
};
use jsonrpsee::RpcModule;
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
use sc_consensus_grandpa::{FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState};
use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
use sc_rpc::SubscriptionTaskExecutor;
use std::sync::Arc;
use substrate_frame_rpc_system::{System, SystemApiServer};

/// What the methods read.
pub struct Sources {
	pub client: Arc<Client>,
	pub pool: Arc<Pool>,
	pub voter_state: SharedVoterState,
	pub authority_set: SharedAuthoritySet<Hash, BlockNumber>,
	pub justifications: GrandpaJustificationStream<Block>,
	pub finality_proofs: Arc<FinalityProofProvider<Backend, Block>>,
}

pub fn module(sources: &Sources, executor: SubscriptionTaskExecutor) -> Result<RpcModule<()>, sc_service::Error> {
	let Sources { client, pool, voter_state, authority_set, justifications, finality_proofs } = sources;
	let system = System::<_, _, Block>::new(client.clone(), pool.clone());
	let payment = TransactionPayment::<_, Block>::new(client.clone());
	let grandpa = Grandpa::new(
		executor,
		authority_set.clone(),
		voter_state.clone(),
		justifications.clone(),
		finality_proofs.clone(),
	);

	let mut module = RpcModule::new(());
	let fault = |error: jsonrpsee::core::RegisterMethodError| sc_service::Error::Application(Box::new(error));
	module.merge(SystemApiServer::<Hash, AccountId, Nonce>::into_rpc(system)).map_err(fault)?;
	module.merge(payment_methods(payment)).map_err(fault)?;
	module.merge(grandpa.into_rpc()).map_err(fault)?;
	Ok(module)
}

fn payment_methods(payment: TransactionPayment<Client, Block>) -> RpcModule<TransactionPayment<Client, Block>> {
	use pallet_transaction_payment_rpc_runtime_api::RuntimeDispatchInfo;
	TransactionPaymentApiServer::<Hash, RuntimeDispatchInfo<Balance>>::into_rpc(payment)
}
