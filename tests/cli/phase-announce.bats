#!/usr/bin/env bats
# shellcheck disable=SC2154 # bats sets stderr
# phase-announce: the command line, what is not announced, a DHT that is not there, and one of phase-node. Others:
# tests/interop/phase-announce.bats.
bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	PATH="$PWD/build/bin:$PATH"
	cd "$BATS_TEST_TMPDIR" || exit 1
	export PHASE_BOOTSTRAP=/dev/null
	unset http_proxy https_proxy all_proxy
	pids=()
	# Nobody listens there.
	peer=12D3KooWENTLiCwwoVwYNbKFEfmNdyHG1jxNn9oPB29JeeZXWjAb
	nobody=/ip4/127.0.0.1/tcp/1/p2p/$peer
}

teardown() {
	local pid
	for pid in "${pids[@]}"; do
		kill "$pid" 2> /dev/null || true
		wait "$pid" 2> /dev/null || true
	done
}

announce() {
	run --separate-stderr phase-announce "$@"
}

nothing() { # STATUS TEXT
	[ "$status" = "$1" ] || { echo "status $status: $stderr"; false; }
	[ -z "$output" ]
	[[ "$stderr" == *"$2"* ]] || { echo "$stderr"; false; }
}

# A store with a release, signed by two keys; the policy of the machines wants both.
release() {
	mkdir -p store/stable/x86_64
	head -c 5000 /dev/urandom > store/stable/x86_64/vmlinuz
	head -c 700 /dev/urandom > store/stable/x86_64/initrd.img
	phase-manifest --release 42 --version 1.2.0 --arch x86_64 store > unsigned.json
	a=$(phase-sign --new-key a) b=$(phase-sign --new-key b)
	jq -nc --arg a "$a" --arg b "$b" '{policy_version: 1, version: 1, threshold: 2,
		keys: [{key_id: $a, name: "a"}, {key_id: $b, name: "b"}]}' > policy.json
	phase-sign --key a.key unsigned.json > one.json
	phase-sign --key b.key one.json > store/stable/x86_64/manifest.json
}

# serve: the store; the manifest's URL is in $url.
serve() {
	phase-serve --no-mdns -b 127.0.0.1 -p 0 store > serving 2> serving.err 3>&- &
	pids+=($!)
	wait_until test -s serving
	url=$(jq -r .listening serving)/stable/x86_64/manifest.json
}

# serve_oddly SCRIPT: each request goes to its function answer(path, range), which gives a status, headers and a body;
# or None: there is no answer at all.
serve_oddly() {
	cat > server.py - <(echo "$1") <<- 'END'
		import http.server, time
		def file(path):
		    with open("store" + path, "rb") as f:
		        return f.read()
		class Handler(http.server.BaseHTTPRequestHandler):
		    protocol_version = "HTTP/1.1"
		    def do_GET(self):
		        made = answer(self.path, self.headers.get("Range"))
		        if made is None:
		            open("asked", "w").close()
		            time.sleep(1000)
		        status, headers, body = made
		        self.send_response(status)
		        for name, value in headers.items():
		            self.send_header(name, value)
		        self.send_header("Content-Length", len(body))
		        self.end_headers()
		        self.wfile.write(body)
		    def log_message(self, *_):
		        pass
	END
	cat >> server.py <<- 'END'

		server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
		print("http://127.0.0.1:%d" % server.server_port, flush=True)
		server.serve_forever()
	END
	python3 server.py > odd 3>&- 2> odd.err &
	pids+=($!)
	wait_until test -s odd
	url=$(cat odd)/stable/x86_64/manifest.json
}

wrong() { # TEXT ARGUMENT...: is wrong usage
	local text=$1
	shift
	announce "$@"
	nothing 2 "$text"
}

@test "wrong usage is named" {
	url=http://127.0.0.1:8080/m.json
	wrong "Try 'phase-announce --help'"
	wrong "'manifest.json' is no URL that others can be told" manifest.json
	wrong "'ftp://boot.example/m.json' is no URL" ftp://boot.example/m.json
	wrong "is no URL that others can be told" http://user:secret@boot.example/m.json
	wrong "is no URL that others can be told" http://169.254.1.1/m.json
	wrong "--ttl: not between 1 and 172800 seconds" --ttl 0 $url
	wrong "--ttl: not between 1 and 172800 seconds" --ttl 172801 $url
	wrong "--ttl: not between 1 and 172800 seconds" --ttl 49h $url
	wrong "--ttl: '1 hour' is not a number: seconds, or a duration such as 90s or 12h" --ttl '1 hour' $url
	wrong "--ttl: '99999999999999999999999' is too large: seconds" --ttl 99999999999999999999999 $url
	wrong "--every: longer than half of --ttl (3600 s)" --every 31m $url
	wrong "--every: longer than half of --ttl (10 s)" --ttl 10 --every 6s $url
	wrong "--listen and --advertise are for --every" --listen /ip4/127.0.0.1/tcp/0 $url
	wrong "--listen and --advertise are for --every" --advertise /ip4/192.0.2.1/tcp/1 $url
	wrong "--http-addr: 'boot.example' is no HOST:PORT" --http-addr boot.example $url
	wrong "--http-addr: 'a.example:80/x' is no HOST:PORT" --http-addr a.example:80/x $url
	wrong "--http-addr: '169.254.0.1:80' is no HOST:PORT" --http-addr 169.254.0.1:80 $url
	wrong "--bootstrap: '/ip4/127.0.0.1/tcp/1' lacks /p2p/ID" --bootstrap /ip4/127.0.0.1/tcp/1 $url
	wrong "--protocol: 'kad' is no id" --protocol kad $url
}

@test "an address that nobody would believe is refused before anything is sent" {
	local public=/ip4/9.9.9.9/tcp/4001/p2p/$peer
	local private=/ip4/10.0.0.1/tcp/4001/p2p/$peer
	wrong 'leads each machine to itself: nobody in the DHT would believe it: announce another address with --http-addr' \
		--bootstrap "$private" http://localhost:8080/m.json
	wrong 'leads each machine to itself' --bootstrap "$public" 'http://[::1]/m.json'
	wrong 'is a private address or name, and the DHT is entered at a public one' --bootstrap "$public" \
		http://192.168.1.2/m.json
	wrong 'is a private address or name, and the DHT is entered at a public one' --bootstrap "$public" \
		http://images/m.json
	# Where one is entered by at a narrower address, that counts.
	announce --bootstrap "$public" --bootstrap "$nobody" http://127.0.0.1:1/m.json
	nothing 3 'http://127.0.0.1:1/m.json: '
}

@test "nobody to enter the DHT by: said, with what can be done" {
	announce http://127.0.0.1:1/m.json
	nothing 3 'no peer is known to enter the DHT by: name one with --bootstrap, or in /dev/null'
}

@test "nobody in the DHT: exit 3, with each peer and why" {
	release
	serve
	local other=/ip4/127.0.0.1/tcp/1/p2p/12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq
	announce --bootstrap "$nobody" --bootstrap "$other" "$url"
	[ "$status" = 3 ]
	[[ "$stderr" == *"cannot be entered by $nobody: the connection was refused"* ]]
	[[ "$stderr" == *"cannot be entered by $other: the connection was refused"* ]]
	[[ "$stderr" == *"$url: not announced: no peer of the DHT has answered: $nobody: the connection was refused"* ]]
	[ "${#lines[@]}" = 2 ]
	[ "$(jq -sc '[.[] | [.key, .peers, .asked]]' <<< "$output")" = \
		'[["/phase/stable/x86_64/manifest",0,0],["/phase/stable/amd64/manifest",0,0]]' ]
	jq -se --arg url "$url" --arg addr "$(cut -d/ -f3 <<< "$url")" 'map(.record) | .[0].arch == "x86_64" and
		.[1].arch == "amd64" and all(.channel == "stable" and .manifest_url == $url and .http_addr == $addr and
		.manifest_version == "1.2.0" and .ttl_secs == 3600 and
		(now - (.created_at | fromdateiso8601) | fabs < 60))' <<< "$output"
	[ "$(jq -r '.record | keys_unsorted | join(" ")' <<< "${lines[0]}")" = \
		"channel arch manifest_url http_addr manifest_version created_at ttl_secs" ]
}

@test "another address for the record, and another time" {
	release
	serve
	announce --bootstrap "$nobody" --http-addr boot.example:80 --ttl 90 "$url"
	[ "$status" = 3 ]
	jq -se 'all(.record | .manifest_url == "http://boot.example:80/stable/x86_64/manifest.json" and
		.http_addr == "boot.example:80" and .ttl_secs == 90)' <<< "$output"
	announce --bootstrap "$nobody" --http-addr '[2001:db8::1]:8080' "$url"
	jq -se 'all(.record | .manifest_url == "http://[2001:db8::1]:8080/stable/x86_64/manifest.json" and
		.http_addr == "[2001:db8::1]:8080")' <<< "$output"
}

@test "a manifest that is not served, or is none, is not announced" {
	release
	echo '{"manifest_version":1}' > store/stable/x86_64/short.json
	head -c 2000000 /dev/zero > store/stable/x86_64/large.json
	serve_oddly 'def answer(path, range):
    if path == "/moved.json":
        return 302, {"Location": "/stable/x86_64/manifest.json"}, b""
    try:
        return 200, {}, file(path)
    except OSError:
        return 404, {}, b"nothing here"'
	local root=${url%/stable*}
	announce --bootstrap "$nobody" "$root/none.json"
	nothing 3 "$root/none.json: HTTP status 404"
	[[ "$stderr" == *"$root/none.json: not announced"* ]]
	[[ "$stderr" != *"provider's root"* ]]
	announce --bootstrap "$nobody" "$root/"
	nothing 3 "is it a provider's root? name its manifest"
	announce --bootstrap "$nobody" "$root/moved.json"
	nothing 3 'redirects (HTTP status 302); name the place itself'
	announce --bootstrap "$nobody" "$root/stable/x86_64/short.json"
	nothing 3 'short.json: release: a required member is missing'
	announce --bootstrap "$nobody" "$root/stable/x86_64/large.json"
	nothing 3 'large.json: larger than a manifest may be (1 MiB)'
	announce --bootstrap "$nobody" http://127.0.0.1:1/m.json
	nothing 3 'http://127.0.0.1:1/m.json: Failed to connect'
}

@test "a release of which something is missing is not announced: all of it is said" {
	release
	rm store/stable/x86_64/initrd.img
	head -c 4999 /dev/zero > store/stable/x86_64/vmlinuz
	serve
	announce --bootstrap "$nobody" "$url"
	nothing 3 "${url%/*}/vmlinuz: has 4999 bytes, the manifest says 5000"
	[[ "$stderr" == *"${url%/*}/initrd.img: HTTP status 404"* ]]
	[[ "$stderr" == *"$url: 2 of 2 artifacts are not served"* ]]
}

@test "artifacts are asked for by a range of a byte; a server without ranges will do" {
	release
	serve_oddly 'def answer(path, range):
    body = file(path)
    with open("ranges", "a") as f:
        f.write("%s %s\n" % (path, range))
    if range is None or path.endswith("vmlinuz"):
        return 200, {}, body
    return 206, {"Content-Range": "bytes 0-0/%d" % len(body)}, body[:1]'
	announce --bootstrap "$nobody" "$url"
	[ "$status" = 3 ]
	[ "${#lines[@]}" = 2 ]
	[[ "$stderr" == *"vmlinuz: answers no ranges"* ]]
	[[ "$stderr" != *"initrd.img"* ]]
	[ "$(cat ranges)" = "/stable/x86_64/manifest.json None
/stable/x86_64/initrd.img bytes=0-0
/stable/x86_64/vmlinuz bytes=0-0" ]
}

@test "servers that answer what was not asked are none" {
	local one
	release
	for one in '206, {"Content-Range": "bytes 1-1/%d" % len(body)}, body[:1]' \
		'206, {}, body[:1]' '206, {"Content-Range": "bytes 0-0/9"}, body[:1]' '500, {}, b""' '301, {}, b""'; do
		serve_oddly "def answer(path, range):
    body = file(path)
    return (200, {}, body) if range is None else ($one)"
		announce --bootstrap "$nobody" "$url"
		nothing 3 '2 of 2 artifacts are not served'
		rm odd
	done
}

@test "an artifact that is elsewhere is asked for there" {
	release
	mkdir -p elsewhere
	mv store/stable/x86_64/vmlinuz elsewhere
	serve_oddly 'def answer(path, range):
    try:
        return 200, {}, file("/.." + path if "elsewhere" in path else path)
    except OSError:
        return 404, {}, b""'
	jq -c --arg at "${url%/stable*}/elsewhere/vmlinuz" '.artifacts.kernel.download_url = $at' unsigned.json \
		> store/stable/x86_64/manifest.json
	announce -q --bootstrap "$nobody" "$url"
	[ "$status" = 3 ]
	[ "${#lines[@]}" = 2 ]
	mv elsewhere gone
	announce --bootstrap "$nobody" "$url"
	nothing 3 '1 of 2 artifacts are not served'
	[[ "$stderr" == *"/elsewhere/vmlinuz: HTTP status 404"* ]]
}

@test "what the policy does not accept is not announced: 4, 1; a policy that is none: 3" {
	release
	serve
	announce --policy policy.json --bootstrap "$nobody" "$url"
	[ "${#lines[@]}" = 2 ] # it would be
	cp one.json store/stable/x86_64/manifest.json
	fresh() { # the server has seen it
		[ "$(curl -s "$url" | jq '.signatures | length')" = "$1" ]
	}
	wait_until fresh 1
	announce --policy policy.json --bootstrap "$nobody" "$url"
	nothing 4 'threshold not met: 1 of 2 keys'
	phase-sign --key b.key one.json | jq -c '.release = 43' > store/stable/x86_64/manifest.json
	wait_until fresh 2
	announce --policy policy.json --bootstrap "$nobody" "$url"
	nothing 1 'a signature by a trusted key is wrong'
	announce --policy none.json --bootstrap "$nobody" "$url"
	nothing 3 'none.json'
	announce --policy one.json --bootstrap "$nobody" "$url"
	nothing 3 'one.json'
}

# stay ARGUMENT...: announces again and again; its output is in out and err.
stay() {
	phase-announce --listen /ip4/127.0.0.1/tcp/0 "$@" > out 2> err 3>&- &
	stayed=$!
	pids+=("$stayed")
}

# ends_well: on SIGTERM with 0, and with nothing that a sanitizer has to say.
ends_well() {
	kill "$stayed"
	wait "$stayed"
	! grep -q 'Sanitizer' err
}

@test "--every goes on whatever is wrong, tries again sooner, and ends with 0 on SIGTERM" {
	stay --every 20m --bootstrap "$nobody" http://127.0.0.1:1/m.json
	wait_until grep -q 'm.json: not announced; again in 5 s' err
	[[ "$(cat err)" == *"listening on /ip4/127.0.0.1/tcp/"*"/p2p/12D3"* ]]
	wait_until grep -q 'm.json: not announced; again in 10 s' err
	[ ! -s out ]
	ends_well
}

@test "--every: nobody in the DHT is no reason to end; each peer is complained of once" {
	release
	serve
	stay --every 1s --ttl 2 --bootstrap "$nobody" "$url"
	many() { [ "$(grep -c 'again in 1 s' err)" -ge 3 ]; }
	wait_until many
	[ "$(grep -c 'cannot be entered' err)" = 1 ]
	[ "$(jq -s 'map(.provided == 0 and .peers == 0) | all' out)" = true ]
	[ "$(wc -l < out)" -ge 6 ]
	ends_well
}

@test "--every ends at once, too, while a server lets it wait" {
	release
	serve_oddly 'def answer(path, range):
    return None if range else (200, {}, file(path))'
	stay --every 20m --bootstrap "$nobody" "$url"
	wait_until test -e asked
	ends_well
}

@test "once is ended by signals as ever" {
	release
	serve_oddly 'def answer(path, range):
    return None'
	phase-announce --bootstrap "$nobody" "$url" > out 2> err 3>&- &
	local once=$! status=0
	wait_until test -e asked
	kill "$once"
	wait "$once" || status=$?
	[ "$status" = 143 ] || { echo "status $status"; cat err; false; }
}

# node: a server of the DHT; where it is is in $node.
node() {
	phase-node --listen /ip4/127.0.0.1/tcp/0 > node 2> node.err 3>&- &
	pids+=($!)
	wait_until test -s node
	node=$(jq -er '.listening[0]' node)
}

# found CHANNEL ARCH COUNT: whether so many are; in the file found.
found() {
	phase-discover --dht --bootstrap "$node" -c "$1" -a "$2" > found 2> found.err || [ "$?" = 3 ]
	[ "$(wc -l < found)" = "$3" ]
}

@test "what is announced is found: under both spellings, as another arch and channel not at all" {
	release
	serve
	node
	announce --bootstrap "$node" "$url"
	[ "$status" = 0 ]
	[ -z "$stderr" ]
	[ "$(jq -sc 'map([.peers, .asked, has("provided")])' <<< "$output")" = '[[1,1,false],[1,1,false]]' ]
	found stable x86_64 1
	jq -e --arg url "$url" '.manifest_url == $url and .version == "1.2.0" and .via == "dht" and .peer == null' found
	found stable amd64 1
	found stable arm64 0
	found testing x86_64 0
}

@test "the same provider's newer record replaces the older one; another one's stands beside it" {
	local port
	release
	serve
	node
	port=$(grep -oE ':[0-9]+/' <<< "$url" | tr -d :/)
	announce --bootstrap "$node" "$url"
	announce --bootstrap "$node" --ttl 7200 "$url"
	[ "$status" = 0 ]
	found stable x86_64 1
	announce --bootstrap "$node" --http-addr "localhost:$port" "$url"
	[ "$status" = 0 ]
	found stable x86_64 2
}

@test "--every is found as provider, too, and tells its own record" {
	release
	serve
	node
	stay --every 20m --bootstrap "$node" "$url"
	both() { [ "$(wc -l < out)" = 2 ]; }
	wait_until both
	[ "$(jq -sc 'map([.peers, .asked, .provided])' out)" = '[[1,1,1],[1,1,1]]' ]
	found stable x86_64 1
	[ "$(jq -r .manifest_url found)" = "$url" ]
	ends_well
}

@test "an identity is made for its owner, and kept" {
	release
	serve
	announce --identity key --bootstrap "$nobody" "$url"
	[ "${#lines[@]}" = 2 ]
	[ "$(stat -c %a key)" = 600 ]
	cp key kept
	announce --identity key --bootstrap "$nobody" "$url"
	cmp key kept
	chmod 644 key
	announce --identity key --bootstrap "$nobody" "$url"
	nothing 3 'key'
}

@test "output that cannot be written is an error" {
	release
	serve
	local status=0
	phase-announce --bootstrap "$nobody" "$url" > /dev/full 2> err || status=$?
	[ "$status" = 3 ]
	grep -q 'write error: No space left on device' err
	status=0
	phase-announce --every 20m --listen /ip4/127.0.0.1/tcp/0 --bootstrap "$nobody" "$url" > /dev/full 2> err || status=$?
	[ "$status" = 3 ]
	grep -q 'write error: No space left on device' err
}
