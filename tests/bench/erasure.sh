#!/bin/bash
# Erasure coding of an intermediate chunk's shards on one core, against klauspost/reedsolomon, which
# bee uses: encoding, and recovering as many data shards as can be lost. The sides by turns, medians
# of five.
set -euo pipefail
make -s build/bench/erasure_bench
tools/toolchain.sh go 1.26 'klauspost/reedsolomon (the peer of the erasure code)'
export GOFLAGS='-mod=mod -buildvcs=false -modcacherw' GOTOOLCHAIN=local
export GOMODCACHE=$PWD/build/interop/go/modules GOCACHE=$PWD/build/interop/go/cache
mkdir -p "$GOMODCACHE" "$GOCACHE"

# In a copy: go must not write into the tree.
folder=$(mktemp -d build/bench/erasure.XXXXXX)
trap 'rm -rf "$folder"' EXIT
cp tests/bench/klauspost/* "$folder"
(cd "$folder" && go build -o klauspost .)

core=$(($(nproc) - 1))
kinds=$(build/bench/erasure_bench | jq -r .kind | uniq | tail -n 2)
for _ in 1 2 3 4 5; do
	# shellcheck disable=SC2086  # the two fastest that this processor has
	taskset -c "$core" build/bench/erasure_bench $kinds >> "$folder/ours"
	taskset -c "$core" "$folder/klauspost" >> "$folder/theirs"
done

# Our fastest against theirs, and AVX2 against AVX2 where there is more than that.
jq -nc --arg fastest "$(tail -n 1 <<< "$kinds")" --slurpfile ours "$folder/ours" --slurpfile theirs "$folder/theirs" '
	def median: sort | .[length / 2 | floor];
	def rate(figures; bench; row; kind): [figures[] | select(.bench == bench and .data == row[0] and
		.parity == row[1] and .kind == kind).mb_s] | median;
	([[$fastest, "fastest"], ["avx2", "avx2"]] | unique_by(.[0]) | reverse)[] as $kind |
	([119, 9], [97, 31], [39, 89]) as $row | ("erasure-encode", "erasure-recover") as $bench |
	rate($ours; $bench; $row; $kind[0]) as $us | rate($theirs; $bench; $row; $kind[1]) as $them |
	select($us != null) |
	{bench: "\($bench) \($row[0])+\($row[1]) / klauspost, \($kind[0]), one core", mb_s: $us, peer_mb_s: $them,
		ratio: ($us / $them * 1000 | round / 1000), wanted: 0.8}'
