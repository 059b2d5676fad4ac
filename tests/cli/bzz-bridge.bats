#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # a test is a subshell, and keeps what it sets to itself
bats_require_minimum_version 1.5.0
# bzz-bridge: how it begins and ends. What it says to others is in tests/interop/bridge.bats.

setup() {
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	PATH="$PWD/build/bin:$PATH"
	cd "$BATS_TEST_TMPDIR" || exit 1
	seq 1 10000 > file
	bzz-put --store store file > put
}

teardown() {
	[ -z "${pid-}" ] || kill "$pid" 2> /dev/null || true
	wait
}

started() {
	grep -q . ready || ! kill -0 "$pid" 2> /dev/null
}

bridge() { # ARGUMENT...: sets pid
	: > ready
	bzz-bridge "$@" 3>&- > ready 2> err &
	pid=$!
	wait_until started
	cat err
	[ "$(jq -r .pid ready)" = "$pid" ]
}

on_loopback=(--listen /ip4/127.0.0.1/tcp/0 --listen /ip4/127.0.0.1/udp/0/quic-v1)

ends_with() { # SIGNAL
	kill -s "$1" "$pid"
	wait "$pid"
	pid=
}

@test "ready: where it listens, with its peer id, on TCP and QUIC" {
	bridge "${on_loopback[@]}" store
	[ "$(wc -l < ready)" = 1 ]
	jq -e '(.peer | test("^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$")) and (.listening | length == 2)' ready
	jq -e '.peer as $id | .listening[0] | test("^/ip4/127.0.0.1/tcp/[1-9][0-9]*/p2p/" + $id + "$")' ready
	jq -e '.peer as $id | .listening[1] | test("^/ip4/127.0.0.1/udp/[1-9][0-9]*/quic-v1/p2p/" + $id + "$")' ready
	ends_with TERM
	[ ! -s err ]
}

@test "an identity stays; without one there is a new one each time" {
	bridge "${on_loopback[@]}" --identity key store
	peer=$(jq -r .peer ready)
	[ "$(stat -c %a key)" = 600 ]
	ends_with INT
	bridge "${on_loopback[@]}" --identity key store
	[ "$(jq -r .peer ready)" = "$peer" ]
	ends_with TERM
	bridge "${on_loopback[@]}" store
	[ "$(jq -r .peer ready)" != "$peer" ]
	ends_with TERM
	chmod 644 key
	run -3 bzz-bridge "${on_loopback[@]}" --identity key store
	[[ $output = *key* ]]
}

@test "told beside: an address of a NAT in front" {
	bridge --listen /ip4/127.0.0.1/tcp/0 --advertise /ip4/192.0.2.7/tcp/4001 store
	jq -e '.peer as $id | .listening | index("/ip4/192.0.2.7/tcp/4001/p2p/" + $id) != null' ready
	ends_with TERM
}

@test "a port that is taken" {
	bridge --listen /ip4/127.0.0.1/tcp/0 store
	there=$(jq -r '.listening[0]' ready)
	run -3 bzz-bridge --listen "${there%/p2p/*}" store
	[[ $output = *"cannot listen on ${there%/p2p/*}: Address already in use"* ]]
}

@test "wrong usage" {
	run -2 bzz-bridge
	[[ $output = *"where from? give a STORE, a --gateway, a --peer or a --bootnode"* ]]
	run -2 bzz-bridge --peer /ip4/127.0.0.1/udp/1 store
	[[ $output = *--peer* ]]
	run -2 bzz-bridge --gateway ftp://x store
	[[ $output = *--gateway* ]]
	run -2 bzz-bridge --listen 127.0.0.1:4001 store
	[[ $output = *"--listen: '127.0.0.1:4001' is no multiaddr"* ]]
	run -2 bzz-bridge --connections 0 store
	[[ $output = *--connections* ]]
	run -2 bzz-bridge --connections 10 --per-client 11 store
	[[ $output = *--per-client* ]]
}

@test "a store that is none" {
	run -3 bzz-bridge "${on_loopback[@]}" nowhere
	[[ $output = *"nowhere: no chunk store: not found"* ]]
	run ! grep -q listening <<< "$output"
}

@test "standard output that takes nothing" {
	run -3 bash -c 'bzz-bridge --listen /ip4/127.0.0.1/tcp/0 store > /dev/full'
}
