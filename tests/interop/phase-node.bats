#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# phase-node for go-libp2p, rust-libp2p and js-libp2p: what they put and provide there others of them get, over TCP and
# QUIC, also after a restart.

# shellcheck source=tests/interop/p2p.bash
. tests/interop/p2p.bash

setup() {
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	PATH="$PWD/build/bin:$PATH"
	peers=$PWD/build/interop transport=tcp # of the clients' own
	export PHASE_BOOTSTRAP=/dev/null
	key=/phase/stable/x86_64/manifest
	cd "$BATS_TEST_TMPDIR" || return 1
	declare -gA fd process address kind_of
}

# start_node ADDRESS: where it is: $there.
start_node() {
	: > node.out
	phase-node --protocol /ipfs/kad/1.0.0 --state state --listen "$1" > node.out 2> node.err 3>&- &
	process[node]=$!
	wait_until grep -q . node.out
	there=$(jq -r '.listening[0]' node.out)
}

end_node() {
	kill "${process[node]}"
	wait "${process[node]}"
}

# client NAME KIND SEED: that knows the node.
client() {
	start "$1" "$2" "$3" 0 -client -sec noise
	tell "$1" "{\"cmd\":\"connect\",\"addr\":\"$there\"}"
	wait_until knows "$1"
}

knows() {
	tell "$1" '{"cmd":"peers"}'
	[ "$(jq '.table | length' answer)" = 1 ]
}

# gets NAME: the value that was put.
gets() {
	tell "$1" "{\"cmd\":\"get\",\"key\":\"$key\"}"
	jq -e --arg value "$value" '[.value, .results[]?.record.value] | index($value) != null' answer
}

# refused NAME: what is no record the node did not take beside the other, and does not give.
refused() {
	tell "$1" "{\"cmd\":\"get\",\"key\":\"$key\"}"
	jq -e '[.value, .results[]?.record.value] | index("no record") == null' answer
}

# finds NAME: who provides.
finds() {
	tell "$1" '{"cmd":"find-providers","key":"a thing"}'
	grep -qF "$provider" answer
}

# serves KIND ADDRESS
serves() {
	value=$(jq -nc --arg now "$(date -u +%Y-%m-%dT%H:%M:%SZ)" '{channel: "stable", arch: "x86_64",
		manifest_url: "http://127.0.0.1:8080/m.json", http_addr: "127.0.0.1:8080", manifest_version: "42",
		created_at: $now, ttl_secs: 3600}')
	start_node "$2"
	client first "$1" 1
	provider=12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5 # of the seed 1
	tell first "$(jq -nc --arg key "$key" --arg value "$value" '{cmd: "put", key: $key, value: $value}')"
	ok
	tell first '{"cmd":"put","key":"/phase/stable/x86_64/manifest","value":"no record"}'
	tell first '{"cmd":"provide","key":"a thing"}'
	ok
	client second "$1" 2
	wait_until gets second
	refused second
	# rust-libp2p that nobody has told where it is reached tells no address, and go refuses such a provider, too
	[ "$1" = kadrust ] || wait_until finds second
	kill "${process[first]}" "${process[second]}"
	end_node
	start_node "${there%/p2p/*}"
	client third "$1" 3
	wait_until gets third
	[ "$1" = kadrust ] || wait_until finds third
	end_node
}

@test "go-libp2p over TCP" {
	serves kadgo /ip4/127.0.0.1/tcp/0
}

@test "go-libp2p over QUIC" {
	serves kadgo /ip4/127.0.0.1/udp/0/quic-v1
}

@test "rust-libp2p over TCP" {
	serves kadrust /ip4/127.0.0.1/tcp/0
}

@test "rust-libp2p over QUIC" {
	serves kadrust /ip4/127.0.0.1/udp/0/quic-v1
}

@test "js-libp2p over TCP" {
	serves kadjs /ip4/127.0.0.1/tcp/0
}
