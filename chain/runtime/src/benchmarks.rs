//! The benchmarks of this runtime, for whoever measures its weights.

use crate::*;
use alloc::string::String;
use frame::deps::frame_support::traits::{StorageInfo, StorageInfoTrait, WhitelistedStorageKeys};
use frame_benchmarking::{define_benchmarks, BenchmarkBatch, BenchmarkConfig, BenchmarkList};

define_benchmarks!(
	[pallet_wattfleet_registry, Registry]
	[pallet_wattfleet_validators, Validators]
	[pallet_wattfleet_vault, Vault]
	[pallet_wattfleet_orderbook, Orderbook]
	[pallet_wattfleet_settlement, Settlement]
);

pub fn metadata(extra: bool) -> (Vec<BenchmarkList>, Vec<StorageInfo>) {
	let mut list = Vec::<BenchmarkList>::new();
	list_benchmarks!(list, extra);
	(list, AllPalletsWithSystem::storage_info())
}

pub fn dispatch(config: BenchmarkConfig) -> Result<Vec<BenchmarkBatch>, String> {
	use frame::deps::sp_storage::TrackedStorageKey;
	let whitelist: Vec<TrackedStorageKey> = AllPalletsWithSystem::whitelisted_storage_keys();
	let mut batches = Vec::<BenchmarkBatch>::new();
	let params = (&config, &whitelist);
	add_benchmarks!(params, batches);
	Ok(batches)
}
