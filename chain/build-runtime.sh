#!/usr/bin/env bash
# Builds the runtime's WebAssembly from the Rust sources beside this file and records what it was built from.
#
#   build-runtime.sh               builds, then replaces runtime/wattfleet_runtime.wasm and its record
#   build-runtime.sh --check       builds, then compares the bytes with those in the repository and changes nothing;
#                                  exit code 3 where this compiler is another and they cannot be compared
#   build-runtime.sh --next        builds the same runtime one spec_version further on, to try an upgrade out with;
#                                  kept outside the checkout by the hash of its sources, its path on standard output
#   build-runtime.sh --benchmarks  builds the runtime with its benchmarks, likewise
#
# Needs a rustc 1.84 or newer that may use unstable flags (RUSTC_BOOTSTRAP) with its library's sources, cargo, and
# rust-lld. On Debian: apt-get install rustc-web rust-web-src rust-web-llvm; rust-lld comes with any rustup toolchain.
# The same compiler gives the same bytes wherever the checkout lies.
set -euo pipefail
cd "$(dirname "$0")"

cache="${XDG_CACHE_HOME:-$HOME/.cache}/wattfleet"
node=../node_modules/.bin/node
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/cargo}"
export RUSTC="${WATTFLEET_RUSTC:-/usr/bin/rustc}" RUSTC_BOOTSTRAP=1
if [ -z "${WATTFLEET_WASM_LINKER:-}" ]; then
  host=$("$RUSTC" -vV | sed -n 's/^host: //p')
  WATTFLEET_WASM_LINKER="$(rustup run stable rustc --print sysroot)/lib/rustlib/$host/bin/rust-lld"
fi
export CARGO_TARGET_WASM32V1_NONE_LINKER="$WATTFLEET_WASM_LINKER"
export RUSTFLAGS="-C link-arg=--export-table --cfg substrate_runtime"
# no path of the building machine in the bytes
export CARGO_PROFILE_RELEASE_TRIM_PATHS=all

built="$CARGO_TARGET_DIR/wasm32v1-none/release/wattfleet_runtime.wasm"
kept=runtime/wattfleet_runtime.wasm

build() {
  cargo build --locked -p wattfleet-runtime --release --no-default-features "$@" \
    --target wasm32v1-none -Z build-std=core,alloc -Z trim-paths
}

# $1: name of the variant, then what cargo is told; the path on standard output
variant() {
  local name=$1 folder
  shift
  folder="$cache/runtime-$name/$("$node" --disable-warning=ExperimentalWarning runtime-hash.ts)"
  if [ ! -e "$folder/wattfleet_runtime.wasm" ]; then
    build "$@" >&2
    mkdir -p "$folder"
    cp "$built" "$folder/incomplete"
    mv "$folder/incomplete" "$folder/wattfleet_runtime.wasm"
    # the last three are enough for whoever goes back and forth between branches
    ls -1dt "$cache/runtime-$name"/*/ | tail -n +4 | xargs -r rm -rf
  fi
  echo "$folder/wattfleet_runtime.wasm"
}

case "${1:-}" in
  --next) variant next --features next-version ;;
  --benchmarks) variant benchmarks --features runtime-benchmarks ;;
  --check)
    build
    recorded=$(sed -n 's/.*"rustc": "\(.*\)".*/\1/p' runtime/wattfleet_runtime.json)
    if [ "$recorded" != "$("$RUSTC" --version)" ]; then
      echo "the runtime in the repository was built by '$recorded', this is '$("$RUSTC" --version)': it builds, but bytes of two compilers cannot be compared" >&2
      exit 3
    fi
    cmp "$built" "$kept"
    echo "the runtime in the repository is what its sources give, byte for byte"
    ;;
  '')
    build
    cp "$built" "$kept"
    "$node" --disable-warning=ExperimentalWarning runtime-hash.ts write "$("$RUSTC" --version)"
    cat runtime/wattfleet_runtime.json
    ;;
  *)
    echo "build-runtime.sh: '$1' is not one of --check, --next, --benchmarks" >&2
    exit 2
    ;;
esac
