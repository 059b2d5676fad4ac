#!/bin/bash
# check-exports.sh: what a module shows to others is used by others. In the rooms of cores the
# firmware's program and the tests count as users: they are a library. So do the programs in tests/interop for the
# few functions of a libp2p node that no program of ours has a use for, and that are its face all the same.
set -euo pipefail
cd "$(dirname "$0")/.."

objects=${OBJECTS:-build/host}
mine=()
for source in lib/*/*.c cmd/*.c; do
	object=$objects/${source%.c}.o
	[[ $source = *_firmware.c ]] || [ -f "$object" ] || { echo "$object is missing: build first" >&2; exit 2; }
	[ ! -f "$object" ] || mine+=("$object")
done
[ ${#mine[@]} != 0 ] || { echo "no objects in $objects: build first" >&2; exit 2; }

wanted=$(nm -u "${mine[@]}" | awk '$1 == "U" { print $2 }' | sort -u)
tested=$({ find tests efi -name '*.[ch]' -exec cat {} + 2> /dev/null || true; } |
	{ grep -oE '\<[a-z][a-z0-9_]*\>' || true; } | sort -u)
node='p2p_ping|p2p_node_disconnect|p2p_node_each_peer'
status=0
while read -r object symbol; do
	! grep -qxF "$symbol" <<< "$wanted" || continue
	[[ $symbol =~ ^($node)$ ]] && grep -qE "\<$symbol\>" tests/interop/*.c && continue
	[[ $object != "$objects"/lib/host/* ]] && grep -qxF "$symbol" <<< "$tested" && continue
	echo "$object: nobody else uses $symbol: make it static, or leave it out" >&2
	status=1
done < <(nm -A --defined-only -g "${mine[@]}" | awk '$NF != "main" { sub(/:.*/, "", $1); print $1, $NF }')
exit $status
