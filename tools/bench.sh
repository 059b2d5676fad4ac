#!/bin/bash
# bench.sh [NAME...]: the measurements of tests/bench, one JSON line for each figure.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

names=("$@")
if [ ${#names[@]} = 0 ]; then
	for file in tests/bench/*.sh; do
		[ ! -f "$file" ] || names+=("$(basename "$file" .sh)")
	done
fi
status=0
for name in "${names[@]}"; do
	bash "tests/bench/$name.sh" || { echo "bench: $name failed" >&2; status=1; }
done
exit $status
