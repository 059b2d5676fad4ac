#!/bin/bash
# build.sh: builds beenet, the Swarm peers made of bee's own packages, into build/interop/beenet.
# The first time takes minutes and the network: Go fetches bee's modules and compiles them. Caches
# lie in build/ too; a second call takes seconds.
set -euo pipefail
cd "$(dirname "$0")/../../.."

tools/toolchain.sh go 1.26 'beenet (bee in the measurements and tests against peers)'
export GOFLAGS='-mod=mod -buildvcs=false -modcacherw' GOTOOLCHAIN=local
export GOMODCACHE=$PWD/build/interop/go/modules GOCACHE=$PWD/build/interop/go/cache
out=$PWD/build/interop/beenet
mkdir -p "$GOMODCACHE" "$GOCACHE"

# In a copy: go must not write into the tree.
copy=$(mktemp -d build/interop/beenet.XXXXXX)
trap 'rm -rf "$copy"' EXIT
cp tests/interop/beenet/*.go tests/interop/beenet/go.* "$copy"
(cd "$copy" && go build -o "$out.new" .)
mv "$out.new" "$out"
