#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# phase-fetch --gateway: the files of a release from any gateway to Swarm, which is believed as little as
# a provider. Liars are modes of tests/interop/hostile_server.py, whose folder has a gateway's paths, too.

setup_file() {
	local root=$PWD dir=$BATS_FILE_TMPDIR
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	PATH="$root/build/bin:$PATH"
	cd "$dir" || exit 1
	mkdir -p store/stable/x86_64 store/bytes
	openssl enc -aes-128-ctr -nosalt -pass pass:kernel -in /dev/zero 2>/dev/null | head -c 5000001 > store/stable/x86_64/vmlinuz
	seq 1 20000 > store/stable/x86_64/initramfs.img
	phase-sign --new-key a > /dev/null
	phase-manifest -a x86_64 --release 7 --trees store | phase-sign -k a.key > store/stable/x86_64/manifest.json
	jq -r '.artifacts[] | .swarm + " " + .filename' store/stable/x86_64/manifest.json |
		while read -r reference name; do
			ln -s "../stable/x86_64/$name" "store/bytes/$reference"
		done
	python3 "$root/tests/interop/hostile_server.py" --log "$dir/log" store > port 3>&- &
	echo $! > liar.pid
	phase-serve --no-mdns -b 127.0.0.1 -p 0 store > served 3>&- &
	echo $! > served.pid
	bzz-put --quiet --store chunks store/stable/x86_64/vmlinuz > /dev/null
	bzz-put --quiet --store chunks store/stable/x86_64/initramfs.img > /dev/null
	bzz-serve --http 127.0.0.1:0 chunks > chunks.served 3>&- &
	echo $! > chunks.pid
	wait_until test -s port
	wait_until test -s served
	wait_until test -s chunks.served
	# the kernel's tree: its root, and the chunks that it names
	local kernel gateway
	mkdir store/chunks
	kernel=$(jq -r .artifacts.kernel.swarm store/stable/x86_64/manifest.json)
	gateway=$(jq -r .listening chunks.served)
	curl -sf "$gateway/chunks/$kernel" -o "store/chunks/$kernel"
	tail -c +9 "store/chunks/$kernel" | xxd -p -c 32 | while read -r reference; do
		curl -sf "$gateway/chunks/$reference" -o "store/chunks/$reference"
	done
	[ "$(find store/chunks -type f | wc -l)" = 11 ]
}

teardown_file() {
	# shellcheck disable=SC2046 # a list
	kill $(cat "$BATS_FILE_TMPDIR"/*.pid)
}

setup() {
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	# shellcheck source=tests/wait.bash
	. "$root/tests/wait.bash"
	cd "$BATS_TEST_TMPDIR" || exit 1
	dir=$BATS_FILE_TMPDIR
	store=$dir/store/stable/x86_64
	http=http://127.0.0.1:$(cat "$dir/port")
	phase=$(jq -r .listening "$dir/served")/
	bzz=$(jq -r .listening "$dir/chunks.served")/
	none=$http/status-404+no-tree/ # has the manifest, and nothing else
	: > "$dir/log"
}

# fetches STATUS URL OPTION...: the release of the provider at URL into out; messages in err, the plan in plan.
fetches() {
	local wanted=$1 url=$2 status=0
	shift 2
	timeout 300 phase-fetch -k "$dir/a.pub" -o out "$@" "$url" > plan 2> err || status=$?
	cat err
	[ "$status" = "$wanted" ]
}

whole() {
	cmp out/vmlinuz "$store/vmlinuz" && cmp out/initramfs.img "$store/initramfs.img" &&
		cmp out/manifest.json "$store/manifest.json" && [ -z "$(find out -name '*.part')" ]
}

# wrong in each piece, and no chunks
lies=no-chunks+wrong-100+wrong-1100000+wrong-2200000+wrong-3200000+wrong-4300000

nothing() {
	[ ! -s plan ] && [ -z "$(find out -type f ! -name '*.part' 2> /dev/null)" ]
}

# bytes_from URL: what the plan says came from there.
bytes_from() {
	jq -e --arg u "$1" '.sources[] | select(.url == $u) | .bytes' plan
}

@test "the files come from a gateway when the provider has only the manifest" {
	local gateway
	for gateway in "$phase" "$bzz" "${bzz%/}" "$http/honest/"; do
		rm -rf out
		fetches 0 "$none" --gateway "$gateway"
		whole
		[ "$(bytes_from "$gateway")" = $((5000001 + $(stat -c %s "$store/initramfs.img"))) ]
	done
}

@test "a provider and two gateways: each gives a part of it" {
	fetches 0 "$http/rate-3000000/" -g "$http/rate-3000001/" -g "$http/rate-3000002"
	whole
	[ ! -s err ]
	[ "$(bytes_from "$http/rate-3000000/")" -gt 0 ]
	[ "$(bytes_from "$http/rate-3000001/")" -gt 0 ]
	[ "$(bytes_from "$http/rate-3000002")" -gt 0 ]
	[ "$(jq '.sources | length' plan)" = 3 ]
}

@test "a gateway that lies is dropped and named, with a tree and without" {
	fetches 0 "$http/status-404/" -g "$http/$lies" -g "$http/rate-2000000"
	whole
	grep -qxF "phase-fetch: $http/$lies: dropped: sent wrong bytes of vmlinuz" err
	[ "$(jq -r --arg u "$http/$lies" '.sources[] | select(.url == $u) | .bad' plan)" -ge 1048576 ]
	rm -rf out
	fetches 0 "$none" -g "$http/wrong-end" -g "$http/rate-3000000"
	whole
}

@test "only gateways that lie: exit 1 and nothing" {
	fetches 1 "$http/status-404/" -g "$http/wrong-2500000" -g "$http/chunked+wrong-2500000"
	nothing
}

@test "gateways that fail, stall, or do not have it: the others give it" {
	fetches 0 "$none" -g "$http/status-404" -g "$http/status-500" -g "$http/garbage" -g "$http/other-size-1" \
		-g "http://127.0.0.1:1" -g "$bzz"
	whole
	rm -rf out
	fetches 0 "$none" -g "$http/stall-100000" -g "$bzz"
	whole
	rm -rf out
	fetches 3 "$none" -g "$http/status-404"
	nothing
	grep -qE "$http/status-404/bytes/[0-9a-f]{64}: does not have it" err
	fetches 3 "$none" -g "http://127.0.0.1:1"
	nothing
	grep -qE "^phase-fetch: http://127.0.0.1:1/bytes/[0-9a-f]{64}: Could.* connect" err
}

@test "what a provider left unfinished goes on from a gateway" {
	mkdir out
	{ head -c 2097152 "$store/vmlinuz"; head -c 2902849 /dev/zero; printf '\1\1\0\0\0'; } > out/vmlinuz.part
	fetches 0 "$none" -g "$http/honest/"
	whole
	[ "$(bytes_from "$http/honest/")" = $((5000001 - 2097152 + $(stat -c %s "$store/initramfs.img"))) ]
}

# The tree is there in one piece nowhere. That it was had all the same is seen by who has to give what again: with
# a tree a liar's pieces only.
@test "trees chunk by chunk: from a gateway, and from a provider that answers like one" {
	local place
	for place in "$bzz" "$phase" "$http/honest"; do
		rm -rf out
		fetches 0 "$none" -v -g "$http/$lies" -g "$place" --artifact kernel
		cmp out/vmlinuz "$store/vmlinuz"
		grep -qF 'vmlinuz: 11 chunks of its tree came one by one' err
		grep -qF "$http/$lies: dropped: sent wrong bytes of vmlinuz" err
		run ! grep -q 'fetching it again' err
	done
	rm -rf out
	fetches 0 "$http/honest+no-tree/" -v
	whole
	grep -qF 'vmlinuz: 11 chunks of its tree came one by one' err
}

@test "trees chunk by chunk: wrong chunks are asked of others, and the liar is named" {
	# what it says of chunks is wrong, each by its first byte
	fetches 0 "$none" -v -g "$http/wrong-start" -g "$bzz" --artifact kernel
	cmp out/vmlinuz "$store/vmlinuz"
	grep -qxF "phase-fetch: $http/wrong-start: sent wrong chunks of the tree of vmlinuz" err
	grep -qF 'vmlinuz: 11 chunks of its tree came one by one' err
	rm -rf out
	# nobody else has them: the download goes on, and is judged as a whole
	fetches 0 "$none" -v -g "$http/wrong-start+other-size-8" -g "$http/rate-3000000+no-chunks" --artifact kernel
	cmp out/vmlinuz "$store/vmlinuz"
}

@test "a gateway that begins chunks and does not end them holds nothing up for ever" {
	fetches 0 "$http/honest+no-tree+no-chunks/" -v -g "$http/stall-8" --artifact kernel
	cmp out/vmlinuz "$store/vmlinuz"
	grep -qF 'vmlinuz: 0 chunks of its tree came one by one: not all of them' err
}

@test "no Swarm reference in the manifest: said, and the provider gives it" {
	mkdir -p bare/stable/x86_64
	cp "$store/vmlinuz" "$store/initramfs.img" bare/stable/x86_64
	jq -c 'del(.artifacts[].swarm) | .signatures = []' "$store/manifest.json" | phase-sign -k "$dir/a.key" \
		> bare/stable/x86_64/manifest.json
	python3 "$root/tests/interop/hostile_server.py" bare > bare.port 3>&- &
	local pid=$!
	wait_until test -s bare.port
	fetches 0 "http://127.0.0.1:$(cat bare.port)/honest/" -g "$bzz"
	kill $pid
	cmp out/vmlinuz "$store/vmlinuz"
	grep -qF 'vmlinuz: has no Swarm reference in its manifest: gateways are not asked for it' err
	[ "$(bytes_from "$bzz")" = 0 ]
}

@test "URLs that are none, and too many: usage" {
	local many=() n
	fetches 2 "$none" --gateway localhost:1633
	grep -qF "phase-fetch: --gateway: 'localhost:1633' lacks http:// or https:// in front" err
	fetches 2 "$none" --gateway 'http://'
	for n in {1..17}; do
		many+=(-g "http://127.0.0.1:$n")
	done
	fetches 2 "$none" "${many[@]}"
	grep -qF -e '--gateway: 16 at most' err
}

@test "more providers than there is room for beside the gateways: said, and the gateways are asked" {
	local many=() n
	for n in {1..16}; do
		many+=(--source "$http/status-404+$n/")
	done
	for n in {1..15}; do
		many+=(-g "$http/status-404+$n")
	done
	fetches 0 "$none" "${many[@]}" -g "$bzz"
	whole
	grep -qxF 'phase-fetch: 2 of the providers are not asked: with the gateways there are too many' err
}
