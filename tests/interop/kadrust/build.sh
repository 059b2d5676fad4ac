#!/bin/bash
# build.sh [56]: builds kadrust, a peer made of rust-libp2p, into build/interop/kadrust; 56: of its version 0.56, into
# build/interop/kadrust56. The first time takes minutes and the network: cargo fetches the crates and compiles them,
# those that both need once. What is compiled lies in build/ too; a second call takes seconds.
set -euo pipefail
cd "$(dirname "$0")/../../.."

tools/toolchain.sh cargo 1.88 'kadrust (rust-libp2p in the tests against peers)'
out=$PWD/build/interop/kadrust${1-} of=()
[ -z "${1-}" ] || of=(--no-default-features --features "v$1")
copy=$PWD/build/interop/rust # there, so that cargo writes nothing into the tree
export CARGO_TARGET_DIR=$copy/target
mkdir -p "$copy/src"
exec {lock}> "$PWD/build/interop/kadrust.lock" # the same may be built beside, and either leaves its program in one place
flock "$lock"
for file in Cargo.toml src/main.rs; do
	cmp -s "tests/interop/kadrust/$file" "$copy/$file" || cp "tests/interop/kadrust/$file" "$copy/$file"
done
(cd "$copy" && cargo build --quiet "${of[@]}")
cp "$CARGO_TARGET_DIR/debug/kadrust" "$out.new"
mv "$out.new" "$out"
