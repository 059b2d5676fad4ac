#!/usr/bin/env bats
# shellcheck disable=SC2154 # bats sets stderr
# phase-discover against real avahi-daemons: three hosts on one bridge, two of them providers.
bats_require_minimum_version 1.5.0

setup_file() {
	export PATH="$PWD/build/bin:$PATH" NETWORK="$PWD/tools/run/network.sh"
}

# Sockets need short names, so not in bats' own folder.
setup() {
	# shellcheck source=tools/run/network.sh
	. "$NETWORK"
	folder=$(mktemp -d)
	cd "$folder" || exit 1
	network_open "$folder"
}

teardown() {
	network_close
	cd /
	rm -rf "$folder"
}

# store NAME CHANNEL/ARCH...: each with a kernel.
store() {
	local name=$1 place
	shift
	for place; do
		mkdir -p "$name/$place"
		echo "kernel of $name for $place" > "$name/$place/vmlinuz"
	done
}

# serve HOST STORE [OPTION...]: a provider on port 8080 of that host.
serve() {
	local n=$1 store=$2
	shift 2
	rm -f "serve$n.json"
	network_start "$n" phase-serve -p 8080 "$@" "$store" > "serve$n.json" 2> "serve$n.log"
	network_until 100 grep -q listening "serve$n.json"
}

# discover OPTION...: on host 3, into found.json.
discover() {
	network_on 3 phase-discover --mdns "$@" > found.json
}

# URLs found, one a line, sorted.
urls() {
	jq -r .manifest_url found.json | sort
}

# has ADDRESS FILTER: that one was found, and the filter says true of it.
has() {
	jq -se --arg address "$1" "map(select(.http_addr == \$address)) | length > 0 and all($2)" found.json > /dev/null
}

# finds URLS OPTION...: until just these are found; one line each, sorted. What a daemon has heard comes
# at once when it is asked; how long it takes to hear it is the machine's affair.
finds() {
	local wanted=$1
	shift
	network_until 100 found "$wanted" "$@" || { urls; return 1; }
}
found() {
	local wanted=$1
	shift
	discover --timeout 1s "$@" 2> /dev/null && [ "$(urls | grep -F 10.77.)" = "$wanted" ]
}

# Whether host 3 sees N providers now.
sees() {
	discover --all --timeout 1s 2> /dev/null || true
	[ "$(jq -r .http_addr found.json | grep -F 10.77. | sort -u | wc -l)" = "$1" ]
}

@test "two providers and two architectures are seen from a third host" {
	store a stable/x86_64
	store b stable/x86_64 stable/arm64 testing/x86_64
	network_host 1 2 3
	network_avahi 1 2 3
	serve 1 a
	serve 2 b

	finds "http://10.77.0.1:8080/stable/x86_64/manifest.json
http://10.77.0.2:8080/stable/x86_64/manifest.json" -a x86_64
	[ "$(urls | uniq -d)" = "" ]
	has 10.77.0.1:8080 '.via == "mdns" and .channel == "stable" and
		.arch == "x86_64" and .peer == "host1.local" and (.version | length) > 0 and
		(.seen_at | fromdateiso8601 > 0)'

	# the other spelling of the other architecture
	finds http://10.77.0.2:8080/stable/arm64/manifest.json -a aarch64
	finds http://10.77.0.2:8080/testing/x86_64/manifest.json -c testing -a x86_64
	finds "http://10.77.0.1:8080/stable/x86_64/manifest.json
http://10.77.0.2:8080/stable/arm64/manifest.json
http://10.77.0.2:8080/stable/x86_64/manifest.json
http://10.77.0.2:8080/testing/x86_64/manifest.json" --all

	# what is found can be had, and one is enough
	discover -a x86_64 --first
	[ "$(wc -l < found.json)" = 1 ]
	network_on 3 curl -sSf "$(urls)" | jq -e '.arch == "x86_64" and .channel == "stable"'

	# nothing for that channel: waits for the whole time, and says what to look at
	run -3 --separate-stderr discover -c nightly --timeout 1s
	[ ! -s found.json ]
	[[ "$stderr" == *"no provider found for channel nightly"*"phase-serve"*"5353"* ]]
}

both() {
	discover -a x86_64 --timeout 1s 2> /dev/null &&
		urls | grep -xF http://10.77.0.1:8080/stable/x86_64/manifest.json &&
		urls | grep -xF 'http://[fd77::1]:8080/stable/x86_64/manifest.json'
}

@test "a provider that listens on both is found by IPv4 and by IPv6" {
	store a stable/x86_64
	network_host 1 3
	network_avahi 1 3
	serve 1 a -b ::
	network_until 100 both
	[ "$(urls | grep -c fe80)" = 0 ]
	network_on 3 curl -sSfg 'http://[fd77::1]:8080/stable/x86_64/manifest.json' | jq -e .artifacts.kernel
}

@test "a provider that was killed disappears, and comes back" {
	store a stable/x86_64
	store b stable/x86_64
	network_host 1 2 3
	network_avahi 1 2 3
	serve 1 a
	local first=$network_pid
	serve 2 b
	network_until 100 sees 2
	network_stop "$first" KILL
	network_until 100 sees 1
	finds http://10.77.0.2:8080/stable/x86_64/manifest.json -a x86_64
	serve 1 a
	network_until 100 sees 2
}

@test "a host that died without a farewell: --first takes one that answers" {
	store a stable/x86_64
	store b stable/x86_64
	network_host 1 2 3
	network_avahi 1 2 3
	serve 1 a
	local provider=$network_pid
	serve 2 b
	network_until 100 sees 2
	# daemon and provider at once: what others have in their caches stays there
	network_stop "${network_avahi_pid[1]}" KILL
	network_stop "$provider" KILL
	finds "http://10.77.0.1:8080/stable/x86_64/manifest.json
http://10.77.0.2:8080/stable/x86_64/manifest.json" -a x86_64
	for _ in 1 2 3; do
		discover -a x86_64 --first
		[ "$(urls)" = http://10.77.0.2:8080/stable/x86_64/manifest.json ]
	done
}

# The namespaces share the machine's name, and so the providers the name that they choose.
@test "providers of one name, on two hosts and twice on one: all are found" {
	store a stable/x86_64
	network_host 1 2 3
	network_avahi 1 2 3
	serve 1 a
	serve 2 a
	network_start 1 phase-serve -p 8081 a > second.json 2> second.log
	network_until 100 sees 3
	[ "$(network_on 3 avahi-browse -rpt _phase-image._tcp | awk -F';' '$1 == "=" && $3 == "IPv4" { print $4 }' |
		sort -u | wc -l)" = 3 ]
}

@test "no daemon: says so, waits for one, and finds when it comes" {
	store a stable/x86_64
	network_host 1 3
	run -3 --separate-stderr discover --timeout 1s
	[ "$output" = "" ]
	[[ "$stderr" == *"start avahi-daemon and D-Bus"* ]]

	# it starts while we look
	network_avahi 1
	serve 1 a
	discover -a x86_64 --first --timeout 300s 2> said &
	local looking=$!
	network_until 100 grep -q 'mDNS: ' said # it has noticed
	network_avahi 3
	wait "$looking"
	[ "$(urls)" = http://10.77.0.1:8080/stable/x86_64/manifest.json ]
}

# Those that are of use, all in one run and nothing else; what was said of the others is in stderr.
complete() {
	run --separate-stderr discover --all --timeout 1s
	[ "$status" = 0 ] && [ "$(jq -r .http_addr found.json | grep -F 10.77. | sort -u | tr '\n' ' ')" = \
		"10.77.0.1:8000 10.77.0.1:8005 10.77.0.1:8006 10.77.0.1:8007 10.77.0.1:8008 " ]
}

@test "hostile announcements: bounded, cleaned, and the port of the service counts" {
	network_host 1 3
	network_avahi 1 3
	local type=_phase-image._tcp
	network_start 1 avahi-publish-service good $type 8000 channel=stable arch=x86_64 version=1.2 http_port=9 colour=red
	network_start 1 avahi-publish-service escape $type 8001 channel=../../etc arch=x86_64
	network_start 1 avahi-publish-service slash $type 8002 channel=a/b arch=x86_64
	network_start 1 avahi-publish-service arch $type 8003 channel=stable 'arch=x86_64/../..'
	network_start 1 avahi-publish-service none $type 8004
	network_start 1 avahi-publish-service control $type 8005 channel=stable arch=x86_64 $'version=\e[31mred\n"quote'
	network_start 1 avahi-publish-service twice $type 8006 arch=amd64 channel=stable channel=other
	network_start 1 avahi-publish-service long $type 8007 "channel=$(printf 'x%.0s' {1..240})" arch=x86_64
	network_start 1 avahi-publish-service space $type 8008 'channel=a b&c' arch=x86_64
	network_until 100 sees 5
	network_until 100 complete
	[[ "$stderr" == *"good: http_port"*"8000"* ]]
	[[ "$stderr" != *$'\e'* ]]
	has 10.77.0.1:8000 '.version == "1.2"'
	has 10.77.0.1:8005 '.version | test("[[:cntrl:]]") | not'
	has 10.77.0.1:8006 '.channel == "stable" and .arch == "x86_64" and
		(.manifest_url | endswith("/stable/amd64/manifest.json"))'
	has 10.77.0.1:8007 '(.channel | length) == 240'
	has 10.77.0.1:8008 '.manifest_url | endswith("/a%20b&c/x86_64/manifest.json")'
}
