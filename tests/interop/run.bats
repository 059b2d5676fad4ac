#!/usr/bin/env bats
# shellcheck disable=SC2154 # bats sets stderr
# The demonstration itself: ends well only when all is well, and leaves nothing behind.
bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	# what it makes, it makes here
	export TMPDIR=$BATS_TEST_TMPDIR/t
	mkdir "$TMPDIR"
}

# Namespaces and interfaces of the process PID, and its temporary folder.
nothing_left() {
	[ "$(ip netns list | grep -cE "^ph$1[g-z]?-")" = 0 ]
	[ "$(ip -o link | grep -cE ": ph$1[g-z]?[bv]")" = 0 ]
	[ -z "$(ls -A "$TMPDIR")" ]
	[ "$(pgrep -fc "$TMPDIR/")" = 0 ]
}

# run.sh with this program in front of QEMU's; its process id is $pid, its output in $TMPDIR.log.
demonstrate() {
	PATH="$BATS_TEST_TMPDIR/bin:$PATH" tools/run.sh > "$TMPDIR.log" 2>&1 3>&- &
	pid=$!
	status=0
	wait "$pid" || status=$?
}

# A machine that prints what it likes; $append is the command line that it got.
machine() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	cat > "$BATS_TEST_TMPDIR/bin/qemu-system-x86_64"
	chmod +x "$BATS_TEST_TMPDIR/bin/qemu-system-x86_64"
}

@test "a release is found, fetched, verified and started, and nothing is left" {
	demonstrate
	cat "$TMPDIR.log"
	[ "$status" = 0 ]
	release=$(grep -oE -- '--release [0-9]+' "$TMPDIR.log" | cut -d' ' -f2)
	grep -qE "guest: release $release has started" "$TMPDIR.log"
	[ "$(grep -c "guest: release $release has started" "$TMPDIR.log")" = 4 ] # the others without an operating system
	grep -qE "found by mdns: http://10.77.0.1:8080/stable/x86_64/manifest.json" "$TMPDIR.log"
	nothing_left "$pid"
}

@test "the bare machine boots from nodes made of bee's own packages" {
	SWARM=bee demonstrate
	cat "$TMPDIR.log"
	[ "$status" = 0 ]
	grep -qE 'beenet serve -n 16' "$TMPDIR.log"
	release=$(grep -oE -- '--release [0-9]+' "$TMPDIR.log" | cut -d' ' -f2)
	[ "$(grep -c "guest: release $release has started" "$TMPDIR.log")" = 4 ]
	nothing_left "$pid"
	SWARM=none run ! tools/run.sh
	[[ "$output" == *"SWARM=none"* ]]
}

@test "a machine that says another release, nothing, or fails" {
	machine << 'END'
#!/bin/sh
echo "guest: command line: console=ttyS0 quiet panic=-1 phase.release=1"
echo "guest: release 1 has started"
END
	demonstrate
	[ "$status" = 1 ]
	grep -qE 'run: the guest did not start release' "$TMPDIR.log"
	nothing_left "$pid"
	printf '#!/bin/sh\nexit 0\n' | machine
	demonstrate
	[ "$status" = 1 ]
	printf '#!/bin/sh\nexit 3\n' | machine
	demonstrate
	[ "$status" = 1 ]
	grep -qE 'run: QEMU failed' "$TMPDIR.log"
	nothing_left "$pid"
}

@test "interrupted while the machine runs: nothing is left" {
	machine << 'END'
#!/bin/sh
echo started > "$TMPDIR.machine"
exec sleep 900
END
	PATH="$BATS_TEST_TMPDIR/bin:$PATH" tools/run.sh > "$TMPDIR.log" 2>&1 3>&- < /dev/null &
	pid=$!
	wait_until test -s "$TMPDIR.machine"
	kill "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" = 143 ]
	nothing_left "$pid"
}

@test "without root: says what it needs, and does nothing" {
	run setpriv --reuid=65534 --regid=65534 --clear-groups tools/run.sh
	[ "$status" = 1 ]
	[[ "$output" == *"needs root"* ]]
}
