#!/bin/bash
# check-undefined.sh FILE...: what these objects and archives need and do not define among them
# must be the mem* functions and the report of a failed assert, which every platform of ours has.
set -euo pipefail

[ $# != 0 ] || { echo "usage: check-undefined.sh FILE..." >&2; exit 2; }
defined=$(nm --defined-only -g "$@" | awk 'NF == 3 { print $3 }' | sort -u)
[ -n "$defined" ] || { echo "check-undefined.sh: nothing is defined in $*" >&2; exit 2; }
# _GLOBAL_OFFSET_TABLE_ is made by the linker.
missing=$(comm -13 <(echo "$defined") <(nm -u "$@" | awk '$1 == "U" { print $2 }' | sort -u) |
	grep -vxE 'memcpy|memmove|memset|memcmp|memchr|__assert_fail|_GLOBAL_OFFSET_TABLE_' || true)
[ -n "$missing" ] || exit 0
for symbol in $missing; do
	users=$(nm -A -u "$@" | awk -v s="$symbol" '$NF == s { sub(/:[^:]*$/, "", $1); print $1 }' | sort -u | tr '\n' ' ')
	echo "undefined: $symbol, wanted by $users" >&2
done
exit 1
