#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# phase-announce in DHTs of ours, go-libp2p, rust-libp2p and js-libp2p: every node finds the record, byte for byte;
# where a validator lets none be kept, the provider is found, and asked itself.

# shellcheck source=tests/interop/p2p.bash
. tests/interop/p2p.bash

setup() {
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	PATH="$PWD/build/bin:$PATH"
	node=$PWD/build/test/p2p_node peers=$PWD/build/interop transport=tcp
	unset http_proxy https_proxy all_proxy
	export PHASE_BOOTSTRAP=/dev/null
	cd "$BATS_TEST_TMPDIR" || return 1
	declare -gA fd process address kind_of
	pids=()
}

teardown() {
	local one
	for one in "${process[@]}" "${pids[@]}"; do
		kill "$one" 2> /dev/null || true
	done
	[ -n "${BATS_TEST_COMPLETED-}" ] || tail -n 20 ./*.out ./*.err
}

# member NAME KIND SEED PORT [ARGUMENT...]: a server of the DHT; where it listens is ${address[NAME]}.
member() {
	local of_kind=(-sec noise)
	[ "$2" != ours ] || of_kind=(-dht)
	start "${@:1:4}" "${of_kind[@]}" "${@:5}"
}

# gets NAME KEY VALUE: whether it finds it.
gets() {
	tell "$1" "{\"cmd\":\"get\",\"key\":\"$2\"}"
	jq -e --arg value "$3" '[.value, .values[]?.value, .results[]?.record.value] | index($value) != null' answer
}

# serve CHANNEL RELEASE: a store of its own with a release; its URL is in $url.
serve() {
	mkdir -p "$1/$1/x86_64"
	head -c 5000 /dev/urandom > "$1/$1/x86_64/vmlinuz"
	describe "$1" "$2"
	phase-serve --no-mdns -b 127.0.0.1 -p 0 "$1" > "$1.serving.out" 2> "$1.serving.err" 3>&- &
	pids+=($!)
	serving=$!
	wait_until test -s "$1.serving.out"
	url=$(jq -r .listening "$1.serving.out")/$1/x86_64/manifest.json
}

# describe CHANNEL RELEASE
describe() {
	phase-manifest -c "$1" -a x86_64 --release "$2" --version "$2.0" "$1" > manifest.new
	mv manifest.new "$1/$1/x86_64/manifest.json"
}

# records FILE: the records of its lines, as they stand there.
records() {
	sed 's/.*,"record"://; s/}$//' "$1"
}

# stay NAME ARGUMENT...: announces again and again.
stay() {
	local name=$1
	shift
	phase-announce --listen /ip4/127.0.0.1/tcp/0 "$@" >> "$name.out" 2> "$name.err" 3>&- &
	stayed=$!
	pids+=("$stayed")
}

lines_of() { # FILE N: whether it has so many
	[ "$(wc -l < "$1")" -ge "$2" ]
}

in_network_of() { # KIND
	local key record
	serve stable 42
	member one "$1" 1 0
	phase-announce --protocol /ipfs/kad/1.0.0 --bootstrap "${address[one]}" "$url" > announced.out
	[ "$(jq -sc '[.[] | [.key, .peers, .asked]]' announced.out)" = \
		'[["/phase/stable/x86_64/manifest",1,1],["/phase/stable/amd64/manifest",1,1]]' ]
	records announced.out > told
	for key in x86_64 amd64; do
		record=$(grep "\"arch\":\"$key\"" told)
		[ -n "$record" ]
		gets one "/phase/stable/$key/manifest" "$record"
	done
}

@test "a network of go-libp2p keeps the record" {
	in_network_of kadgo
}

@test "a network of rust-libp2p keeps the record" {
	in_network_of kadrust
}

@test "a network of js-libp2p keeps the record" {
	in_network_of kadjs
}

@test "a network of ours keeps the record" {
	in_network_of ours
}

@test "a network of all kinds: entered by one of them, every node finds the record" {
	local one
	serve stable 42
	member go kadgo 1 0
	member rust kadrust 2 0
	member js kadjs 3 0
	member ours ours 4 0
	for one in rust js ours; do
		tell "$one" "{\"cmd\":\"connect\",\"addr\":\"${address[go]}\"}"
		[ "$one" = ours ] || tell "$one" "{\"cmd\":\"connect\",\"addr\":\"${address[ours]}\"}"
	done
	held_by_all() {
		phase-announce --protocol /ipfs/kad/1.0.0 --bootstrap "${address[go]}" "$url" > announced.out &&
			jq -se 'map(.peers == 4 and .asked == 4) | all' announced.out
	}
	wait_until held_by_all # as soon as all know each other
	records announced.out > told
	for one in go rust js ours; do
		gets "$one" /phase/stable/x86_64/manifest "$(head -n 1 told)"
		gets "$one" /phase/stable/amd64/manifest "$(tail -n 1 told)"
	done
	phase-discover --dht --protocol /ipfs/kad/1.0.0 --bootstrap "${address[rust]}" -a arm64 --timeout 5s && return 1
	phase-discover --dht --protocol /ipfs/kad/1.0.0 --bootstrap "${address[rust]}" -a amd64 > found.out
	[ "$(jq -r .manifest_url found.out)" = "$url" ]
}

# A server of go-libp2p that keeps nothing under /phase, as those of the public network.
@test "go-libp2p whose validator refuses records: once nobody has it, 3; who stays is found as provider" {
	serve stable 42
	member go kadgo 1 0 -ns pk,ipns
	run phase-announce --protocol /ipfs/kad/1.0.0 --bootstrap "${address[go]}" "$url"
	[ "$status" = 3 ]
	[[ "$output" == *"1 peer was asked to keep the record, and does not"*"validator"*"--every"* ]]
	stay announced --protocol /ipfs/kad/1.0.0 --bootstrap "${address[go]}" --every 1s "$url"
	wait_until lines_of announced.out 2
	jq -se 'map(.peers == 0 and .asked == 1 and .provided == 1) | all' announced.out
	tell go '{"cmd":"find-providers","key":"/phase/stable/x86_64/manifest"}'
	grep -q "$(grep -m 1 -oE '12D3[A-Za-z0-9]*' announced.err)" answer
	phase-discover --dht --protocol /ipfs/kad/1.0.0 --bootstrap "${address[go]}" -a x86_64 > found.out
	[ "$(jq -r .manifest_url found.out)" = "$url" ]
	[ "$(jq -r .peer found.out)" = "$(grep -m 1 -oE '12D3[A-Za-z0-9]*' announced.err)" ]
	# What is no longer served it does not tell any more.
	kill "$serving"
	wait_until grep -q 'not announced; again in' announced.err
	run ! phase-discover --dht --protocol /ipfs/kad/1.0.0 --bootstrap "${address[go]}" -a x86_64
	kill "$stayed"
	wait "$stayed"
}

@test "js-libp2p that refuses records keeps the provider" {
	serve stable 42
	member js kadjs 1 0 -ns other
	stay announced --protocol /ipfs/kad/1.0.0 --bootstrap "${address[js]}" --every 20m "$url"
	wait_until lines_of announced.out 2
	jq -se 'map(.peers == 0 and .provided == 1) | all' announced.out
	found() {
		phase-discover --dht --protocol /ipfs/kad/1.0.0 --bootstrap "${address[js]}" -a x86_64 > found.out
	}
	wait_until found # js keeps it a moment later
	[ "$(jq -r .manifest_url found.out)" = "$url" ]
}

@test "a second provider of a channel stands beside the first; both are found" {
	local first
	member one ours 1 0
	member two ours 2 0
	tell two "{\"cmd\":\"connect\",\"addr\":\"${address[one]}\"}"
	serve stable 42
	first=$url
	mkdir more
	mv stable more
	serve stable 43
	[ "$first" != "$url" ]
	kill "${pids[0]}"
	phase-serve --no-mdns -b 127.0.0.1 -p "$(grep -oE '[0-9]+' <<< "${first#http://127.0.0.1:}" | head -n 1)" more/stable \
		> again.out 2> again.err 3>&- &
	pids+=($!)
	wait_until test -s again.out
	phase-announce --bootstrap "${address[one]}" "$first" > first.out
	phase-announce --bootstrap "${address[two]}" "$url" > second.out
	phase-discover --dht --bootstrap "${address[one]}" -a x86_64 > found.out
	[ "$(jq -r .manifest_url found.out | sort -u)" = "$(printf '%s\n' "$first" "$url" | sort)" ]
}

@test "--every: the time is new each time, a new release is told, and a network that was away is told again" {
	serve stable 42
	member one ours 1 0
	stay announced --bootstrap "${address[one]}" --every 1s --ttl 60 "$url"
	wait_until lines_of announced.out 6
	[ "$(jq -r .record.created_at announced.out | sort -u | wc -l)" -ge 3 ]
	describe stable 43
	wait_until grep -q '"manifest_version":"43.0"' announced.out
	latest_is_there() {
		gets one /phase/stable/x86_64/manifest "$(records announced.out | grep -F '"arch":"x86_64"' | tail -n 1)"
	}
	wait_until latest_is_there
	kill "${process[one]}"
	wait "${process[one]}" || true
	wait_until grep -q 'no peer of the DHT has answered' announced.err
	: > announced.out
	member one ours 1 "$(cut -d/ -f5 <<< "${address[one]}")"
	back() { jq -se 'map(select(.peers == 1)) != []' announced.out; }
	wait_until back
	kill "$stayed"
	wait "$stayed"
}
