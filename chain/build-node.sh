#!/usr/bin/env bash
# Builds the node (chain/node) and prints the path of the program, which lies outside the checkout and is keyed by the
# SHA-256 of the node's sources: what was built once is not built again.
#
#   build-node.sh            prints the path; builds first where these sources were not built yet
#   build-node.sh --path     prints the path and builds nothing; exit code 1 where there is nothing yet
#
# Needs a Rust toolchain (1.90 or newer), protoc, a C compiler, make and perl. On Debian and its kin:
# apt-get install protobuf-compiler build-essential perl. A cold build takes a quarter of an hour on two cores and
# 3 GB of disk in $CARGO_TARGET_DIR; a change of the node's own sources takes one or two minutes.
set -euo pipefail
cd "$(dirname "$0")/node"

readonly KEPT_BUILDS=4
cache="${XDG_CACHE_HOME:-$HOME/.cache}/wattfleet"

sha256() { if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }

# over the name and content of every source, in the order of their names
sources=$(
  { printf '%s\n' ../build-node.sh Cargo.lock Cargo.toml && find src -name '*.rs'; } | LC_ALL=C sort |
    while read -r file; do printf '%s %s\n' "$file" "$(sha256 <"$file" | cut -c1-64)"; done | sha256 | cut -c1-64
)
program="$cache/node/$sources/wattfleet-node"

if [ -x "$program" ]; then
  touch "${program%/*}"
  echo "$program"
  exit 0
fi
if [ "${1:-}" = --path ]; then
  echo "$program"
  echo "the node is not built for these sources: run chain/build-node.sh" >&2
  exit 1
fi

missing=()
for tool in cargo protoc cc make perl; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "cannot build the node: ${missing[*]} not found; the head of chain/build-node.sh says where they come from" >&2
  exit 2
fi

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/cargo-node}"
# the version that the program gives: which sources it is
export WATTFLEET_NODE_SOURCES="${sources:0:12}"
cargo build --locked --release >&2

mkdir -p "${program%/*}"
cp "$CARGO_TARGET_DIR/release/wattfleet-node" "$program.new"
mv "$program.new" "$program"

# the latest used stay
ls -1dt "$cache"/node/*/ | tail -n "+$((KEPT_BUILDS + 1))" | while read -r old; do rm -rf "$old"; done
echo "$program"
