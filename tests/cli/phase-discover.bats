#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2016 # bats sets stderr; inner shells expand
# phase-discover --url, and the command line. What avahi has to do with: tests/interop/mdns.bats.
bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	PATH="$PWD/build/bin:$PATH"
	cd "$BATS_TEST_TMPDIR" || exit 1
	# no avahi of this machine takes part
	export DBUS_SYSTEM_BUS_ADDRESS="unix:path=$BATS_TEST_TMPDIR/no-bus"
	unset http_proxy https_proxy all_proxy
	pids=()
}

teardown() {
	local pid
	for pid in "${pids[@]}"; do
		kill "$pid" 2> /dev/null || true
		wait "$pid" 2> /dev/null || true
	done
}

# manifest CHANNEL ARCH: one that is well-formed.
manifest() {
	jq -n --arg channel "$1" --arg arch "$2" '{manifest_version: 1, version: "1.2.0", release: 42,
		channel: $channel, arch: $arch, created_at: "2026-11-20T00:00:00Z", expires_at: "2099-12-20T00:00:00Z",
		artifacts: {kernel: {filename: "vmlinuz", size_bytes: 6, hash: ("sha256:" + "1" * 64)}}}'
}

# serve FOLDER: its files by HTTP; the URL is in $url. Paths that begin with /moved are redirects.
serve() {
	cat > server.py <<- 'END'
		import http.server, sys
		class Handler(http.server.SimpleHTTPRequestHandler):
		    def do_GET(self):
		        if self.path.startswith("/moved"):
		            self.send_response(302)
		            self.send_header("Location", "/stable/x86_64/manifest.json")
		            self.end_headers()
		        else:
		            super().do_GET()
		    def log_message(self, *_):
		        pass
		server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *a: Handler(*a, directory=sys.argv[1]))
		print("http://127.0.0.1:%d" % server.server_port, flush=True)
		server.serve_forever()
	END
	python3 server.py "$1" > "$1.url" 3>&- &
	pids+=($!)
	wait_until test -s "$1.url"
	url=$(cat "$1.url")
}

provider() {
	mkdir -p a/stable/x86_64 a/testing/arm64
	manifest stable x86_64 > a/stable/x86_64/manifest.json
	manifest testing arm64 > a/testing/arm64/manifest.json
	cp a/stable/x86_64/manifest.json a
	serve a
}

discover() {
	run --separate-stderr phase-discover "$@"
}

nothing() { # STATUS TEXT
	[ "$status" = "$1" ]
	[ -z "$output" ]
	[[ "$stderr" == *"$2"* ]]
}

@test "a provider's URL, with and without a slash, and a manifest's: once each" {
	provider
	discover -a x86_64 --url "$url" --url "$url/" --url "$url/manifest.json"
	[ "$status" = 0 ]
	[ -z "$stderr" ]
	[ "${#lines[@]}" = 2 ]
	[ "$(jq -r .manifest_url <<< "$output" | sort)" = "$(printf '%s\n' "$url/manifest.json" "$url/stable/x86_64/manifest.json")" ]
	jq -e --arg addr "${url#http://}" '.http_addr == $addr and .channel == "stable" and .arch == "x86_64" and
		.version == "1.2.0" and .via == "url" and .peer == null and
		(now - (.seen_at | fromdateiso8601) | fabs < 60)' <<< "${lines[0]}"
	[ "$(jq -r 'keys_unsorted | join(" ")' <<< "${lines[0]}")" = "manifest_url http_addr channel arch version via peer seen_at" ]
}

@test "channel and architecture choose, in either spelling; --all takes all" {
	provider
	discover -c testing -a aarch64 --url "$url"
	[ "$status" = 0 ]
	[ "$(jq -r .manifest_url <<< "$output")" = "$url/testing/arm64/manifest.json" ]
	[ "$(jq -r .arch <<< "$output")" = arm64 ]
	discover -a arm64 --url "$url"
	nothing 3 "$url/manifest.json: not what is looked for: channel stable, architecture x86_64"
	discover -a x86_64 --url "$url/testing/arm64/manifest.json"
	nothing 3 "not what is looked for: channel testing, architecture arm64"
	discover --all --url "$url/testing/arm64/manifest.json"
	[ "$status" = 0 ]
}

@test "a root is read as phase-fetch reads it: both spellings, then its own manifest; --all the other way round" {
	mkdir -p a/stable/amd64
	manifest stable x86_64 > a/stable/amd64/manifest.json
	serve a
	discover -a x86_64 --url "$url"
	[ "$status" = 0 ]
	[ -z "$stderr" ]
	[ "$(jq -r .manifest_url <<< "$output")" = "$url/stable/amd64/manifest.json" ]
	discover -c beta -a arm64 --url "$url/"
	nothing 3 "$url/beta/arm64/manifest.json: HTTP status 404"
	[[ "$stderr" == *"$url/beta/aarch64/manifest.json: HTTP status 404"* ]]
	[[ "$stderr" == *"$url/manifest.json: HTTP status 404"* ]]
	mkdir -p "a/stable/$(uname -m)"
	manifest stable "$(uname -m)" > "a/stable/$(uname -m)/manifest.json"
	discover --all --url "$url"
	[ "$(jq -r .manifest_url <<< "$output")" = "$url/stable/$(uname -m)/manifest.json" ]
	manifest testing arm64 > a/manifest.json
	discover --all --url "$url"
	[ "$(jq -r .manifest_url <<< "$output")" = "$url/manifest.json" ]
	discover -a x86_64 --url "$url/none.json"
	nothing 3 "$url/none.json: HTTP status 404"
	[ "$(grep -c 'HTTP status' <<< "$stderr")" = 1 ]
}

@test "one that fails does not stop the others; --first is one line" {
	provider
	discover -a x86_64 --url http://127.0.0.1:1 --url "$url" --url "$url/moved/manifest.json"
	[ "$status" = 0 ]
	[ "${#lines[@]}" = 1 ]
	[[ "$stderr" == *"http://127.0.0.1:1/stable/x86_64/manifest.json: "* ]]
	[[ "$stderr" == *"redirects (HTTP status 302)"* ]]
	discover -a x86_64 --first --url "$url" --url "$url/manifest.json"
	[ "$status" = 0 ]
	[ "${#lines[@]}" = 1 ]
}

@test "what is no manifest is none" {
	mkdir a
	head -c 2000000 /dev/zero > a/large.json
	echo '{"manifest_version":1,"manifest_version":1}' > a/twice.json
	echo '<html>' > a/page.json
	: > a/empty.json
	manifest ../.. x86_64 > a/path.json
	serve a
	for name in large twice page empty path; do
		discover --url "$url/$name.json"
		nothing 3 "$url/$name.json: "
	done
	discover --url "$url/large.json"
	nothing 3 "1 MiB"
	discover --url "$url/twice.json"
	nothing 3 "a member name occurs twice"
}

@test "a provider that never answers costs the timeout, not more" {
	python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True); time.sleep(600)' > port 3>&- &
	pids+=($!)
	wait_until test -s port
	provider
	# the other has to answer within this, on any machine
	run --separate-stderr timeout 100 phase-discover -a x86_64 --timeout 5s --url "http://127.0.0.1:$(cat port)" --url "$url"
	[ "$status" = 0 ]
	[ "${#lines[@]}" = 1 ]
	[[ "$stderr" == *"no answer in time"* ]]
	run --separate-stderr timeout 100 phase-discover --timeout 1s --url "http://127.0.0.1:$(cat port)"
	nothing 3 "no answer in time"
}

@test "lines come as they are found" {
	provider
	python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True); time.sleep(600)' > port 3>&- &
	pids+=($!)
	wait_until test -s port
	phase-discover -a x86_64 --timeout 600s --url "http://127.0.0.1:$(cat port)" --url "$url" > found.json 2> /dev/null 3>&- &
	pids+=($!)
	wait_until test -s found.json
	[ "$(jq -r .via found.json)" = url ]
	kill -0 "${pids[-1]}"
}

@test "no avahi: says what to start" {
	discover --mdns --timeout 1s
	[[ "${stderr_lines[0]}" == "phase-discover: mDNS: "*"; waiting for it (1s)" ]]
	[ "${#stderr_lines[@]}" = 2 ]
	nothing 3 "start avahi-daemon and D-Bus on this machine, or name a provider with --url"
	discover --timeout 1s # mDNS is the default
	nothing 3 "avahi-daemon"
	provider
	discover -a x86_64 --mdns --first --url "$url" # the other way is still open
	[ "$status" = 0 ]
	[ "${#lines[@]}" = 1 ]
}

@test "wrong usage" {
	for bad in ftp://host/ file:///etc/passwd host:8080 "" "http://" "http://h/a b" $'http://h/\n' "http://h/x#y"; do
		discover --url "$bad"
		nothing 2 "--url"
	done
	discover --arch mips
	nothing 2 "mips"
	discover --channel ../x
	nothing 2 "--channel"
	discover --all --arch x86_64
	nothing 2 "--all"
	discover --timeout 0s
	nothing 2 "--timeout"
	discover extra
	nothing 2 "extra"
	local many=()
	for n in {1..65}; do many+=(--url "http://h$n/"); done
	discover "${many[@]}"
	nothing 2 "more than 64"
}

@test "a full disk is an error" {
	provider
	run -3 --separate-stderr sh -c 'phase-discover -a x86_64 --url "$1" > /dev/full' sh "$url"
	[[ "$stderr" == *"phase-discover: write error: No space left on device"* ]]
	[ "$(grep -c "write error" <<< "$stderr")" = 1 ]
}

peer=12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq

@test "the DHT: options that do not go together, and addresses that are none" {
	discover --bootstrap "/ip4/127.0.0.1/tcp/1/p2p/$peer"
	nothing 2 "are for --dht"
	discover --identity key
	nothing 2 "are for --dht"
	discover --dht --ephemeral --identity key
	nothing 2 "--ephemeral goes without --identity"
	for address in /ip4/127.0.0.1/tcp/1 127.0.0.1:4001 "/ip4/127.0.0.1/tcp/99999/p2p/$peer" /p2p/none ''; do
		discover --dht --bootstrap "$address"
		nothing 2 --bootstrap
	done
	discover --dht --protocol kad
	nothing 2 "--protocol: 'kad' is no id of a protocol"
	[ ! -e key ]
}

@test "the DHT: who has nobody to enter by is told so, and the other ways are gone" {
	export PHASE_BOOTSTRAP=peers
	printf '# none yet\n\n' > peers
	discover --dht
	nothing 3 "no peer is known to enter the DHT by"
	[[ "$stderr" == *"--bootstrap, or in peers"* ]]
	provider
	discover -a x86_64 --dht --url "$url"
	[ "$status" = 0 ]
	[ "$(jq -r .via <<< "$output")" = url ]
	rm peers
	discover --dht
	nothing 3 "peers: "
	printf '\n # a comment\n  /ip4/127.0.0.1/tcp/1 \n' > peers
	discover --dht
	nothing 3 "peers: line 3: left out: '/ip4/127.0.0.1/tcp/1' is no multiaddr such as"
	[[ "$stderr" == *"no peer is known to enter the DHT by"* ]]
	head -c 70000 /dev/zero | tr '\0' '\n' > peers
	discover --dht
	nothing 3 "peers: "
	# Nothing that is wrong with it is wrong with what else was found.
	discover -a x86_64 --dht --url "$url"
	[ "$status" = 0 ]
	[[ "$stderr" == *"peers: larger than the limit"* ]]
}

@test "the DHT: peers that are not there, or say nothing, cost no more than the time given" {
	export PHASE_BOOTSTRAP=peers
	printf '%s\r\n' "/ip4/127.0.0.1/tcp/1/p2p/$peer" > peers
	discover --dht --timeout 60s
	nothing 3 "the DHT cannot be entered by /ip4/127.0.0.1/tcp/1/p2p/$peer: "
	[[ "$stderr" == *"no peer of the DHT answered: /ip4/127.0.0.1/tcp/1/p2p/$peer: the connection was refused or cut off: nothing listens there, or"* ]]
	# The reason is what is left of it when little is to be said.
	discover --quiet --dht --timeout 60s
	nothing 3 "no peer of the DHT answered: /ip4/127.0.0.1/tcp/1/p2p/$peer: the connection was refused"
	discover --quiet --dht --timeout 60s --bootstrap "/dns4/nobody.invalid/tcp/1/p2p/$peer"
	nothing 3 "the name leads to no address of it"
	discover --dht --mdns --timeout 1s
	nothing 3 "on the local network: start avahi-daemon"
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(5)
print(s.getsockname()[1], flush=True)
s.accept()[0].recv(100)
import time
time.sleep(1000)' > port 3>&- &
	pids+=($!)
	wait_until test -s port
	run --separate-stderr timeout 60 phase-discover --dht --identity key --timeout 1s \
		--bootstrap "/ip4/127.0.0.1/tcp/$(cat port)/p2p/$peer"
	nothing 3 "no peer of the DHT answered"
	[ "$(stat -c %a key)" = 600 ]
}

# node: a phase-node, to be entered by $node.
node() {
	phase-node --listen /ip4/127.0.0.1/tcp/0 > node.json 2> node.err 3>&- &
	pids+=($!)
	wait_until test -s node.json
	node=$(jq -r '.listening[0]' node.json)
}

@test "the DHT: all providers of a release are found, also those that one node alone keeps; --first is one that answers" {
	node
	provider
	echo linux > a/stable/x86_64/vmlinuz
	for i in 1 2 3 4; do
		phase-announce -q --bootstrap "$node" --http-addr "127.0.0.$i:1" --ttl 600 "$url/stable/x86_64/manifest.json" > /dev/null
	done
	phase-announce -q --bootstrap "$node" "$url/stable/x86_64/manifest.json" > /dev/null
	for _ in 1 2 3; do
		discover -a x86_64 --dht --bootstrap "$node"
		[ "$status" = 0 ]
		[ "$(jq -r .http_addr <<< "$output" | sort | paste -sd ' ')" = "$(printf '%s\n' 127.0.0.{1,2,3,4}:1 "${url#http://}" | sort | paste -sd ' ')" ]
		discover -a x86_64 --dht --first --bootstrap "$node"
		[ "$(jq -r '.manifest_url + " " + .via' <<< "$output")" = "$url/stable/x86_64/manifest.json dht" ]
	done
}
