#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# Swarm content against bee's own packages: the same references for the same files, each reads what the
# other wrote, both answer alike over HTTP. A bee that cannot be built is a failure.

setup_file() {
	local root=$PWD dir=$BATS_FILE_TMPDIR size
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	tests/interop/beenet/build.sh > "$dir/build.log" 2>&1 || { cat "$dir/build.log" >&2; return 1; }
	PATH="$root/build/bin:$root/build/interop:$PATH"
	cd "$dir" || exit 1
	mkdir files
	for size in 1 31 32 33 4095 4096 4097 400000 524287 524288 524289; do
		openssl enc -aes-128-ctr -nosalt -pass "pass:$size" -in /dev/zero 2>/dev/null | head -c "$size" > "files/$size"
	done
	mkdir -p site/docs/deep site/empty-name
	echo '<h1>index</h1>' > site/index.html
	echo '{"a":1}' > site/docs/data.json
	head -c 9000 files/400000 > site/docs/deep/picture.png
	echo 'no type' > site/docs/README
	echo x > "site/empty-name/a name with spaces that is longer than thirty bytes.txt"
	beenet serve -n 1 -port 17480 -api 127.0.0.1:17490 -place one files/1 files/4097 files/400000 files/400000,enc \
		files/400000,r=1 files/400000,r=4 files/400000,enc,r=3 site,dir,index=index.html > bee.json 2> bee.err 3>&- &
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
		'select(.event == "file") | .file | select(.file == $f and .encrypted == $e and .redundancy == $l) | .reference' "$dir/bee.json"
}

@test "references of every size and level are bee's" {
	local level file
	for level in 0 1 2 3 4; do
		printf "files/%s,r=$level\n" 1 31 32 33 4095 4096 4097 400000 524287 524288 524289 | xargs beenet split |
			jq -r '"\(.reference)  \(.file)"' > theirs
		for file in 1 31 32 33 4095 4096 4097 400000 524287 524288 524289; do
			bmt-hash --plain --redundancy "$level" "files/$file"
		done > ours
		diff theirs ours
		for file in 1 31 32 33 4095 4096 4097 400000 524287 524288 524289; do
			bzz-put --store "store$level" --redundancy "$level" "files/$file" | jq -r '"\(.reference)  \(.file)"'
		done > ours
		diff theirs ours
	done
}

@test "a folder has bee's reference" {
	local level
	for level in 0 1 3; do
		beenet split "site,dir,index=index.html,r=$level" | jq -r .reference > theirs
		bzz-put --store "folder$level" --redundancy "$level" --manifest --index index.html site | jq -r .reference > ours
		diff theirs ours
	done
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

# What a client sees of an answer: status, the headers that both should have, and the bytes.
seen() { # URL [CURL-OPTION...]
	local status
	curl -s -D head -o body "$@" || echo "curl: $?"
	status=$(head -n 1 head | tr -d '\r' | cut -d ' ' -f 2)
	echo "$status"
	if [ "$status" = 416 ]; then # how it is worded is one's own
		grep -i '^content-range:' head | tr -d '\r' | tr '[:upper:]' '[:lower:]'
		return
	fi
	grep -iE '^(content-type|content-length|content-range|accept-ranges|etag):' head | tr -d '\r' | tr '[:upper:]' '[:lower:]' | sort
	[[ " $* " = *" -I "* ]] || sha256sum < body
}

@test "bzz-serve answers as bee's API does" {
	local ours path site options
	ours=$(jq -r .listening "$dir/serve.out")
	site=$(bzz-put --store "$dir/chunks" --manifest --index index.html site | jq -r .reference)
	[ "$site" = "$(bee_reference site false 0)" ]
	big=$(bmt-hash files/400000 | jq -r .reference)
	for path in "bytes/$big" "chunks/$big" "bzz/$site/" "bzz/$site/docs/data.json" "bzz/$site/docs/README" \
		"bzz/$site/docs/deep/picture.png"; do
		for options in "" "-r 0-99" "-r 100-" "-r -5" "-I"; do
			[[ $path != chunks/* || -z $options ]] || continue
			# shellcheck disable=SC2086
			seen "$bee/$path" $options > theirs
			# shellcheck disable=SC2086
			seen "$ours/$path" $options > mine
			# bee says less about a file in an answer to HEAD than in one to GET; we do not
			[[ $options != -I ]] || sed -i '/^accept-ranges\|^etag/d' theirs mine
			diff theirs mine || { echo "$path $options"; false; }
		done
	done
	for path in "bytes/zz" "bytes/$(printf '%064d' 1)" "bzz/$site/nowhere" "bzz/$site" "bzz/$site/docs" "chunks/xyz"; do
		[ "$(curl -s -o theirs -w '%{http_code}' "$bee/$path")" = "$(curl -s -o mine -w '%{http_code}' "$ours/$path")" ] || { echo "$path"; false; }
	done
}
