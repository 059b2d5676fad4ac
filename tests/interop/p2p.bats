#!/usr/bin/env bats
# The node of lib/host against go-libp2p over TCP, each as dialer and as listener: who they are, identify,
# ping, a protocol that is not spoken, streams with half-closes and resets, another peer than was meant,
# and restarts.

setup_file() {
	tests/interop/kadgo/build.sh
}

setup() {
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	node=$PWD/build/test/p2p_node kadgo=$PWD/build/interop/kadgo
	first=12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5 # of the seed 1, which is theirs
	second=12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq
	third=12D3KooWRndVhVZPCiQwHBBBdg769GyrPUW13zxwqQyf9r3ANaba
	mib=1048576
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

show() {
	cat ours.out theirs.out theirs.err
	return 1
}

# go-libp2p with the security protocols $1, on port $2 or any; where it listens is $there.
start_theirs() {
	"$kadgo" -seed 1 -listen "/ip4/127.0.0.1/tcp/${2:-0}" -sec "$1" < theirs.in > theirs.out 2> theirs.err 3>&- 8>&- &
	theirs=$!
	wait_until grep -q '"ready"' theirs.out || show
	there=$(jq -r 'select(.event == "ready").addrs[0]' theirs.out)
}

# Our node, on port $1 or any; where it listens is $here.
start_ours() {
	"$node" 2 "/ip4/127.0.0.1/tcp/${1:-0}" < ours.in > ours.out 2>&1 3>&- 9>&- &
	ours=$!
	wait_until grep -q '"ready"' ours.out || show
	here=$(jq -r 'select(.event == "ready").addrs[0]' ours.out)
	[[ $here = */p2p/$second ]]
}

# tell FD FILE JSON: has it carried out; what is answered goes into the file answer.
tell() {
	tag=$((tag + 1))
	jq -c ". + {tag: $tag}" <<< "$3" >&"$1"
	wait_until grep -q "\"tag\":${tag}[,}]" "$2" || show
	grep "\"tag\":${tag}[,}]" "$2" | tee answer
}

ours() { tell 8 ours.out "$1"; }
theirs() { tell 9 theirs.out "$1"; }

ours_says() {
	wait_until grep -qF "$1" ours.out || show
}

ok() {
	jq -e '.ok' answer > /dev/null
}

ends_well() {
	echo '{"cmd":"exit"}' >&8
	wait "$ours" || show
	[ "$(tail -n 1 ours.out)" = '{"event":"end"}' ]
	ours=
}

# What each asks the other for on a connection that stands, whoever began it.
each_asks_the_other() {
	ours_says "\"identified\",\"peer\":\"$first\""
	jq -se 'map(select(.event == "identified"))[0].protocols | index("/ipfs/kad/1.0.0") != null' ours.out
	ours "{\"cmd\":\"ping\",\"id\":\"$first\"}"
	ok
	theirs "{\"cmd\":\"ping\",\"id\":\"$second\"}"
	ok
	local up down
	for up in 0 $mib; do
		for down in 0 $mib; do
			ours "{\"cmd\":\"perf\",\"peer\":\"$first\",\"up\":$up,\"down\":$down}"
			jq -e ".ok and .down == $down" answer
			theirs "{\"cmd\":\"perf\",\"peer\":\"$second\",\"up\":$up,\"down\":$down}"
			jq -e ".ok and .down == $down" answer
		done
	done
	# 64 MiB, through windows that grow; and one that is reset in the middle hurts no other
	ours "{\"cmd\":\"perf\",\"peer\":\"$first\",\"up\":67108864,\"down\":67108864}"
	ok
	ours "{\"cmd\":\"perf\",\"peer\":\"$first\",\"up\":0,\"down\":67108864,\"cut\":$mib}"
	jq -e '.error == "interrupted"' answer
	ours "{\"cmd\":\"ask\",\"peer\":\"$first\",\"text\":\"is that spoken?\"}"
	jq -e '.error == "not found"' answer
	ours "{\"cmd\":\"ping\",\"id\":\"$first\"}"
	ok
}

@test "ours dials go-libp2p" {
	start_theirs both
	start_ours
	ours "{\"cmd\":\"connect\",\"addr\":\"$there\"}"
	ok
	wait_until grep -q "\"peer\":\"$second\",\"security\":\"/noise\"" theirs.out
	each_asks_the_other
	ours '{"cmd":"peers"}'
	jq -e ".peers == [{\"id\":\"$first\"}]" answer
	ends_well
	wait_until grep -q "\"disconn\",\"peer\":\"$second\"" theirs.out
}

@test "go-libp2p dials ours, and offers TLS first" {
	start_theirs both
	start_ours
	theirs "{\"cmd\":\"connect\",\"addr\":\"$here\"}"
	jq -e '.ok and .agent == "phase-test" and (.protocols | index("/ipfs/ping/1.0.0") != null)' answer
	each_asks_the_other
	ours "{\"cmd\":\"disconnect\",\"id\":\"$first\"}"
	wait_until grep -q "\"disconn\",\"peer\":\"$second\"" theirs.out
	ours '{"cmd":"peers"}'
	jq -e '.peers == []' answer
	ends_well
}

@test "another peer than was meant" {
	start_theirs noise
	start_ours
	ours "{\"cmd\":\"connect\",\"addr\":\"${there%/*}/$third\"}"
	jq -e '.error == "not an acceptable public key"' answer
	! grep -q '"conn"' ours.out
	theirs "{\"cmd\":\"connect\",\"addr\":\"${here%/*}/$third\"}"
	jq -e '.ok | not' answer
	ends_well
}

@test "a listener without Noise, and nobody there" {
	start_theirs tls
	start_ours
	ours "{\"cmd\":\"connect\",\"addr\":\"$there\"}"
	jq -e '.error == "not found" or .error == "the other side closed the connection"' answer
	kill "$theirs"
	wait "$theirs" || true
	theirs=
	ours "{\"cmd\":\"connect\",\"addr\":\"$there\"}"
	jq -e '.error == "the other side closed the connection"' answer
	ends_well
}

@test "either is started again" {
	start_theirs noise
	start_ours
	ours "{\"cmd\":\"connect\",\"addr\":\"$there\"}"
	ok
	kill -KILL "$theirs"
	wait "$theirs" || true
	ours_says '"disconn"'
	local port=${there#*/tcp/}
	start_theirs noise "${port%%/*}"
	ours "{\"cmd\":\"connect\",\"addr\":\"$there\"}"
	ok
	kill -KILL "$ours"
	wait "$ours" || true
	wait_until grep -q "\"disconn\",\"peer\":\"$second\"" theirs.out
	port=${here#*/tcp/}
	start_ours "${port%%/*}"
	theirs "{\"cmd\":\"connect\",\"addr\":\"$here\"}"
	ok
	ours "{\"cmd\":\"perf\",\"peer\":\"$first\",\"up\":$mib,\"down\":$mib}"
	ok
	ends_well
}
