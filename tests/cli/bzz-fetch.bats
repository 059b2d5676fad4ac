#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# bzz-fetch: whatever gateways, stores and people do, what is written is what the reference stands for.
# Gateways are modes of tests/interop/hostile_gateway.py in front of a bzz-serve.

setup_file() {
	local root=$PWD dir=$BATS_FILE_TMPDIR
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	PATH="$root/build/bin:$PATH"
	cd "$dir" || exit 1
	openssl enc -aes-128-ctr -nosalt -pass pass:big -in /dev/zero 2>/dev/null | head -c 3000001 > big
	seq 1 4000 > middle # some chunks
	echo small > small
	mkdir -p site/sub
	echo '<h1>index</h1>' > site/index.html
	echo below > site/sub/a.txt
	bzz-put --store chunks big | jq -r .reference > big.ref
	bzz-put --store chunks middle | jq -r .reference > middle.ref
	bzz-put --store chunks small | jq -r .reference > small.ref
	bzz-put --store chunks --encrypt middle | jq -r .reference > secret.ref
	bzz-put --store chunks --redundancy 2 middle | jq -r .reference > strong.ref
	bzz-put --store chunks --manifest site | jq -r .reference > site.ref
	bzz-serve -q --http 127.0.0.1:0 chunks > serve.out 3>&- &
	echo $! > serve.pid
	wait_until test -s serve.out
	python3 "$root/tests/interop/hostile_gateway.py" --log "$dir/log" --lacks "$dir/lacks" "$(jq -r .listening serve.out)" > port 3>&- &
	echo $! > gateway.pid
	wait_until test -s port
}

teardown_file() {
	kill "$(cat "$BATS_FILE_TMPDIR/serve.pid")" "$(cat "$BATS_FILE_TMPDIR/gateway.pid")"
}

setup() {
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	# shellcheck source=tests/wait.bash
	. "$root/tests/wait.bash"
	# shellcheck source=tests/store.bash
	. "$root/tests/store.bash"
	PATH="$root/build/bin:$PATH"
	dir=$BATS_FILE_TMPDIR
	cd "$BATS_TEST_TMPDIR" || exit 1
	http=http://127.0.0.1:$(cat "$dir/port")
	big=$(cat "$dir/big.ref") middle=$(cat "$dir/middle.ref") small=$(cat "$dir/small.ref")
	secret=$(cat "$dir/secret.ref") strong=$(cat "$dir/strong.ref") site=$(cat "$dir/site.ref")
	: > "$dir/log"
}

@test "content comes from stores, and from gateways, byte for byte" {
	local name
	for name in big middle small; do
		bzz-fetch --store "$dir/chunks" "${!name}" | cmp - "$dir/$name"
		bzz-fetch --gateway "$http/good" "${!name}" | cmp - "$dir/$name"
	done
	for name in secret strong; do
		bzz-fetch -s "$dir/chunks" "${!name}" | cmp - "$dir/middle"
		bzz-fetch -g "$http/good" "${!name}" | cmp - "$dir/middle"
	done
}

@test "names that are no UTF-8 make no broken JSON" {
	bzz-fetch -s "$dir/chunks" -o $'a\xff\033b' "$small" > told
	[ "$(jq -r .file told)" = 'a??b' ]
	iconv -f UTF-8 -t UTF-8 told > /dev/null
	cmp $'a\xff\033b' "$dir/small"
}

@test "the example of the tools together: hash, fetch, compare" {
	bmt-hash "$dir/middle" | jq -r .reference | xargs bzz-fetch -s "$dir/chunks" -o copy
	cmp copy "$dir/middle"
}

@test "plain leaves come in ranges; a key is never shown to a gateway" {
	bzz-fetch -g "$http/good" "$big" | cmp - "$dir/big"
	[ "$(grep -c '/bytes/' "$dir/log")" -gt 0 ]
	[ "$(wc -l < "$dir/log")" -lt 100 ] # of 733 leaves
	: > "$dir/log"
	bzz-fetch -g "$http/good" "$secret" > copy
	run ! grep -q /bytes/ "$dir/log"
	run ! grep -qF "${secret:64}" "$dir/log"
	run -3 --separate-stderr bzz-fetch -v -g "$http/absent" "$secret"
	[[ $stderr = *"${secret:0:64}"* && $stderr != *"${secret:64}"* ]]
}

@test "--range: these bytes, and no more chunks than they need" {
	bzz-fetch -g "$http/good" --range 5000-9999 "$big" > part
	cmp part <(tail -c +5001 "$dir/big" | head -c 5000)
	[ "$(grep -c . "$dir/log")" -le 5 ] # root, one of the level below, leaves
	bzz-fetch -s "$dir/chunks" --range 2999999- "$big" | cmp - <(tail -c 2 "$dir/big")
	bzz-fetch -s "$dir/chunks" --range -777 "$big" | cmp - <(tail -c 777 "$dir/big")
	bzz-fetch -s "$dir/chunks" --range -99999999 "$small" | cmp - "$dir/small"
	bzz-fetch -s "$dir/chunks" --range 0-0 -o first "$big" > /dev/null
	cmp first <(head -c 1 "$dir/big")
	run --separate-stderr bzz-fetch -s "$dir/chunks" --range 3000001- "$big"
	[ "$status" = 3 ]
	[[ $stderr = *"the content has 3000001 bytes"* ]]
	local bad
	for bad in 5 9-3 x-y -0 - 1-2-3 ' 1-2'; do
		run bzz-fetch -s "$dir/chunks" --range="$bad" "$big"
		[ "$status" = 2 ]
	done
}

@test "paths of manifests, and their list" {
	run -0 bzz-fetch -s "$dir/chunks" "$site/index.html"
	[ "$output" = '<h1>index</h1>' ]
	run -0 bzz-fetch -g "$http/good" "bzz://$site/sub/a.txt"
	[ "$output" = below ]
	run -3 --separate-stderr bzz-fetch -s "$dir/chunks" "$site/sub"
	[[ $stderr = *"is a folder"* ]]
	run -3 --separate-stderr bzz-fetch -s "$dir/chunks" "$site/nowhere"
	[[ $stderr = *"nothing lies at that path"* ]]
	bzz-fetch -s "$dir/chunks" --list "$site" > list
	[ "$(jq -r 'select(.reference != null) | .path' list | sort | tr '\n' ' ')" = 'index.html sub/a.txt ' ]
	[ "$(bzz-fetch -s "$dir/chunks" --list "$site/sub" | jq -r .path)" = sub/a.txt ]
	run -3 bzz-fetch -s "$dir/chunks" --list "$middle" # no manifest
	run -3 --separate-stderr bzz-fetch -s "$dir/chunks" --list "$(cat "$dir/big.ref")"
	[[ $stderr = *": not a node of a manifest: "* ]]
}

@test "half of an encrypted reference, and one with a wrong key: said what is wanted" {
	run -3 --separate-stderr bzz-fetch -s "$dir/chunks" -o half "${secret:0:64}"
	[[ $stderr = *"all 128 digits must be right"* ]]
	run -3 --separate-stderr bzz-fetch -s "$dir/chunks" -o half "${secret:0:64}${secret:0:64}"
	[[ $stderr = *"all 128 digits must be right"* ]]
	[ ! -e half ]
}

@test "a part of a manifest costs its nodes, not all of them" {
	local n
	bzz-fetch -g "$http/good" --list "$site" > all
	n=$(wc -l < "$dir/log")
	: > "$dir/log"
	bzz-fetch -g "$http/good" --list "$site/sub/" > part
	[ "$(jq -r .path part)" = sub/a.txt ]
	[ "$(wc -l < "$dir/log")" -lt "$n" ]
	bzz-fetch -g "$http/good" --list "$site/nowhere" > none
	[ ! -s none ]
}

@test "each fault of a gateway alone: an error, and nothing wrong is written" {
	local mode
	for mode in wrong other html absent broken endless redirect; do
		case $mode in
		wrong | other | html) status=1 ;; # it is not what was asked for
		*) status=3 ;;
		esac
		run -$status --separate-stderr timeout 60 bzz-fetch -g "$http/$mode" -o copy "$big"
		[ -n "$stderr" ]
		[ ! -e copy ]
	done
	run -3 bzz-fetch -g http://127.0.0.1:1 "$small"
}

@test "each fault of a gateway beside a good one: the content, and the liar is named" {
	local mode
	for mode in wrong wrongrange other html absent broken endless norange cut redirect flaky; do
		timeout 100 bzz-fetch -g "$http/$mode" -g "$http/good" -o copy "$big" > out 2> err
		cmp copy "$dir/big"
		[[ $mode != wrong ]] || grep -q "$http/wrong" err
		[[ $mode != wrong ]] || [ "$(jq '.sources[0].bad' out)" -gt 0 ]
		rm copy
	done
}

@test "a silent gateway gets company" {
	timeout 60 bzz-fetch -g "$http/silent" -g "$http/good" "$middle" | cmp - "$dir/middle"
}

@test "a reader that takes its time is no gateway's silence" {
	bzz-fetch -v -g "$http/good" -g "$http/good/" "$big" 2> told | { sleep 6; head -c 300000; sleep 6; head -c 900000; sleep 6; cat; } | cmp - "$dir/big"
	run grep -F "timed out" told
	[ "$status" = 1 ]
}

@test "gateways that drip get company, and take nobody's room" {
	local three="-g $http/drip -g $http/drip/ -g $http/drip//"
	# shellcheck disable=SC2086 # options
	timeout 200 bzz-fetch $three -g "$http/good" -o copy "$big"
	cmp copy "$dir/big"
	timeout 60 bzz-fetch -g "$http/drip" -g "$http/good" "$secret" | cmp - "$dir/middle"
}

@test "gateways that all only drip, or say nothing, have an end" {
	local mode
	for mode in drip silent; do
		run -3 --separate-stderr timeout 60 bzz-fetch --timeout 3s -g "$http/$mode" -o copy "$big"
		[[ $stderr = *"$big: timed out: less than 16384 bytes in 3 s; run again to go on" ]]
		[ ! -e copy ]
		run -3 --separate-stderr timeout 60 bzz-fetch --timeout 3s -g "$http/$mode" --list "$site"
		[[ $stderr = *"timed out"* ]]
	done
	bzz-fetch --timeout 60s -g "$http/good" -o copy "$big" > told
	cmp copy "$dir/big"
}

@test "--timeout does not count who is slow to read" {
	bzz-fetch --timeout 2s -s "$dir/chunks" "$big" | { sleep 4; cat; } > copy
	cmp copy "$dir/big"
}

@test "--max-size: too large is refused at its root" {
	run -3 --separate-stderr bzz-fetch -g "$http/good" --max-size 2M -o copy "$big"
	[[ $stderr = *"$big: 3000001 bytes are more than --max-size 2097152" ]]
	[ "$(wc -l < "$dir/log")" = 1 ]
	[ ! -e copy ]
	[ ! -e copy.part ]
	run -3 bzz-fetch -s "$dir/chunks" --max-size 18892 "$secret"
	[ "$(bzz-fetch -s "$dir/chunks" --max-size 18893 "$secret" | wc -c)" = 18893 ]
	bzz-fetch -s "$dir/chunks" --max-size 1k --range -1024 "$big" | cmp - <(tail -c 1024 "$dir/big")
	bzz-fetch -s "$dir/chunks" --max-size 1k --range 100-1123 "$big" | cmp - <(tail -c +101 "$dir/big" | head -c 1024)
	run -3 bzz-fetch -s "$dir/chunks" --max-size 1k --range 100-1124 "$big"
	run -3 bzz-fetch -s "$dir/chunks" --max-size 10 "$site/index.html"
	run -2 bzz-fetch -s "$dir/chunks" --max-size 1x "$big"
	run -2 bzz-fetch -s "$dir/chunks" --max-size 1k --list "$site"
}

@test "what fails now and then is asked again" {
	timeout 100 bzz-fetch -g "$http/flaky" "$secret" | cmp - "$dir/middle"
}

@test "what was fetched before is taken up again where it is right" {
	head -c 2000000 "$dir/big" > copy.part
	printf wrong | dd of=copy.part bs=1 seek=100000 conv=notrunc status=none
	bzz-fetch -g "$http/good" -o copy "$big" > out
	cmp copy "$dir/big"
	[ ! -e copy.part ]
	[ "$(jq '.sources[0].bytes' out)" -lt 1200000 ]
	rm copy # nothing of it is right: each chunk is fetched, and once
	head -c 3000000 /dev/zero | tr '\0' x > copy.part
	bzz-fetch -g "$http/good" -o copy "$big" > out
	cmp copy "$dir/big"
	[ "$(jq '.sources[0].bytes' out)" -lt 3300000 ]
}

@test "a kill in the middle costs no byte" {
	local pid
	bzz-fetch -g "$http/silent" -o copy "$big" & # holds what is there, and waits
	pid=$!
	wait_until test -e copy.part
	run -3 --separate-stderr bzz-fetch -g "$http/good" -o copy "$big"
	[[ $stderr = *"another download is writing it"* ]]
	kill -9 "$pid"
	wait "$pid" || true
	bzz-fetch -g "$http/good" -o copy "$big" > /dev/null
	cmp copy "$dir/big"
}

@test "missing chunks are recovered where the content has parities, and named where it has none" {
	local i
	for i in 0 2; do
		tail -c +$((i * 4096 + 1)) "$dir/middle" | head -c 4096 | bmt-hash --chunk | jq -r .reference
	done > "$dir/lacks"
	timeout 60 bzz-fetch -g "$http/lacks" "$strong" | cmp - "$dir/middle"
	run -3 --separate-stderr timeout 60 bzz-fetch -g "$http/lacks" "$middle"
	[[ $stderr = *"$(head -n 1 "$dir/lacks")"* || $stderr = *"$(tail -n 1 "$dir/lacks")"* ]]
	printf '%s\n' "$strong" > "$dir/lacks" # the root: from its replicas
	timeout 60 bzz-fetch -g "$http/lacks" "$strong" | cmp - "$dir/middle"
}

@test "a store that cannot be read: a gateway's chunks, or none; that is not the same as that nobody has them" {
	local big_leaf=12
	run -3 --separate-stderr fail_reads "$dir/chunks/chunks" 20+ bzz-fetch -s "$dir/chunks" -o got "$big"
	[[ $stderr = *"chunk "*"input or output failed"* && $stderr != *"is in no store"* ]]
	[ ! -e got ]
	fail_reads "$dir/chunks/chunks" 20+ bzz-fetch -s "$dir/chunks" -g "$http/good" "$big" | cmp - "$dir/big"
	fail_reads "$dir/chunks/chunks" 3..4 bzz-fetch -s "$dir/chunks" "$strong" | cmp - "$dir/middle" # recovered
	run -3 --separate-stderr fail_reads "$dir/chunks/chunks" 2+ bzz-fetch -s "$dir/chunks" "$site/index.html"
	[[ $stderr = *"input or output failed"* ]]
	cp -r "$dir/chunks" cut # what lay behind is damaged, not absent
	truncate -s $((16 + big_leaf * 4104)) cut/chunks
	run -1 --separate-stderr bzz-fetch -s cut -o got "$big"
	[[ $stderr = *"damaged"*"content does not match its hash"* ]]
	bzz-fetch -s cut -g "$http/good" "$big" | cmp - "$dir/big"
}

@test "a manifest that is nowhere, and one of whose nodes is" {
	local nowhere what
	nowhere=$(printf '%064d' 7)
	for what in "$nowhere/index.html" "$nowhere/" "--list $nowhere" "--range -5 $nowhere"; do
		# shellcheck disable=SC2086
		run -3 --separate-stderr bzz-fetch -s "$dir/chunks" $what
		[[ $stderr = *"$nowhere"*"not found"* ]]
		# shellcheck disable=SC2086
		run -3 --separate-stderr timeout 60 bzz-fetch -g "$http/absent" $what
		[ -n "$stderr" ]
	done
	bzz-fetch -s "$dir/chunks" --list "$site" > /dev/null
	# the node of sub/a.txt, which holds no more than its entry
	printf '%s\n' "$site" > "$dir/lacks"
	run -3 --separate-stderr timeout 60 bzz-fetch -g "$http/lacks" --list "$site"
	[ -n "$stderr" ]
}

@test "a feed: by the words that put it, by digits, and by its manifest" {
	local put owner topic
	head -c 32 /dev/urandom | xxd -p -c 64 > owner.key
	chmod 600 owner.key
	put=$(bzz-put --store "$dir/chunks" --feed news --key owner.key "$dir/middle")
	owner=$(jq -r .feed.owner <<< "$put") topic=$(jq -r .feed.topic <<< "$put")
	bzz-fetch -s "$dir/chunks" "feeds/$owner/news" | cmp - "$dir/middle"
	bzz-fetch -g "$http/good" "feeds/$owner/$topic" | cmp - "$dir/middle"
	bzz-put --store "$dir/chunks" --feed news --key owner.key "$dir/small" > /dev/null
	bzz-fetch -g "$http/good" "feeds/0x$owner/$topic" | cmp - "$dir/small"
	run -3 --separate-stderr bzz-fetch -s "$dir/chunks" "feeds/$owner/olds"
	[[ $stderr = *"no update was found"* ]]
}

@test "a feed whose newest update is damaged here: a gateway's, or none, and never an older one" {
	local number feed
	head -c 32 /dev/urandom | xxd -p -c 64 > owner.key
	chmod 600 owner.key
	for number in 0 1 2; do
		echo "$number" > news
		bzz-put --store "$dir/chunks" --feed news --key owner.key news > last
	done
	feed=feeds/$(jq -r .feed.owner last)/news
	cp -r "$dir/chunks" mine
	[ "$(bzz-fetch -s mine "$feed")" = 2 ]
	spoil mine/chunks "$(jq -r .reference last)"
	run -1 --separate-stderr bzz-fetch -s mine "$feed"
	[ -z "$output" ]
	[[ $stderr = *"update 2 cannot be read"* ]]
	run -1 --separate-stderr timeout 60 bzz-fetch -s mine -g "$http/absent" "$feed"
	[ -z "$output" ]
	[ "$(timeout 60 bzz-fetch -s mine -g "$http/good" "$feed")" = 2 ]
	echo 3 > news
	bzz-put --store mine --feed news --key owner.key news > /dev/null
	[ "$(bzz-fetch -s mine "$feed")" = 3 ]
	run -3 --separate-stderr fail_reads mine/chunks 2+ bzz-fetch -s mine "$feed"
	[[ $stderr = *"Input/output error"* || $stderr = *"input or output failed"* ]]
}

@test "the reference from standard input: no key in the arguments, nor in messages" {
	run -0 --separate-stderr bzz-fetch -s "$dir/chunks" - <<< "  $site/index.html"
	[ "$output" = '<h1>index</h1>' ]
	printf '%s' "$secret" | bzz-fetch -s "$dir/chunks" - | cmp - "$dir/middle"
	printf '%s\r\n' "$secret" | bzz-fetch -s "$dir/chunks" -o copy - > /dev/null
	cmp copy "$dir/middle"
	local bad
	for bad in '' ' ' "$small"$'\n'"$small" "$secret/ $small"$'\n'x "x$secret"; do
		run -2 --separate-stderr bzz-fetch -s "$dir/chunks" - <<< "$bad"
		[[ $stderr != *"${secret:64}"* ]]
	done
	run -2 --separate-stderr bzz-fetch -s "$dir/chunks" "x$secret"
	[[ $stderr = *"64 hex digits"* && $stderr != *"${secret:64}"* ]]
	run -3 --separate-stderr bzz-fetch -s "$dir/chunks" - < <(head -c 10000 /dev/zero)
	[[ $stderr = *"standard input: larger than the limit"* ]]
}

# The port is one that this machine keeps for nobody: each attempt is refused, and two of them are enough.
@test "a node where nobody listens is named, and what became of it" {
	run -3 --separate-stderr bzz-fetch --peer /ip4/127.0.0.1/tcp/1 --bootnode /ip6/::1/tcp/1 -o got "$small"
	[[ $stderr = *"/ip4/127.0.0.1/tcp/1: Connection refused"*"chunk $small: nobody gives it"* ]]
	[[ $stderr = *"/ip4/127.0.0.1/tcp/1: never reached: Connection refused"*"/ip6/::1/tcp/1: never reached: "* ]]
	[ ! -e got ]
	run -0 bzz-fetch -q --peer /ip4/127.0.0.1/tcp/1 --gateway "$http/good" -o got "$small"
	cmp got "$dir/small"
	jq -e '.sources | map(select(.peer) | .bytes) == [0]' <<< "$output"
}

@test "a terminal gets text, and of what is none the way to a file" {
	on_terminal() {
		run --separate-stderr script -qec "bzz-fetch -q -s $dir/chunks $1" shown
	}
	on_terminal "$small"
	[[ $status = 0 && $output = small* ]]
	on_terminal "$big"
	[[ $status = 3 && $output = *"$big: no text for a terminal: -o FILE"* && ${#output} -lt 300 ]]
	on_terminal "$site"
	[[ $status = 3 && $output = *"is a manifest: $site/ is its index document, --list shows"* ]]
	on_terminal "-o - --range 0-99 $big"
	[ "$status" = 0 ]
	on_terminal "$big | wc -c"
	[[ $output = 3000001* ]]
	printf 'text \033]0;title\007' > orders
	bzz-put --store orders.chunks orders | jq -r .reference > orders.ref
	on_terminal "-s orders.chunks $(cat orders.ref)"
	[[ $status = 3 && $output != *$'\033'* ]]
}

@test "usage" {
	run -2 bzz-fetch
	run -2 --separate-stderr bzz-fetch "$small"
	[[ $stderr = *"a --gateway, a --peer, a --bootnode or a --store"* ]]
	local peer
	for peer in nonsense 127.0.0.1:1634 /ip4/127.0.0.1 /ip4/127.0.0.1/udp/1634 /ip4/127.0.0.1/tcp/1634/ws /dns4/a.example \
		/ip4/127.0.0.1/tcp/1634/p2p/nobody; do
		run -2 --separate-stderr bzz-fetch --peer /ip4/127.0.0.1/tcp/1 --peer "$peer" "$small"
		[[ $stderr = *"--peer: '$peer' is no address of a Swarm node"* ]]
		run -2 --separate-stderr bzz-fetch --bootnode "$peer" "$small"
		[[ $stderr = *"--bootnode: '$peer' is no address of a Swarm node"* ]]
	done
	run -2 bzz-fetch --peer /ip4/127.0.0.1/tcp/1 --network-id main "$small"
	run -2 --separate-stderr bzz-fetch -s "$dir/chunks" 0123
	[[ $stderr = *"64 hex digits"* ]]
	run -2 --separate-stderr bzz-fetch -s "$dir/chunks" name.eth
	[[ $stderr = *"names are not resolved"* ]]
	run -2 bzz-fetch -s "$dir/chunks" feeds/00/11
	run -2 bzz-fetch -s "$dir/chunks" --list -o x "$site"
	for gateway in nonsense localhost:1633 ftp://localhost http://; do
		run -2 --separate-stderr bzz-fetch -g "$http/good" -g "$gateway" "$small"
		[[ $stderr = *"--gateway: '$gateway' "*"http"* ]]
	done
	run -3 --separate-stderr bzz-fetch -s "$dir/big" "$small"
	[[ $stderr = *"big: no chunk store: it is no folder" ]]
	run -3 --separate-stderr bzz-fetch -s nowhere "$small"
	[[ $stderr = *nowhere* ]]
}

@test "disks and pipes that are full" {
	run -3 --separate-stderr bash -c "bzz-fetch -s '$dir/chunks' $big > /dev/full"
	[ -n "$stderr" ]
	run -0 bash -c "set +o pipefail; bzz-fetch -s '$dir/chunks' $big | head -c 10 | wc -c"
	mkdir copy
	run -3 bzz-fetch -s "$dir/chunks" -o copy "$big"
	run -3 bzz-fetch -s "$dir/chunks" -o no/such/folder "$big"
}
