#!/bin/bash
# check-words.sh: no path of the machine somebody worked on, no notes to oneself, no file named
# for nothing in particular.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

status=0
# complain WHAT LINES
complain() {
	[ -z "$2" ] || { echo "$1:"; echo "$2"; status=1; }
}
mapfile -t files < <(find . \( -path ./build -o -path ./.git -o -name '*.part' \) -prune -o -type f -print | sed 's|^\./||' | sort)

# This file and the test that plants such words must name them.
text=() outside_tests=()
for file in "${files[@]}"; do
	case $file in
	tools/check-words.sh | tests/cli/house.bats) continue ;;
	tests/vectors/* | tests/fuzz/corpus/*) continue ;;
	tests/*) ;;
	*) outside_tests+=("$file") ;;
	esac
	text+=("$file")
done
begins="(^|[][:space:]=:(,;<>'\`[])\"?" # what stands before an absolute path
complain 'paths of one machine' "$(grep -InE "$begins/(work|tmp|home|root)/[A-Za-z0-9_.]" "${outside_tests[@]}")"
complain 'paths of one machine' "$(grep -InE "$begins/(work|home|root)/[A-Za-z0-9_.]" "${text[@]}")"
complain 'notes to oneself' "$(grep -InwE 'TODO|FIXME|XXX|HACK' "${text[@]}")"
complain 'a name that says nothing' "$(printf '%s\n' "${files[@]}" |
	grep -E '(^|/)[a-z_-]*(util|utils|misc|helper|helpers|manager)[a-z_-]*\.[a-z]+$')"
complain 'conflict markers' "$(grep -InE '^(<<<<<<<|>>>>>>>) ' "${text[@]}")"
exit $status
