//! What the calls of the exchange's pallets cost: measured on this runtime by their benchmarks (chain/build-weights.sh).

pub mod pallet_wattfleet_orderbook;
pub mod pallet_wattfleet_registry;
pub mod pallet_wattfleet_settlement;
pub mod pallet_wattfleet_validators;
pub mod pallet_wattfleet_vault;
