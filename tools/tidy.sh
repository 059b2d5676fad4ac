#!/bin/bash
# tidy.sh: every check of the sources, one TAP line each. A check is a script that says what is
# wrong and where, and fails; lines that begin with "trend" are shown and judge nothing.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

n=0 status=0
step() {
	local name=$1 said good=ok
	shift
	said=$("$@" 2>&1) || good='not ok' status=1
	n=$((n + 1))
	# What a check that passed has to say is of no interest, except trends.
	if [ "$good" = ok ]; then
		grep '^trend' <<< "$said" | sed 's/^/# /'
	else
		echo "# ${said//$'\n'/$'\n'# }"
	fi
	echo "$good $n - $name"
}

at_once=(--no-print-directory)
[[ ${MAKEFLAGS-} = *jobserver* ]] || at_once+=("-j$(nproc)")
mapfile -t sources < <(find lib cmd tests efi -name '*.[ch]' -o -name '*.inc' 2> /dev/null | sort)
mapfile -t scripts < <(grep -rlE '^#!/bin/(ba)?sh' tools tests .ci debian 2> /dev/null | sort)
mapfile -t bats < <(find tests -name '*.bats' -o -name '*.bash' | sort)

step 'everything builds' make "${at_once[@]}" -k all host-units firmware efi
step 'layout (clang-format)' clang-format --dry-run -Werror "${sources[@]}"
step 'rooms include only what they may' tools/check-layers.sh
step 'cores call nothing outside' tools/check-purity.sh
step 'what is shown is used' tools/check-exports.sh
step 'headers stand alone' tools/check-headers.sh
step 'programs are hardened' tools/check-hardened.sh
step 'pages, --help, completion and tests agree' tools/check-manuals.sh
step 'no word of the workplace' tools/check-words.sh
step 'scripts (shellcheck)' shellcheck -x "${scripts[@]}"
step 'tests in shell (shellcheck)' shellcheck -x -e SC2030,SC2031,SC2314,SC2315 "${bats[@]}"
step 'spelling (codespell)' tools/check-spelling.sh
step 'cppcheck' tools/check-cppcheck.sh
step 'clang-tidy' make "${at_once[@]}" -k lint
step 'sizes' tools/check-sizes.sh
echo "1..$n"
exit $status
