#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a process of its own; run sets stderr
bats_require_minimum_version 1.5.0
# bzz-fetch with nodes of Swarm themselves: bee's own packages, 2.8 and 2.7. A bee that cannot be built is a failure.

setup_file() {
	local root=$PWD dir=$BATS_FILE_TMPDIR version size
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	for version in '' 27; do
		tests/interop/beenet/build.sh $version > "$dir/build.log" 2>&1 || { cat "$dir/build.log" >&2; return 1; }
	done
	cd "$dir" || exit 1
	mkdir files site site/sub
	for size in 5 60000 120000; do
		openssl enc -aes-128-ctr -nosalt -pass "pass:$size" -in /dev/zero 2>/dev/null | head -c "$size" > "files/$size"
	done
	echo '<h1>index</h1>' > site/index.html
	head -c 9000 files/60000 > site/sub/picture.png
	"$root/build/interop/beenet" serve -n 4 -port 17750 -place all files/5 files/60000 files/60000,enc files/120000 \
		site,dir,index=index.html files/5,feed=news files/60000,feed=news > bee.json 2> bee.err 3>&- &
	echo $! > bee.pid
	wait_until grep -q '"ready"' bee.json || { cat bee.err >&2; return 1; }
}

teardown_file() {
	kill "$(cat "$BATS_FILE_TMPDIR/bee.pid")"
}

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	root=$PWD
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	PATH="$root/build/bin:$root/build/interop:$root/build/test:$PATH"
	dir=$BATS_FILE_TMPDIR bee=$BATS_FILE_TMPDIR/bee.json
	node=/ip4/127.0.0.1/tcp/17750
	others=()
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	local process
	for process in "${others[@]}"; do
		kill -CONT "$process" 2> /dev/null || true
		kill "$process" 2> /dev/null || true
	done
}

# The reference under which bee keeps FILE.
reference() { # FILE [ENCRYPTED [LEVEL]]
	jq -r --arg f "$1" --argjson e "${2-false}" --argjson l "${3-0}" 'select(.event == "file") | .file |
		select(.file == $f and .encrypted == $e and .redundancy == $l and .feed == null) | .reference' "$bee"
}

# fetch ARGUMENT...: of the network of these tests.
fetch() {
	bzz-fetch --network-id 10 "$@"
}

# start NAME ARGUMENT...: more nodes, whose lines go to NAME.json.
start() {
	local name=$1
	shift
	"${program-beenet}" serve "$@" > "$name.json" 2> "$name.err" 3>&- &
	others+=($!)
	wait_until grep -q '"ready"' "$name.json" || { cat "$name.err"; return 1; }
}

no_blame() { # FILE: no node blocked us
	run ! grep blocklisted "$1"
}

@test "a file, plain and encrypted, from one node and those that it tells of" {
	fetch --peer "$node" -o got "$(reference files/60000)" > out
	cmp got "$dir/files/60000"
	jq -e '.size == 60000 and (.sources | map(.bad) | add) == 0 and (.sources | map(.bytes) | add) > 60000' out
	jq -e --arg n "$node" '(.sources[0].peer == $n) and .sources[1].other_peers > 0 and .sources[1].bytes > 0' out
	fetch --peer "$node" "$(reference files/60000 true)" | cmp - "$dir/files/60000"
	fetch --peer "$node" --range 4090-4100 "$(reference files/60000)" | cmp - <(tail -c +4091 "$dir/files/60000" | head -c 11)
	no_blame "$bee"
}

@test "paths and the list of a manifest, the newest update of a feed" {
	local site feed
	site=$(reference site)
	fetch --peer "$node" "$site/" | cmp - "$dir/site/index.html"
	fetch --peer "$node" "$site/sub/picture.png" | cmp - "$dir/site/sub/picture.png"
	fetch --peer "$node" --list "$site" | jq -r 'select(.reference != null).path' | sort > listed
	printf 'index.html\nsub/picture.png\n' | diff - listed
	run -3 --separate-stderr fetch --peer "$node" "$site/nothing"
	[[ $stderr = *"nothing lies at that path"* ]]
	feed=$(jq -r 'select(.event == "file").file.feed // empty' "$bee" | sort -u)
	fetch --peer "$node" "feeds/$feed" | cmp - "$dir/files/60000"
}

@test "a node that is reached by its name and its id, and one that is another" {
	local id
	id=$(jq -r 'select(.event == "node" and .i == 1).underlay[0]' "$bee")
	fetch --peer "/dns4/localhost/tcp/17751/p2p/${id##*/}" "$(reference files/5)" | cmp - "$dir/files/5"
	run -3 --separate-stderr fetch --peer "$node/p2p/${id##*/}" "$(reference files/5)"
	[[ $stderr = *"$node/p2p/${id##*/}: is another peer than the one that its address names"* ]]
}

# A bootnode tells of others, and is not asked: a bee in that role would block us.
@test "nodes that are heard of from a bootnode give the chunks" {
	fetch --bootnode "$node" -o got "$(reference files/60000)" > out
	cmp got "$dir/files/60000"
	jq -e '.sources[0].bytes == 0 and .sources[1].other_peers > 0' out
	no_blame "$bee"
}

@test "sixteen nodes, of which few have each chunk: the others forward" {
	start many -n 16 -port 17760 -place near -seed many "$dir/files/120000"
	fetch --peer /ip4/127.0.0.1/tcp/17760 "$(reference files/120000)" | cmp - "$dir/files/120000"
	no_blame many.json
}

# Some six times what it gives on credit.
@test "one node gives no more than it forgives, and all of it in the end" {
	start alone -n 1 -port 17780 -place all -seed alone "$dir/files/120000"
	fetch --peer /ip4/127.0.0.1/tcp/17780 "$(reference files/120000)" | cmp - "$dir/files/120000"
	no_blame alone.json
}

@test "nodes of the generation before" {
	program=beenet27 start before -n 3 -port 17784 -place all -seed before "$dir/files/60000"
	fetch --peer /ip4/127.0.0.1/tcp/17784 -o got "$(reference files/60000)" > out
	cmp got "$dir/files/60000"
	jq -e '.sources[1].other_peers > 0' out
	no_blame before.json
}

@test "a node that goes away in the middle" {
	start first -n 1 -port 17790 -place all -seed first "$dir/files/120000"
	start second -n 1 -port 17791 -place all -seed second "$dir/files/120000"
	fetch --peer /ip4/127.0.0.1/tcp/17790 --peer /ip4/127.0.0.1/tcp/17791 -o got "$(reference files/120000)" > out 2> err 3>&- &
	local fetching=$!
	wait_until test -s got.part
	kill -KILL "${others[0]}"
	wait "$fetching" || { cat err; return 1; }
	cmp got "$dir/files/120000"
}

# It takes connections, and says nothing: the kernel does the first for it.
@test "a node that is silent holds nobody up" {
	start silent -n 1 -port 17792 -place all -seed silent "$dir/files/5"
	kill -STOP "${others[0]}"
	fetch --peer /ip4/127.0.0.1/tcp/17792 --peer "$node" "$(reference files/60000)" | cmp - "$dir/files/60000"
}

# The honest one alone takes seconds: in the meantime the other one is asked, too.
@test "a node that gives wrong chunks is found out, and others give the right ones" {
	local there honest=/ip4/127.0.0.1/tcp/17798
	start honest -n 1 -port 17798 -place all -seed honest "$dir/files/60000"
	mkfifo in
	exec 8<> in
	swarm_peer lie 0 10 "$dir/files/60000" < in > liar.json 3>&- 8>&- &
	others+=($!)
	wait_until grep -q '"listens"' liar.json
	there=$(jq -r 'select(.event == "listens").address' liar.json)
	fetch --peer "$there" --peer "$honest" -o got "$(reference files/60000)" > out 2> err || { cat err liar.json; return 1; }
	exec 8>&-
	cmp got "$dir/files/60000"
	jq -e --arg p "$there" '.sources[] | select(.peer == $p) | .bytes == 0 and .bad > 0' out
	grep -qF "$there: sent a wrong chunk" err
	jq -e --arg p "$honest" '.sources[] | select(.peer == $p) | .bytes > 60000 and .bad == 0' out
}

@test "when all that is sent is wrong there is no file" {
	mkfifo in
	exec 8<> in
	swarm_peer lie 0 10 "$dir/files/5" < in > liar.json 3>&- 8>&- &
	others+=($!)
	wait_until grep -q '"listens"' liar.json
	run -3 --separate-stderr fetch --peer "$(jq -r 'select(.event == "listens").address' liar.json)" -o got "$(reference files/5)"
	exec 8>&-
	[[ $stderr = *"sent a wrong chunk"* ]]
	[ ! -e got ]
}

# What the gateway lacks nodes have, and the other way round: each alone has not all of it.
@test "a gateway and nodes together" {
	local reference
	bzz-put --store chunks "$dir/files/120000" | jq -r .reference > reference
	reference=$(cat reference)
	bzz-serve -q --http 127.0.0.1:0 chunks > serve.out 3>&- &
	others+=($!)
	wait_until test -s serve.out
	: > lacks
	local leaf
	for leaf in 0 7 20; do
		dd if="$dir/files/120000" of=leaf bs=4096 skip=$leaf count=1 status=none
		bmt-hash --chunk leaf | jq -r .reference >> lacks
	done
	python3 "$root/tests/interop/hostile_gateway.py" --lacks lacks "$(jq -r .listening serve.out)" > port 3>&- &
	others+=($!)
	wait_until test -s port
	start lossy -n 1 -port 17794 -place all -seed lossy -drop 9 "$dir/files/120000"
	fetch -g "http://127.0.0.1:$(cat port)/lacks" --peer /ip4/127.0.0.1/tcp/17794 -o got "$reference" > out
	cmp got "$dir/files/120000"
	jq -e '(.sources | length) == 3 and ([.sources[] | select(.url or .peer) | .bytes > 0] | all)' out
}

@test "what nodes lost is recovered by parities" {
	start weak -n 2 -port 17796 -place all -seed weak -drop 15 "$dir/files/120000,r=2"
	bee=weak.json
	fetch --peer /ip4/127.0.0.1/tcp/17796 "$(reference "$dir/files/120000" false 2)" | cmp - "$dir/files/120000"
}

@test "another network, and what nobody has" {
	run -3 --separate-stderr bzz-fetch --network-id 11 --peer "$node" "$(reference files/5)"
	[[ $stderr = *"$node: is of another Swarm network (see --network-id)"* ]]
	local foo=2387e8e7d8a48c2a9339c97c1dc3461a9a7aa07e994c5cb8b38fd7c1b3e6ea49
	run -3 --separate-stderr fetch --peer "$node" "$foo"
	[[ $stderr = *"chunk $foo: nobody has it"*"$node: reached, 0 chunks came"* ]]
}
