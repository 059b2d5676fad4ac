#!/bin/bash
# build.sh [27]: builds beenet, the Swarm peers made of bee's own packages, into build/interop/beenet; 27: those of
# bee v2.7.0, which speak the handshake and hive before, into build/interop/beenet27.
# The first time takes minutes and the network: Go fetches bee's modules and compiles them. Caches
# lie in build/ too; a second call takes seconds.
set -euo pipefail
cd "$(dirname "$0")/../../.."

tools/toolchain.sh go 1.26 'beenet (bee in the measurements and tests against peers)'
export GOFLAGS='-mod=mod -buildvcs=false -modcacherw' GOTOOLCHAIN=local
export GOMODCACHE=$PWD/build/interop/go/modules GOCACHE=$PWD/build/interop/go/cache
out=$PWD/build/interop/beenet${1-} of=()
[ -z "${1-}" ] || of=(-tags "bee$1" -modfile="go$1.mod")
mkdir -p "$GOMODCACHE" "$GOCACHE"
exec {lock}> "$out.lock" # the same may be built beside
flock "$lock"

# In a copy: go must not write into the tree.
copy=$(mktemp -d build/interop/beenet.XXXXXX)
trap 'rm -rf "$copy"' EXIT
cp tests/interop/beenet/{*.go,go*.mod,go*.sum} "$copy"
(cd "$copy" && go build "${of[@]}" -o "$out.new" .)
mv "$out.new" "$out"
