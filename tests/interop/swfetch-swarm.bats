#!/usr/bin/env bats
# SWFETCH.EFI's logic (the host twin) boots out of Swarm alone: real bee nodes, which no HTTP is spoken with, give the
# signed manifest by whatever names it there, the trees, and every chunk of the files. A bee that cannot be
# built is a failure.
bats_require_minimum_version 1.5.0

setup_file() {
	local root=$PWD reference
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	tests/interop/beenet/build.sh > "$BATS_FILE_TMPDIR/build.log" 2>&1 || { cat "$BATS_FILE_TMPDIR/build.log" >&2; return 1; }
	make SAN=1 build/san/test/swfetch-twin > "$BATS_FILE_TMPDIR/make.log" 2>&1 || { cat "$BATS_FILE_TMPDIR/make.log" >&2; return 1; }
	PATH=$root/build/bin:$PATH
	cd "$BATS_FILE_TMPDIR" || return
	mkdir -p store/stable/x86_64
	{
		printf 'MZ'
		openssl enc -aes-128-ctr -nosalt -pass pass:kernel -in /dev/zero 2> /dev/null | head -c 40000
	} > store/stable/x86_64/vmlinuz
	openssl enc -aes-128-ctr -nosalt -pass pass:initrd -in /dev/zero 2> /dev/null | head -c 3002 > store/stable/x86_64/initramfs.img
	phase-sign --new-key a > /dev/null
	phase-manifest -a x86_64 --release 7 --cmdline "console=ttyS0 release=7" store 2> /dev/null |
		phase-sign -k a.key > store/stable/x86_64/manifest.json
	local files=(store/stable/x86_64/{vmlinuz,initramfs.img,manifest.json} "store,dir" "store/stable/x86_64/manifest.json,feed=news")
	"$root/build/interop/beenet" serve -n 4 -port 17830 -place all "${files[@]}" > bee.json 2> bee.err 3>&- &
	echo $! > bee.pid
	wait_until grep -q '"ready"' bee.json || { cat bee.err >&2; return 1; }
	jq -r 'select(.event == "file").file | select(.file == "store/stable/x86_64/manifest.json" and .feed == null).reference' bee.json > reference
	jq -r 'select(.event == "file").file | select(.file == "store").reference' bee.json > site
	jq -r 'select(.event == "file").file.feed // empty' bee.json > feed
	jq -r 'select(.event == "node" and .i == 0).underlay[0]' bee.json > bee
}

teardown_file() {
	kill "$(cat "$BATS_FILE_TMPDIR/bee.pid")"
}

setup() {
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	# shellcheck source=tests/efi/twin.bash
	. "$root/tests/efi/twin.bash"
	dir=$BATS_FILE_TMPDIR
	# shellcheck disable=SC2034 # twin.bash reads these
	{
		program=$root/build/san/test/swfetch-twin
		store=$dir/store/stable/x86_64
		key_a=$(jq -r '.signatures[0].key_id' "$store/manifest.json")
	}
	PATH=$root/build/bin:$PATH
	bee=$(cat "$dir/bee")
	reference=$(cat "$dir/reference")
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p esp/EFI/swfetch variables out
}

teardown() {
	twin_machine_end
}

# swarm MANIFEST [MEMBERS]: the configuration of a machine that knows Swarm, and one of its nodes.
swarm() {
	configure "\"attempts\":1,\"verbose\":true,\"network_id\":10,\"manifest\":\"$1\"${2-,\"modes\":[\"native\"],\"peers\":[\"$bee\"]}"
}

starts() {
	starts_twin "$@"
	ends_twin 0
	handed_over 7
}

# names_from NAME=TEXT...: a name server that says these; its port in $names.
names_from() {
	local text arguments=()
	for text in "$@"; do
		arguments+=(--text "$text")
	done
	python3 "$root/tests/efi/name_server.py" "${arguments[@]}" > names.port 3>&- &
	echo $! > names.pid
	wait_until test -s names.port
	names=$(cat names.port)
}

@test "all that a machine boots comes from bee nodes: manifest by its reference, trees, files" {
	swarm "$reference"
	starts
	says 'Swarm: joining network 10$'
	says "\] $reference: release 7, accepted: 1 of 1 keys have signed it$"
	says 'vmlinuz: its tree comes as 1 chunks$'
	says 'vmlinuz: 10 chunks from Swarm$'
	says 'initramfs.img: 1 chunks from Swarm$'
	says 'Swarm: 1[0-9] chunks, [1-4] connected nodes gave some$'
	run ! says 'wrong|no provider'
}

@test "the manifest is found by a path, and by a feed" {
	swarm "$(cat "$dir/site")/stable/x86_64/manifest.json"
	starts
	says "manifest.json: release 7, accepted"
	rm -rf out/* variables/*
	swarm "feeds/$(cat "$dir/feed")"
	starts
	says 'feed: update 0$'
	says 'feeds/.*: release 7, accepted'
}

@test "bootnodes by name lead to nodes that give chunks, and are not asked themselves" {
	names_from "_dnsaddr.swarm.test=dnsaddr=/dnsaddr/eu.swarm.test" "_dnsaddr.swarm.test=v=spf1" \
		"_dnsaddr.eu.swarm.test=dnsaddr=/ip4/127.0.0.1/tcp/1634/tls/sni/x/ws/p2p/${bee##*/}" \
		"_dnsaddr.eu.swarm.test=dnsaddr=$bee"
	swarm "$reference" ',"modes":["native"],"bootnodes":["/dnsaddr/swarm.test"]'
	starts --resolver 127.0.0.1 --resolver-port "$names"
	says 'vmlinuz: 10 chunks from Swarm$'
	says 'Swarm: 1[0-9] chunks, [1-3] connected nodes gave some$'
}

@test "names that lead nowhere, and in a circle: said, and nobody waits for them" {
	names_from "_dnsaddr.a.test=dnsaddr=/dnsaddr/b.test" "_dnsaddr.b.test=dnsaddr=/dnsaddr/a.test"
	swarm "$reference" ',"modes":["native"],"bootnodes":["/dnsaddr/a.test","/dnsaddr/none.test"]'
	starts_twin --resolver 127.0.0.1 --resolver-port "$names"
	ends_twin 3
	says 'Swarm: _dnsaddr.none.test: names no node that can be reached from here$'
	says 'Swarm: no node is known that could be reached from here$'
	nothing_started
}

# lies: a node that gives something else, for one connection; its address in $liar.
lies() {
	rm -f liar.json
	"$root/build/test/swarm_peer" lie 0 10 "$store/vmlinuz" < in > liar.json 3>&- &
	echo $! > liar.pid
	wait_until test -s liar.json
	liar=$(jq -r .address liar.json)
}

@test "a node that sends something else is found out, and left" {
	mkfifo in
	exec 8<> in
	lies
	swarm "$reference" ",\"modes\":[\"native\"],\"peers\":[\"$liar\"]"
	starts_twin
	ends_twin 3
	says 'Swarm: [1-9] wrong chunks came, and were asked for again$'
	nothing_started
	# with others: whether it is asked at all is a matter of who answers first
	for _ in {1..20}; do
		wait_until grep -q '"end"' liar.json
		lies
		swarm "$reference" ",\"modes\":[\"native\"],\"peers\":[\"$liar\"],\"bootnodes\":[\"$bee\"]"
		rm -rf out/* variables/*
		starts
		! says 'wrong chunks came' || break
	done
	says 'Swarm: [1-9] wrong chunks came, and were asked for again$'
	exec 8>&-
}

@test "nobody there: said, with what was tried and what to look at, in half a minute" {
	swarm "$reference" ',"modes":["native"],"peers":["/ip4/127.0.0.1/tcp/1"]'
	starts_twin
	ends_twin 3
	says 'Swarm: none of network 10 gives chunks after 30 s; [1-9] connections tried, the last: the other side closed the connection$'
	says 'look at "peers", "bootnodes" and "network_id" of the configuration$'
	nothing_started
}

@test "nodes of another network: said" {
	swarm "$reference" ",\"modes\":[\"native\"],\"peers\":[\"$bee\"]"
	sed -i 's/"network_id":10/"network_id":1/' esp/EFI/swfetch/swfetch.json
	starts_twin
	ends_twin 3
	says 'Swarm: none of network 1 gives chunks .*, the last: the other side is of another Swarm network$'
	nothing_started
}

@test "providers have the manifest and no files: these come from nodes; without the mode they do not" {
	mkdir web
	cp "$store/manifest.json" web/
	python3 "$root/tests/interop/hostile_server.py" web > web.port 3>&- &
	echo $! > web.pid
	wait_until test -s web.port
	configure "\"attempts\":1,\"network_id\":10,\"providers\":[\"http://127.0.0.1:$(cat web.port)/honest/manifest.json\"],\"peers\":[\"$bee\"]"
	starts
	says 'vmlinuz: 10 chunks from Swarm$'
	rm -rf out/* variables/*
	sed -i 's/"attempts":1/"attempts":1,"modes":["http"]/' esp/EFI/swfetch/swfetch.json
	starts_twin
	ends_twin 3
	run ! says 'Swarm: '
	nothing_started
}

@test "Escape while nodes are joined, and while chunks come" {
	swarm "$reference" ',"modes":["native"],"peers":["/ip4/127.0.0.1/tcp/1"]'
	starts_twin --escape 'Swarm: joining'
	ends_twin 3
	says 'nothing was started: interrupted'
	swarm "$reference"
	starts_twin --escape 'chunks from Swarm'
	ends_twin 3
	says 'nothing was started: interrupted'
	nothing_started
}

@test "no memory, each time that some is asked for: said, and nothing is kept or left open" {
	local n=0 status
	swarm "$reference"
	while :; do
		n=$((n + 1))
		rm -rf out/* variables/*
		starts_twin --workers 0 --fail-pages $n
		status=0
		wait "$twin" || status=$?
		rm twin.pid
		! grep -q 'twin: all of the pages asked for were given' said || break
		[ "$status" = 0 ] || [ "$status" = 3 ]
		if [ "$status" = 0 ]; then handed_over 7; else nothing_started; fi
	done
	[ "$status" = 0 ]
	[ $n -gt 12 ]
}
