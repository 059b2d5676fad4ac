#!/bin/bash
# build.sh: builds kadrust, a peer made of rust-libp2p, into build/interop/kadrust. The first time takes
# minutes and the network: cargo fetches the crates and compiles them. What is compiled lies in build/
# too; a second call takes seconds.
set -euo pipefail
cd "$(dirname "$0")/../../.."

tools/toolchain.sh cargo 1.88 'kadrust (rust-libp2p in the tests against peers)'
out=$PWD/build/interop/kadrust
copy=$PWD/build/interop/rust # there, so that cargo writes nothing into the tree
export CARGO_TARGET_DIR=$copy/target
mkdir -p "$copy/src"
exec {lock}> "$out.lock" # the same may be built beside
flock "$lock"
for file in Cargo.toml src/main.rs; do
	cmp -s "tests/interop/kadrust/$file" "$copy/$file" || cp "tests/interop/kadrust/$file" "$copy/$file"
done
(cd "$copy" && cargo build --quiet)
cp "$CARGO_TARGET_DIR/debug/kadrust" "$out.new"
mv "$out.new" "$out"
