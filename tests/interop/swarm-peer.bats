#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031 # $o is of jq; each test is a process of its own
bats_require_minimum_version 1.5.0
# The wire half of lib/swarm against bee's own packages: we dial bee, shake hands, hear its prices and gossip, and
# get chunks; bee dials us, and gets one. A bee that cannot be built is a failure.

setup_file() {
	local root=$PWD dir=$BATS_FILE_TMPDIR version
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	for version in '' 27; do
		tests/interop/beenet/build.sh $version > "$dir/build.log" 2>&1 || { cat "$dir/build.log" >&2; return 1; }
	done
	cd "$dir" || exit 1
	openssl enc -aes-128-ctr -nosalt -pass pass:peer -in /dev/zero 2>/dev/null | head -c 60000 > file
	openssl enc -aes-128-ctr -nosalt -pass pass:eighty -in /dev/zero 2>/dev/null | head -c 80000 > eighty
	"$root/build/interop/beenet" serve -n 2 -port 17610 -place all file > bee.json 2> bee.err 3>&- &
	echo $! > bee.pid
	wait_until grep -q '"ready"' bee.json || { cat bee.err >&2; return 1; }
}

teardown_file() {
	kill "$(cat "$BATS_FILE_TMPDIR/bee.pid")"
}

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	peer=$PWD/build/test/swarm_peer client=$PWD/build/test/swarm_client beenet=$PWD/build/interop/beenet
	bee=$BATS_FILE_TMPDIR/bee.json
	root=$(jq -r 'select(.event == "file").file.reference' "$bee")
	foo=2387e8e7d8a48c2a9339c97c1dc3461a9a7aa07e994c5cb8b38fd7c1b3e6ea48
	cd "$BATS_TEST_TMPDIR" || return 1
	mkfifo in
	exec 8<> in
}

teardown() {
	exec 8>&-
	local process
	for process in ${ours-} ${theirs-}; do
		kill "$process" 2> /dev/null || true
	done
}

# The overlay of the node I.
overlay() {
	jq -r --argjson i "$1" 'select(.event == "node" and .i == $i).overlay' "$bee"
}

# says FILE CONDITION [ARGUMENT...]: one of its lines meets the condition.
says() {
	local file=$1 condition=$2
	shift 2
	jq -se "any(.[]; $condition)" "$@" < "$file" > /dev/null || { echo "never: $condition" >&2; cat "$file" >&2; return 1; }
}

@test "ours dials bee: handshake, price, gossip, chunks" {
	"$peer" dial 17610 10 "$root" "$root" < in > out 3>&-
	says out '.event == "ready" and .generation == 15 and .check == "done" and .full and .overlay == $o' \
		--arg o "$(overlay 0)"
	says out '.event == "announced" and .threshold == 1350000'
	[ "$(jq -c 'select(.event == "chunk") | [.good, .bytes]' out | uniq -c | tr -s ' ')" = ' 2 [true,488]' ]
	says out '.event == "end" and .error == "done"'
}

# Which bee sends when it likes: we stay until it came.
@test "ours hears of bee's other peers" {
	"$peer" dial 17610 10 < in > out 3>&- &
	ours=$!
	wait_until grep -q '"event":"record"' out || { cat out; return 1; }
	echo exit >&8
	wait "$ours"
	ours=
	says out '.event == "record" and .check == "done" and .overlay == $o and (.underlays | length) == 1' \
		--arg o "$(overlay 1)"
}

# Four chunks at the price of strangers are nearly all that bee gives on credit: settled in between, it goes on.
@test "ours settles with bee, and gets more than it gives on credit" {
	local -a many=()
	for _ in 1 2 3 4 5 6 7 8 9; do
		many+=("$root")
	done
	"$peer" dial 17610 10 "${many[@]}" < in > out 3>&-
	[ "$(jq -c 'select(.event == "chunk").good' out | uniq -c | tr -s ' ')" = ' 9 true' ]
	says out '.event == "settled" and .amount > 0'
	says out '.event == "end" and .error == "done"'
	run ! grep blocklisted "$bee"
}

# The whole client: one node is named, the others are heard of; and more than all give on credit.
@test "ours gets a file from eight nodes of which it knew one" {
	openssl enc -aes-128-ctr -nosalt -pass pass:eight -in /dev/zero 2>/dev/null | head -c 400000 > eight
	"$beenet" serve -n 8 -port 17630 -place all eight > bee8.json 2> bee8.err 3>&- &
	theirs=$!
	wait_until grep -q '"ready"' bee8.json || { cat bee8.err; return 1; }
	"$client" 10 50 17630 "$(jq -r 'select(.event == "file").file.reference' bee8.json)" > got.json ||
		{ cat got.json; return 1; }
	says got.json '.chunks == 99 and .bytes == 400000 and .failed == 0 and .dropped == 0 and .connections > 1'
	run ! grep blocklisted bee8.json
}

@test "a chunk that bee does not have" {
	"$peer" dial 17610 10 "$foo" < in > out 3>&- &
	ours=$!
	wait_until grep -q '"event":"failed","why":"..' out || { cat out; return 1; }
	echo exit >&8
	wait "$ours"
	ours=
}

@test "another network" {
	run -1 "$peer" dial 17610 11 "$root" < in 3>&-
	[[ $output = *'"the other side is of another Swarm network"'* ]]
}

# listen FILE: ours gives its chunks.
listen() {
	"$peer" listen 0 10 "$1" < in > out 3>&- &
	ours=$!
	wait_until grep -q '"listens"' out
	address=$(jq -r 'select(.event == "listens").address' out)
	reference=$(jq -r 'select(.event == "listens").reference' out)
}

# Five times what it may have on credit: bee settles, and watches that we forgive what it thinks we must.
@test "bee dials ours, and gets a file" {
	listen "$BATS_FILE_TMPDIR/eighty"
	"$beenet" get -peer "$address" -ref "$reference" -out got -time 100s > get.json || { cat get.json out; return 1; }
	cmp got "$BATS_FILE_TMPDIR/eighty"
	says get.json '.event == "connected" and .ping_ms > 0' # bee's pingpong
	wait "$ours" || { cat out; return 1; }
	ours=
	says out '.event == "announced" and .threshold == 13500000'
	says out '.event == "payment" and .good and .accepted > 0'
}

# A bee that never settles: it gets what it may have on credit, and is let go.
@test "bee does not pay" {
	listen "$BATS_FILE_TMPDIR/eighty"
	run "$beenet" get -peer "$address" -ref "$reference" -out got -nopay -noacc -time 100s
	if wait "$ours"; then
		cat out
		return 1
	fi
	ours=
	says out '.event == "end" and .error == "larger than the limit"'
	says out '.event == "wanted" and .have and .balance > 1350000'
}

# bee v2.7.0 speaks the handshake 14.0.0 and hive 1.1.0.
@test "ours gets a file from three nodes of the generation before" {
	"$beenet"27 serve -n 3 -port 17640 -place all "$BATS_FILE_TMPDIR/file" > bee27.json 2> bee27.err 3>&- &
	theirs=$!
	wait_until grep -q '"ready"' bee27.json || { cat bee27.err; return 1; }
	"$client" 10 50 17640 "$root" > got.json || { cat got.json; return 1; }
	says got.json '.chunks == 16 and .bytes == 60000 and .failed == 0 and .dropped == 0'
	"$peer" dial 17640 10 < in > out 3>&- &
	ours=$!
	wait_until grep -q '"event":"record"' out || { cat out; return 1; }
	says out '.event == "ready" and .generation == 14 and .check == "done"'
	says out '.event == "record" and .generation == 14 and .check == "done"'
}

@test "a node of the generation before dials ours, and gets a chunk" {
	printf foo > file
	listen file
	"$beenet"27 get -peer "$address" -ref "$reference" -out got -time 30s > get.json || { cat get.json out; return 1; }
	[ "$(cat got)" = foo ]
	wait "$ours" || { cat out; return 1; }
	ours=
	says out '.event == "ready" and .generation == 14'
}
