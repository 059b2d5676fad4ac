#!/bin/bash
# check-purity.sh: what the objects of all cores need from outside. No malloc, no clock, no
# randomness, no printing: the mem* functions, and in crypto the libraries it gives a face to.
set -euo pipefail
cd "$(dirname "$0")/.."

objects=${OBJECTS:-build/host/lib}
language='mem(cpy|move|set|cmp|chr)|strlen|__assert_fail|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail'
fortified='__mem(cpy|move|set)_chk'
libraries='crypto_(sign|hash|core|verify|scalarmult|aead|stream|onetimeauth)_[a-z0-9_]+|sodium_[a-z0-9_]+|SHA256(_[A-Za-z]+)?|EVP_[A-Za-z0-9_]+|(d2i|i2d)_PUBKEY|secp256k1_[a-z0-9_]+'
all=() crypto=()
for room in core crypto http p2p kad swarm phase fetch; do
	for object in "$objects/$room"/*.o; do
		[ -f "$object" ] || continue
		# Objects of sources that are gone prove nothing.
		source=lib/$room/$(basename "$object" .o).c
		[ -f "$source" ] || continue
		all+=("$object")
		[ "$room" != crypto ] || crypto+=("$object")
	done
done
[ ${#all[@]} != 0 ] || { echo "no objects of cores in $objects: build first" >&2; exit 2; }

defined=$(nm --defined-only -g "${all[@]}" | awk 'NF == 3 { print $3 }' | sort -u)
# wanted PATTERN OBJECT...: "object symbol" for what is neither defined by us nor matches.
wanted() {
	local pattern=$1
	shift
	nm -A -u "$@" | awk '{ file = $1; sub(/:.*/, "", file); print file, $NF }' | sort -u |
		awk -v defined="$defined" 'BEGIN { n = split(defined, d, "\n"); for (i = 1; i <= n; i++) ours[d[i]] = 1 }
			!($2 in ours)' | grep -vE " ($pattern)\$" || true
}
bad=$(
	wanted "$language|$fortified|$libraries" "${crypto[@]}"
	rest=()
	for object in "${all[@]}"; do
		[[ $object = "$objects/crypto/"* ]] || rest+=("$object")
	done
	wanted "$language|$fortified" "${rest[@]}"
)
[ -n "$bad" ] || exit 0
while read -r object symbol; do
	echo "$object: a core may not need $symbol" >&2
done <<< "$bad"
exit 1
