#!/bin/bash
# build.sh: builds kadgo, a peer made of go-libp2p and its Kademlia, into build/interop/kadgo. The first
# time takes minutes and the network: Go fetches the modules and compiles them. Caches lie in build/
# too; a second call takes seconds.
set -euo pipefail
cd "$(dirname "$0")/../../.."

tools/toolchain.sh go 1.26 'kadgo (go-libp2p in the tests against peers)'
export GOFLAGS='-mod=mod -buildvcs=false -modcacherw' GOTOOLCHAIN=local
export GOMODCACHE=$PWD/build/interop/go/modules GOCACHE=$PWD/build/interop/go/cache
out=$PWD/build/interop/kadgo
mkdir -p "$GOMODCACHE" "$GOCACHE"
exec {lock}> "$out.lock" # the same may be built beside
flock "$lock"

# In a copy: go must not write into the tree.
copy=$(mktemp -d build/interop/kadgo.XXXXXX)
trap 'rm -rf "$copy"' EXIT
cp tests/interop/kadgo/*.go tests/interop/kadgo/go.* "$copy"
(cd "$copy" && go build -o "$out.new" .)
mv "$out.new" "$out"
