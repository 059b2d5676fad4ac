#!/usr/bin/env bats
# The cores of lib/p2p against go-libp2p, each as dialer and as listener: who they are, identify, ping, a
# protocol that is not spoken, and 64 MiB over one stream.

setup_file() {
	tests/interop/kadgo/build.sh
}

setup() {
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	peer=$PWD/build/test/p2p_peer kadgo=$PWD/build/interop/kadgo
	first=12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5 # of the seed 1, which is kadgo's
	second=12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq
	cd "$BATS_TEST_TMPDIR" || return 1
	mkfifo ours.in theirs.in
	exec 8<> ours.in 9<> theirs.in
}

teardown() {
	exec 8>&- 9>&-
	local process
	for process in $theirs $ours; do
		kill "$process" 2> /dev/null || true
	done
}

# kadgo with the security protocols $1; its port is $port.
start_theirs() {
	"$kadgo" -seed 1 -listen /ip4/127.0.0.1/tcp/0 -sec "$1" < theirs.in > theirs.out 2> theirs.err 3>&- 8>&- &
	theirs=$!
	wait_until grep -q '"ready"' theirs.out || { cat theirs.err; return 1; }
	port=$(grep -oE 'tcp/[0-9]+' theirs.out | head -n 1 | cut -d/ -f2)
}

# Our peer with these arguments after its seed 2.
start_ours() {
	"$peer" 2 "$@" < ours.in > ours.out 3>&- 9>&- &
	ours=$!
}

# Waits for a line of ours, and shows all when it does not come.
ours_says() {
	wait_until grep -qF "$1" ours.out || { cat ours.out theirs.out; return 1; }
}

ends_well() {
	echo exit >&8
	wait "$ours" || { cat ours.out; return 1; }
	ours=
}

# What is asked and got on a connection that stands, whoever began it.
asks_everything() {
	ours_says "\"peer\":\"$first\",\"inline\":true"
	ours_says "\"id\":\"$first\""
	ours_says '"/ipfs/kad/1.0.0"'
	ours_says '"event":"ping","right":true'
	ours_says '"bytes":67108864'
	ours_says '"opened","protocol":"/ipfs/id/1.0.0"'
	grep -q '"event":"agreed","stream":[0-9]*,"protocol":1' ours.out # its first proposal was refused
}

# connect MULTIADDR: what kadgo says about it.
connect() {
	echo "{\"cmd\":\"connect\",\"addr\":\"$1\",\"tag\":1}" >&9
	wait_until grep -q '"cmd":"connect"' theirs.out || { cat ours.out theirs.out; return 1; }
	grep '"cmd":"connect"' theirs.out
}

@test "ours dials go-libp2p" {
	start_theirs both
	start_ours dial "$port" "$first"
	asks_everything
	grep -q "\"peer\":\"$second\",\"security\":\"/noise\"" theirs.out
	ends_well
}

@test "go-libp2p dials ours, and offers TLS first" {
	start_theirs both
	start_ours listen 0
	ours_says '"event":"listens"'
	address=$(jq -r 'select(.event == "listens").address' ours.out)
	[[ $address = */p2p/$second ]]
	connect "$address" | tee connected
	jq -e '.ok and .agent == "phase-test" and (.protocols | index("/ipfs/ping/1.0.0") != null)' connected
	asks_everything
	echo "{\"cmd\":\"ping\",\"id\":\"$second\",\"tag\":2}" >&9
	wait_until grep -q '"cmd":"ping"' theirs.out
	grep '"cmd":"ping"' theirs.out | jq -e '.ok'
	ends_well
}

@test "another peer than the one that was dialled" {
	start_theirs noise
	start_ours dial "$port" "$second"
	! wait "$ours"
	grep -qF '"error":"not an acceptable public key"' ours.out
	! grep -q '"ready"' ours.out
	ours=
	start_ours listen 0
	ours_says '"event":"listens"'
	address=$(jq -r 'select(.event == "listens").address' ours.out)
	connect "${address%/*}/12D3KooWRndVhVZPCiQwHBBBdg769GyrPUW13zxwqQyf9r3ANaba" | jq -e '.ok | not'
}

@test "a listener without Noise" {
	start_theirs tls
	start_ours dial "$port" "$first"
	! wait "$ours"
	grep -qE '"error":"(not found|the other side closed)' ours.out
	ours=
}
