//! One arm for each subcommand.

use crate::{
	cli::{Cli, Command, KeyCommand},
	runtime_api::{Block, Hash},
	service::{self, Parts},
};
use sc_cli::SubstrateCli;
use sc_network::config::NetworkBackendType;

pub fn run() -> sc_cli::Result<()> {
	let cli = Cli::from_args();
	match &cli.subcommand {
		None => run_node(&cli),
		Some(Command::ExportChainSpec(cmd)) => cmd.run().map_err(Into::into),
		Some(Command::Key(cmd)) => run_key(&cli, cmd),
		Some(Command::Sign(cmd)) => cmd.run(),
		Some(Command::Verify(cmd)) => cmd.run(),
		Some(command) => run_on_database(&cli, command),
	}
}

fn run_node(cli: &Cli) -> sc_cli::Result<()> {
	cli.create_runner(&cli.run)?.run_node_until_exit(|config| async move {
		match config.network.network_backend {
			NetworkBackendType::Litep2p => service::start::<sc_network::Litep2pNetworkBackend>(config),
			NetworkBackendType::Libp2p => service::start::<sc_network::NetworkWorker<Block, Hash>>(config),
		}
		.map_err(sc_cli::Error::Service)
	})
}

fn run_key(cli: &Cli, command: &KeyCommand) -> sc_cli::Result<()> {
	match command {
		KeyCommand::GenerateNodeKey(cmd) => cmd.run(),
		KeyCommand::InspectNodeKey(cmd) => cmd.run(),
		KeyCommand::Generate(cmd) => cmd.run(),
		KeyCommand::Inspect(cmd) => cmd.run(),
		KeyCommand::Insert(cmd) => cmd.run(cli),
	}
}

/// Commands on the blocks of a node that is not running.
fn run_on_database(cli: &Cli, command: &Command) -> sc_cli::Result<()> {
	match command {
		Command::CheckBlock(cmd) => cli.create_runner(cmd)?.async_run(|config| {
			let Parts { client, task_manager, import_queue, .. } = service::prepare(&config)?;
			Ok((cmd.run(client, import_queue), task_manager))
		}),
		Command::ExportBlocks(cmd) => cli.create_runner(cmd)?.async_run(|config| {
			let Parts { client, task_manager, .. } = service::prepare(&config)?;
			Ok((cmd.run(client, config.database), task_manager))
		}),
		Command::ImportBlocks(cmd) => cli.create_runner(cmd)?.async_run(|config| {
			let Parts { client, task_manager, import_queue, .. } = service::prepare(&config)?;
			Ok((cmd.run(client, import_queue), task_manager))
		}),
		Command::ExportState(cmd) => cli.create_runner(cmd)?.async_run(|config| {
			let Parts { client, task_manager, .. } = service::prepare(&config)?;
			Ok((cmd.run(client, config.chain_spec), task_manager))
		}),
		Command::Revert(cmd) => cli.create_runner(cmd)?.async_run(|config| {
			let Parts { client, task_manager, backend, .. } = service::prepare(&config)?;
			let forget_votes = Box::new(|client, _, blocks| Ok(sc_consensus_grandpa::revert(client, blocks)?));
			Ok((cmd.run(client, backend, Some(forget_votes)), task_manager))
		}),
		Command::PurgeChain(cmd) => cli.create_runner(cmd)?.sync_run(|config| cmd.run(config.database)),
		Command::ChainInfo(cmd) => cli.create_runner(cmd)?.sync_run(|config| cmd.run::<Block>(&config)),
		_ => unreachable!("commands that need no database are run above"),
	}
}
