#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# phase-fetch: whatever providers, disks and people do, what stands under the final name is what was
# signed. Providers are modes of tests/interop/hostile_server.py, all of one server.

setup_file() {
	local root=$PWD dir=$BATS_FILE_TMPDIR
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	PATH="$root/build/bin:$PATH"
	cd "$dir" || exit 1
	mkdir -p store/stable/x86_64
	openssl enc -aes-128-ctr -nosalt -pass pass:kernel -in /dev/zero 2>/dev/null | head -c 5000001 > store/stable/x86_64/vmlinuz
	seq 1 20000 > store/stable/x86_64/initramfs.img
	echo small > store/stable/x86_64/settings
	phase-sign --new-key a > a.id
	phase-sign --new-key b > /dev/null
	phase-manifest -a x86_64 --release 7 --cmdline 'console=ttyS0 quiet' --trees store | phase-sign -k a.key > m.json
	cp m.json store/stable/x86_64/manifest.json
	cp m.json store/manifest.json
	python3 "$root/tests/interop/hostile_server.py" --log "$dir/log" store > port 3>&- &
	echo $! > pid
	wait_until test -s port
}

teardown_file() {
	kill "$(cat "$BATS_FILE_TMPDIR/pid")"
}

setup() {
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	# shellcheck source=tests/wait.bash
	. "$root/tests/wait.bash"
	cd "$BATS_TEST_TMPDIR" || exit 1
	dir=$BATS_FILE_TMPDIR
	store=$dir/store/stable/x86_64
	port=$(cat "$dir/port")
	http=http://127.0.0.1:$port
	: > "$dir/log"
}

teardown() {
	local pids
	[ ! -e big.folder ] || rm -rf "$(cat big.folder)"
	umount out 2>/dev/null || true
	pids=$(cat ./*.pid 2>/dev/null) || return 0
	# shellcheck disable=SC2086 # a list
	kill $pids 2>/dev/null || true
}

# from MODE...: lines of candidates.
from() {
	local mode
	for mode; do
		echo "{\"manifest_url\":\"$http/$mode/stable/x86_64/manifest.json\",\"source\":\"url\"}"
	done
}

# fetches STATUS MODE...: from candidates in those modes into out; messages in err, the plan in plan.
# The limit ends what would never end; no test is about it.
fetches() {
	local wanted=$1 status=0
	shift
	from "$@" | timeout 300 phase-fetch -k "$dir/a.pub" -o out > plan 2> err || status=$?
	cat err
	[ "$status" = "$wanted" ]
}

whole() {
	cmp out/vmlinuz "$store/vmlinuz" && cmp out/initramfs.img "$store/initramfs.img" &&
		cmp out/manifest.json "$dir/m.json" && [ -z "$(find out -name '*.part')" ]
}

# Nothing under a final name, nothing printed, no manifest, exit STATUS.
nothing() {
	[ ! -s plan ] && [ -z "$(find out -type f ! -name '*.part' 2>/dev/null)" ]
}

# bytes_from MODE: what the plan says came from there, and bad_from.
bytes_from() {
	jq -e --arg u "$http/$1/" '.sources[] | select(.url == $u) | .bytes' plan
}

bad_from() {
	jq -e --arg u "$http/$1/" '.sources[] | select(.url == $u) | .bad' plan
}

# sent_by MODE FILE: bytes of the file that the server sent in that mode. It notes them
# before it sends the last of them; what another test has left unfinished may be noted at any time.
sent_by() {
	awk -v m="$1" -v f="stable/x86_64/$2" '$1 == m && $2 == f { n += $5 } END { print n + 0 }' "$dir/log"
}

@test "one provider: files, manifest and plan; a second run fetches nothing" {
	fetches 0 honest
	whole
	[ ! -s err ]
	[ "$(jq -r '.kernel, .initrd[], .manifest' plan)" = "$(printf '%s\n' "$PWD"/out/{vmlinuz,initramfs.img,manifest.json})" ]
	[ "$(jq -c '[.cmdline, .release, .channel, .arch]' plan)" = '["console=ttyS0 quiet",7,"stable","x86_64"]' ]
	[ "$(bytes_from honest)" = $((5000001 + $(stat -c %s "$store/initramfs.img"))) ]
	[ "$(bad_from honest)" = 0 ]
	[ ! -e out/settings ]
	: > "$dir/log"
	fetches 0 honest
	[ "$(bytes_from honest)" = 0 ]
	run ! grep '^honest ' "$dir/log"
}

@test "two providers: each gives a part of it" {
	fetches 0 honest rate-3000000
	whole
	[ "$(bytes_from honest)" -gt 0 ]
	[ "$(bytes_from rate-3000000)" -gt 0 ]
}

@test "candidates: a pipe, a file, URLs one a line, a manifest's URL, a root" {
	local given
	from honest > candidates
	echo "$http/honest/manifest.json" > urls
	for given in candidates urls "$http/honest/stable/x86_64/manifest.json" "$http/honest/manifest.json" "$http/honest" "$http/honest/"; do
		rm -rf out
		phase-fetch -k "$dir/a.pub" -o out "$given" > plan
		whole
	done
	rm -rf out
	phase-fetch -k "$dir/a.pub" -o out - < candidates > plan
	whole
}

@test "a root without manifest.json: that of CHANNEL/ARCH is found, in either spelling" {
	local arch
	for arch in x86_64 amd64; do
		mkdir -p "plain-$arch/stable/x86_64" "plain-$arch/stable/$arch"
		ln "$store"/{vmlinuz,initramfs.img} "plain-$arch/stable/x86_64/"
		cp "$dir/m.json" "plain-$arch/stable/$arch/manifest.json"
		serve "plain-$arch"
		rm -rf out
		phase-fetch -k "$dir/a.pub" --channel stable --arch x86_64 -o out "$other/honest" > plan 2> err
		whole
		[ ! -s err ]
		[ "$(jq -r '.sources[].url' plan)" = "$other/honest/" ]
	done
	rm -rf out
	# nothing said: stable, and the architecture of this machine
	echo "$other/honest" | phase-fetch -k "$dir/a.pub" -o out > plan 2> err
	whole
}

@test "a root with nothing in it: what was asked for is said; a manifest's URL is only that" {
	mkdir empty
	serve empty
	run -3 phase-fetch -k "$dir/a.pub" -c beta -a aarch64 -o out "$other/honest"
	[ "${lines[0]}" = "phase-fetch: $other/honest/: has no manifest (404): asked for \
beta/arm64/manifest.json, beta/aarch64/manifest.json, manifest.json" ]
	[ "${#lines[@]}" = 2 ]
	run -3 phase-fetch -k "$dir/a.pub" -c ../x -a arm64 -o out "$other/honest/"
	[ "${lines[0]}" = "phase-fetch: $other/honest/: has no manifest (404): asked for manifest.json" ]
	run -3 phase-fetch -k "$dir/a.pub" -a x86_64 -o out "$other/honest/manifest.json"
	[ "${lines[0]}" = "phase-fetch: $other/honest/manifest.json: has no manifest (404)" ]
}

@test "a root whose own manifest is another channel's: what the policy is for is taken" {
	mkdir -p both/stable/x86_64
	jq -c '.signatures = [] | .channel = "testing"' "$dir/m.json" | phase-sign -k "$dir/a.key" > both/manifest.json
	ln "$store"/{vmlinuz,initramfs.img} both/stable/x86_64/
	cp "$dir/m.json" both/stable/x86_64/manifest.json
	serve both
	phase-fetch -k "$dir/a.pub" -c stable -a x86_64 -o out "$other/honest/" > plan 2> err
	whole
	[ ! -s err ]
}

# policy SOURCES: an array.
policy() {
	jq -n --arg id "$(cat "$dir/a.id")" --argjson sources "$1" \
		'{policy_version: 1, keys: [{key_id: $id}], threshold: 1, sources: $sources}' > policy.json
}

@test "the policy's sources are asked when there are no other candidates" {
	policy "[\"http://127.0.0.1:1/\", \"$http/honest\"]"
	for given in /dev/null others; do
		echo '{"manifest_url":"http://127.0.0.1:1/m.json","channel":"beta","arch":"x86_64"}' > others
		rm -rf out
		phase-fetch --policy policy.json -c stable -o out < "$given" > plan 2> err
		whole
		grep -q 'http://127.0.0.1:1/manifest.json: ' err
	done
	rm -rf out
	: > "$dir/log"
	from wrong-start > candidates # there are others: not these, then
	run -1 phase-fetch --policy policy.json -o out candidates
	[ "$(sent_by honest vmlinuz)" = 0 ]
	# a terminal is not waited for
	rm -rf out
	timeout 300 script -qec 'phase-fetch --policy policy.json -o out > plan' /dev/null > said 2>&1
	whole
	run -1 grep 'from the terminal' said
	policy '[]'
	run -3 phase-fetch --policy policy.json -o out < /dev/null
	[[ $output = *'no candidates: '*'a policy with sources' ]]
}

@test "candidates: what is none is passed over with a word; none at all is an error" {
	{ echo '{"manifest_url":7}'; echo '["x"]'; echo 'ftp://h/'; echo; from honest; } |
		phase-fetch -k "$dir/a.pub" -o out > plan 2> err
	whole
	[ "$(grep -c 'line [1-3] of the candidates is none' err)" = 3 ]
	rm -rf out
	run -3 phase-fetch -k "$dir/a.pub" -o out < /dev/null
	[[ $output = *'no candidates'* ]]
	run -3 phase-fetch -k "$dir/a.pub" -o out ./no-such-file
	[[ $output = *'no-such-file: No such file'* ]]
	run -3 phase-fetch -k "$dir/a.pub" -o out "http://user@h/"
	[[ $output = *'is not an http or https URL'* ]]
	[ ! -e out ]
}

@test "candidates: a manifest, or a URL without http://, is told from a list" {
	run -3 phase-fetch -k "$dir/a.pub" -o out "$dir/m.json"
	[ "$output" = "phase-fetch: $dir/m.json: is a manifest, not a list of candidates" ]
	jq . "$dir/m.json" > pretty # of many lines
	run -3 phase-fetch -k "$dir/a.pub" -o out < pretty
	[ "$output" = "phase-fetch: stdin: is a manifest, not a list of candidates" ]
	run -3 phase-fetch -k "$dir/a.pub" -o out 127.0.0.1:18477
	[ "$output" = "phase-fetch: 127.0.0.1:18477: No such file or directory (a URL begins with http://)" ]
	run -3 phase-fetch -k "$dir/a.pub" -o out ./a:b
	[ "$output" = "phase-fetch: ./a:b: No such file or directory" ]
	[ ! -e out ]
}

@test "candidates that are for something else by their own line are not asked" {
	local line='{"manifest_url":"http://127.0.0.1:1/%s/manifest.json","channel":"%s","arch":"%s"}\n'
	# Nobody answers there: whoever is asked is warned about.
	# shellcheck disable=SC2059 # the format is ours
	{ printf "$line" 1 beta x86_64; printf "$line" 2 stable arm64; } > others
	{
		cat others
		echo "{\"manifest_url\":\"$http/honest/stable/x86_64/manifest.json\",\"channel\":\"stable\",\"arch\":\"amd64\"}"
	} > candidates
	phase-fetch -k "$dir/a.pub" --channel stable --arch x86_64 -o out candidates > plan 2> err
	whole
	[ ! -s err ]
	phase-fetch -v -k "$dir/a.pub" --channel stable --arch x86_64 -o out candidates > plan 2> err
	grep -q "line 1 of the candidates: another channel than the policy's: not asked" err
	grep -q "line 2 of the candidates: another architecture than the policy's: not asked" err
	phase-fetch -k "$dir/a.pub" -o out candidates > plan 2> err
	grep -q "http://127.0.0.1:1/1/manifest.json: " err
	grep -q "http://127.0.0.1:1/2/manifest.json: " err
	rm -rf out
	run -4 phase-fetch -k "$dir/a.pub" --channel stable --arch x86_64 -o out others
	[[ $output = *'no release is acceptable: all candidates (2) are for another'* ]]
	[ ! -e out ]
}

@test "one provider does not take all places: four candidates at a host and port, and a warning" {
	local i
	for i in {1..40}; do
		echo "http://127.0.0.1:1/$i/manifest.json"
	done > candidates
	from honest >> candidates
	phase-fetch -k "$dir/a.pub" -o out candidates > plan 2> err
	whole
	[ "$(grep -c 'more than 4 candidates at 127.0.0.1:1: the rest is left out' err)" = 1 ]
	[ "$(grep -c '127.0.0.1:1/[1-4]/manifest.json: ' err)" = 4 ]
	[ "$(wc -l < err)" = 5 ]
}

@test "a wrong byte at start, middle, end: the liar is dropped and named, at once with a tree" {
	local place
	for place in start middle end; do
		rm -rf out
		fetches 0 "wrong-$place+rate-20000000" rate-4000000
		whole
		if [ "$(sent_by "wrong-$place+rate-20000000" vmlinuz)" -ge 5000001 ]; then
			[ "$(bad_from "wrong-$place+rate-20000000")" -gt 0 ]
		fi
	done
	rm -rf out
	fetches 0 wrong-0+rate-9000000 honest # the first piece is the first source's
	whole
	# one line, about the file it was: the others of that source are not accused
	[ "$(cat err)" = "phase-fetch: $http/wrong-0+rate-9000000/: dropped: sent wrong bytes of vmlinuz" ]
	[ "$(bad_from wrong-0+rate-9000000)" -ge 1048576 ]
	[ "$(bad_from honest)" = 0 ]
}

@test "a wrong byte and no tree: found by the whole's hash, the liar is dropped and named" {
	fetches 0 wrong-0+no-tree rate-9000000+no-tree
	whole
	grep -q "fetching it again" err
	[ "$(grep -c dropped err)" = 1 ]
	grep -q "^phase-fetch: $http/wrong-0+no-tree/: dropped: sent wrong bytes of vmlinuz$" err
	run -1 grep -q "/rate-9000000+no-tree/.*dropped" err
	rm -rf out
	fetches 0 wrong-middle+no-tree wrong-end+no-tree wrong-start+no-tree honest+no-tree
	whole
}

@test "only liars: exit 1, and nothing under the final name" {
	local mode
	for mode in wrong-start wrong-middle wrong-end wrong-start+no-tree wrong-end+no-tree+no-range; do
		rm -rf out
		fetches 1 "$mode"
		nothing
		grep -q "out/[a-z.]*: .*hash" err || grep -q "out/vmlinuz: " err
	done
	rm -rf out
	fetches 1 wrong-start wrong-start+no-range
	nothing
	rm -rf out
	fetches 1 wrong-start+no-tree wrong-start+no-tree+no-range
	nothing
}

@test "another size, longer or shorter: not taken" {
	local mode
	for mode in other-size-1 other-size--1 other-size-1+no-range other-size--1+no-range; do
		rm -rf out
		fetches 1 "$mode"
		nothing
		grep -q "has something of another size" err
		fetches 0 "$mode" honest
		whole
	done
}

@test "closes early, lies about its length, garbage in ranges: no other bytes, another provider" {
	local mode
	for mode in close-0 close-1500000 more-7 less-7 garbage-range shifted-range no-content-range 200-to-range garbage \
		redirect chunked+close-5; do
		rm -rf out
		from "$mode" honest > candidates
		timeout 300 phase-fetch -k "$dir/a.pub" -o out candidates > plan 2> err || { echo "$mode"; cat err; false; }
		whole
	done
}

@test "nobody but a broken provider: exit 3 and nothing" {
	local mode
	for mode in close-0 garbage redirect; do
		rm -rf out
		fetches 3 "$mode"
		nothing
		grep -q "no source is left" err
	done
}

@test "ranges that cannot be had: the whole is taken" {
	local mode
	for mode in no-range no-range+no-tree no-range+chunked garbage-range+no-range; do
		rm -rf out
		fetches 0 "$mode"
		whole
		[ "$(sent_by "$mode" vmlinuz)" -ge 5000001 ]
	done
	rm -rf out
	fetches 0 no-range status-404
	whole
	rm -rf out
	fetches 0 chunked
	whole
}

@test "404, 403, 500 and dead providers: the others give it" {
	local mode
	for mode in status-404 status-403 status-500 status-416; do
		rm -rf out
		fetches 0 "$mode" honest
		whole
		rm -rf out
		fetches 3 "$mode" || fetches 1 "$mode"
		nothing
		grep -q "$mode/stable/x86_64/" err
	done
	rm -rf out
	{ from honest; echo http://127.0.0.1:1/manifest.json; } | phase-fetch -k "$dir/a.pub" -o out > plan 2> err
	whole
	grep -q "http://127.0.0.1:1/manifest.json: " err
}

@test "a provider that stalls is left behind" {
	fetches 0 stall-100000 honest
	whole
	rm -rf out
	fetches 0 endless-tree # nobody else: goes on without the tree
	whole
}

@test "a provider that only ever stalls: an end, exit 3" {
	fetches 3 stall-0 # without an end it was the status of a limit that was reached
	nothing
	grep -q "no source is left" err
}

@test "a slow or dripping provider beside a fast one does not hold it up" {
	local mode
	# Both would take longer than the five minutes that fetches gives.
	for mode in rate-10000 rate-1; do
		rm -rf out
		fetches 0 "$mode" honest
		whole
	done
	rm -rf out
	fetches 0 rate-1+no-tree honest+no-tree+no-range
	whole
}

@test "a slow provider that is alone gives all of it" {
	fetches 0 rate-400000
	whole
	[ ! -s err ]
}

@test "trees that are wrong, short, endless or pages: the download goes on" {
	local mode
	for mode in bad-tree short-tree html-tree no-tree; do
		rm -rf out
		fetches 0 "$mode"
		whole
	done
	rm -rf out
	fetches 0 bad-tree+wrong-0 bad-tree+rate-9000000
	whole
}

@test "trees of every redundancy level: wrong bytes are found as they come" {
	local level http
	cp -r "$dir/store" .
	python3 "$root/tests/interop/hostile_server.py" --log "$PWD/own.log" store > own.port 3>&- &
	echo $! > own.pid
	wait_until test -s own.port
	http=http://127.0.0.1:$(cat own.port)
	for level in 1 2 3 4; do
		rm -rf out
		phase-manifest -a x86_64 --release 7 --cmdline 'console=ttyS0 quiet' --trees --redundancy "$level" store |
			phase-sign -k "$dir/a.key" > m.json
		cp m.json store/stable/x86_64/manifest.json
		[ "$(jq -r .artifacts.kernel.swarm m.json)" != "$(jq -r .artifacts.kernel.swarm "$dir/m.json")" ]
		fetches 0 wrong-0+rate-9000000 honest
		cmp out/vmlinuz "$store/vmlinuz"
		cmp out/manifest.json m.json
		run ! grep -q 'tree that is not the signed one' err
		[ "$(bad_from wrong-0+rate-9000000)" -gt 0 ]
	done
	# one of another level than the signed one is none; nor is one that says so
	cp store/stable/x86_64/vmlinuz.bmt level4.bmt
	bmt-hash --redundancy 2 --tree store/stable/x86_64/vmlinuz.bmt store/stable/x86_64/vmlinuz
	rm -rf out
	fetches 0 honest
	grep -q 'vmlinuz: a source has a tree that is not the signed one' err
	{ head -c 7 level4.bmt; printf '\x82'; tail -c +9 level4.bmt; } > store/stable/x86_64/vmlinuz.bmt
	rm -rf out
	fetches 0 honest
	grep -q 'vmlinuz: a source has a tree that is not the signed one' err
}

@test "manifests: too large, a page, endless, missing, other signers" {
	fetches 3 huge-manifest
	grep -q "larger than 1 MiB" err
	fetches 3 html-manifest
	run -3 timeout 9 phase-fetch -k "$dir/a.pub" -o out --timeout 1s "$http/slow-manifest/" # 10 s unless told
	run -3 phase-fetch -k "$dir/a.pub" -o out "$http/honest/no/such/manifest.json"
	[[ $output = *404* ]]
	run -4 phase-fetch -k "$dir/b.pub" -o out "$http/honest/"
	run -4 phase-fetch -k "$dir/a.pub" -k "$dir/b.pub" --threshold 2 -o out "$http/honest/"
	run -4 phase-fetch -k "$dir/a.pub" --channel beta -o out "$http/honest/"
	run -4 phase-fetch -k "$dir/a.pub" --arch arm64 -o out "$http/honest/"
	[ ! -e out ]
	fetches 0 huge-manifest html-manifest honest
	whole
}

# release N EXPIRES FOLDER: a store of another release.
release() {
	mkdir -p "$3/stable/x86_64"
	cp "$store/initramfs.img" "$3/stable/x86_64/"
	seq "$1" 90000 > "$3/stable/x86_64/vmlinuz"
	phase-manifest -a x86_64 --release "$1" --expires "$2" "$3" | phase-sign -k "$dir/a.key" > "$3/manifest.json"
}

# serve FOLDER: another server; sets other to its URL.
serve() {
	python3 "$root/tests/interop/hostile_server.py" "${@:2}" "$1" > "$1.port" 3>&- &
	echo $! > "${1//\//-}.pid" # here, where teardown looks
	wait_until test -s "$1.port"
	other=http://127.0.0.1:$(cat "$1.port")
}

@test "the highest release wins, and only its providers are asked for files" {
	release 8 30d newer
	serve newer
	{ from honest; echo "$other/honest/"; } | phase-fetch -k "$dir/a.pub" -o out > plan
	[ "$(jq -c "[.release, .cmdline]" plan)" = '[8,""]' ] # a release without one is started with none
	cmp out/vmlinuz newer/stable/x86_64/vmlinuz
	[ "$(jq -r '.sources[].url' plan)" = "$other/honest/" ]
	run ! grep '^honest ' "$dir/log"
}

@test "of two releases with one number the first is taken, and its providers only" {
	local first second
	release 7 30d newer
	serve newer
	for first in "$http/honest/" "$other/honest/"; do
		for second in "$http/honest/" "$other/honest/"; do
			[ "$first" != "$second" ] || continue
			rm -rf out
			printf '%s\n' "$first" "$second" | phase-fetch -k "$dir/a.pub" -o out > plan
			[ "$(jq -r '.sources[].url' plan)" = "$first" ]
			curl -s -m 60 "${first}manifest.json" | cmp - out/manifest.json
		done
	done
}

@test "a lower release after a higher one does not take its place" {
	release 8 30d newer
	serve newer
	for _ in {1..3}; do
		rm -rf out
		{ echo "$other/honest/"; from honest; } | phase-fetch -k "$dir/a.pub" -o out > plan
		[ "$(jq .release plan)" = 8 ]
		cmp out/manifest.json newer/manifest.json
	done
}

@test "rollback: refused after a higher one was taken; a failed fetch raises no floor" {
	release 8 30d newer
	serve newer
	run -3 phase-fetch -k "$dir/a.pub" --state state -o out "$other/status-500/"
	phase-fetch -k "$dir/a.pub" --state state -o out "$http/honest/" > plan
	phase-fetch -k "$dir/a.pub" --state state -o out "$other/honest/" > plan
	cmp out/vmlinuz newer/stable/x86_64/vmlinuz
	cp -r out before
	run -4 phase-fetch -k "$dir/a.pub" --state state -o out "$http/honest/"
	[[ $output = *floor* ]]
	diff -r out before
}

@test "expired: exit 4" {
	mkdir -p old/stable/x86_64
	jq -c '.expires_at = "2026-01-02T00:00:00Z" | .created_at = "2026-01-01T00:00:00Z" | .signatures = []' "$dir/m.json" |
		phase-sign -k "$dir/a.key" > old/manifest.json
	serve old
	run -4 phase-fetch -k "$dir/a.pub" -o out "$other/honest/"
	[[ $output = *expire* ]]
	[ ! -e out ]
}

@test "names that lead out of the folder are refused, however well signed" {
	local name
	mkdir -p evil
	serve evil
	for name in ../escaped /tmp/escaped . .. a/b 'a\\u0000b' .hidden manifest.json; do
		sed "s|\"filename\":\"vmlinuz\"|\"filename\":\"$name\"|" "$dir/m.json" > evil/manifest.json
		run -1 cmp -s evil/manifest.json "$dir/m.json"
		run -3 phase-fetch -k "$dir/a.pub" -o out "$other/honest/"
		[[ $output = *'filename'* || $output = *'malformed'* || $output = *'allowed'* ]] || { echo "$name: $output"; false; }
		[ ! -e out ]
	done
}

# Whether a piece of the kernel was checked: the map behind the bytes says so.
has_a_piece() {
	[ "$(tail -c +5000002 out/vmlinuz.part 2>/dev/null | tr -dc '\001' | wc -c)" -ge 1 ]
}

@test "resume after kill -9: what was there is not fetched again" {
	local pid kept
	from rate-700000 > candidates
	phase-fetch -k "$dir/a.pub" -o out candidates > plan 2> err 3>&- &
	pid=$!
	wait_until has_a_piece
	kill -9 "$pid"
	wait "$pid" || true
	[ -f out/vmlinuz.part ]
	[ ! -e out/vmlinuz ]
	# The map of pieces behind the bytes says what there is.
	kept=$(tail -c +5000002 out/vmlinuz.part | tr -dc '\001' | wc -c)
	[ "$kept" -ge 1 ]
	: > "$dir/log"
	fetches 0 honest
	whole
	[ "$(sent_by honest vmlinuz)" = $((5000001 - kept * 1048576)) ]
}

# part PIECES: leaves out/vmlinuz.part with the first PIECES pieces and its map.
part() {
	mkdir -p out
	{ head -c $(($1 * 1048576)) "$store/vmlinuz"; head -c $((5000001 - $1 * 1048576)) /dev/zero; } > out/vmlinuz.part
	{ head -c "$1" /dev/zero | tr '\0' '\1'; head -c $((5 - $1)) /dev/zero; } >> out/vmlinuz.part
}

@test "a .part that was spoiled is healed, with a tree and without" {
	part 3
	fetches 0 honest
	whole
	[ "$(bytes_from honest)" = $((5000001 - 3 * 1048576 + $(stat -c %s "$store/initramfs.img"))) ]
	rm -rf out
	part 3
	printf X | dd of=out/vmlinuz.part bs=1 seek=1500000 conv=notrunc status=none
	fetches 0 honest
	whole
	[ "$(bytes_from honest)" = $((5000001 - 2 * 1048576 + $(stat -c %s "$store/initramfs.img"))) ]
	[ "$(bad_from honest)" = 0 ]
	rm -rf out
	part 3
	printf X | dd of=out/vmlinuz.part bs=1 seek=1500000 conv=notrunc status=none
	fetches 0 honest+no-tree
	whole
	run -1 grep -q dropped err
}

@test "a .part that is a plain prefix, too long, empty, or all there" {
	mkdir out
	head -c 2500000 "$store/vmlinuz" > out/vmlinuz.part
	fetches 0 honest
	whole
	[ "$(sent_by honest vmlinuz)" = $((5000001 - 2 * 1048576)) ]
	rm -rf out; mkdir out
	head -c 9000000 /dev/urandom > out/vmlinuz.part
	fetches 0 honest
	whole
	rm -rf out; mkdir out
	: > out/vmlinuz.part
	fetches 0 honest
	whole
	rm -rf out; mkdir out
	cp "$store/vmlinuz" out/vmlinuz.part
	: > "$dir/log"
	fetches 0 honest
	whole
	[ "$(sent_by honest vmlinuz)" = 0 ]
}

@test "a wrong file under the final name is replaced; a link or a device there is not, nor followed" {
	mkdir out
	echo old > out/vmlinuz
	echo precious > precious
	ln -s ../precious out/initramfs.img
	fetches 3 honest
	grep -q "out/initramfs.img: exists and is not a regular file; nothing is replaced$" err
	[ "$(readlink out/initramfs.img) $(cat precious)" = "../precious precious" ]
	rm out/initramfs.img
	echo damaged >> out/vmlinuz
	fetches 0 honest
	whole
	[ "$(cat err)" = "phase-fetch: $PWD/out/vmlinuz: is there, but is not what was signed for release 7: fetching that" ]
	rm out/manifest.json
	mkfifo out/manifest.json
	fetches 3 honest
	[ "$(tail -n 1 err)" = "phase-fetch: $PWD/out/manifest.json: exists and is not a regular file; nothing is replaced" ]
	[ -p out/manifest.json ]
	rm -rf out; mkdir out
	ln -s ../precious out/vmlinuz.part
	fetches 3 honest
	[ "$(cat precious)" = precious ]
	[ ! -e out/vmlinuz ]
}

@test "a .part that is not ours alone: exit 3, says what to do, and nothing is written to it" {
	mkdir out
	echo precious > precious
	ln precious out/vmlinuz.part
	fetches 3 honest
	grep -q 'out/vmlinuz.part: has a second name (hard link): remove it and run again' err
	nothing
	rm out/vmlinuz.part
	mkfifo out/vmlinuz.part
	fetches 3 honest
	grep -q 'out/vmlinuz.part: is not a plain file: remove it and run again' err
	nothing
	rm out/vmlinuz.part
	echo precious > out/vmlinuz.part
	chmod 666 out/vmlinuz.part
	chown 65534 out/vmlinuz.part
	fetches 3 honest
	grep -q 'out/vmlinuz.part: belongs to another user: remove it, or choose another folder' err
	nothing
	[ "$(cat precious out/vmlinuz.part)" = "$(printf 'precious\nprecious')" ]
	rm out/vmlinuz.part
	: > out/vmlinuz.part
	chmod 600 out/vmlinuz.part
	(umask 027 && fetches 0 honest)
	whole
	[ "$(stat -c %a out/vmlinuz out/initramfs.img)" = "$(printf '640\n640')" ]
}

@test "a .part of another release: its bytes and its map count for nothing unchecked" {
	local mode
	for mode in honest honest+no-tree; do
		# As long as this one, with a map that says all is there; then longer, all bytes like such a map.
		rm -rf out; mkdir out
		{ head -c 5000001 /dev/urandom; printf '\1\1\1\1\1'; } > out/vmlinuz.part
		fetches 0 "$mode"
		whole
		[ "$(bytes_from "$mode")" -ge 5000001 ]
		[ "$(bad_from "$mode")" = 0 ]
		rm -rf out; mkdir out
		head -c 6000000 /dev/zero | tr '\0' '\1' > out/vmlinuz.part
		fetches 3 close-0
		[ "$(stat -c %s out/vmlinuz.part)" = 5000006 ]
		[ "$(tail -c 5 out/vmlinuz.part | tr -d '\0' | wc -c)" = 0 ]
		fetches 0 "$mode"
		whole
	done
}

part_grows() {
	[ "$(stat -c %b out/vmlinuz.part 2> /dev/null || echo 0)" -gt 1024 ]
}

@test "disk full: exit 3 and says so, nothing under the final name; goes on when there is room" {
	mkdir out
	mount -t tmpfs -o size=3m none out
	fetches 3 honest
	# said before anything is fetched
	grep -qE "out/vmlinuz: No space left on device: 49[0-9]+ bytes needed, 3[0-9]+ free$" err
	[ "$(sent_by honest vmlinuz)" = 0 ]
	nothing
	# room that is taken by others meanwhile
	mount -o remount,size=6m out
	from rate-1000000 > candidates
	phase-fetch -k "$dir/a.pub" -o out candidates > plan 2> err 3>&- &
	pid=$!
	echo "$pid" > first.pid
	wait_until part_grows
	head -c 6m /dev/zero > out/other 2> fill || true
	status=0
	wait "$pid" || status=$?
	rm first.pid out/other
	cat err
	[ "$status" = 3 ]
	grep -q 'out/vmlinuz: No space left on device' err
	nothing
	mount -o remount,size=20m out
	fetches 0 honest
	cmp out/vmlinuz "$store/vmlinuz"
	umount out
}

@test "output folder: made when missing; a file or a read-only place is an error" {
	from honest > candidates
	phase-fetch -k "$dir/a.pub" -o new/deep/er candidates > plan
	cmp new/deep/er/vmlinuz "$store/vmlinuz"
	: > file
	run -3 phase-fetch -k "$dir/a.pub" -o file candidates
	[[ $output = *'file: '* ]]
	run -3 phase-fetch -k "$dir/a.pub" -o /proc/none candidates
	[[ $output = *'/proc/none: '* ]]
	mkdir out
	mount -t tmpfs -o ro none out
	run -3 phase-fetch -k "$dir/a.pub" -o out candidates
	umount out
	[[ $output = *'Read-only file system'* ]]
}

@test "two at once into the same folder: one is told so, the other is not disturbed" {
	from rate-1000000 > candidates
	phase-fetch -k "$dir/a.pub" -o out candidates > plan 2> err 3>&- &
	pid=$!
	echo "$pid" > first.pid
	wait_until test -s out/vmlinuz.part # locked, then written to
	kill -STOP "$pid"
	from honest > second
	run -3 phase-fetch -k "$dir/a.pub" -o out second
	kill -CONT "$pid"
	[[ $output = *'out/vmlinuz.part: another download is writing it: wait for it and run again, which is safe' ]]
	wait "$pid"
	rm first.pid
	whole
}

@test "Ctrl-C: dies by the signal, keeps the .part, goes on later" {
	status=0
	from rate-1000000 > candidates
	# bash lets what it starts in the background ignore SIGINT
	env --default-signal=INT phase-fetch -k "$dir/a.pub" -o out candidates > plan 2> err 3>&- &
	pid=$!
	wait_until test -s out/vmlinuz.part
	kill -INT "$pid"
	wait "$pid" || status=$?
	[ "$status" = 130 ]
	[ -f out/vmlinuz.part ]
	nothing
	fetches 0 honest
	whole
}

@test "--artifact: only that one; one that is not there is an error" {
	from honest > candidates
	phase-fetch -k "$dir/a.pub" -o out --artifact settings candidates > plan
	[ "$(ls out)" = "$(printf 'manifest.json\nsettings')" ]
	cmp out/settings "$store/settings"
	[ "$(jq -c '[.kernel, .initrd]' plan)" = '[null,[]]' ]
	run -3 phase-fetch -k "$dir/a.pub" -o out --artifact nothing candidates
	[[ $output = *'has no such artifact'* ]]
}

@test "an absolute download_url is one more source; --source another" {
	mkdir -p absolute bare/stable/x86_64
	jq -c --arg u "$http/honest/stable/x86_64/" '.signatures = [] |
		.artifacts[] |= (.download_url = $u + .filename)' "$dir/m.json" | phase-sign -k "$dir/a.key" > absolute/manifest.json
	serve absolute
	phase-fetch -k "$dir/a.pub" -o out "$other/honest/" > plan 2> err
	cmp out/vmlinuz "$store/vmlinuz"
	[ "$(sent_by honest vmlinuz)" -ge 5000001 ]
	rm -rf out
	phase-fetch -k "$dir/a.pub" -o out --source "$http/honest" "$http/status-404/" > plan
	whole
	[ "$(bytes_from honest)" -gt 5000000 ]
}

@test "a dead IPv6 address costs a quarter of a second for each connection" {
	# shellcheck disable=SC2016 # for the shell within
	timeout 500 unshare -nm bash -euc '
		printf "127.0.0.1 both\n2001:db8::1 both\n" > hosts
		mount --bind hosts /etc/hosts
		ip link set lo up
		ip link add d0 type veth peer name d1
		ip link set d0 up; ip link set d1 up
		ip -6 addr add 2001:db8::2/64 dev d0 nodad
		ip -6 neigh add 2001:db8::1 lladdr 02:00:00:00:00:01 dev d0
		python3 "$1/tests/interop/hostile_server.py" --port 8080 "$2/store" > v6.port 3>&- &
		echo $! > v6.pid
		. "$1/tests/wait.bash"
		wait_until test -s v6.port
		getent ahosts both
		for i in {1..10}; do
			for host in 127.0.0.1 both; do
				rm -rf out
				began=$(date +%s%N)
				timeout 50 phase-fetch -k "$2/a.pub" -o out "http://$host:8080/honest/" > plan
				echo $((($(date +%s%N) - began) / 1000000)) > "$host.ms"
			done
			[ $(($(cat both.ms) - $(cat 127.0.0.1.ms))) -ge 2500 ] || break
		done
		kill "$(cat v6.pid)"
	' _ "$root" "$dir"
	rm -f v6.pid
	cat ./*.ms
	cmp out/vmlinuz "$store/vmlinuz"
	# A single connection that had to wait for its timeout would cost this much (half of 5 s), each of
	# the ten times; a busy machine does so once.
	[ $(($(cat both.ms) - $(cat 127.0.0.1.ms))) -lt 2500 ]
}

# peak_kib COMMAND...: prints its largest resident size.
peak_kib() {
	python3 -c '
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:], stdout=open("plan", "wb"))
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)' "$@"
}

@test "5 GiB: fetched and checked in less than 32 MiB of memory" {
	local big
	big=$(mktemp -d /dev/shm/phase-fetch.XXXXXX)
	echo "$big" > big.folder # teardown removes it
	mkdir -p "$big/store/stable/x86_64"
	ln -s "$big" big
	truncate -s 5G "$big/store/stable/x86_64/rootfs.img"
	printf end | dd of="$big/store/stable/x86_64/rootfs.img" bs=1 seek=5368709000 conv=notrunc status=none
	echo k > "$big/store/stable/x86_64/vmlinuz"
	phase-manifest -a x86_64 --release 1 --trees "$big/store" | phase-sign -k "$dir/a.key" > "$big/store/manifest.json"
	serve big/store
	peak_kib phase-fetch -k "$dir/a.pub" --artifact rootfs -o "$big/out" "$other/honest/" > kib
	cat kib
	[ "$(stat -c %s "$big/out/rootfs.img")" = 5368709120 ]
	[ "$(tail -c 120 "$big/out/rootfs.img" | tr -d '\0')" = end ]
	# The tree alone has 42 MB, and must not stay in memory; a sanitizer's shadow is not the program's.
	[ "$(cat kib)" -lt 32768 ] || grep -q __asan_init "$(command -v phase-fetch)"
}

# everywhere MODE: lines for 31 providers, four at each of eight addresses that are all one server.
everywhere() {
	local i
	for i in {0..30}; do
		echo "http://127.0.0.$((i / 4 + 1)):${other##*:}/$1+$i/manifest.json"
	done
}

@test "31 manifests of 1 MB: few of them are in memory at once, and all are judged" {
	local asan=0
	grep -q __asan_init "$(command -v phase-fetch)" && asan=1 # its shadow is not the program's
	mkdir -p large/stable/x86_64
	cp "$store"/* large/stable/x86_64/
	head -c 1000000 /dev/zero | tr '\0' x > padding
	jq -c --rawfile p padding '.signatures = [] | .padding = $p' "$dir/m.json" | phase-sign -k "$dir/a.key" > large/manifest.json
	serve large --bind 0.0.0.0
	everywhere honest > candidates
	peak_kib phase-fetch -k "$dir/a.pub" --artifact settings -o out candidates > kib
	cat kib
	cmp out/manifest.json large/manifest.json
	[ "$(jq '.sources | length' plan)" = 31 ]
	[ "$(cat kib)" -lt 32768 ] || [ "$asan" = 1 ]
	# All but the last byte of each, and then nothing: what is held is what is being asked.
	everywhere slow-manifest > candidates
	peak_kib phase-fetch -k "$dir/a.pub" --timeout 2s -o none candidates 2> err > kib || [ $? = 3 ]
	cat kib
	[ "$(grep -c 'slow-manifest.*: Timeout' err)" = 31 ]
	[ "$(cat kib)" -lt 32768 ] || [ "$asan" = 1 ]
}

@test "the plan that cannot be written is an error, exit 3" {
	from honest > candidates
	status=0
	phase-fetch -k "$dir/a.pub" -o out candidates > /dev/full 2> err || status=$?
	[ "$status" = 3 ]
	grep -q 'write error: No space left on device' err
}
