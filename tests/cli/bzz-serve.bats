#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # a test is a subshell, and keeps what it sets to itself
bats_require_minimum_version 1.5.0
# bzz-serve: what a bee node's API answers, from stores on disk.

setup() {
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	# shellcheck source=tests/store.bash
	. tests/store.bash
	PATH="$PWD/build/bin:$PATH"
	cd "$BATS_TEST_TMPDIR" || exit 1
	seq 1 60000 > file # 348894 bytes: 86 leaves
	size=$(stat -c %s file)
	zeros=$(printf %064d 0)
}

teardown() {
	local pids
	pids=$(cat ./*.pid 2>/dev/null) || return 0
	# shellcheck disable=SC2086 # a list
	kill $pids 2>/dev/null || true
	wait
}

put() { # ARGUMENT...: prints the reference
	bzz-put --store store "$@" | jq -r .reference
}

started() {
	grep -q . ready || ! kill -0 "$pid" 2> /dev/null
}

serve() { # ARGUMENT...: sets url, pid
	: > ready
	bzz-serve --http 127.0.0.1:0 "$@" 3>&- > ready 2> err &
	pid=$!
	echo "$pid" > "$pid.pid"
	wait_until started || true
	cat err
	url=$(jq -er .listening ready)
	[ "$(jq -r .pid ready)" = "$pid" ]
}

get() { # PATH CURL-ARGUMENT...
	local path=$1
	shift
	curl -gs -m 100 --path-as-is "$@" "$url$path"
}

status_of() {
	get "$1" -o got -w '%{http_code}' "${@:2}"
}

has_status() { # STATUS PATH
	[ "$(status_of "$2")" = "$1" ]
}

# The value of a header of the answer.
header() { # NAME PATH CURL-ARGUMENT...
	get "$2" -o got -D - "${@:3}" | tr -d '\r' | sed -n "s/^$1: //Ip"
}

# Spoils a byte in the middle of each of the store's chunks with these numbers, which are full ones.
damage() {
	local i
	for i; do
		printf '\377\377' | dd of=store/chunks bs=1 seek=$((16 + i * 4104 + 2000)) conv=notrunc status=none
	done
}

@test "files: plain and encrypted, of every level, whole" {
	serve_all=()
	for level in 0 1 2 3 4; do
		serve_all+=("$(put -r "$level" file)" "$(put -e -r "$level" file)")
	done
	: > empty
	serve_all+=("$(put empty)")
	serve store
	for reference in "${serve_all[@]::10}"; do
		get "/bytes/$reference" | cmp - file
		[ "$(header etag "/bytes/$reference")" = "\"$reference\"" ]
		[ "$(header content-length "/bytes/$reference" -I)" = "$size" ]
	done
	[ "$(status_of "/bytes/${serve_all[10]}")" = 200 ]
	[ ! -s got ]
	get "/v1/bytes/${serve_all[0]^^}" | cmp - file
}

@test "ranges: as the file has them, from both ends, several, and none that is in it" {
	reference=$(put -e -r 1 file)
	serve store
	path=/bytes/$reference
	for range in 0-0 0-4095 4095-4097 100000-200000 348893-348893; do
		first=${range%-*} last=${range#*-}
		[ "$(status_of "$path" -r "$range")" = 206 ]
		tail -c "+$((first + 1))" file | head -c $((last - first + 1)) | cmp - got
		[ "$(header content-range "$path" -r "$range")" = "bytes $range/$size" ]
	done
	[ "$(status_of "$path" -r 348890-)" = 206 ]
	tail -c 4 file | cmp - got
	[ "$(status_of "$path" -r -10)" = 206 ]
	tail -c 10 file | cmp - got
	[ "$(status_of "$path" -r 348894-)" = 416 ]
	[ "$(header content-range "$path" -r 348894-)" = "bytes */$size" ]
	[ "$(status_of "$path" -r 9-3)" = 416 ]
	[ "$(status_of "$path" -r 0-1,200000-200003,-2)" = 206 ]
	[[ $(header content-type "$path" -r 0-1,-2) = 'multipart/byteranges; boundary='* ]]
	[ "$(tr -d '\r' < got | grep -ac '^Content-Range: bytes ')" = 2 ]
	python3 - "$url$path" <<- 'EOF'
		import re, sys, urllib.request
		want = open("file", "rb").read()
		request = urllib.request.Request(sys.argv[1], headers={"Range": "bytes=0-4999,300000-,-7"})
		with urllib.request.urlopen(request) as answer:
		    body, kind = answer.read(), answer.headers["Content-Type"]
		    assert len(body) == int(answer.headers["Content-Length"])
		boundary = kind.split("boundary=")[1].encode()
		parts = body.split(b"\r\n--" + boundary)[1:-1]
		got = []
		for part in parts:
		    head, content = part.split(b"\r\n\r\n", 1)
		    first, last, size = map(int, re.search(rb"bytes (\d+)-(\d+)/(\d+)", head).groups())
		    assert size == len(want) and content == want[first : last + 1]
		    got.append((first, last))
		assert got == [(0, 4999), (300000, size - 1), (size - 7, size - 1)], got
	EOF
}

@test "conditions: 304, 412, and If-Range" {
	reference=$(put file)
	serve store
	path=/bytes/$reference
	[ "$(status_of "$path" -H "If-None-Match: \"$reference\"")" = 304 ]
	[ "$(status_of "$path" -H "If-None-Match: \"$zeros\"")" = 200 ]
	[ "$(status_of "$path" -H "If-Match: \"$zeros\"")" = 412 ]
	[ "$(status_of "$path" -r 0-1 -H "If-Range: \"$reference\"")" = 206 ]
	[ "$(status_of "$path" -r 0-1 -H "If-Range: \"$zeros\"")" = 200 ]
	cmp got file
}

@test "chunks: as they are stored; HEAD says whether one is there" {
	reference=$(put file)
	serve store
	[ "$(status_of "/chunks/$reference")" = 200 ]
	[ "$(header content-type "/chunks/$reference")" = binary/octet-stream ]
	[ "$(tail -c +9 got | bmt-hash --chunk --span "$size" --plain | cut -d ' ' -f 1)" = "$reference" ]
	[ "$(status_of "/chunks/$reference" -I)" = 200 ]
	[ "$(status_of "/chunks/$zeros" -I)" = 404 ]
	[ "$(status_of "/chunks/$zeros")" = 404 ]
	[ "$(cat got)" = '{"code":404,"message":"chunk not found"}' ]
}

@test "single-owner chunks: a replica's, as a file and as it is wrapped" {
	printf foo > foo
	put -r 1 foo
	serve store
	owner=dc5b20847f43d67928f49cd4f85d696b5a7617b5
	id=002387e8e7d8a48c2a9339c97c1dc3461a9a7aa07e994c5cb8b38fd7c1b3e6ea48
	id=00${id:4}
	[ "$(get "/soc/$owner/$id")" = foo ]
	[ "$(get "/soc/0x${owner^^}/$id")" = foo ]
	[[ $(header swarm-soc-signature "/soc/$owner/$id") =~ ^[0-9a-f]{130}$ ]]
	get "/soc/$owner/$id" -H 'Swarm-Only-Root-Chunk: true' | cmp - <(printf '\3\0\0\0\0\0\0\0foo')
	[ "$(status_of "/soc/$owner/$zeros")" = 404 ]
	[ "$(status_of "/soc/$owner/12")" = 400 ]
	[ "$(status_of "/soc/$zeros/$zeros")" = 400 ]
}

@test "what is not there, and what makes no sense" {
	reference=$(put file)
	serve store
	for path in / /nothing "/bytes/" "/bytes/$zeros" "/bytes/$zeros$zeros" "/bytes/$reference/x" "/bzz/$zeros/" \
		"/bzz/$reference/x" "/feeds/${zeros:24}/$zeros"; do
		[ "$(status_of "$path")" = 404 ]
		[ "$(jq -r .code got)" = 404 ]
		[ "$(header content-type "$path")" = 'application/json; charset=utf-8' ]
	done
	for path in /bytes/abc "/bytes/${zeros}0" "/bytes/%zz$zeros" "/chunks/$reference%00" "/bzz/x/y" "/feeds/1/2" \
		"/feeds/${zeros:24}/abc"; do
		[ "$(status_of "$path")" = 400 ]
		[ "$(jq -r .code got)" = 400 ]
	done
	[ "$(status_of "/bytes/$reference" -X POST -d x)" = 405 ]
	[ "$(status_of "/bytes/$reference" -X DELETE)" = 405 ]
	[ "$(status_of "/bzz/$reference?a=b&c")" = 308 ]
	[ "$(header location "/bzz/$reference?a=b&c")" = "/bzz/$reference/?a=b&c" ]
	[ "$(get /health | jq -r .status)" = ok ]
	[ "$(get /readiness | jq -r .status)" = ready ]
}

@test "damage: recovered with redundancy, an error or a short body without" {
	reference=$(put -r 2 file)
	damage 3 5 8 13 40 41 42
	serve store
	get "/bytes/$reference" | cmp - file
	get "/bytes/$reference" -r 20000-24000 | cmp - <(tail -c +20001 file | head -c 4001)
	grep -q 'chunk [0-9a-f]*: damaged' err
	kill "$pid"
	wait "$pid"
	rm -r store
	reference=$(put file)
	damage 50
	serve store
	run -18 get "/bytes/$reference" -o got
	cmp -n $((50 * 4096)) got file
	[ "$(stat -c %s got)" -le $((50 * 4096)) ]
	get "/bytes/$reference" -r 220000- | cmp - <(tail -c +220001 file)
	rm -r store
}

@test "damage: a store full of it fills no log" {
	local began=$SECONDS
	reference=$(put -r 4 file)
	damage 1 3 5 7 9 11 13 15 17 19 21 23 25 27 29 31 33 35 37
	serve store
	for _ in {1..20}; do
		get "/bytes/$reference" | cmp - file
	done
	get "/bytes/$reference" -r 1-2,5000-9000,81930-81940 | grep -aq 'Content-Range: bytes 81930-81940/348894'
	[ "$(grep -c damaged err)" -le $((SECONDS - began + 2)) ]
}

@test "a manifest that costs too much is refused, and the server goes on" {
	# nodes of a megabyte, as long a chain as there are letters in the path
	cat > node.py <<- 'EOF'
		import sys
		child = bytes.fromhex(sys.argv[1])
		version = "5768b3b6a7db56d21d1abff40d41cebfc83448fed8d7e9b06ec0d3b073f28f"
		n = 250
		index = sum(1 << b for b in range(n)).to_bytes(32, "little")
		text = b'{"k":"%s"}' % (sys.argv[2].encode() * 500)
		text += b"\n" * (-(len(text) + 2) % 32)
		out = bytes(32) + bytes.fromhex(version) + b"\x20" + bytes(32) + index
		for b in range(n):
		    out += b"\x14\x01" + bytes([b]) + bytes(29) + child + len(text).to_bytes(2, "big") + text
		sys.stdout.buffer.write(out)
	EOF
	put file > /dev/null
	node=$zeros path=
	for depth in {10..13}; do
		node=$(python3 node.py "$node" "fat-$depth" | put -)
		path=${path}a
	done
	serve store
	[ "$(status_of "/bzz/$node/$path")" = 404 ] # four of them are a manifest like any other
	for depth in {14..28}; do
		node=$(python3 node.py "$node" "fat-$depth" | put -)
		path=${path}a
	done
	[ "$(status_of "/bzz/$node/$path")" = 500 ]
	[ "$(jq -r .message got)" = 'it takes too many chunks to answer that' ]
	grep -q "/bzz/$node/$path: refused: it takes more than 2048 chunks" err
	[ "$(status_of "/bytes/$(bmt-hash file | jq -r .reference)")" = 200 ]
	cmp got file
}

@test "a store that cannot be read: an error, not that nothing is there" {
	reference=$(put file)
	site=$(put -m file)
	serve store
	strace -f -qq -o calls -p "$pid" -P "$(realpath store/chunks)" -e trace=pread64 -e inject=pread64:error=EIO 3>&- &
	echo $! > strace.pid
	wait_until test -e calls
	wait_until has_status 500 "/bytes/$reference" # it is traced
	[ "$(jq -r .message got)" = 'input or output failed' ]
	[ "$(status_of "/chunks/$reference")" = 500 ]
	[ "$(status_of "/bzz/$site/")" = 500 ]
	kill "$(cat strace.pid)"
	wait "$(cat strace.pid)" || true
	rm strace.pid
	get "/bytes/$reference" | cmp - file
}

@test "damage: a root that is gone is found in its replicas" {
	reference=$(put -r 1 file)
	python3 - <<- 'EOF'
		data = bytearray(open("store/chunks", "rb").read())
		at = data.index((348894).to_bytes(7, "little") + b"\x81") # the root's span; its replicas have it, too
		data[at + 30] ^= 1
		open("store/chunks", "wb").write(data)
	EOF
	serve store
	[ "$(status_of "/chunks/$reference")" = 500 ]
	get "/bytes/$reference" | cmp - file
}

@test "--check: 0 when all is well, 1 and the chunk when not" {
	put file
	put -e file
	run -0 --separate-stderr bzz-serve --check store
	# shellcheck disable=SC2154 # set by run
	[[ $stderr = *': 176 chunks' ]]
	damage 7
	bad=$(tail -c +$((7 * 4096 + 1)) file | head -c 4096 | bmt-hash --chunk --plain | cut -d ' ' -f 1)
	run -1 --separate-stderr bzz-serve --check store
	[[ $stderr = *"chunk $bad: content does not match its hash"* ]]
	put file # which repairs it
	run -0 bzz-serve --check store
}

@test "several stores are one; the same twice is an error" {
	reference=$(put file)
	mv store first
	echo other > other
	other=$(put other)
	serve first store
	get "/bytes/$reference" | cmp - file
	get "/bytes/$other" | cmp - other
	run -2 --separate-stderr bzz-serve store first ./store
	[[ $stderr = *'./store: named twice'* ]]
}

@test "what is put while it serves is served" {
	put file
	serve store
	for i in 1 2 3; do
		seq "$i" 9000 > another
		get "/bytes/$(put -r "$i" another)" | cmp - another
	done
}

@test "what is no store" {
	run -3 --separate-stderr bzz-serve nothing
	[[ $stderr = *'nothing: no chunk store: not found'* ]]
	mkdir folder
	run -3 bzz-serve folder
	echo something else, and more of it > folder/chunks
	run -3 --separate-stderr bzz-serve folder
	[[ $stderr = *"is not a chunk store's"* ]]
}

@test "bad addresses, and one that is taken" {
	put file
	for address in x 127.0.0.1 :1633 127.0.0.1: 127.0.0.1:65536 127.0.0.1:x ::1:1633 '[::1]' host.example:80; do
		run -2 --separate-stderr bzz-serve --http "$address" store
		[[ $stderr = *--http* ]]
	done
	run -2 --separate-stderr bzz-serve --http localhost store
	[[ $stderr = *"'localhost' is not ADDRESS:PORT, such as 127.0.0.1:1633"* ]]
	bzz-serve --http localhost:0 store 3>&- > local 2> err &
	echo $! > local.pid
	wait_until test -s local
	[[ $(jq -r .listening local) = http://127.0.0.1:[1-9]* ]]
	serve store
	run -3 --separate-stderr bzz-serve --http "127.0.0.1:${url##*:}" store
	[[ $stderr = *'cannot listen on 127.0.0.1 port'* ]]
	run -2 bzz-serve --per-client 0 store
	run -2 bzz-serve --connections 5 --per-client 6 store
}

@test "limits: connections of one client, and requests that do not end" {
	reference=$(put file)
	serve --per-client 3 --timeout 1s store
	run -0 python3 - "${url##*:}" "$reference" <<- 'EOF'
		import socket, sys
		port, reference = int(sys.argv[1]), sys.argv[2]
		def connect():
		    s = socket.create_connection(("127.0.0.1", port))
		    s.settimeout(60)
		    return s
		def ask(s):
		    s.sendall(f"HEAD /bytes/{reference} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
		    return s.recv(4096)
		three = [connect() for _ in range(3)]
		assert all(ask(s).startswith(b"HTTP/1.1 200") for s in three)
		try:
		    fourth = ask(connect())
		except ConnectionError:
		    fourth = b""
		assert fourth == b"", fourth
		s = three[0]
		try: # a header that goes on and on is cut; an idle connection is closed
		    while True:
		        s.sendall(b"GET / HTTP/1.1\r\nX-A: ")
		        s.settimeout(0.2)
		        try:
		            if s.recv(4096) == b"":
		                break
		        except socket.timeout:
		            pass
		except ConnectionError:
		    pass
		assert three[1].recv(1) == b""
	EOF
	served_again() {
		[ "$(status_of "/bytes/$reference")" = 200 ]
	}
	wait_until served_again
}

listen() { # ARGUMENT...: as serve, but to Swarm peers; sets pid, port
	: > ready
	bzz-serve --listen /ip4/127.0.0.1/tcp/0 "$@" 3>&- > ready 2> err &
	pid=$!
	echo "$pid" > "$pid.pid"
	wait_until started || true
	cat err
	port=$(jq -r '.addresses[0]' ready | cut -d / -f 5)
}

stop() {
	kill "$pid"
	wait "$pid"
	rm "$pid.pid"
}

@test "--listen: what it says when it is ready, with and without HTTP" {
	put file
	listen --network-id 4242 --listen /ip6/::1/tcp/0 --advertise /ip4/192.0.2.7/tcp/1634 store
	jq -e 'keys == ["addresses", "chunks", "network_id", "overlay", "pid"]' ready
	jq -e '.network_id == 4242 and .chunks == 87 and (.overlay | test("^[0-9a-f]{64}$"))' ready
	jq -e '.addresses | map(sub("/tcp/[0-9]+/p2p/12D3Koo[0-9A-Za-z]+$"; "")) ==
		["/ip4/192.0.2.7", "/ip4/127.0.0.1", "/ip6/::1"]' ready
	stop
	listen --http 127.0.0.1:0 store
	url=$(jq -r .listening ready)
	[ "$(status_of /health)" = 200 ]
	[ "$(jq .network_id ready)" = 1 ]
	stop
}

@test "--identity: the key is made, kept to its owner, and the node is the same again" {
	put file
	listen --identity key store
	jq -r '.overlay, (.addresses[0] | sub(".*/p2p/"; ""))' ready > first
	stop
	[ "$(stat -c %a key)" = 600 ]
	listen --identity key store
	jq -r '.overlay, (.addresses[0] | sub(".*/p2p/"; ""))' ready | cmp - first
	stop
	listen store
	run ! cmp first <(jq -r '.overlay, (.addresses[0] | sub(".*/p2p/"; ""))' ready)
	stop
	chmod 644 key
	run -3 --separate-stderr bzz-serve --listen /ip4/127.0.0.1/tcp/0 --identity key store
	[[ $stderr = *key* ]]
}

@test "--listen: wrong usage, and an address that is taken" {
	put file
	for address in x /ip4/127.0.0.1 /ip4/127.0.0.1/udp/1634 /ip4/127.0.0.1/tcp/65536 /dns4/a/tcp/1 /tcp/1 \
		/ip4/127.0.0.1/tcp/0/ws; do
		for option in listen advertise; do
			run -2 --separate-stderr bzz-serve "--$option" "$address" store
			[[ $stderr = *"--$option: '$address'"* ]]
		done
	done
	run -2 bzz-serve --announce /ip4/127.0.0.1/tcp/1634 store # where nobody could come
	for address in x /ip4/127.0.0.1/udp/1634 /p2p/12D3KooWHeJNszr8J2hjmA5mT64sNEEXvAjuNLYLoCBanPKFPU4s \
		/ip4/127.0.0.1/tcp/1634/ws /dns4/a.example/udp/1634 /dns4/a.example/tcp/1634/ws; do
		run -2 --separate-stderr bzz-serve --listen /ip4/127.0.0.1/tcp/0 --announce "$address" store
		[[ $stderr = *"--announce: '$address'"* ]]
	done
	for option in peers peers-per-client credit; do
		run -2 --separate-stderr bzz-serve --listen /ip4/127.0.0.1/tcp/0 "--$option" 0 store
		[[ $stderr = *"--$option: 1 "* ]]
	done
	run -2 bzz-serve --listen /ip4/127.0.0.1/tcp/0 --network-id x store
	listen store
	run -3 --separate-stderr bzz-serve --listen "/ip4/127.0.0.1/tcp/$port" store
	[[ $stderr = *"cannot listen on /ip4/127.0.0.1/tcp/$port: "* ]]
	# both at once, and one of them cannot
	run -3 bzz-serve --http 127.0.0.1:0 --listen "/ip4/127.0.0.1/tcp/$port" store
	stop
}

@test "--announce: a node that is not there is named" {
	put file
	listen --announce /ip4/127.0.0.1/tcp/1 store
	wait_until grep -qF 'no connection with /ip4/127.0.0.1/tcp/1, which is to know us' err
	stop
}

@test "--listen: junk, half a handshake, and a signal while they are there" {
	put file
	listen --verbose store
	python3 - "$port" <<- 'EOF'
		import os, socket, sys
		port = int(sys.argv[1])
		def connect(data):
		    s = socket.create_connection(("127.0.0.1", port))
		    s.settimeout(100)
		    s.sendall(data)
		    return s
		hello = b"\x13/multistream/1.0.0\n"
		# what is no multistream is cut off; so is a noise message that is none
		for junk in b"GET / HTTP/1.1\r\n\r\n", os.urandom(4096), hello + b"\x07/noise\n\x00\x10" + os.urandom(16):
		    s = connect(junk)
		    try:
		        while s.recv(4096) != b"":
		            pass
		    except ConnectionError:
		        pass
		for _ in range(20): # who says half of it, and goes
		    connect(hello)
		said = connect(hello + b"\x07/noise\n")
		assert said.recv(20) == hello
	EOF
	cat > waiting.py <<- 'EOF'
		import socket, sys, time
		connections = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(9)]
		open("there", "w").write("9")
		time.sleep(1000)
	EOF
	python3 waiting.py "$port" 3>&- &
	echo $! > waiting.pid
	wait_until test -s there
	stop
	kill "$(cat waiting.pid)"
	rm waiting.pid
}

@test "SIGTERM and SIGINT end it with 0, also while somebody is slow" {
	head -c 50000000 /dev/zero > large
	reference=$(put large)
	for signal in TERM INT; do
		serve store
		curl -gs --limit-rate 1k "$url/bytes/$reference" -o slow 3>&- &
		echo $! > curl.pid
		wait_until test -s slow
		kill -s "$signal" "$pid"
		status=0
		wait "$pid" || status=$?
		[ "$status" = 0 ]
		kill "$(cat curl.pid)" 2> /dev/null || true
		rm -f slow
	done
}

@test "many at once" {
	reference=$(put -e -r 1 file)
	serve store
	pids=()
	for i in $(seq 1 16); do
		curl -gs "$url/bytes/$reference" -o "got$i" 3>&- &
		pids+=($!)
	done
	for i in "${!pids[@]}"; do
		wait "${pids[i]}"
		cmp file "got$((i + 1))"
	done
}

@test "manifests: files, folders, redirections, the documents of a site" {
	mkdir -p site/img site/deep/er
	echo '<html>front' > site/index.html
	echo '<html>missing' > site/404.html
	echo '<html>deep' > site/deep/index.html
	printf '\211PNG\r\n\032\n' > 'site/img/a "b".png'
	printf '\0\1\2' > 'site/deep/er/x y'
	for how in '' '-e -r 1'; do
		# shellcheck disable=SC2086 # words
		site=$(put $how --index index.html --error 404.html site)
		serve store
		base=/bzz/$site
		[ "$(status_of "$base/index.html")" = 200 ]
		cmp got site/index.html
		[ "$(header content-type "$base/index.html")" = 'text/html; charset=utf-8' ]
		[ "$(header content-disposition "$base/index.html")" = 'inline; filename="index.html"' ]
		[[ $(header etag "$base/index.html") =~ ^\"[0-9a-f]{64,128}\"$ ]]
		[ "$(status_of "$base/")" = 200 ]
		cmp got site/index.html
		[ "$(status_of "$base")" = 308 ]
		[ "$(header location "$base")" = "$base/" ]
		[ "$(status_of "$base/deep?x=1")" = 308 ]
		[ "$(header location "$base/deep?x=1")" = "$base/deep/?x=1" ]
		[ "$(status_of "$base/deep/")" = 200 ]
		cmp got site/deep/index.html
		[ "$(status_of "$base/img/a%20%22b%22.png" -r 1-3)" = 206 ]
		[ "$(cat got)" = PNG ]
		[ "$(header content-type "$base/img/a%20%22b%22.png")" = image/png ]
		[ "$(header content-disposition "$base/img/a%20%22b%22.png")" = 'inline; filename="a \"b\".png"' ]
		[ "$(status_of "$base/deep/er/x%20y")" = 200 ]
		cmp got 'site/deep/er/x y'
		[ "$(status_of "$base/nothing")" = 200 ]
		cmp got site/404.html
		kill "$pid"
		wait "$pid"
	done
	site=$(put site)
	serve store
	[ "$(status_of "/bzz/$site/")" = 404 ]
	[ "$(jq -r .message got)" = 'address not found or incorrect' ]
	[ "$(status_of "/bzz/$site/nothing")" = 404 ]
	[ "$(jq -r .message got)" = 'path address not found' ]
	[ "$(status_of "/bzz/$site/img/")" = 404 ]
	[ "$(status_of "/bzz/$site/../index.html")" = 404 ]
	single=$(put -m site/index.html)
	[ "$(status_of "/bzz/$single/")" = 200 ]
	cmp got site/index.html
	cid=b$(xxd -r -p <<< "01fa011b20$single" | base32 -w 0 | tr -d = | tr '[:upper:]' '[:lower:]')
	[ "$(status_of "/bzz/$cid/index.html")" = 200 ]
	cmp got site/index.html
}

@test "feeds: the newest update, by owner and topic and by the feed's manifest" {
	(umask 077 && printf '%064d\n' 1 > owner.key)
	mkdir site
	for number in 0 1 2 3 4 5 6 7 8 9 10; do
		echo "<html>$number" > site/index.html
		bzz-put --store store --index index.html --feed news --key owner.key site > last
	done
	feed=/feeds/$(jq -r '.feed.owner + "/" + .feed.topic' last)
	manifest=/bzz/$(jq -r .feed.manifest last)
	serve store
	[ "$(status_of "$manifest/")" = 200 ]
	[ "$(cat got)" = '<html>10' ]
	[ "$(header swarm-feed-index "$manifest/")" = 000000000000000a ]
	[ "$(header swarm-feed-resolved-version "$manifest/index.html")" = v1 ]
	[ -z "$(header etag "$manifest/")" ]
	[ "$(status_of "$manifest/nothing")" = 404 ]
	[ "$(status_of "$feed")" = 200 ]
	[ "$(header swarm-feed-index "$feed")" = 000000000000000a ]
	[ "$(header swarm-feed-index-next "$feed")" = 000000000000000b ]
	[[ $(header swarm-soc-signature "$feed") =~ ^[0-9a-f]{130}$ ]]
	get "$feed" > root # the manifest's root node, as it is a file
	get "/bytes/$(jq -r .reference last)" | cmp - root
	get "$feed" -H 'Swarm-Only-Root-Chunk: true' | tail -c +9 | cmp - root
	[ "$(header swarm-feed-index "$feed?after=4")" = 000000000000000a ]
	[ "$(status_of "$feed?after=x")" = 400 ]
	[ "$(status_of "$feed?after=11")" = 404 ]
	[ "$(status_of "${feed::-64}$zeros")" = 404 ]
	echo '<html>new' > site/index.html
	bzz-put --store store --index index.html --feed news --key owner.key site > last
	[ "$(get "$manifest/")" = '<html>new' ]
}

@test "feeds: no older update is given for one that is damaged" {
	(umask 077 && printf '%064d\n' 1 > owner.key)
	for number in 0 1 2 3; do
		echo "$number" > news
		references[number]=$(put --feed news --key owner.key news)
	done
	feed=/feeds/7e5f4552091a69125d5dfcb7b8c2659029395bdf/$(bzz-put --store other --feed news --key owner.key news | jq -r .feed.topic)
	spoil store/chunks "${references[1]}" # nobody asks for what it says
	serve store
	[ "$(get "$feed")" = 3 ]
	spoil store/chunks "${references[3]}"
	[ "$(status_of "$feed")" = 500 ]
	[ "$(jq -r .message got)" = 'a chunk of it is damaged here' ]
	kill "$pid"
	wait "$pid"
	[ "$(bzz-put --store store --feed news --key owner.key news | jq .feed.index)" = 4 ]
	serve store
	[ "$(get "$feed")" = 3 ]
}
