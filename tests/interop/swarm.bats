#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# Swarm content against bee's own packages: each reads what the other wrote, and what one lost is recovered
# by the parities of the other. A bee that cannot be built is a failure.

setup_file() {
	local root=$PWD dir=$BATS_FILE_TMPDIR size
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	tests/interop/beenet/build.sh > "$dir/build.log" 2>&1 || { cat "$dir/build.log" >&2; return 1; }
	PATH="$root/build/bin:$root/build/interop:$PATH"
	cd "$dir" || exit 1
	mkdir files
	for size in 1 4097 400000; do
		openssl enc -aes-128-ctr -nosalt -pass "pass:$size" -in /dev/zero 2>/dev/null | head -c "$size" > "files/$size"
	done
	mkdir -p site/docs/deep site/empty-name
	echo '<h1>index</h1>' > site/index.html
	echo '{"a":1}' > site/docs/data.json
	head -c 9000 files/400000 > site/docs/deep/picture.png
	echo 'no type' > site/docs/README
	echo x > "site/empty-name/a name with spaces that is longer than thirty bytes.txt"
	beenet serve -n 1 -port 17480 -api 127.0.0.1:17490 -place one files/1 files/4097 files/400000 files/400000,enc \
		files/400000,r=1 files/400000,r=4 files/400000,enc,r=3 site,dir,index=index.html \
		files/1,feed=news files/400000,feed=news files/4097,feed=news > bee.json 2> bee.err 3>&- &
	echo $! > bee.pid
	wait_until grep -q '"ready"' bee.json
	for size in 1 4097 400000; do
		bzz-put --store chunks "files/$size"
	done > put.json
	bzz-serve -q --http 127.0.0.1:0 chunks > serve.out 2> serve.err 3>&- &
	echo $! > serve.pid
	wait_until test -s serve.out
}

teardown_file() {
	kill "$(cat "$BATS_FILE_TMPDIR/bee.pid")" "$(cat "$BATS_FILE_TMPDIR/serve.pid")"
}

setup() {
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	# shellcheck source=tests/store.bash
	. "$root/tests/store.bash"
	# shellcheck source=tests/wait.bash
	. "$root/tests/wait.bash"
	PATH="$root/build/bin:$root/build/interop:$PATH"
	dir=$BATS_FILE_TMPDIR
	cd "$BATS_TEST_TMPDIR" || exit 1
	ln -s "$dir/files" files
	cp -r "$dir/site" site
	bee=http://127.0.0.1:17490
}

# The reference under which bee keeps FILE[,OPTIONS].
bee_reference() { # FILE ENCRYPTED LEVEL
	jq -r --arg f "$1" --argjson e "$2" --argjson l "$3" \
		'select(.event == "file") | .file | select(.file == $f and .encrypted == $e and .redundancy == $l and .feed == null) | .reference' "$dir/bee.json"
}

@test "bzz-fetch reads what bee wrote, from its API" {
	local row
	for row in "files/1 false 0" "files/4097 false 0" "files/400000 false 0" "files/400000 true 0" \
		"files/400000 false 1" "files/400000 false 4" "files/400000 true 3"; do
		# shellcheck disable=SC2086
		set -- $row
		bzz-fetch -g "$bee" -o got "$(bee_reference "$1" "$2" "$3")" > out
		cmp got "$1"
		rm got
	done
}

@test "bzz-fetch reads paths of bee's manifest, and lists it" {
	local site
	site=$(bee_reference site false 0)
	bzz-fetch -g "$bee" "$site/" | cmp - site/index.html
	bzz-fetch -g "$bee" "$site/docs/deep/picture.png" | cmp - site/docs/deep/picture.png
	bzz-fetch -g "$bee" --list "$site" | jq -r 'select(.reference != null) | .path' | sort > listed
	(cd site/ && find . -type f -printf '%P\n') | sort | diff - listed
}

@test "bzz-fetch finds the newest update of bee's feed, and asks bee's API what it says" {
	local feed
	feed=$(jq -r 'select(.event == "file") | .file.feed // empty' "$dir/bee.json" | sort -u)
	[ "$(wc -l <<< "$feed")" = 1 ]
	bzz-fetch -g "$bee" -o got "feeds/$feed" > out
	cmp got files/4097
	curl -sSf "$bee/feeds/$feed" -D head -o said # bee's own look-up gives the content
	grep -qi '^swarm-feed-index: 0000000000000002' head
	cmp said files/4097
}

@test "bee's look-up finds the newest update that bzz-put made, and believes its signature" {
	local http feed size
	http=$(jq -r .listening "$dir/serve.out")
	(umask 077; openssl rand -hex 32 > key)
	for size in 1 400000 4097; do
		feed=$(bzz-put --store "$dir/chunks" --feed news --key key "files/$size" | jq -r '.feed | .owner + "/" + .topic')
	done
	beenet join -gateway "$http" -feed "$feed" -out got
	cmp got files/4097
	curl -sSf "$http/feeds/$feed" | cmp - files/4097
}

@test "bee's joiner reads what bzz-put wrote, plain, encrypted, with redundancy and as a folder" {
	local http options reference
	http=$(jq -r .listening "$dir/serve.out")
	for options in "" "--encrypt" "--redundancy 1" "--redundancy 4" "--encrypt --redundancy 2"; do
		# shellcheck disable=SC2086
		reference=$(bzz-put --store "$dir/chunks" $options files/400000 | jq -r .reference)
		beenet join -gateway "$http" -ref "$reference" -out got
		cmp got files/400000
	done
	reference=$(bzz-put --store "$dir/chunks" --manifest site | jq -r .reference)
	beenet join -gateway "$http" -ref "$reference" -path docs/data.json -out got
	cmp got site/docs/data.json
}

@test "bee's joiner recovers by our parities what our store lost" {
	local http level reference leaf lost pid
	for level in 1 2 4; do
		rm -rf lossy
		reference=$(bzz-put --store lossy --redundancy "$level" files/400000 | jq -r .reference)
		for leaf in 0 7 50; do
			dd if=files/400000 of=leaf bs=4096 skip=$leaf count=1 status=none
			spoil lossy/chunks "$(head -c 16 leaf | xxd -p)"
			lost=$(bmt-hash --chunk leaf | jq -r .reference)
		done
		rm -f serve.out
		bzz-serve -q --http 127.0.0.1:0 lossy > serve.out 2> serve.err 3>&- &
		pid=$!
		wait_until test -s serve.out
		http=$(jq -r .listening serve.out)
		[ "$(curl -s -o none -w '%{http_code}' "$http/chunks/$lost")" != 200 ] || { kill "$pid"; false; }
		beenet join -gateway "$http" -ref "$reference" -out got || { kill "$pid"; false; }
		cmp got files/400000 || { kill "$pid"; false; }
		kill "$pid"
		wait "$pid" || true
	done
}

@test "bee's parities recover what bee lost" {
	local level reference pid
	beenet serve -n 1 -port 17481 -api 127.0.0.1:17491 -place one -drop 15 files/400000,r=1 files/400000,r=2 \
		files/400000,r=4 files/400000 > lossy.json 2> lossy.err 3>&- &
	pid=$!
	for _ in $(seq 600); do
		! grep -q '"ready"' lossy.json || break
		sleep 0.1
	done
	for level in 1 2 4; do
		reference=$(jq -r --argjson l "$level" 'select(.event == "file") | .file | select(.redundancy == $l) | .reference' lossy.json)
		timeout 120 bzz-fetch -g http://127.0.0.1:17491 "$reference" > got || { kill "$pid"; false; }
		cmp got files/400000 || { kill "$pid"; false; }
	done
	kill "$pid"
	wait "$pid" || true
}
