#!/bin/bash
# fuzz.sh SECONDS TARGET...: run fuzz targets that were built, one TAP line each.
#
# Inputs: tests/fuzz/corpus/TARGET. What a run finds new stays in build/fuzz/corpus/TARGET; what
# makes a target fail is shown, to become a file in tests/fuzz/corpus/TARGET with its repair.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

[ $# -ge 2 ] || { echo "usage: fuzz.sh SECONDS TARGET..." >&2; exit 2; }
seconds=$1 n=0 status=0
shift
for target; do
	n=$((n + 1))
	found=build/fuzz/corpus/$target log=build/fuzz/$target.log
	mkdir -p "$found"
	corpora=("$found")
	[ ! -d "tests/fuzz/corpus/$target" ] || corpora+=("tests/fuzz/corpus/$target")
	if "build/fuzz/${target}_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix="build/fuzz/crash-$target-" "${corpora[@]}" > "$log" 2>&1 &&
		runs=$(grep -oE 'number_of_executed_units: [1-9][0-9]*' "$log"); then
		echo "ok $n - $target (${runs##* } inputs)"
	else
		tail -n 60 "$log" | sed 's/^/# /'
		echo "not ok $n - $target"
		status=1
	fi
done
echo "1..$n"
exit $status
