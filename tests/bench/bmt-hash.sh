#!/bin/bash
# bmt-hash of 1 GiB in the page cache on one core, against the bare permutation of the same lanes
# and against bee's hasher; then the two hashes of phase-manifest in one read against the slower of
# the two alone, on all cores. All in one run, the sides by turns, medians of seven.
set -euo pipefail
make -s build/bench/keccak_bench build/bin/bmt-hash build/bin/phase-manifest
tests/interop/beenet/build.sh

folder=$(mktemp -d build/bench/bmt-hash.XXXXXX)
trap 'rm -rf "$folder"' EXIT
store=$folder/store
mkdir -p "$store/stable/x86_64"
file=$store/stable/x86_64/vmlinuz
size=$((1 << 30))
head -c "$size" /dev/urandom > "$file"
cat "$file" > /dev/null
core=$(($(nproc) - 1))
rounds=7

# rate COMMAND...: MB/s of the file.
rate() {
	local start=$EPOCHREALTIME
	"$@" > /dev/null
	awk -v a="$start" -v b="$EPOCHREALTIME" -v n="$size" 'BEGIN { printf "%.0f\n", n / (b - a) / 1e6 }'
}

median() {
	sort -n "$1" | sed -n "$(((rounds + 1) / 2))p"
}

figure() { # NAME OURS THEIRS [WANTED]
	jq -nc --arg bench "$1" --argjson ours "$2" --argjson theirs "$3" --argjson wanted "${4:-null}" \
		'{bench: $bench, mb_s: $ours, peer_mb_s: $theirs, ratio: ($ours / $theirs * 1000 | round / 1000)}
		+ if $wanted == null then {} else {wanted: $wanted} end'
}

# The widest lanes that this processor has, which are those that bmt-hash takes.
kind=$(build/bench/keccak_bench | jq -r .kind | tail -n 1)
for ((i = 0; i < rounds; i++)); do
	taskset -c "$core" build/bench/keccak_bench "$kind" |
		jq 'select(.bench == "keccak-permutation").mb_s' >> "$folder/bare"
	rate taskset -c "$core" build/bin/bmt-hash "$file" >> "$folder/hash"
done
figure "bmt-hash / bare permutation, $kind, one core" "$(median "$folder/hash")" "$(median "$folder/bare")" 0.9

taskset -c "$core" build/interop/beenet bench 64 plain > "$folder/bee"
bee() {
	jq --arg name "$1" 'select(.bench == $name).median' "$folder/bee"
}
for how in 'scalar (goroutines)' SIMD; do
	figure "bmt-hash / bee splits 64 MiB, $how, one core" "$(median "$folder/hash")" \
		"$(bee "split 64 MiB plain, BMT $how")"
	figure "bmt-hash / bee hashes chunks, $how, one core" "$(median "$folder/hash")" "$(bee "BMT 4096 B $how")"
done

for ((i = 0; i < rounds; i++)); do
	rate build/bin/phase-manifest -a x86_64 --release 1 "$store" >> "$folder/both"
	rate openssl dgst -sha256 "$file" >> "$folder/sha256"
	rate build/bin/bmt-hash "$file" >> "$folder/alone"
done
sha256=$(median "$folder/sha256") alone=$(median "$folder/alone")
figure "phase-manifest / the slower of openssl dgst -sha256 ($sha256) and bmt-hash ($alone)" \
	"$(median "$folder/both")" "$((sha256 < alone ? sha256 : alone))" 1.0
