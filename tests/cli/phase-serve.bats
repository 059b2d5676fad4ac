#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # a test is a subshell, and keeps what it sets to itself
bats_require_minimum_version 1.5.0
# phase-serve: what it answers, and what it does when others do not behave.

setup() {
	vectors=$PWD/tests/vectors
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	PATH="$PWD/build/bin:$PATH"
	cd "$BATS_TEST_TMPDIR" || exit 1
	mkdir -p store/stable/x86_64
	seq 1 30000 > store/stable/x86_64/vmlinuz
	seq 7 2000 > store/stable/x86_64/initramfs.img # no chunk in common
}

teardown() {
	local pids
	: > go # for downloads that wait
	pids=$(cat ./*.pid 2>/dev/null) || return 0
	# shellcheck disable=SC2086 # a list
	kill $pids 2>/dev/null || true
	wait
}

# start FILE COMMAND...: a server, into the background; returns when it has printed a line to FILE,
# which is then its own, and not that of a server before it. Sets pid and url.
start() {
	local file=$1
	shift
	: > "$file"
	"$@" 3>&- > "$file" 2> err &
	pid=$!
	echo "$pid" > "$file.pid"
	wait_until started "$file" || true
	cat err
	url=$(jq -er .listening "$file")
}

# started FILE: a whole line is there, or nobody who could write one.
started() {
	grep -q . "$1" || ! kill -0 "$pid" 2> /dev/null
}

# serve ARGUMENT...: also sets host and port.
serve() {
	start ready phase-serve --no-mdns -b 127.0.0.1 -p 0 "$@"
	[ "$(jq -r .pid ready)" = "$pid" ]
	host=127.0.0.1 port=${url##*:}
}

get() { # PATH CURL-ARGUMENT...
	local path=$1
	shift
	curl -gs -m 100 --path-as-is "$@" "$url$path"
}

status_of() {
	get "$1" -o got -w '%{http_code}' "${@:2}"
}

# raw: stdin is sent as it is; prints what comes back until the server closes.
raw() {
	exec 9<> "/dev/tcp/$host/$port"
	cat >&9 2> refused || true # it may hang up before it has read all
	timeout 100 cat <&9 2> refused || true
	exec 9>&-
}

# Descriptor 9 is closed by the server, and not by us. A limit is there only to end the test.
closes() {
	timeout 100 cat <&9 > /dev/null
}

make_release() { # FOLDER RELEASE KEY...
	local folder=$1 release=$2 key
	shift 2
	phase-manifest -c stable -a x86_64 --release "$release" store > m.json
	for key in "$@"; do
		phase-sign --key "$key" m.json > signed.json
		mv signed.json m.json
	done
	mv m.json "$folder/manifest.json"
}

make_policy() { # KEY...: any one of them
	local key keys=()
	for key in "$@"; do
		keys+=("{\"key_id\":\"$(phase-sign --new-key "$key")\",\"name\":\"$key\"}")
	done
	printf '{"policy_version":1,"version":1,"threshold":1,"channel":"stable","keys":[%s]}' \
		"$(IFS=,; echo "${keys[*]}")" > policy.json
}

@test "artifacts: by name, by role, in either spelling, whole and as they are" {
	local path hash
	serve store
	hash=$(sha256sum < store/stable/x86_64/vmlinuz | cut -c 1-64)
	for path in /stable/x86_64/vmlinuz /stable/amd64/vmlinuz /stable/x86_64/kernel /stable/amd64/kernel \
		"/blobs/${hash:0:2}/$hash.bin" /stable/x86_64/%76mlinuz "/bytes/$(bmt-hash --plain store/stable/x86_64/vmlinuz | cut -c 1-64)"; do
		get "$path" -D head -o got
		cmp got store/stable/x86_64/vmlinuz
		grep -qx $'X-Artifact-Hash: sha256:'"$hash"$'\r' head
		grep -qx $'Content-Length: '"$(stat -c %s store/stable/x86_64/vmlinuz)"$'\r' head
		grep -qx $'Accept-Ranges: bytes\r' head
		grep -q '^ETag: "[^"]*"' head
		run ! grep -qiE '^(Transfer-Encoding|Location|Content-Encoding|Connection):' head
		get "$path" -I > head2
		diff <(grep -v ^Date head) <(grep -v ^Date head2)
	done
	get /stable/x86_64/initramfs | cmp - store/stable/x86_64/initramfs.img
}

@test "?h= with the right hash may be cached for ever, with another not" {
	local hash
	serve store
	hash=$(sha256sum < store/stable/x86_64/vmlinuz | cut -c 1-64)
	get "/stable/x86_64/vmlinuz?h=sha256:$hash" -D head | cmp - store/stable/x86_64/vmlinuz
	grep -qi '^Cache-Control:.*immutable' head
	get "/stable/x86_64/vmlinuz?h=sha256:${hash/[0-9]/x}" -D head -o got
	run ! grep -qi immutable head
}

@test "ranges of the other implementation's table, as RFC 9110 has them" {
	local n=0 range want status
	mkdir store/v store/v/x86_64
	head -c 200 /dev/zero | tr '\0' k > store/v/x86_64/vmlinuz
	serve store
	while IFS=$'\t' read -r range want; do
		status=$(status_of /v/x86_64/vmlinuz -H "Range: $range" -D head)
		case $want in
		# a malformed range may be ignored or refused: nginx refuses, and so do we
		"200 (invalid"*) [ "$status" = 416 ] ;;
		*) [[ "$want" = "$status"* ]] ;;
		esac
		[[ "$want" != *bytes* ]] || grep -qF "Content-Range: bytes ${want#*bytes }" head
		n=$((n + 1))
	done < <(jq -r '.range[] | [.range, .rfc9110] | @tsv' "$vectors/phase-http.json")
	[ "$n" -ge 14 ]
}

@test "paths that try to leave the store: 404, every one" {
	local n=0 path
	mkdir -p outside/sub
	echo secret > outside/sub/vmlinuz
	echo secret > outside/secret
	ln -s "$PWD/outside/secret" store/stable/x86_64/link
	ln -s ../../../outside/secret store/stable/x86_64/relative
	ln -s "$PWD/outside/sub" store/stable/arm64
	ln -s "$PWD/outside" store/away
	echo hidden > store/stable/x86_64/.hidden
	echo part > store/stable/x86_64/x.part
	mkdir store/stable/x86_64/folder
	mkfifo store/stable/x86_64/pipe
	serve store
	while read -r path; do
		[ "$(status_of "$path")" = 404 ] || { echo "$path"; cat got; false; }
		jq -e '.status == 404 and (.detail | length > 0)' got
		run ! grep -q secret got
		n=$((n + 1))
	done < <(
		jq -r '.traversal_ours_must_answer_404[]' "$vectors/phase-http.json"
		cat <<-'PATHS'
		/stable/x86_64/../../../outside/secret
		/../outside/secret
		/stable/x86_64/%2e%2e/%2e%2e/%2e%2e/outside/secret
		/%2e%2e/outside/secret
		/stable/%2e%2e%2foutside%2fsub/vmlinuz
		/stable/x86_64/..%2f..%2f..%2foutside%2fsecret
		/stable/x86_64/%252e%252e
		/stable/x86_64/link
		/stable/x86_64/relative
		/stable/arm64/vmlinuz
		/stable/aarch64/manifest.json
		/away/sub/vmlinuz
		/stable/x86_64/.hidden
		/stable/x86_64/x.part
		/stable/x86_64/folder
		/stable/x86_64/pipe
		/stable/x86_64/vmlinuz%00
		/stable/x86_64/vmlinuz%00.txt
		/stable/x86_64/vmlinuz/
		//stable/x86_64/vmlinuz
		/stable//vmlinuz
		/stable/x86_64/%
		/stable/x86_64/%4
		/stable/x86_64/%zz
		/stable/x86_64/%ff
		/stable/x86_64/
		/stable/x86_64
		/stable/x86_64/a/b/c/d/e/f/g/h/i/j
		/blobs/00/manifest.json
		/chunks/
		/chunks/0000
		/bytes/zz
		/bzz/0000000000000000000000000000000000000000000000000000000000000000/x
		PATHS
	)
	[ "$n" -ge 41 ]
}

@test "pages: identity, health, status, metrics; HTML for browsers" {
	serve -c stable -a amd64 store
	get / | jq -e '.name == "phase-serve" and .channel == "stable" and .arch == "amd64" and .uptime_seconds >= 0'
	get / -H 'Accept: text/html,*/*' -D head | grep -qi '<!doctype html>'
	grep -qi '^content-type: text/html' head
	get /health | jq -e '. == {"status":"healthy","checks":{"artifacts_readable":true,"disk_space_ok":true}}'
	get /stable/x86_64/vmlinuz -o got
	get /status | jq -e --argjson n "$(stat -c %s got)" \
		'.health.status == "healthy" and .metrics.bytes_served_total == $n and .metrics.requests_total >= 4'
	get /metrics | grep -qE '^phase_requests_total [1-9]'
	mv store away
	rm -r away
	[ "$(status_of /stable/x86_64/vmlinuz)" = 404 ]
	[ "$(status_of /health)" = 503 ]
	jq -e '.status == "unhealthy"' got
}

@test "other methods: 405 with Allow" {
	local method
	serve store
	for method in POST PUT DELETE OPTIONS; do
		[ "$(status_of /manifest.json -X "$method" -D head)" = 405 ]
		grep -qx $'Allow: GET, HEAD\r' head
		jq -e '.status == 405' got
	done
	[ "$(status_of /stable/x86_64/vmlinuz --data-binary @store/stable/x86_64/vmlinuz)" = 405 ]
}

@test "keep-alive and pipelining: answers in order on one connection" {
	local -a got
	serve store
	{
		for _ in {1..20}; do
			printf 'GET /stable/x86_64/vmlinuz HTTP/1.1\r\nHost: x\r\nRange: bytes=0-4\r\n\r\n'
			printf 'GET /stable/x86_64/initramfs HTTP/1.1\r\nHost: x\r\nRange: bytes=5-9\r\n\r\n'
		done
		printf 'GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
	} | raw > answers
	mapfile -t got < <(tr -d '\r' < answers | grep '^Content-Range' | uniq -c | awk '{ print $1, $4 }')
	[ "${#got[@]}" = 40 ]
	[ "${got[0]}" = "1 0-4/168894" ] && [[ "${got[1]}" = "1 5-9/"* ]] && [[ "${got[39]}" = "1 5-9/"* ]]
	tail -n 1 answers | grep -q '"status":"healthy"'
	get /status | jq -e '.metrics.requests_total == 42'
}

@test "manifests: the signed one byte for byte; ETag and 304" {
	local etag
	printf '{ "any": "bytes" }\n\n' > store/stable/x86_64/manifest.json
	serve -a x86_64 store
	for path in /manifest.json /stable/x86_64/manifest.json /stable/amd64/manifest.json; do
		get "$path" -D head | cmp - store/stable/x86_64/manifest.json
		grep -qx $'Cache-Control: no-cache\r' head
		grep -qx $'Content-Type: application/json\r' head
		etag=$(sed -n 's/^ETag: \(.*\)\r$/\1/p' head)
		[ "$(status_of "$path" -H "If-None-Match: $etag")" = 304 ]
	done
	printf '{ "other": "bytes" }\n' > new
	mv new store/stable/x86_64/manifest.json
	[ "$(status_of /manifest.json -H "If-None-Match: $etag")" = 200 ]
	cmp got store/stable/x86_64/manifest.json
}

@test "manifests: an unsigned one is made where none lies, and stays the same until a file changes" {
	local etag
	serve -a x86_64 store
	get /manifest.json -D head > a
	get /stable/amd64/manifest.json > b
	cmp a b
	jq -e --arg k "sha256:$(sha256sum < store/stable/x86_64/vmlinuz | cut -c 1-64)" \
		'.artifacts.kernel.hash == $k and .artifacts.kernel.download_url == "stable/x86_64/vmlinuz"
		and (.artifacts | keys == ["initramfs", "kernel"]) and .signatures == []' a
	etag=$(sed -n 's/^ETag: \(.*\)\r$/\1/p' head)
	[ "$(status_of /manifest.json -H "If-None-Match: $etag")" = 304 ]
	seq 5 50 > new
	mv new store/stable/x86_64/vmlinuz
	[ "$(status_of /manifest.json -H "If-None-Match: $etag")" = 200 ]
	jq -e --arg k "sha256:$(sha256sum < store/stable/x86_64/vmlinuz | cut -c 1-64)" '.artifacts.kernel.hash == $k' got
	rm store/stable/x86_64/vmlinuz
	[ "$(status_of /manifest.json)" = 404 ]
	jq -e '.detail | contains("no kernel")' got
	[ "$(status_of /empty/x86_64/manifest.json)" = 404 ]
	cp store/stable/x86_64/initramfs.img store/stable/x86_64/bzImage
	cp store/stable/x86_64/initramfs.img store/stable/x86_64/vmlinuz-2
	[ "$(status_of /manifest.json)" = 404 ]
	jq -e '.detail | contains("two files")' got
}

@test "a file that is replaced never gets the old hash, however often" {
	local i hash
	serve store
	for i in {1..30}; do
		# as large as the one before; written in place and renamed in turn
		if [ $((i % 2)) = 0 ]; then
			printf '%06d' "$i" > store/stable/x86_64/vmlinuz
		else
			printf '%06d' "$i" > new
			mv new store/stable/x86_64/vmlinuz
		fi
		get /stable/x86_64/kernel -D head -o got
		cmp got store/stable/x86_64/vmlinuz
		hash=$(sed -n 's/^X-Artifact-Hash: sha256:\(.*\)\r$/\1/p' head)
		[ "$hash" = "$(sha256sum < got | cut -c 1-64)" ]
		[ "$(status_of "/blobs/${hash:0:2}/$hash.bin")" = 200 ]
		cmp got store/stable/x86_64/vmlinuz
	done
}

# download_begins: 32 MiB in the background. Returns when some of it has come; no more is taken,
# so that the server is in the middle of it, until download_ends.
download_begins() {
	(
		set -o pipefail
		curl -s "$url/stable/x86_64/rootfs" | { dd bs=1 count=1 of=slow status=none; wait_until test -e go; cat >> slow; }
	) 3>&- > cat.out 2>&1 &
	download=$!
	wait_until test -s slow
}

large_file() {
	head -c 33554432 /dev/zero > store/stable/x86_64/rootfs.img
}

# download_ends: takes the rest; gives curl's status, 0 when it has all of what was announced.
download_ends() {
	: > go
	wait "$download"
}

@test "a file written to while it is sent: the connection is cut, and the log says so" {
	local status=0
	large_file
	serve store
	download_begins
	printf x | dd of=store/stable/x86_64/rootfs.img bs=1 seek=33554431 conv=notrunc status=none
	download_ends || status=$?
	[ "$status" = 18 ] # curl's word for less than was announced
	[ "$(stat -c %s slow)" -lt 33554432 ]
	wait_until grep -q 'changed while it was sent' err
	get /stable/x86_64/rootfs | cmp - store/stable/x86_64/rootfs.img
}

@test "a file cut short while it is sent: the connection is cut" {
	local status=0
	large_file
	serve store
	download_begins
	truncate -s 5 store/stable/x86_64/rootfs.img
	download_ends || status=$?
	[ "$status" = 18 ]
	get /stable/x86_64/rootfs | cmp - store/stable/x86_64/rootfs.img
}

@test "a file replaced while it is sent arrives as it was" {
	large_file
	serve store
	download_begins
	cp store/stable/x86_64/rootfs.img old
	echo new > new
	mv new store/stable/x86_64/rootfs.img
	[ "$(get /stable/x86_64/rootfs)" = new ]
	download_ends
	cmp slow old
}

# What is open is let end within 4 s. Had the idle connection been kept as long as that, the download
# would have been cut with it.
@test "SIGTERM, SIGINT: idle connections are cut at once, a download that ends soon ends whole" {
	local signal
	large_file
	for signal in TERM INT; do
		serve --timeout 600s store
		exec 9<> "/dev/tcp/$host/$port"
		download_begins
		kill -s "$signal" "$pid"
		closes
		exec 9>&-
		download_ends
		cmp slow store/stable/x86_64/rootfs.img
		wait "$pid"
		rm go slow
	done
}

# Ended by itself, while nobody takes anything from it: --timeout would have cut it after ten minutes.
@test "SIGTERM during a download that takes long: ends within 5 s with 0" {
	local status=0 clock
	large_file
	serve --timeout 600s store
	download_begins
	sleep 6 3>&- & # as late as we are, on a machine that is busy
	clock=$!
	kill "$pid"
	wait "$pid"
	kill "$clock"
	download_ends || status=$?
	[ "$status" = 18 ]
}

@test "garbage instead of HTTP: refused, and the next client is served" {
	local size
	serve --timeout 3s store # for what looks as if more were to come
	head -c 20000 /dev/urandom | raw > out
	printf '\0\0\0\0\r\n\r\n' | raw > out
	printf 'GET / HTTP/9.9\r\n\r\n' | raw > out
	for path in /health /stable/x86_64/vmlinuz '/stable/x86_64/vmlinuz?h=x' '/health?'; do
		printf 'GET %s\0b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' "$path" | raw > out
		head -n 1 out | grep -q ' 404 '
		printf 'GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' "$path" | raw > out
		head -n 1 out | grep -q ' 200 '
	done
	for size in 100 3000 5000 5500 6000 6200 9000 100000; do
		{
			printf 'GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: '
			head -c "$size" /dev/zero | tr '\0' a
			printf '\r\n\r\n'
		} | raw > "out.$size"
	done
	grep -q ' 200 ' out.100 && grep -q ' 200 ' out.3000 && grep -q " 200 " out.5000
	run ! grep -q ' 200 ' out.9000
	run ! grep -q ' 200 ' out.100000
	{ printf 'GET /'; head -c 2000 /dev/zero | tr '\0' a; printf ' HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'; } | raw > out
	grep -q ' 404 ' out
	{ printf 'GET /'; head -c 10000 /dev/zero | tr '\0' a; printf ' HTTP/1.1\r\nHost: x\r\n\r\n'; } | raw > out
	run ! grep -q ' 200 ' out
	for size in 99999999999999999999999 -1 1x; do
		printf 'GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\nConnection: close\r\n\r\n' "$size" | raw > out
		run ! grep -q ' 200 ' out
	done
	printf 'GET /stable/x86_64/vmlinuz HTTP/1.1\r\nHost: x\r\nRange: bytes=%s\r\nConnection: close\r\n\r\n' \
		"$(seq -s, 0 2 1000 | sed 's/[0-9]*/&-&/g')" | raw > out
	head -n 1 out | grep -qE ' (200|206|431) '
	[ "$(status_of /health)" = 200 ]
	kill -0 "$pid"
}

@test "a request that does not end, byte by byte, is cut; so is one that says nothing" {
	serve --timeout 1s store
	exec 9<> "/dev/tcp/$host/$port"
	(
		trap '' PIPE
		printf 'GET / HTTP/1.1\r\nX: ' >&9
		while printf a >&9; do sleep 0.2; done
	) 2>/dev/null 3>&- &
	echo $! > drip.pid
	closes
	kill "$(cat drip.pid)" 2>/dev/null || true
	rm drip.pid
	exec 9>&-
	exec 9<> "/dev/tcp/$host/$port"
	closes
	exec 9>&-
	[ "$(status_of /health)" = 200 ]
}

@test "1,000 idle connections: others are served, in less than 16 MiB" {
	command -v python3
	serve --timeout 600s store
	python3 - "$port" <<-'PY' 3>&- > connected &
	import resource, socket, sys, time
	soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
	resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
	open_ = []
	for i in range(1000):
	    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
	    s.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
	    assert s.recv(4096).startswith(b"HTTP/1.1 200")
	    open_.append(s)
	print("connected", flush=True)
	time.sleep(600)
	PY
	echo $! > python.pid
	wait_until grep -q connected connected
	[ "$(get /status | jq .metrics.connections)" -ge 1001 ]
	get /stable/x86_64/vmlinuz | cmp - store/stable/x86_64/vmlinuz
	rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status")
	echo "resident: $rss KiB"
	# a sanitizer's shadow memory is not the program's
	[ "$rss" -lt 16384 ] || grep -q __asan_init "$(command -v phase-serve)"
}

@test "one address cannot take all connections" {
	serve --timeout 600s store
	python3 - "$port" <<-'PY' 3>&- > connected &
	import resource, socket, sys, time
	soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
	resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
	kept = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(2200)]
	print("connected", flush=True)
	time.sleep(600)
	PY
	echo $! > python.pid
	wait_until grep -q connected connected
	run get /health
	echo "curl: $status"
	[ "$status" = 52 ] || [ "$status" = 56 ] # it was closed without an answer
	[ "$(status_of /health --interface 127.0.0.2)" = 200 ]
	kill "$(cat python.pid)"
	wait_until get /health -o got
	jq -e '.status == "healthy"' got
}

@test "--policy: a release that verifies is served, nothing else" {
	local reference hash
	make_policy a
	phase-sign --new-key stranger
	cp store/stable/x86_64/vmlinuz kept
	make_release store/stable/x86_64 7 a.key
	cp store/stable/x86_64/initramfs.img store/stable/x86_64/extra
	serve --policy policy.json -a x86_64 store
	get /manifest.json | cmp - store/stable/x86_64/manifest.json
	get /stable/x86_64/kernel | cmp - store/stable/x86_64/vmlinuz
	[ "$(status_of /stable/x86_64/extra)" = 404 ]
	jq -e '.detail | contains("policy")' got
	reference=$(bmt-hash --plain kept | cut -c 1-64)
	[ "$(status_of "/bytes/$reference")" = 200 ]
	hash=$(sha256sum < kept | cut -c 1-64)
	[ "$(status_of "/blobs/${hash:0:2}/$hash.bin")" = 200 ]
	# other bytes than those that were signed
	printf x | dd of=store/stable/x86_64/vmlinuz bs=1 seek=100 conv=notrunc status=none
	[ "$(status_of /stable/x86_64/kernel)" = 404 ]
	cp kept store/stable/x86_64/vmlinuz
	[ "$(status_of /stable/x86_64/kernel)" = 200 ]
	# a stranger's signature
	make_release store/stable/x86_64 8 stranger.key
	[ "$(status_of /manifest.json)" = 404 ]
	[ "$(status_of /stable/x86_64/kernel)" = 404 ]
	[ "$(status_of "/bytes/$reference")" = 404 ]
	[ "$(status_of "/chunks/$reference")" = 404 ]
	grep -q 'stable/x86_64/manifest.json is not served: threshold not met' err
	[ "$(grep -c 'not served' err)" = 1 ]
	# one that is larger than any may be
	head -c 1048577 /dev/zero | tr '\0' ' ' > store/stable/x86_64/manifest.json
	[ "$(status_of /manifest.json)" = 404 ]
	grep -q 'stable/x86_64/manifest.json is not served: larger than the limit' err
	# no manifest at all: none is made
	rm store/stable/x86_64/manifest.json
	[ "$(status_of /manifest.json)" = 404 ]
	[ "$(status_of /stable/x86_64/kernel)" = 404 ]
}

# said LINE: waits until it stands in err.
said() {
	for _ in {1..3000}; do
		! grep -qxF "$1" err || return 0
		sleep 0.01
	done
	cat err
	return 1
}

@test "a store in which there is nothing to serve: a warning, and it goes on" {
	mkdir empty
	serve empty
	said "phase-serve: empty: warning: no CHANNEL/ARCH folder with files here; nothing to serve"
	mkdir -p empty/stable/x86_64
	cp store/stable/x86_64/vmlinuz empty/stable/x86_64
	[ "$(status_of /stable/x86_64/vmlinuz)" = 200 ]
	kill "$pid"
	wait "$pid"
	[ "$(wc -l < err)" = 1 ]
	serve store/stable/x86_64 # the folder of a release instead of the store
	said "phase-serve: store/stable/x86_64: warning: no CHANNEL/ARCH folder with files here; nothing to serve"
	kill "$pid"
	wait "$pid"
	serve store
	kill "$pid"
	wait "$pid"
	[ ! -s err ]
}

@test "--policy: why a release is refused is said before anybody asks, once" {
	make_policy a
	phase-sign --new-key stranger
	make_release store/stable/x86_64 8 stranger.key
	mkdir -p store/edge/x86_64
	cp store/stable/x86_64/vmlinuz store/edge/x86_64
	serve --policy policy.json -a x86_64 store
	said "phase-serve: stable/x86_64/manifest.json is not served: threshold not met"
	said "phase-serve: edge/x86_64: warning: no manifest.json here: with --policy none of its files is served"
	[ "$(status_of /manifest.json)" = 404 ]
	kill "$pid"
	wait "$pid"
	[ "$(wc -l < err)" = 2 ]
	make_release store/stable/x86_64 9 a.key
	rm -r store/edge
	serve --policy policy.json -a x86_64 store
	[ "$(status_of /manifest.json)" = 200 ]
	kill "$pid"
	wait "$pid"
	[ ! -s err ]
}

@test "--policy: a signed release in another channel's folder is not that channel's" {
	make_policy a
	sed -i 's/"channel":"stable",//' policy.json
	make_release store/stable/x86_64 7 a.key
	mkdir store/edge
	cp -r store/stable/x86_64 store/edge/x86_64
	serve --policy policy.json store
	[ "$(status_of /stable/x86_64/manifest.json)" = 200 ]
	[ "$(status_of /edge/x86_64/manifest.json)" = 404 ]
	[ "$(status_of /edge/x86_64/kernel)" = 404 ]
}

# chunk ADDRESS: fetches it, and hashes it again.
chunk() {
	[ "$(status_of "/chunks/$1")" = 200 ]
	tail -c +9 got > payload
	[ "$(bmt-hash --plain --chunk --span "$(od -An -tu8 -N 8 got | tr -d ' ')" payload | cut -c 1-64)" = "$1" ]
}

# walk ADDRESS: the content below an address, chunk by chunk.
walk() {
	local child span
	chunk "$1"
	span=$(od -An -tu8 -N 8 got | tr -d ' ')
	if [ "$span" -le 4096 ]; then
		cat payload >> walked
		return
	fi
	for child in $(od -An -v -tx1 -w32 payload | tr -d ' '); do
		walk "$child"
	done
}

# chunks_come ADDRESS: the index is made in the background.
chunks_come() {
	wait_until answers 200 "/chunks/$1"
}

answers() { # STATUS PATH
	[ "$(status_of "$2")" = "$1" ]
}

@test "/chunks: a whole file by its Swarm tree, with and without FILE.bmt beside it" {
	local root
	root=$(bmt-hash --plain store/stable/x86_64/vmlinuz | cut -c 1-64)
	serve store
	chunks_come "$root"
	walk "$root"
	cmp walked store/stable/x86_64/vmlinuz
	kill "$pid"
	wait "$pid"
	bmt-hash --tree store/stable/x86_64/vmlinuz.bmt store/stable/x86_64/vmlinuz
	serve store
	chunks_come "$root"
	rm walked
	walk "$root"
	cmp walked store/stable/x86_64/vmlinuz
	get /stable/x86_64/vmlinuz.bmt | cmp - store/stable/x86_64/vmlinuz.bmt
}

@test "/chunks, /bytes: also by the tree of the redundancy level that FILE.bmt has" {
	local root other
	root=$(bmt-hash --redundancy 1 --tree store/stable/x86_64/vmlinuz.bmt --plain store/stable/x86_64/vmlinuz | cut -c 1-64)
	cp store/stable/x86_64/vmlinuz.bmt own.bmt
	serve store
	chunks_come "$root"
	chunk "$root"
	cmp got <(head -c "$(stat -c %s got)" own.bmt)
	chunk "$(tail -c +9 own.bmt | head -c 32 | od -An -v -tx1 | tr -d ' \n')"
	[ "$(status_of "/bytes/$root")" = 200 ]
	cmp got store/stable/x86_64/vmlinuz
	# that of level 0 is there nevertheless
	other=$(bmt-hash --plain store/stable/x86_64/vmlinuz | cut -c 1-64)
	chunk "$other"
	[ "$(status_of "/bytes/$other")" = 200 ]
	cmp got store/stable/x86_64/vmlinuz
	# one that is not this file's is of no use
	kill "$pid"
	wait "$pid"
	root=$other
	head -c "$(stat -c %s store/stable/x86_64/vmlinuz)" /dev/urandom > random
	other=$(bmt-hash --redundancy 2 --tree store/stable/x86_64/vmlinuz.bmt --plain random | cut -c 1-64)
	serve store
	chunks_come "$root"
	[ "$(status_of "/chunks/$other")" = 404 ]
}

@test "FILE.bmt where none lies: as bmt-hash makes it, gone when the file changes" {
	local name size etag k n=0
	for size in 1 4096 4097 524288 524289 3000000; do
		n=$((n + 1))
		mkdir -p "store/c$n/x86_64"
		head -c "$size" /dev/urandom > "store/c$n/x86_64/vmlinuz"
	done
	serve store
	for ((k = n; k > 0; k--)); do
		chunks_come "$(bmt-hash --plain "store/c$k/x86_64/vmlinuz" | cut -c 1-64)"
		bmt-hash --tree "tree$k" "store/c$k/x86_64/vmlinuz"
		for name in vmlinuz kernel; do
			[ "$(status_of "/c$k/x86_64/$name.bmt" -D head)" = 200 ]
			cmp got "tree$k"
			run ! grep -q '^X-Artifact-Hash' head
			etag=$(sed -n 's/^ETag: \(.*\)\r$/\1/p' head)
			[ "$(status_of "/c$k/x86_64/$name.bmt" -H "If-None-Match: $etag")" = 304 ]
		done
	done
	get "/c$n/x86_64/vmlinuz.bmt" -r 5000-5999 | cmp - <(tail -c +5001 "tree$n" | head -c 1000)
	[ "$(status_of "/c$n/x86_64/nothing.bmt")" = 404 ]
	[ "$(status_of "/c$n/x86_64/vmlinuz.bmt.bmt")" = 404 ]
	[ "$(status_of "/c$n/x86_64/.bmt")" = 404 ]
	# of the new bytes, or none yet
	head -c 3000000 /dev/urandom > "store/c$n/x86_64/vmlinuz"
	bmt-hash --tree new "store/c$n/x86_64/vmlinuz"
	wait_until answers 200 "/c$n/x86_64/vmlinuz.bmt"
	cmp got new
}

@test "/chunks: files beyond the limit are left out, and the log says so" {
	mkdir -p store/many/x86_64
	for i in {1000..2029}; do
		seq "$i" 3000 > "store/many/x86_64/$i"
	done
	serve store
	wait_until grep '^phase-serve: /chunks: 8 files are left out' err
	bmt-hash --plain store/*/*/* > list
	[ "$(wc -l < list)" = 1032 ]
	sed "s|\(.*\)  .*|url = \"$url/chunks/\1\"\noutput = \"got\"|" list > chunks.curl
	curl -s -m 100 -K chunks.curl -w '%{http_code}\n' | paste -d ' ' - list > answers
	[ "$(grep -c '^200 ' answers)" = 1024 ]
	[ "$(grep -c '^404 ' answers)" = 8 ]
	get "/bytes/$(sed -n 's/^404 \([0-9a-f]*\) .*/\1/p;T;q' answers)" -o got
	[ "$(bmt-hash --plain got | cut -c 1-64)" = "$(sed -n 's/^404 \([0-9a-f]*\) .*/\1/p;T;q' answers)" ]
	# Said once, however often the index is made anew: what the first time had to say stands there when
	# the second is in use.
	changed=$(sed -n 's/^200 [0-9a-f]*  //p;T;q' answers)
	for i in 1 2; do
		seq "$i" 4000 > new
		mv new "$changed"
		chunks_come "$(bmt-hash --plain "$changed" | cut -c 1-64)"
	done
	[ "$(grep -c 'left out' err)" = 1 ]
}

@test "/chunks: a FILE.bmt that is wrong is not used; a file that changed has no chunks of old" {
	local root
	bmt-hash --tree store/stable/x86_64/vmlinuz.bmt store/stable/x86_64/vmlinuz
	root=$(bmt-hash --plain store/stable/x86_64/vmlinuz | cut -c 1-64)
	printf x | dd of=store/stable/x86_64/vmlinuz.bmt bs=1 seek=1000 conv=notrunc status=none
	serve store
	chunks_come "$root"
	walk "$root"
	cmp walked store/stable/x86_64/vmlinuz
	[ "$(status_of "/chunks/${root:0:63}$(tr 0-9a-f 1-9a-f0 <<< "${root:63}")")" = 404 ]
	chunk "$root"
	leaf=$(od -An -v -tx1 -w32 -N 32 payload | tr -d ' ')
	chunk "$leaf"
	printf x | dd of=store/stable/x86_64/vmlinuz bs=1 seek=10 conv=notrunc status=none
	[ "$(status_of "/chunks/$leaf")" = 404 ]
}

@test "-v logs requests, one line each, whatever is in them" {
	serve -v store
	get '/a%0aphase-serve:%20forged%1b[31m' -o got
	printf 'GET /\033[31mred HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' | raw > out
	kill "$pid"
	wait "$pid"
	grep -q '127.0.0.1 GET /a%0aphase-serve:%20forged%1b\[31m 404$' err
	run ! grep -q $'\033' err
	run ! grep -q '^phase-serve: forged' err
}

@test "wrong usage: 2; no store, a policy that is none, a port in use: 3" {
	run -2 phase-serve
	run -2 phase-serve -p 65536 store
	run -2 phase-serve -a mips store
	run -2 phase-serve -b nonsense store
	[ "$output" = "phase-serve: --bind: 'nonsense' is no address in numbers, such as 127.0.0.1, or 0.0.0.0 for all
Try 'phase-serve --help'." ]
	run -3 phase-serve --no-mdns -p 0 missing
	run -3 phase-serve --no-mdns -p 0 --policy store/stable/x86_64/vmlinuz store
	serve store
	run -3 phase-serve --no-mdns -b 127.0.0.1 -p "$port" store
	[[ "$output" = *"cannot listen on 127.0.0.1 port $port: Address already in use"* ]]
	run -3 bash -c 'phase-serve --no-mdns -b 127.0.0.1 -p 0 store > /dev/full'
	[ "$output" = "phase-serve: write error: No space left on device" ]
	ASAN_OPTIONS=detect_leaks=0 run -3 strace -f -qq -o trace -e trace=signalfd4 -e inject=signalfd4:error=EMFILE \
		phase-serve --no-mdns -b 127.0.0.1 -p 0 store
	[[ "$output" = *"no descriptor for signals: Too many open files"* ]]
}

@test "IPv6, and IPv4 through it" {
	start ready6 phase-serve --no-mdns -b :: -p 0 store
	[[ "$url" = 'http://[::]:'* ]]
	port=${url##*:}
	curl -s -m 100 -g "http://[::1]:$port/stable/x86_64/vmlinuz" | cmp - store/stable/x86_64/vmlinuz
	curl -s -m 100 "http://127.0.0.1:$port/stable/x86_64/vmlinuz" | cmp - store/stable/x86_64/vmlinuz
}

# watch COMMAND...: a server whose system calls that connect or wait are in the file calls. It is its own
# leader, not strace; leaks cannot be looked for there.
watch() {
	start ready env ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o calls -e trace=connect,poll "$@"
	jq -r .pid ready > ready.pid
}

# at_least N PATTERN: as many calls as that.
at_least() {
	[ "$(grep -cE "$2" calls)" -ge "$1" ]
}

@test "what only this machine can reach is not announced, and that is said once" {
	local address
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$PWD/no-bus
	for address in 127.0.0.1 127.9.9.9 ::1; do
		watch phase-serve -b "$address" -p 0 store
		wait_until at_least 3 'poll\(.*, 1000\) ' # before each it looks at what is to be announced
		kill "$(cat ready.pid)"
		wait "$pid"
		[ "$(grep -c mDNS err)" = 1 ]
		grep -qF "phase-serve: not announced by mDNS: only this machine can reach $(jq -r .listening ready)" err
		run ! grep -q no-bus calls
	done
}

@test "no avahi-daemon: a warning, once, and it serves" {
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$PWD/no-bus
	watch phase-serve -p 0 store
	[ "$(status_of /health)" = 200 ]
	wait_until at_least 3 no-bus
	[ "$(grep -c 'not announced by mDNS' err)" = 1 ]
	kill "$(cat ready.pid)"
	wait "$pid"
}

@test "Swarm content: parts of an artifact's tree, and a chunk store beside the releases" {
	head -c 1000000 /dev/urandom > store/stable/x86_64/rootfs
	head -c 300000 /dev/urandom > other
	plain=$(bzz-put --store chunks other | jq -r .reference)
	encrypted=$(bzz-put --store chunks -e -r 2 other | jq -r .reference)
	mkdir site
	echo '<html>' > site/index.html
	site=$(bzz-put --store chunks --index index.html site | jq -r .reference)
	serve --chunks chunks store
	get "/bytes/$plain" | cmp - other
	get "/bytes/$encrypted" | cmp - other
	get "/bytes/$encrypted" -r 4000-5000 | cmp - <(tail -c +4001 other | head -c 1001)
	[ "$(status_of "/chunks/$plain")" = 200 ]
	[ "$(status_of "/bzz/$plain/x")" = 404 ]
	get "/bzz/$site/" | cmp - site/index.html
	get "/bzz/$site/index.html" | cmp - site/index.html
	[ "$(status_of "/bzz/$site")" = 308 ]
	bmt-hash --tree tree store/stable/x86_64/rootfs
	root=$(bmt-hash store/stable/x86_64/rootfs | jq -r .reference)
	has_trees() {
		[ "$(status_of "/chunks/$root")" = 200 ]
	}
	wait_until has_trees
	part=$(tail -c +9 tree | head -c 32 | xxd -p -c 64) # the first half of the tree: 512 KiB
	get "/bytes/$part" | cmp -n 524288 - store/stable/x86_64/rootfs
	[ "$(status_of "/bytes/$part")" = 200 ]
	[ "$(stat -c %s got)" = 524288 ]
	[ "$(status_of "/bytes/$(printf %064d 0)")" = 404 ]
	[ "$(jq -r .status got)" = 404 ]
}

@test "--chunks that is no chunk store" {
	run -3 --separate-stderr phase-serve --no-mdns -p 0 --chunks nothing store
	# shellcheck disable=SC2154 # set by run
	[[ $stderr = *'nothing: no chunk store'* ]]
}
