#!/bin/bash
# check-sizes.sh: no file over 800 lines; the ten longest functions and the modules without a test
# of their own are shown.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

status=0
mapfile -t sources < <(find lib cmd efi -name '*.[ch]' 2> /dev/null | sort)
for file in "${sources[@]}"; do
	n=$(wc -l < "$file")
	[ "$n" -le 800 ] || { echo "$file: $n lines"; status=1; }
done
# Layout is fixed by clang-format: a function's name stands at the left edge, and so do its braces.
awk '
	FNR == 1 { name = "" }
	/^[a-z].*\(/ { split($0, part, "("); n = split(part[1], word, /[ *]+/); name = word[n] }
	/^\{$/ { began = FNR }
	/^\}$/ && name != "" { print FNR - began - 1, FILENAME ": " name; name = "" }' "${sources[@]}" |
	sort -rn | head -n 10 | sed 's/^/trend longest functions: /'
for source in lib/*/*.c; do
	room=$(basename "$(dirname "$source")") name=$(basename "$source" .c)
	[ -f "tests/unit/${name}_test.c" ] || [ -f "tests/unit/${room}_${name}_test.c" ] || echo "$room/$name"
done | paste -sd' ' | sed 's/^/trend without a unit test of their own: /'
exit $status
