#!/usr/bin/env bash
# Measures what the calls of the exchange's pallets cost, on the project's runtime, and writes runtime/src/weights. Run it
# on a quiet machine of the kind that validators use; the runtime has to be built anew after it.
#
#   build-weights.sh            all pallets
#   build-weights.sh vault ...  only these
#
# Needs what build-runtime.sh needs, and frame-omni-bencher, which is built on first use (half an hour on two cores):
# protobuf-compiler, clang and libclang-dev on Debian.
set -euo pipefail
cd "$(dirname "$0")"

readonly BENCHER_VERSION=0.28.0
# points over each component's range, and repetitions of each
readonly STEPS=6 REPEAT=3
cache="${XDG_CACHE_HOME:-$HOME/.cache}/wattfleet"
bencher="$cache/omni-bencher/bin/frame-omni-bencher"

if ! "$bencher" --version 2>/dev/null | grep -q "$BENCHER_VERSION"; then
  # a test runtime of its own would need another target; its benchmarks are not used here
  SKIP_WASM_BUILD=1 cargo install frame-omni-bencher --version "$BENCHER_VERSION" --locked \
    --root "$cache/omni-bencher" --target-dir "$cache/cargo-omni" \
    --config 'profile.release.lto=false' --config 'profile.release.codegen-units=16' \
    --config 'profile.release.debug=false' --config 'profile.release.opt-level=2' >&2
fi

runtime=$(bash build-runtime.sh --benchmarks)
pallets=("$@")
[ ${#pallets[@]} -gt 0 ] || pallets=(registry validators vault orderbook settlement)
for pallet in "${pallets[@]}"; do
  "$bencher" v1 benchmark pallet --runtime "$runtime" --genesis-builder-preset development \
    --pallet "pallet_wattfleet_$pallet" --extrinsic '*' --steps "$STEPS" --repeat "$REPEAT" \
    --heap-pages 4096 --no-storage-info --no-median-slopes \
    --output "runtime/src/weights/pallet_wattfleet_$pallet.rs"
  # the crates by their names here; of the head only what the file is, not where it was measured
  file="runtime/src/weights/pallet_wattfleet_$pallet.rs"
  {
    echo "//! Measured by chain/build-weights.sh: $STEPS steps, $REPEAT repetitions. Not written by hand."
    sed -e '/^\/\/!/d' -e '/^\/\/ /d' -e 's/use frame_support::/use frame::deps::frame_support::/' \
      -e 's/<T: frame_system::Config>/<T: frame::deps::frame_system::Config>/' "$file" | cat -s
  } >"$file.new"
  mv "$file.new" "$file"
done
