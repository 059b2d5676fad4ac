#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test is a process of its own
bats_require_minimum_version 1.5.0
# bzz-serve --listen: stores given out to Swarm peers: bee's own packages of both generations, our client, and those
# who mean no good. A bee that cannot be built is a failure.

setup_file() {
	local version root=$PWD dir=$BATS_FILE_TMPDIR
	for version in '' 27; do
		tests/interop/beenet/build.sh $version > "$dir/build.log" 2>&1 || { cat "$dir/build.log" >&2; return 1; }
	done
	cd "$dir" || return 1
	openssl enc -aes-128-ctr -nosalt -pass pass:listen -in /dev/zero 2> /dev/null | head -c 3000000 > large
	head -c 60000 large > small
	printf foo > foo
	"$root/build/bin/bzz-put" --store store large | jq -r .reference > large.reference
	"$root/build/bin/bzz-put" --store store small | jq -r .reference > small.reference
	"$root/build/bin/bzz-put" --store store foo | jq -r .reference > foo.reference
}

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	# shellcheck source=tests/store.bash
	. tests/store.bash
	PATH=$PWD/build/bin:$PWD/build/test:$PATH
	beenet=$PWD/build/interop/beenet
	from=$BATS_FILE_TMPDIR
	large=$(cat "$from/large.reference")
	small=$(cat "$from/small.reference")
	foo=$(cat "$from/foo.reference")
	absent=$(printf %064d 1)
	cd "$BATS_TEST_TMPDIR" || return 1
	mkfifo in
	exec 8<> in
}

teardown() {
	exec 8>&-
	local pids
	pids=$(cat ./*.pid 2> /dev/null) || return 0
	# shellcheck disable=SC2086 # a list
	kill $pids 2> /dev/null || true
	wait
}

# serve ARGUMENT...: sets pid, address, port.
serve() {
	bzz-serve --listen /ip4/127.0.0.1/tcp/0 --network-id 10 -v "$@" "${store:-$from/store}" 3>&- 8>&- > ready 2> err &
	pid=$!
	echo "$pid" > server.pid
	wait_until grep -q addresses ready || { cat err; return 1; }
	address=$(jq -r '.addresses[0]' ready)
	port=$(cut -d / -f 5 <<< "$address")
}

# crowd COUNT MANNER [ADDRESS]: they stay until "leave", or until all were cut off.
crowd() {
	swarm_crowd "$port" 10 "$@" < in 3>&- > crowd.json &
	crowd=$!
	echo "$crowd" > crowd.pid
	wait_until grep -q '"event":"ready"' crowd.json
}

leave() {
	echo leave >&8
	wait "$crowd"
	rm crowd.pid
}

# crowd_is CONDITION: of the last thing that was said of them.
crowd_is() {
	jq -se "last | $1" crowd.json > /dev/null || { cat crowd.json >&2; return 1; }
}

# A client of ours has all chunks of REFERENCE.
client_gets() {
	swarm_client 10 4 "$port" "$1" > client.json 2> client.err || { cat client.json client.err; return 1; }
	jq -e ".failed == 0 and .bytes == $2" client.json > /dev/null || { cat client.json; return 1; }
}

# A peer of ours has a chunk of the store.
peer_gets() {
	swarm_peer dial "$port" 10 "$foo" < in > peer.json || true
	grep -q '"event":"chunk".*"good":true' peer.json || { cat peer.json; return 1; }
}

# memory: what the server took at most, told to who reads the log, is below so many MiB.
memory_below() {
	local kib
	kib=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status")
	echo "# $BATS_TEST_DESCRIPTION: $kib KiB" >&3
	[ "$kib" -lt $(($1 * 1024)) ]
}

bee_gets() { # VERSION REFERENCE FILE ARGUMENT...
	local version=$1 reference=$2 file=$3
	shift 3
	"$beenet$version" get -peer "$address" -ref "$reference" -out got -time 110s "$@" > get.json || { cat get.json err; return 1; }
	cmp got "$file"
}

@test "bee 2.8.1 gets a file of 3 MB" {
	serve --credit 100
	bee_gets '' "$large" "$from/large"
	jq -se 'any(.[]; .event == "connected" and .ping_ms > 0)' get.json # bee's pingpong
	jq -se 'last | .failed == 0 and .chunks == 740 and .peers == 1' get.json || { cat get.json; return 1; }
}

@test "bee 2.7.0 gets a file of 3 MB" {
	serve --credit 100
	bee_gets 27 "$large" "$from/large"
	jq -se 'last | .failed == 0 and .chunks == 740 and .peers == 1' get.json || { cat get.json; return 1; }
}

@test "bee gets a file on what bee gives, as a light node and as a full one" {
	serve
	bee_gets '' "$small" "$from/small"
	jq -se 'last | .failed == 0 and .chunks == 16' get.json || { cat get.json; return 1; }
	bee_gets '' "$small" "$from/small" -claim-full
	grep -q 'has come: a light node' err
	grep -q 'has come: a full node' err
	run ! grep 'more than it may owe' err
}

@test "bee that does not pay is cut off, and a light one of ours" {
	serve
	run "$beenet" get -peer "$address" -ref "$large" -out got -nopay -noacc -time 5s
	wait_until grep -q 'is cut off: it asked for more than it may owe' err
	crowd 8 ask "$foo"
	wait "$crowd"
	rm crowd.pid
	crowd_is '.cut_off == 8 and .chunks < 8 * 20'
	peer_gets # and others are served
}

@test "who was cut off is kept away for some seconds, and then is not" {
	serve
	"$beenet" get -peer "$address" -ref "$large" -out got -nopay -noacc -seed same -time 60s 3>&- > over.json &
	echo $! > over.pid
	wait_until grep -q 'is cut off' err
	kill "$(cat over.pid)" 2> /dev/null || true # it may have given up
	rm over.pid
	run "$beenet" get -peer "$address" -ref "$foo" -out got -seed same -time 1s
	wait_until grep -q 'is not let in' err
	again() { "$beenet" get -peer "$address" -ref "$foo" -out got -seed same -time 3s > get.json && cmp got "$from/foo"; }
	wait_until again
}

@test "ours: several at once, over HTTP too" {
	serve --credit 100 --http 127.0.0.1:0
	local i
	local -a clients=()
	for i in 1 2 3; do
		swarm_client 10 4 "$port" "$large" 3>&- > "client$i.json" &
		clients+=($!)
	done
	curl -gs "$(jq -r .listening ready)/bytes/$large" | cmp - "$from/large"
	for i in "${clients[@]}"; do
		wait "$i"
	done
	jq -se 'length == 3 and all(.[]; .failed == 0 and .bytes == 3000000)' client?.json
}

@test "a chunk that is not there, one that is damaged, and another network" {
	cp -r "$from/store" store
	store=store
	spoil store/chunks 0300000000000000666f6f
	serve
	for address in "$absent" "$foo"; do
		swarm_peer dial "$port" 10 "$address" < in 3>&- > peer.json &
		echo $! > peer.pid
		wait_until grep -q '"event":"failed","why":"..' peer.json || { cat peer.json; return 1; }
		jq -r 'select(.event == "failed").why' peer.json | head -1 >> why
		kill "$(cat peer.pid)"
		rm peer.pid
	done
	[ "$(cat why)" = $'retrieve chunk: storage: not found\nget from store: storage: read failed' ]
	grep -q "$foo.*damaged" err
	run -1 swarm_peer dial "$port" 11 "$foo" < in
	[[ $output = *'"the other side is of another Swarm network"'* ]]
}

@test "announced to one bee: the others hear of it, and a bee that knew only them gets a file" {
	local node
	"$beenet" serve -n 3 -port 17710 3>&- 8>&- > mesh.json 2> mesh.err &
	echo $! > mesh.pid
	wait_until grep -q '"ready"' mesh.json || { cat mesh.err; return 1; }
	node=$(jq -r 'select(.event == "node" and .i == 0).underlay[0]' mesh.json)
	serve --announce "$node"
	all_there() { [ "$(grep -c 'has come: a full node' err)" = 3 ]; }
	wait_until all_there
	address=$node bee_gets '' "$small" "$from/small" -want 3
	grep -q 'has come: a light node' err
	kill "$(cat mesh.pid)"
	wait_until grep -qF "no connection with $node, which is to know us" err
}

@test "500 peers that ask for nothing, and one that does" {
	serve --credit 100
	crowd 500 hold
	crowd_is '.ready == 500 and .cut_off == 0'
	client_gets "$large" 3000000
	crowd_is '.ready == 500'
	memory_below 250
	leave
	crowd_is '.cut_off == 0'
}

@test "100 peers that ask without end for what is not there, and one for what is" {
	serve --credit 100
	crowd 100 ask "$absent"
	client_gets "$large" 3000000
	leave
	crowd_is '.cut_off == 0 and .failed > 1000'
}

@test "peers that say nothing, or half of it, are cut off; others are served meanwhile" {
	local manner
	serve --credit 100
	for manner in silent half; do
		crowd 96 $manner
		client_gets "$small" 60000
		wait "$crowd"
		rm crowd.pid
		crowd_is '.cut_off == 96'
	done
	crowd 200 silent # more than may be in their handshake: the oldest give way
	client_gets "$small" 60000
	wait "$crowd"
	rm crowd.pid
	crowd_is '.cut_off == 200'
	memory_below 100
}

@test "peers that open streams without end" {
	serve --credit 100
	crowd 40 streams
	client_gets "$large" 3000000
	memory_below 150
	leave
}

# What 96 of them are sent is more than the system takes of it.
@test "peers that take nothing of what they are sent are cut off" {
	serve --credit 10000
	crowd 96 deaf "$large"
	client_gets "$small" 60000
	memory_below 250
	all_gone() { [ "$(grep -c 'has come' err)" = 97 ] && [ "$(grep -c 'a peer has gone: ' err)" = 97 ]; }
	wait_until all_gone
	leave
}

@test "all places are taken: who was given nothing gives way" {
	serve --peers 40
	crowd 40 hold
	served() { swarm_peer dial "$port" 10 "$foo" < in > peer.json && grep -q '"good":true' peer.json; }
	wait_until served
	leave
	crowd_is '.cut_off >= 1 and .ready < 40'
}

@test "as many from one address as may be" {
	serve --peers-per-client 5
	crowd 10 hold
	crowd_is '.ready == 5 and .cut_off == 5'
	leave
}

@test "who asks for nothing is let go" {
	serve --peer-timeout 2s
	crowd 3 hold
	wait "$crowd"
	rm crowd.pid
	crowd_is '.cut_off == 3'
}

@test "SIGTERM ends it with 0, also with many peers" {
	serve --credit 100
	crowd 100 ask "$foo"
	kill "$pid"
	wait "$pid"
	rm server.pid
	wait "$crowd"
	rm crowd.pid
	crowd_is '.cut_off == 100 and .chunks > 0'
}
