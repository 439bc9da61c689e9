#!/usr/bin/env bash
# Rebuilds the runtime's WebAssembly from the Rust sources beside this file.
set -euo pipefail
cd "$(dirname "$0")"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/wattfleet/cargo}"
export RUSTC="${WATTFLEET_RUSTC:-/usr/bin/rustc}" RUSTC_BOOTSTRAP=1
export CARGO_TARGET_WASM32V1_NONE_LINKER="${WATTFLEET_WASM_LINKER:-$(rustup run stable rustc --print sysroot)/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld}"
export RUSTFLAGS="-C link-arg=--export-table --cfg substrate_runtime"
export CARGO_PROFILE_RELEASE_TRIM_PATHS=all
exec cargo build --locked -p wattfleet-runtime --release --no-default-features --target wasm32v1-none -Z build-std=core,alloc -Z trim-paths "$@"
