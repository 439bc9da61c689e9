//! What a validator does beside following the chain: it makes blocks in its slots, and votes on which are final.

use crate::{
	runtime_api::{Block, BlockNumber},
	service::{inherents, BlockImport, Client, GrandpaLink, Pool, SelectChain, JUSTIFICATION_PERIOD_BLOCKS},
};
use sc_basic_authorship::ProposerFactory;
use sc_consensus_aura::{SlotProportion, StartAuraParams};
use sc_consensus_grandpa::{GrandpaParams, SharedVoterState, VotingRulesBuilder};
use sc_consensus_slots::BackoffAuthoringOnFinalizedHeadLagging;
use sc_network::{service::traits::NetworkService, NotificationService, ProtocolName};
use sc_network_sync::SyncingService;
use sc_service::{error::Error, Role, TaskManager};
use sc_telemetry::TelemetryHandle;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus_aura::sr25519::{AuthorityId as AuraId, AuthorityPair as AuraPair};
use sp_keystore::KeystorePtr;
use std::{sync::Arc, time::Duration};
use substrate_prometheus_endpoint::Registry;

/// How long GRANDPA expects a message to take to reach everybody.
const GOSSIP_DURATION: Duration = Duration::from_millis(333);

/// The part of a slot that goes into making its block; the rest is for the others to receive and check it.
const PROPOSAL_SLOT_PORTION: f32 = 2.0 / 3.0;

/// What authoring and voting need of the node.
pub struct Validator {
	pub role: Role,
	pub name: String,
	pub force_authoring: bool,
	pub client: Arc<Client>,
	pub pool: Arc<Pool>,
	pub keystore: KeystorePtr,
	pub network: Arc<dyn NetworkService>,
	pub sync: Arc<SyncingService<Block>>,
	pub registry: Option<Registry>,
	pub telemetry: Option<TelemetryHandle>,
}

impl Validator {
	/// Aura: a block in each slot whose author's key is in the keystore. The node ends if this task does.
	pub fn spawn_authoring(
		&self,
		select_chain: SelectChain,
		block_import: BlockImport,
		task_manager: &TaskManager,
	) -> Result<(), Error> {
		let slot_duration = sc_consensus_aura::slot_duration::<AuraId, _, _>(&*self.client)?;
		let proposer_factory = ProposerFactory::new(
			task_manager.spawn_handle(),
			self.client.clone(),
			self.pool.clone(),
			self.registry.as_ref(),
			self.telemetry.clone(),
		);
		let aura = sc_consensus_aura::start_aura::<AuraPair, _, _, _, _, _, _, _, _, _, _>(StartAuraParams {
			slot_duration,
			client: self.client.clone(),
			select_chain,
			block_import,
			proposer_factory,
			sync_oracle: self.sync.clone(),
			justification_sync_link: self.sync.clone(),
			create_inherent_data_providers: move |_, ()| async move { Ok(inherents(slot_duration)) },
			force_authoring: self.force_authoring,
			// while too few validators are there to finalize, blocks come more and more slowly instead of piling up
			backoff_authoring_blocks: Some(BackoffAuthoringOnFinalizedHeadLagging::<BlockNumber>::default()),
			keystore: self.keystore.clone(),
			block_proposal_slot_portion: SlotProportion::new(PROPOSAL_SLOT_PORTION),
			max_block_proposal_slot_portion: None,
			telemetry: self.telemetry.clone(),
			compatibility_mode: Default::default(),
		})?;
		task_manager.spawn_essential_handle().spawn_blocking("aura", Some("block-authoring"), aura);
		Ok(())
	}

	/// GRANDPA: votes with the keys in the keystore; a node that is no validator follows the votes.
	pub fn spawn_finality(
		&self,
		link: GrandpaLink,
		protocol_name: ProtocolName,
		notification_service: Box<dyn NotificationService>,
		shared_voter_state: SharedVoterState,
		task_manager: &TaskManager,
	) -> Result<(), Error> {
		let voter = sc_consensus_grandpa::run_grandpa_voter(GrandpaParams {
			config: sc_consensus_grandpa::Config {
				gossip_duration: GOSSIP_DURATION,
				justification_generation_period: JUSTIFICATION_PERIOD_BLOCKS,
				observer_enabled: false,
				local_role: self.role,
				name: Some(self.name.clone()),
				keystore: self.role.is_authority().then(|| self.keystore.clone()),
				telemetry: self.telemetry.clone(),
				protocol_name,
			},
			link,
			network: self.network.clone(),
			sync: self.sync.clone(),
			notification_service,
			voting_rule: VotingRulesBuilder::default().build(),
			prometheus_registry: self.registry.clone(),
			shared_voter_state,
			telemetry: self.telemetry.clone(),
			offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(self.pool.clone()),
		})?;
		task_manager.spawn_essential_handle().spawn_blocking("grandpa-voter", None, voter);
		Ok(())
	}
}
