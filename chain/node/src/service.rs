//! Puts the node together: what stores and imports blocks (`prepare`), then network, RPC, authoring and finality
//! (`start`).

use crate::{
	rpc,
	runtime_api::{Block, Hash, RuntimeApi},
	validator::Validator,
};
use futures::FutureExt;
use sc_client_api::{Backend as _, BlockBackend};
use sc_consensus_aura::ImportQueueParams;
use sc_consensus_grandpa::{warp_proof, FinalityProofProvider, SharedVoterState};
use sc_network::{config::FullNetworkConfiguration, NetworkBackend};
use sc_offchain::{OffchainWorkerOptions, OffchainWorkers};
use sc_service::{
	error::Error, BuildNetworkParams, Configuration, KeystoreContainer, SpawnTasksParams, TaskManager, WarpSyncConfig,
};
use sc_telemetry::{Telemetry, TelemetryHandle, TelemetryWorker};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus_aura::{
	inherents::InherentDataProvider as SlotProvider,
	sr25519::{AuthorityId as AuraId, AuthorityPair as AuraPair},
	SlotDuration,
};
use sp_timestamp::InherentDataProvider as TimestampProvider;
use std::sync::Arc;

type Executor = sc_executor::WasmExecutor<sp_io::SubstrateHostFunctions>;
pub type Client = sc_service::TFullClient<Block, RuntimeApi, Executor>;
pub type Backend = sc_service::TFullBackend<Block>;
pub type Pool = sc_transaction_pool::TransactionPoolHandle<Block, Client>;
pub type SelectChain = sc_consensus::LongestChain<Backend, Block>;
pub type BlockImport = sc_consensus_grandpa::GrandpaBlockImport<Backend, Block, Client, SelectChain>;
pub type GrandpaLink = sc_consensus_grandpa::LinkHalf<Block, Client, SelectChain>;

/// A proof of finality is kept at least every so many blocks: a node that catches up need not take more on trust.
pub const JUSTIFICATION_PERIOD_BLOCKS: u32 = 512;

/// Telemetry messages held while the other side is slow.
const TELEMETRY_BUFFER: usize = 16;

/// Everything that stores and imports blocks; enough for the commands that work on a node's database.
pub struct Parts {
	pub client: Arc<Client>,
	pub backend: Arc<Backend>,
	pub task_manager: TaskManager,
	pub import_queue: sc_consensus::DefaultImportQueue<Block>,
	keystore: KeystoreContainer,
	select_chain: SelectChain,
	pool: Arc<Pool>,
	block_import: BlockImport,
	grandpa_link: GrandpaLink,
	telemetry: Option<Telemetry>,
}

pub fn prepare(config: &Configuration) -> Result<Parts, Error> {
	let telemetry = connect_telemetry(config)?;
	let (client, backend, keystore, task_manager) = sc_service::new_full_parts::<Block, RuntimeApi, _>(
		config,
		telemetry.as_ref().map(|(_, telemetry)| telemetry.handle()),
		sc_service::new_wasm_executor(&config.executor),
		vec![],
	)?;
	let client = Arc::new(client);
	let telemetry = telemetry.map(|(worker, telemetry)| {
		task_manager.spawn_handle().spawn("telemetry", None, worker.run());
		telemetry
	});
	let handle = telemetry.as_ref().map(Telemetry::handle);

	let select_chain = sc_consensus::LongestChain::new(backend.clone());
	let pool = sc_transaction_pool::Builder::new(
		task_manager.spawn_essential_handle(),
		client.clone(),
		config.role.is_authority().into(),
	)
	.with_options(config.transaction_pool.clone())
	.with_prometheus(config.prometheus_registry())
	.build();

	let (block_import, grandpa_link) = sc_consensus_grandpa::block_import(
		client.clone(),
		JUSTIFICATION_PERIOD_BLOCKS,
		&client,
		select_chain.clone(),
		handle.clone(),
	)?;
	let import_queue = aura_import_queue(config, &client, &block_import, &task_manager, handle)?;

	Ok(Parts {
		client,
		backend,
		task_manager,
		import_queue,
		keystore,
		select_chain,
		pool: Arc::new(pool),
		block_import,
		grandpa_link,
		telemetry,
	})
}

fn connect_telemetry(config: &Configuration) -> Result<Option<(TelemetryWorker, Telemetry)>, Error> {
	let Some(endpoints) = config.telemetry_endpoints.clone().filter(|endpoints| !endpoints.is_empty()) else {
		return Ok(None);
	};
	let worker = TelemetryWorker::new(TELEMETRY_BUFFER)?;
	let telemetry = worker.handle().new_telemetry(endpoints);
	Ok(Some((worker, telemetry)))
}

fn aura_import_queue(
	config: &Configuration,
	client: &Arc<Client>,
	block_import: &BlockImport,
	task_manager: &TaskManager,
	telemetry: Option<TelemetryHandle>,
) -> Result<sc_consensus::DefaultImportQueue<Block>, Error> {
	let reader = client.clone();
	let queue = sc_consensus_aura::import_queue::<AuraPair, _, _, _, _, _>(ImportQueueParams {
		block_import: block_import.clone(),
		justification_import: Some(Box::new(block_import.clone())),
		client: client.clone(),
		create_inherent_data_providers: move |parent, _| {
			let reader = reader.clone();
			async move {
				// a runtime upgrade may change it, so it is read at the block's parent
				let slot_duration = sc_consensus_aura::standalone::slot_duration_at::<AuraId, _, _>(&*reader, parent)?;
				Ok(inherents(slot_duration))
			}
		},
		spawner: &task_manager.spawn_essential_handle(),
		registry: config.prometheus_registry(),
		check_for_equivocation: Default::default(),
		telemetry,
		compatibility_mode: Default::default(),
	})?;
	Ok(queue)
}

/// What a block's author puts in by itself: the time and the slot it falls in.
pub fn inherents(slot_duration: SlotDuration) -> (SlotProvider, TimestampProvider) {
	let timestamp = TimestampProvider::from_system_time();
	(SlotProvider::from_timestamp_and_slot_duration(*timestamp, slot_duration), timestamp)
}

/// Starts a node on network backend `N`. It runs until the returned task manager ends.
pub fn start<N: NetworkBackend<Block, Hash>>(config: Configuration) -> Result<TaskManager, Error> {
	let Parts {
		client,
		backend,
		mut task_manager,
		import_queue,
		keystore,
		select_chain,
		pool,
		block_import,
		grandpa_link,
		mut telemetry,
	} = prepare(&config)?;

	let mut net_config =
		FullNetworkConfiguration::<Block, Hash, N>::new(&config.network, config.prometheus_registry().cloned());
	let metrics = N::register_notification_metrics(config.prometheus_registry());
	let genesis = client.block_hash(0)?.ok_or_else(|| Error::Other("the chain has no first block".into()))?;
	let grandpa_protocol = sc_consensus_grandpa::protocol_standard_name(&genesis, &config.chain_spec);
	let (protocol, grandpa_messages) = sc_consensus_grandpa::grandpa_peers_set_config::<_, N>(
		grandpa_protocol.clone(),
		metrics.clone(),
		net_config.peer_store_handle(),
	);
	net_config.add_notification_protocol(protocol);
	let warp_sync = warp_proof::NetworkProvider::new(
		backend.clone(),
		grandpa_link.shared_authority_set().clone(),
		// no authority set of this chain was ever replaced by hand
		vec![],
	);
	let (network, system_rpc_tx, tx_handler_controller, sync_service, _) =
		sc_service::build_network(BuildNetworkParams {
			config: &config,
			net_config,
			client: client.clone(),
			transaction_pool: pool.clone(),
			spawn_handle: task_manager.spawn_handle(),
			spawn_essential_handle: task_manager.spawn_essential_handle(),
			import_queue,
			block_announce_validator_builder: None,
			warp_sync_config: Some(WarpSyncConfig::WithProvider(Arc::new(warp_sync))),
			block_relay: None,
			metrics,
			gap_sync_body_policy: None,
		})?;

	let validator = Validator {
		role: config.role,
		name: config.network.node_name.clone(),
		force_authoring: config.force_authoring,
		client: client.clone(),
		pool: pool.clone(),
		keystore: keystore.keystore(),
		network: network.clone(),
		sync: sync_service.clone(),
		registry: config.prometheus_registry().cloned(),
		telemetry: telemetry.as_ref().map(Telemetry::handle),
	};
	let voter_state = SharedVoterState::empty();
	let sources = rpc::Sources {
		client: client.clone(),
		pool: pool.clone(),
		voter_state: voter_state.clone(),
		authority_set: grandpa_link.shared_authority_set().clone(),
		justifications: grandpa_link.justification_stream(),
		finality_proofs: FinalityProofProvider::new_for_service(
			backend.clone(),
			Some(grandpa_link.shared_authority_set().clone()),
		),
	};
	let with_offchain_workers = config.offchain_worker.enabled;
	let with_grandpa = !config.disable_grandpa;
	if with_offchain_workers {
		spawn_offchain_workers(&validator, &backend, &task_manager)?;
	}
	sc_service::spawn_tasks(SpawnTasksParams {
		config,
		client,
		backend,
		task_manager: &mut task_manager,
		keystore: keystore.keystore(),
		transaction_pool: pool,
		rpc_builder: Box::new(move |executor| rpc::module(&sources, executor)),
		network,
		system_rpc_tx,
		tx_handler_controller,
		sync_service,
		telemetry: telemetry.as_mut(),
		tracing_execute_block: None,
	})?;

	if validator.role.is_authority() {
		validator.spawn_authoring(select_chain, block_import, &task_manager)?;
	}
	if with_grandpa {
		validator.spawn_finality(grandpa_link, grandpa_protocol, grandpa_messages, voter_state, &task_manager)?;
	}
	Ok(task_manager)
}

/// The runtime's off-chain workers, which may make HTTP requests: so a new block's orders reach the orderbook at once.
fn spawn_offchain_workers(node: &Validator, backend: &Arc<Backend>, task_manager: &TaskManager) -> Result<(), Error> {
	let workers = OffchainWorkers::new(OffchainWorkerOptions {
		runtime_api_provider: node.client.clone(),
		keystore: Some(node.keystore.clone()),
		offchain_db: backend.offchain_storage(),
		transaction_pool: Some(OffchainTransactionPoolFactory::new(node.pool.clone())),
		network_provider: Arc::new(node.network.clone()),
		is_validator: node.role.is_authority(),
		enable_http_requests: true,
		custom_extensions: |_| vec![],
	})?;
	let run = workers.run(node.client.clone(), task_manager.spawn_handle()).boxed();
	task_manager.spawn_handle().spawn("offchain-workers", "offchain-worker", run);
	Ok(())
}
