//! The command line.

use crate::chain_spec::{self, ExportChainSpecCmd};
use clap::{Parser, Subcommand};
use sc_cli::SubstrateCli;

#[derive(Debug, Parser)]
pub struct Cli {
	#[command(subcommand)]
	pub subcommand: Option<Command>,

	#[clap(flatten)]
	pub run: sc_cli::RunCmd,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant)]
pub enum Command {
	/// Make a chain's specification from a runtime's preset
	ExportChainSpec(ExportChainSpecCmd),
	/// Keys: of accounts, of validators, of the node on the network
	#[command(subcommand)]
	Key(KeyCommand),
	/// Sign a message with a secret key
	Sign(sc_cli::SignCmd),
	/// Verify a message's signature
	Verify(sc_cli::VerifyCmd),
	/// Check stored blocks again
	CheckBlock(sc_cli::CheckBlockCmd),
	/// Write blocks to a file
	ExportBlocks(sc_cli::ExportBlocksCmd),
	/// Read blocks from a file
	ImportBlocks(sc_cli::ImportBlocksCmd),
	/// Write the state of a block as a chain specification
	ExportState(sc_cli::ExportStateCmd),
	/// Take back blocks that are not finalized
	Revert(sc_cli::RevertCmd),
	/// Delete this chain's blocks and state; keys stay
	PurgeChain(sc_cli::PurgeChainCmd),
	/// What the database knows: genesis, best and finalized block
	ChainInfo(sc_cli::ChainInfoCmd),
}

/// The key commands of `sc-cli`, of which `generate-node-key` would ask for a chain even where the key goes to a file.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
	/// Make the key that names this node on the network; the peer's id goes to standard error
	GenerateNodeKey(sc_cli::GenerateKeyCmdCommon),
	/// The peer's id of a node key
	InspectNodeKey(sc_cli::InspectNodeKeyCmd),
	/// Make an account or a validator's key
	Generate(sc_cli::GenerateCmd),
	/// Show the public key and address of a secret
	Inspect(sc_cli::InspectKeyCmd),
	/// Put a validator's key into the node's keystore
	Insert(sc_cli::InsertKeyCmd),
}

impl SubstrateCli for Cli {
	fn impl_name() -> String {
		"Wattfleet node".into()
	}

	/// The build script passes the hash of the sources, so that a running node tells what it was built from.
	fn impl_version() -> String {
		match option_env!("WATTFLEET_NODE_SOURCES") {
			Some(sources) => format!("{}-{sources}", env!("CARGO_PKG_VERSION")),
			None => env!("CARGO_PKG_VERSION").into(),
		}
	}

	fn description() -> String {
		env!("CARGO_PKG_DESCRIPTION").into()
	}

	fn author() -> String {
		"Wattfleet".into()
	}

	fn support_url() -> String {
		"docs/node.md".into()
	}

	fn copyright_start_year() -> i32 {
		2026
	}

	fn load_spec(&self, id: &str) -> Result<Box<dyn sc_service::ChainSpec>, String> {
		Ok(Box::new(chain_spec::load(id)?))
	}
}
