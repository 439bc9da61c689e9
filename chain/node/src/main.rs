//! A validator of a community's chain. It knows consensus, network, storage and RPC, and nothing of the exchange: the
//! runtime, with every rule of the market, is the `:code` that the chain specification brings.

mod chain_spec;
mod cli;
mod command;
mod rpc;
mod runtime_api;
mod service;
mod validator;

use std::process::ExitCode;

fn main() -> ExitCode {
	match command::run() {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("{error}");
			ExitCode::FAILURE
		},
	}
}
