#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # a test is a subshell, and keeps what it sets to itself; bats sets stderr
bats_require_minimum_version 1.5.0
# phase-node: how it begins and ends, what it keeps over restarts, and two of them together. Others than ours:
# tests/interop/phase-node.bats.

setup() {
	snapshot=$PWD/tests/cli/kad_snapshot.py
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	PATH="$PWD/build/bin:$PATH"
	cd "$BATS_TEST_TMPDIR" || exit 1
	: > nobody
	export PHASE_BOOTSTRAP=$PWD/nobody # what this machine has in /etc takes no part
	tcp=/ip4/127.0.0.1/tcp/0
	declare -gA process address peer
}

teardown() {
	local one
	for one in "${process[@]}"; do
		kill "$one" 2> /dev/null || true
	done
	wait
	[ -n "${BATS_TEST_COMPLETED-}" ] || tail -n 20 ./*.out ./*.err
}

# start NAME ARGUMENT...: a node, into the background; returns when it has printed its line. Sets ${address[NAME]},
# the first one, and ${peer[NAME]}.
start() {
	local name=$1
	shift
	: > "$name.out"
	phase-node "$@" 3>&- > "$name.out" 2> "$name.err" &
	process[$name]=$!
	wait_until started "$name"
	address[$name]=$(jq -er '.listening[0]' "$name.out")
	peer[$name]=$(jq -er .peer "$name.out")
}

# started NAME: a whole line is there, or nobody who could write one.
started() {
	grep -q . "$1.out" || ! kill -0 "${process[$1]}" 2> /dev/null
}

# end NAME [SIGNAL]: gives its exit status.
end() {
	local pid=${process[$1]}
	unset "process[$1]"
	kill "-${2:-TERM}" "$pid"
	wait "$pid"
}

# refused ARGUMENT...: it ends by itself with status 3.
refused() {
	run -3 --separate-stderr timeout 100 phase-node "$@"
	[ -z "$output" ]
	echo "$stderr"
}

@test "ready: one line of JSON; ends with 0 on SIGTERM and SIGINT" {
	local signal
	for signal in TERM INT; do
		start a --listen $tcp --listen /ip4/127.0.0.1/udp/0/quic-v1
		[ "$(wc -l < a.out)" = 1 ]
		jq -e --arg pid "${process[a]}" '(keys == ["listening", "peer", "pid"]) and (.pid | tostring) == $pid and
			.peer as $peer | (.listening | length) == 2 and all(.listening[]; endswith("/p2p/" + $peer))' a.out
		jq -e '.listening[0] | test("^/ip4/127\\.0\\.0\\.1/tcp/[1-9][0-9]*/p2p/12D3KooW")' a.out
		jq -e '.listening[1] | test("^/ip4/127\\.0\\.0\\.1/udp/[1-9][0-9]*/quic-v1/p2p/12D3KooW")' a.out
		grep -qx 'phase-node: no peer to enter a network by: this node is one for others, by their --bootstrap' a.err
		end a $signal
		[ "$(wc -l < a.out)" = 1 ] && [ "$(wc -l < a.err)" = 1 ]
	done
}

@test "who it is: the key of --identity, or of the state, or another one each time" {
	local first
	start a --listen $tcp --quiet
	start b --listen $tcp --quiet
	[ "${peer[a]}" != "${peer[b]}" ] && [ ! -s a.err ]
	start c --listen $tcp --identity key
	[ "$(stat -c %a key)" = 600 ]
	first=${peer[c]}
	end c
	start c --listen $tcp --identity key --state state
	[ "${peer[c]}" = "$first" ] && [ ! -e state/identity.key ]
	end c
	start c --listen $tcp --state state
	[ "${peer[c]}" != "$first" ]
	first=${peer[c]}
	end c
	start c --listen $tcp --state state
	[ "${peer[c]}" = "$first" ]
	end c
	[ "$(stat -c '%a %n' state state/*)" = "700 state
600 state/identity.key
600 state/lock
600 state/snapshot" ]
	chmod 644 key
	refused --listen $tcp --identity key
	[ "$stderr" = 'phase-node: key: others may read or change this secret: chmod 600' ]
}
