//! Chain specifications: read from a file, or made from the presets that a runtime carries.

use clap::Args;
use sc_chain_spec::{ChainType, GenericChainSpec, GenesisConfigBuilderRuntimeCaller, Properties};
use sc_network::config::MultiaddrWithPeerId;
use serde_json::Value;
use std::{
	fs,
	io::{self, Write},
	path::{Path, PathBuf},
};

pub type ChainSpec = GenericChainSpec;

/// The specification in a file. There is none inside this program: a chain is its specification, and `sc-cli` passes
/// the names of would-be built-in ones where no file was named.
pub fn load(file: &str) -> Result<ChainSpec, String> {
	if matches!(file, "" | "dev" | "local") {
		return Err("which chain? Name its specification: --chain FILE.json. The file of a new chain is made from a \
		            runtime's preset: export-chain-spec --runtime wattfleet_runtime.wasm --preset development \
		            --output development.json"
			.into());
	}
	ChainSpec::from_json_file(PathBuf::from(file)).map_err(|error| format!("chain specification {file}: {error}"))
}

/// Makes a chain's specification from a runtime and one of its presets, or rewrites one that exists.
#[derive(Debug, Clone, Args)]
pub struct ExportChainSpecCmd {
	/// The runtime: a compiled WebAssembly file
	#[arg(long, value_name = "FILE", required_unless_present = "chain")]
	runtime: Option<PathBuf>,

	/// An existing specification instead of a runtime, to write it raw
	#[arg(long, value_name = "FILE", conflicts_with_all = ["runtime", "preset", "patch", "list_presets", "name", "id",
		"chain_type", "protocol_id", "properties", "bootnode"])]
	chain: Option<String>,

	/// The preset of the runtime that its genesis is made from
	#[arg(long, value_name = "NAME", required_unless_present_any = ["chain", "list_presets"])]
	preset: Option<String>,

	/// Prints the names of the runtime's presets and ends
	#[arg(long)]
	list_presets: bool,

	/// A JSON file laid over the preset: what it names is replaced, the rest stays
	#[arg(long, value_name = "FILE")]
	patch: Option<PathBuf>,

	/// The chain's name, for people [default: the preset's name]
	#[arg(long)]
	name: Option<String>,

	/// The chain's id, for folders and protocols [default: the preset's name]
	#[arg(long)]
	id: Option<String>,

	/// What it is for; private addresses are dialled on a development or local chain only
	#[arg(long, value_enum, default_value_t = Kind::Development)]
	chain_type: Kind,

	/// Prefix of the chain's network protocols [default: the id]
	#[arg(long)]
	protocol_id: Option<String>,

	/// What wallets show, as a JSON object: ss58Format, tokenSymbol, tokenDecimals
	#[arg(long, value_name = "JSON", default_value = r#"{"ss58Format":42}"#)]
	properties: String,

	/// Where a new node finds the others, /ip4/ADDRESS/tcp/PORT/p2p/PEER; may be repeated
	#[arg(long, value_name = "MULTIADDR")]
	bootnode: Vec<MultiaddrWithPeerId>,

	/// Writes the genesis state itself instead of what it is built from: what every node of a chain should be given
	#[arg(long)]
	raw: bool,

	/// The file to write [default: standard output]
	#[arg(long, value_name = "FILE")]
	output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Kind {
	Development,
	Local,
	Live,
}

impl ExportChainSpecCmd {
	pub fn run(&self) -> Result<(), String> {
		if self.list_presets {
			let code = self.read_runtime()?;
			let names = caller(&code).preset_names()?;
			return write_out(None, &names.iter().map(|name| format!("{name}\n")).collect::<String>());
		}
		let spec = match &self.chain {
			Some(file) => load(file)?,
			None => self.make()?,
		};
		write_out(self.output.as_deref(), &format!("{}\n", spec.as_json(self.raw)?))
	}

	fn make(&self) -> Result<ChainSpec, String> {
		let code = self.read_runtime()?;
		let preset = self.preset.as_deref().unwrap_or_default();
		let names = caller(&code).preset_names()?;
		if !names.iter().any(|name| name == preset) {
			return Err(format!("the runtime has no preset '{preset}': it has {}", names.join(", ")));
		}
		let id = self.id.as_deref().unwrap_or(preset);
		let properties: Properties =
			serde_json::from_str(&self.properties).map_err(|error| format!("--properties: {error}"))?;
		let mut spec = ChainSpec::builder(&code, None)
			.with_id(id)
			.with_name(self.name.as_deref().unwrap_or(preset))
			.with_chain_type(match self.chain_type {
				Kind::Development => ChainType::Development,
				Kind::Local => ChainType::Local,
				Kind::Live => ChainType::Live,
			})
			.with_protocol_id(self.protocol_id.as_deref().unwrap_or(id))
			.with_properties(properties)
			.with_boot_nodes(self.bootnode.clone())
			.with_genesis_config_preset_name(preset);
		if let Some(file) = &self.patch {
			spec = spec.with_genesis_config_patch(read_json(file)?);
		}
		let spec = spec.build();
		// a mistake in the patch is said now, not when a node is started on the file
		spec.as_json(true)?;
		Ok(spec)
	}

	fn read_runtime(&self) -> Result<Vec<u8>, String> {
		let file = self.runtime.as_deref().ok_or("name the runtime: --runtime FILE.wasm")?;
		fs::read(file).map_err(|error| format!("runtime {}: {error}", file.display()))
	}
}

fn caller(code: &[u8]) -> GenesisConfigBuilderRuntimeCaller<'_> {
	GenesisConfigBuilderRuntimeCaller::new(code)
}

fn read_json(file: &Path) -> Result<Value, String> {
	let bytes = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
	serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", file.display()))
}

fn write_out(file: Option<&Path>, text: &str) -> Result<(), String> {
	match file {
		Some(file) => fs::write(file, text).map_err(|error| format!("{}: {error}", file.display())),
		None => io::stdout().write_all(text.as_bytes()).map_err(|error| error.to_string()),
	}
}
