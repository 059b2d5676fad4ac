#!/usr/bin/env bats
# The DHT of lib/kad on a node of lib/host against go-libp2p-kad-dht, rust-libp2p and js-libp2p: what one puts or
# provides the other finds, in networks of two; in one of all four kinds, also when some of it is gone.

setup_file() {
	tests/interop/kadgo/build.sh
	tests/interop/kadrust/build.sh
	tests/interop/kadjs/build.sh
}

setup() {
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	node=$PWD/build/test/kad_node peers=$PWD/build/interop
	cd "$BATS_TEST_TMPDIR" || return 1
	declare -gA fd process address
}

teardown() {
	local one
	for one in "${process[@]}"; do
		kill "$one" 2> /dev/null || true
	done
	[ -n "${BATS_TEST_COMPLETED-}" ] || tail -n 20 ./*.out ./*.err
}

# start NAME KIND SEED [ARGUMENT...]: where it listens is ${address[NAME]}.
start() {
	local name=$1 kind=$2 seed=$3 dash=- program=$peers/$2 handle
	shift 3
	[ "$kind" != kadrust ] || dash=--
	[ "$kind" != kad_node ] || program=$node
	mkfifo "$name.in"
	exec {handle}<> "$name.in"
	fd[$name]=$handle
	"$program" ${dash}seed "$seed" ${dash}listen /ip4/127.0.0.1/tcp/0 ${dash}proto /phase/kad/1.0.0 "$@" \
		< "$name.in" > "$name.out" 2> "$name.err" 3>&- &
	process[$name]=$!
	wait_until grep -qE '"addrs":\["/ip4|"event":"listen"' "$name.out"
	address[$name]=$(jq -r '.addr // .addrs[0] // empty' "$name.out" | head -n 1)
	[[ ${address[$name]} = /ip4/127.0.0.1/tcp/*/p2p/* ]]
}

# tell NAME JSON: has it carried out; what is answered is in the file answer.
tell() {
	tag=$((${tag:-0} + 1))
	jq -c ". + {tag: $tag}" <<< "$2" >&"${fd[$1]}"
	wait_until grep -q "\"tag\":${tag}[,}]" "$1.out"
	grep "\"tag\":${tag}[,}]" "$1.out" > answer
}

knows() {
	tell "$1" '{"cmd":"peers"}'
	[ "$(jq '.table | length' answer)" -ge "$2" ]
}

# gets NAME KEY VALUE: whether it finds it.
gets() {
	tell "$1" "{\"cmd\":\"get\",\"key\":\"$2\"}"
	jq -e --arg value "$3" '[.value, .results[]?.record.value] | index($value) != null' answer
}

# finds NAME KEY PROVIDER
finds() {
	tell "$1" "{\"cmd\":\"find-providers\",\"key\":\"$2\"}"
	grep -q "${address[$3]##*/}" answer
}

# A network of two: each way, values and providers.
pair() {
	start ours kad_node 9
	start theirs "$1" 1
	tell ours "{\"cmd\":\"connect\",\"addr\":\"${address[theirs]}\"}"
	wait_until knows ours 1
	wait_until knows theirs 1
	tell ours '{"cmd":"put","key":"/phase/ours","value":"from ours"}'
	jq -e '.ok and .stored == 1' answer
	wait_until gets theirs /phase/ours 'from ours'
	tell theirs '{"cmd":"put","key":"/phase/theirs","value":"from theirs"}'
	wait_until gets ours /phase/theirs 'from theirs'
	tell ours '{"cmd":"get","key":"/phase/none"}'
	jq -e '.ok == false and .values == 0' answer
	tell ours '{"cmd":"provide","key":"a thing"}'
	wait_until finds theirs 'a thing' ours
	tell theirs '{"cmd":"provide","key":"another"}'
	wait_until finds ours another theirs # js keeps its own a moment after it says so
	jq -nc '{cmd: "exit"}' >&"${fd[ours]}"
	wait "${process[ours]}"
}

@test "with go-libp2p-kad-dht: values and providers, both ways" {
	pair kadgo
}

@test "with rust-libp2p: values and providers, both ways" {
	pair kadrust
}

@test "with js-libp2p: values and providers, both ways" {
	pair kadjs
}

@test "five nodes of four kinds: what one puts all find, also when two of them are gone" {
	local one other all=(go rust js a b)
	start go kadgo 1
	start rust kadrust 2
	start js kadjs 3
	start a kad_node 11
	start b kad_node 12
	for one in rust js a b; do
		tell "$one" "{\"cmd\":\"connect\",\"addr\":\"${address[go]}\"}"
		[ "$one" = a ] || tell a "{\"cmd\":\"connect\",\"addr\":\"${address[$one]}\"}"
	done
	wait_until knows a 4
	for one in "${all[@]}"; do
		wait_until knows "$one" 1
		tell "$one" "{\"cmd\":\"put\",\"key\":\"/phase/$one\",\"value\":\"of $one\"}"
	done
	for one in "${all[@]}"; do
		for other in a b go js; do
			[ "$one" = "$other" ] || wait_until gets "$other" "/phase/$one" "of $one"
		done
	done
	kill "${process[js]}" "${process[rust]}"
	for one in "${all[@]}"; do
		for other in a b go; do
			[ "$one" = "$other" ] || wait_until gets "$other" "/phase/$one" "of $one"
		done
	done
}
