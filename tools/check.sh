#!/bin/bash
# check.sh [SUITE...]: run test suites, all of them by default, and sum up what they say.
#
# Every suite is a set of programs that print TAP. A failing one is shown in full. A program that
# dies, stops early, prints no test or skips one has failed. The last line is the result.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

suites=("$@")
[ ${#suites[@]} != 0 ] || suites=(tidy unit firmware sanitized sim fuzz cli cli-sanitized interop efi reproducible)
jobs=$(nproc)
results=build/check
passed=0 failed=0
lock=build/check.lock
mkdir -p build
exec 9> "$lock"
flock -n 9 || { echo "check: another check runs in this tree" >&2; exit 3; }
rm -rf "$results"
mkdir -p "$results"

# The jobs of a make -jN that started this are shared; otherwise there are as many as processors.
at_once=(--no-print-directory)
[[ ${MAKEFLAGS-} = *jobserver* ]] || at_once+=("-j$jobs")

# build LABEL MAKE-ARGUMENT...: a build that fails is one failed test.
build() {
	local label=$1
	shift
	{ make "${at_once[@]}" -k "$@" 2>&1 && echo "ok 1 - $label" || echo "not ok 1 - $label"; echo 1..1; } > "$suite_folder/$label.tap"
	! grep -q '^not ok' "$suite_folder/$label.tap"
}

# run COMMAND...: its TAP, its complaints and its exit status in a file named for the last word.
run() {
	local label=${*: -1}
	label=${label##*/}
	local file=$suite_folder/$label.tap status=0
	"$@" > "$file" 2>&1 < /dev/null || status=$?
	echo "$status" > "${file%.tap}.status"
}

# run_all COMMAND FILE...: COMMAND for each file, several at once.
run_all() {
	local command=$1 file
	shift
	for file; do
		while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
			wait -n || true
		done
		# shellcheck disable=SC2086  # a command of several words, or none
		run $command "$file" 9>&- &
	done
	wait
}

# sum_up FILE: adds its tests to passed and failed, and shows it when something is wrong.
sum_up() {
	local file=$1 status=0 good bad skipped plan
	[ ! -f "${file%.tap}.status" ] || status=$(cat "${file%.tap}.status")
	skipped=$(grep -ciE '^ok [0-9]+.* # skip' "$file")
	good=$(($(grep -cE '^ok ' "$file") - skipped))
	bad=$(($(grep -cE '^not ok ' "$file") + skipped))
	plan=$(sed -nE 's/^1\.\.([0-9]+).*/\1/p' "$file" | head -n 1)
	[ "$skipped" = 0 ] || echo "# $skipped skipped: that is a failure here" >> "$file"
	if [ "$bad" = 0 ] && [ "$status" != 0 ]; then
		echo "# ended with status $status" >> "$file"
		bad=1
	elif [ -z "$plan" ] || [ "$plan" != $((good + bad)) ] || [ "$plan" = 0 ]; then
		echo "# said it would run '${plan:-?}' tests, and ran $((good + bad))" >> "$file"
		bad=$((bad + 1))
	fi
	passed=$((passed + good))
	failed=$((failed + bad))
	if [ "$bad" != 0 ]; then
		echo "--- $suite: $(basename "$file" .tap)"
		grep -vE '^(ok |1\.\.)' "$file"
	else
		grep '^# trend' "$file" | sed 's/^# trend/ /'
	fi
}

# run_units FOLDER: the unit test programs there that have a source; others are left over.
run_units() {
	local source name programs=()
	for source in tests/unit/*_test.c; do
		name=$(basename "$source" .c)
		[[ $1 = */firmware && $name = host_* ]] || programs+=("$1/$name")
	done
	run_all '' "${programs[@]}"
}

suite_tidy() { run tools/tidy.sh; }
suite_unit() { build host-units host-units && run_units build/test/host; }
suite_firmware() {
	build firmware-units firmware-units check-firmware && run_units build/test/firmware
}
suite_sanitized() { build sanitized-units SAN=1 host-units && run_units build/san/test/host; }
suite_sim() { build simulations build/test/swarm_sim build/test/kad_sim && run_all '' build/test/swarm_sim build/test/kad_sim; }
suite_fuzz() {
	local targets=(tests/fuzz/*_fuzz.c)
	targets=("${targets[@]##*/}")
	build fuzz-programs fuzz-programs && run_all "tools/fuzz.sh ${FUZZ_SECONDS:-3}" "${targets[@]%_fuzz.c}"
}
suite_cli() { build programs programs && run_all 'bats --tap' tests/cli/*.bats; }
# The same tests on programs with sanitizers: in a copy of the tree, where build/bin holds these.
suite_cli-sanitized() {
	build sanitized-programs SAN=1 programs || return
	local tree=build/san/tree
	rm -rf "$tree"
	mkdir -p "$tree/build"
	tar -cf - --exclude=./build --exclude=./.git . | tar -xf - -C "$tree"
	ln -s "$PWD/build/san/bin" "$tree/build/bin"
	rm -f "$tree/tests/cli/house.bats" # it is about the sources
	export SANITIZED=1
	(cd "$tree" && suite_folder=$OLDPWD/$suite_folder && run_all 'bats --tap' tests/cli/*.bats)
	unset SANITIZED
}
suite_interop() {
	shopt -s nullglob
	local files=(tests/interop/*.bats)
	shopt -u nullglob
	build programs programs efi build/esp/check-config build/test/swfetch-twin build/test/p2p_node build/test/swarm_peer build/test/swarm_client build/test/swarm_crowd && run_all 'bats --tap' "${files[@]}"
}
# The firmware program: its lint, its disk image, its host twin with sanitizers, and boots in a virtual
# machine.
suite_efi() {
	build efi programs efi efi-images efi-units build/esp/check-config build/test/p2p_node || return
	build sanitized-twin SAN=1 build/san/test/swfetch-twin || return
	run_all '' build/test/efi/*_test
	run_all 'bats --tap' tests/efi/*.bats
}
suite_reproducible() { build programs programs firmware efi && run tools/reproducible.sh; }

# The peers of interop take minutes to build: beside the suites before it, with what these leave of the processors.
# No job of this shell, as run_all counts these.
if [[ " ${suites[*]} " = *" interop "* ]]; then
	env -u MAKEFLAGS nice -n 19 tools/peers.sh > "$results/peers.log" 2>&1 < /dev/null 9>&- &
	peers=$!
	disown "$peers"
	trap 'kill "$peers" 2> /dev/null' EXIT
fi

for suite in "${suites[@]}"; do
	declare -F "suite_$suite" > /dev/null || { echo "check: no suite '$suite'" >&2; exit 2; }
	suite_folder=$results/$suite
	mkdir -p "$suite_folder"
	before_passed=$passed before_failed=$failed began=$SECONDS
	"suite_$suite"
	for file in "$suite_folder"/*.tap; do
		[ ! -f "$file" ] || sum_up "$file"
	done
	printf '%-14s %4d passed, %d failed, %d s\n' "$suite" $((passed - before_passed)) $((failed - before_failed)) \
		$((SECONDS - began))
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
