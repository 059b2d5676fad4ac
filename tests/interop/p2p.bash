# shellcheck shell=bash
# shellcheck disable=SC2034,SC2119,SC2120,SC2154 # others use what is set here, and set what is used
# p2p.bash: our node against others, each a process with a pipe for what it is told. To be sourced by tests,
# which say over what: transport=tcp or transport=quic.

setup_file() {
	tests/interop/kadgo/build.sh
	tests/interop/kadrust/build.sh
	tests/interop/kadjs/build.sh
}

setup() {
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	node=$PWD/build/test/p2p_node peers=$PWD/build/interop
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

# at PORT: the address to listen on.
at() {
	case $transport in
	tcp) echo "/ip4/127.0.0.1/tcp/$1" ;;
	quic) echo "/ip4/127.0.0.1/udp/$1/quic-v1" ;;
	esac
}

# port_of ADDRESS
port_of() {
	grep -oE '(tcp|udp)/[0-9]+' <<< "$1" | cut -d/ -f2
}

# The peer $1 with the security protocols $2, on port $3 or any; where it listens is $there.
start_theirs() {
	local dash=-
	[ "$1" != kadrust ] || dash=--
	kind=$1
	: > theirs.out # of a process before it
	"$peers/$kind" ${dash}seed 1 ${dash}listen "$(at "${3:-0}")" ${dash}sec "$2" \
		< theirs.in > theirs.out 2> theirs.err 3>&- 8>&- &
	theirs=$!
	wait_until grep -qE '"addrs":\["/ip4|"event":"listen"' theirs.out || show
	there=$(jq -r '.addr // .addrs[0] // empty' theirs.out | head -n 1)
	[[ $there = $(at "$(port_of "$there")")/p2p/$first ]]
}

# Our node, on port $1 or any; where it listens is $here.
start_ours() {
	: > ours.out
	"$node" 2 "$(at "${1:-0}")" < ours.in > ours.out 2>&1 3>&- 9>&- &
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
	if [ "$kind" != kadrust ]; then # which pings by itself
		theirs "{\"cmd\":\"ping\",\"id\":\"$second\"}"
		ok
	fi
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

ours_dials() {
	start_theirs "$1" both
	start_ours
	ours "{\"cmd\":\"connect\",\"addr\":\"$there\"}"
	ok
	wait_until grep -q "\"peer\":\"$second\"" theirs.out
	each_asks_the_other
	ours '{"cmd":"peers"}'
	jq -e ".peers == [{\"id\":\"$first\"}]" answer
	ends_well
	wait_until grep -q "\"disconn\",\"peer\":\"$second\"" theirs.out
}

theirs_dials() { # and offers TLS first
	start_theirs "$1" both
	start_ours
	theirs "{\"cmd\":\"connect\",\"addr\":\"$here\"}"
	ok
	wait_until grep -q '"phase-test"' theirs.out
	wait_until grep -q '"/ipfs/ping/1.0.0"' theirs.out
	each_asks_the_other
	ours "{\"cmd\":\"disconnect\",\"id\":\"$first\"}"
	wait_until grep -q "\"disconn\",\"peer\":\"$second\"" theirs.out
	ours '{"cmd":"peers"}'
	jq -e '.peers == []' answer
	ends_well
}

another_than_was_meant() {
	start_theirs "$1" noise
	start_ours
	ours "{\"cmd\":\"connect\",\"addr\":\"${there%/*}/$third\"}"
	jq -e '.error == "not an acceptable public key"' answer
	if grep -q '"conn"' ours.out; then show; fi
	theirs "{\"cmd\":\"connect\",\"addr\":\"${here%/*}/$third\"}"
	# Of rust's this command only begins it.
	if [ "$kind" = kadrust ]; then
		wait_until grep -q 'Unexpected peer ID' theirs.out
	else
		jq -e '.ok | not' answer
	fi
	ends_well
}
