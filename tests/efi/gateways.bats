#!/usr/bin/env bats
# SWFETCH.EFI and gateways to Swarm, in its host twin: files come from them when providers have only the manifest,
# and what they send is believed as little.
bats_require_minimum_version 1.5.0

setup_file() {
	# shellcheck source=tests/efi/twin.bash
	. "$BATS_TEST_DIRNAME/twin.bash"
	twin_store
	bzz-put --quiet --store chunks store/stable/x86_64/vmlinuz > /dev/null
	bzz-put --quiet --store chunks store/stable/x86_64/initramfs.img > /dev/null
	bzz-serve --http 127.0.0.1:0 chunks > bzz.served 3>&- &
	echo $! > bzz.pid
	phase-serve --no-mdns -b 127.0.0.1 -p 0 store > phase.served 3>&- &
	echo $! > phase.pid
	wait_until test -s bzz.served
	wait_until test -s phase.served
	# the trees: roots, and the chunks that they name
	local gateway
	gateway=$(jq -r .listening bzz.served)
	mkdir store/chunks
	for root in $(jq -r '.artifacts[].swarm' store/stable/x86_64/manifest.json); do
		curl -sf "$gateway/chunks/$root" -o "store/chunks/$root"
		for chunk in $(tail -c +9 "store/chunks/$root" | xxd -p -c 32); do
			curl -sf "$gateway/chunks/$chunk" -o "store/chunks/$chunk"
		done
	done
	[ "$(find store/chunks -type f | wc -l)" = 20 ]
}

teardown_file() {
	# shellcheck source=tests/efi/twin.bash
	. "$BATS_TEST_DIRNAME/twin.bash"
	# shellcheck disable=SC2046 # a list
	kill $(cat "$BATS_FILE_TMPDIR/bzz.pid" "$BATS_FILE_TMPDIR/phase.pid")
	twin_store_end
}

setup() {
	# shellcheck source=tests/efi/twin.bash
	. "$BATS_TEST_DIRNAME/twin.bash"
	twin_machine
	bzz=$(jq -r .listening "$dir/bzz.served")
	phase=$(jq -r .listening "$dir/phase.served")
}

teardown() {
	twin_machine_end
}

# gateways JSON...: the configuration names them.
gateways() {
	local list
	list=$(jq -nc '$ARGS.positional' --args "$@")
	configure "\"attempts\":1,\"verbose\":true,\"gateways\":$list"
}

# nothing is left of what has been before.
afresh() {
	rm -rf out/* variables/*
}

@test "providers have only the manifest: the files come from a gateway" {
	gateways "$bzz"
	boots status-404+no-tree
	says 'vmlinuz: 5\.0 MB, verified, '
	says "  5\.0 MB from $bzz$"
	afresh
	gateways "$phase/"
	boots status-404
	says "  5\.0 MB from $phase/$"
	run ! says 'has its tree'
}

@test "load options name gateways, instead of the configuration's" {
	gateways http://127.0.0.1:1
	starts_twin --options "provider=$(url status-404) gateways=$bzz gateways=$phase"
	ends_twin 0
	handed_over 7
	run ! says '127\.0\.0\.1:1: '
	afresh
	starts_twin --options "provider=$(url status-404) gateways=localhost:1633"
	ends_twin 3
	says "load option 'gateways=localhost:1633': no option of this program, or no value for it"
	nothing_started
}

# in each piece
lies=no-chunks+wrong-100+wrong-1100000+wrong-2200000+wrong-3200000+wrong-4300000

@test "a gateway that lies is dropped, and the boot succeeds" {
	gateways "$(url "$lies")" "$(url rate-3000000)"
	boots status-404
	says '/no-chunks.wrong-100.*: vmlinuz: sent wrong bytes; dropped'
	afresh
	gateways "$(url wrong-start)"
	boots honest+rate-3000000
}

@test "only gateways that lie: nothing is started, with trees and without" {
	gateways "$(url wrong-2500000)" "$(url chunked+wrong-2500000)"
	refuses 1 status-404
	says '/wrong-2500000/: vmlinuz: sent wrong bytes; dropped'
	says 'nothing was started: content does not match its hash'
	refuses 1 status-404+no-tree
}

@test "trees that nobody has in one piece come chunk by chunk, from gateways and from providers" {
	local place
	for place in "$bzz" "$phase" "$(url honest)"; do
		afresh
		gateways "$(url "$lies")" "$place"
		boots status-404+no-tree+no-chunks
		says 'vmlinuz: its tree comes as 11 chunks'
		says 'vmlinuz: sent wrong bytes; dropped'
		run ! says 'has its tree|loading it again'
	done
	afresh
	configure '"attempts":1,"verbose":true'
	boots honest+no-tree
	says 'initramfs.img: its tree comes as 9 chunks'
}

@test "wrong chunks: asked of others, the liar is named; none but wrong ones: no tree, and the boot goes on" {
	gateways "$(url wrong-start)" "$bzz"
	boots status-404+no-tree+no-chunks
	says '/wrong-start/: sent wrong chunks of vmlinuz'
	run ! says 'has its tree'
	afresh
	gateways "$(url wrong-start)"
	boots honest+no-tree+no-chunks+rate-3000000
	says 'vmlinuz: nobody has its tree: checked as a whole at the end'
}

@test "whoever gives chunks too slowly, or never ends, does not hold the boot up for ever" {
	gateways "$(url stall-8)"
	boots honest+no-tree+no-chunks
	says 'vmlinuz: nobody has its tree: checked as a whole at the end'
}

@test "gateways that fail, or do not have it: another one has" {
	gateways "$(url status-404)" http://127.0.0.1:1 "$(url other-size-1)" "$bzz"
	boots status-404
	says '/status-404/: vmlinuz: does not have it'
	says '/other-size-1/: vmlinuz: has something of another size'
}

@test "providers leave places for gateways, and more than four are not asked" {
	local providers=() n
	gateways "$phase" "$(url honest+1)" "$(url honest+2)" "$(url honest+3)" "$(url honest+4)"
	for n in {1..5}; do
		providers+=("status-404+$n")
	done
	boots "${providers[@]}"
	says 'status-404\+[1-5]/: has the release, but is not asked: 4 others have it'
	says 'gateway .*honest\+4/: is not asked: 4 others are'
	[ "$(grep -c 'not asked' said)" = 2 ]
}

@test "a release without Swarm references: Swarm is not asked, which is said" {
	jq -c 'del(.artifacts[].swarm, .signatures)' "$store/manifest.json" | phase-sign -k "$dir/a.key" > bare.json
	cp -r "$dir/store" bare
	cp bare.json bare/stable/x86_64/manifest.json
	python3 "$root/tests/interop/hostile_server.py" bare > bare.port 3>&- &
	echo $! > bare.pid
	wait_until test -s bare.port
	gateways "$bzz"
	boots "http://127.0.0.1:$(cat bare.port)/honest/"
	says 'vmlinuz: has no Swarm reference: Swarm is not asked for it'
	rm -rf out/* variables/*
	refuses 3 "http://127.0.0.1:$(cat bare.port)/status-404/"
}

@test "Escape, while chunks of a tree are waited for" {
	gateways "$(url stall-8)"
	from honest+no-tree+no-chunks
	wait_until grep -q 'chunks/' "$dir/log"
	kill -INT "$twin"
	ends_twin 3
	says 'nothing was started: interrupted'
	run ! says 'its tree|chunk by chunk'
	nothing_started
}

@test "no memory, each time that some is asked for, while trees come chunk by chunk" {
	local n=0 status trees=0
	gateways "$bzz"
	while :; do
		n=$((n + 1))
		afresh
		from status-404+no-tree+no-chunks -- --workers 1 --fail-pages $n
		status=0
		wait "$twin" || status=$?
		rm twin.pid
		! grep -q 'twin: all of the pages asked for were given' said || break
		says 'memory'
		if [ "$status" = 0 ]; then
			handed_over 7
			! grep -q 'no memory for its tree .*: checked as a whole at the end' said || trees=$((trees + 1))
		else
			[ "$status" = 3 ]
			nothing_started
		fi
	done
	[ $trees = 6 ] # for two trees, what is needed while they come, twice, and they themselves
	[ "$status" = 0 ]
}
