#!/usr/bin/env bats
# HTTP as SWFETCH.EFI speaks it, in its host twin, with servers and name servers that are real and
# often not honest. Times and limits are in request_test.c, on a clock that only the test moves.
bats_require_minimum_version 1.5.0

setup_file() {
	# shellcheck source=tests/efi/twin.bash
	. "$BATS_TEST_DIRNAME/twin.bash"
	twin_store
}

teardown_file() {
	# shellcheck source=tests/efi/twin.bash
	. "$BATS_TEST_DIRNAME/twin.bash"
	twin_store_end
}

setup() {
	# shellcheck source=tests/efi/twin.bash
	. "$BATS_TEST_DIRNAME/twin.bash"
	twin_machine
}

teardown() {
	twin_machine_end
}

# names [--silent TYPE] NAME=ADDRESS...: a name server for this test; its port in $names.
names() {
	python3 "$root/tests/efi/name_server.py" "$@" > names 3>&- &
	echo $! > names.pid
	wait_until test -s names
	names=$(cat names)
}

# second_names: another one, at 127.0.0.2 and the same port, that knows four.test.
second_names() {
	python3 "$root/tests/efi/name_server.py" --bind 127.0.0.2 --port "$names" four.test=127.0.0.1 > second 3>&- &
	echo $! > second.pid
	wait_until test -s second
}

# at NAME: the store's URL by that name.
at() {
	echo "http://$1:$port/honest/"
}

# gives_up_on MODE PATTERN: it is asked again, with pauses, and meanwhile nothing is started.
gives_up_on() {
	from "$1"
	wait_until grep -q 'no provider answers; trying again' said
	says "$2"
	kill -INT "$twin"
	ends_twin 3
	says 'nothing was started: interrupted'
	nothing_started
}

@test "connections are kept from request to request" {
	boots honest
	wc -l "$dir/connections" "$dir/log"
	# pieces are asked for two at a time, so two connections are enough for all of them
	[ "$(wc -l < "$dir/connections")" -le 2 ]
	[ "$(wc -l < "$dir/log")" -ge 6 ]
}

@test "phase-serve" {
	phase-serve --no-mdns -b 127.0.0.1 -p 0 "$dir/store" > ready 2> serve 3>&- &
	echo $! > serve.pid
	wait_until test -s ready
	boots "$(jq -r '.urls[0] // .url' ready)"
}

@test "no ranges, chunked bodies, slow bodies, bodies to the connection's end" {
	local mode
	for mode in no-range chunked chunked+no-range rate-4000000 closes closes+chunked; do
		rm -rf out/* variables/*
		boots "$mode"
	done
}

@test "what is not there, and what is a folder of somebody else" {
	refuses 3 honest/nowhere
	says 'honest/nowhere/manifest.json: answer: not found'
	says 'nothing was started: not found'
}

@test "connections that are cut: what has arrived stays, and the next request goes on behind it" {
	boots close-1500000
	# what a cut costs is the piece it fell into
	local sent
	sent=$(awk '{ n += $5 } END { print n }' "$dir/log")
	echo "sent: $sent"
	[ "$(wc -l < "$dir/log")" -gt 6 ]
	[ "$sent" -ge 9000003 ] && [ "$sent" -lt 18000000 ]
}

@test "cut before the first byte: another one has it" {
	boots close-0 honest
	grep -q '^close-0 .* 0$' "$dir/log"
}

@test "cut always before the first byte" {
	gives_up_on close-0 'close-0/: vmlinuz: the other side closed the connection'
}

@test "chunked bodies that end too early" {
	boots chunked+close-100 honest
	rm -rf out/* variables/*
	gives_up_on chunked+close-100 'chunked\+close-100/: vmlinuz: the other side closed the connection'
}

@test "refusals, and redirects, which are not followed" {
	gives_up_on status-503 'status-503/: vmlinuz: a source failed'
	gives_up_on redirect 'redirect/: vmlinuz: a source failed'
	run ! grep -q '^honest' "$dir/log"
}

@test "no HTTP at all" {
	gives_up_on garbage 'garbage/: vmlinuz: '
}

@test "answers to another question" {
	local mode
	for mode in shifted-range garbage-range no-content-range; do
		rm -rf out/* variables/*
		boots "$mode" # asked again without a range, it has the whole
	done
	rm -rf out/* variables/*
	for mode in other-size-1 other-size--1 less-1; do
		refuses 1 "$mode"
		says "$mode/: vmlinuz: has something of another size"
	done
}

@test "a server that stalls: its share is asked of another one" {
	boots stall-100000 honest
}

@test "a manifest that stalls, is too large, or is a page to log in" {
	boots slow-manifest honest
	rm -rf out/* variables/*
	refuses 3 huge-manifest
	says 'huge-manifest/.*: manifest: larger than the limit'
	refuses 3 html-manifest
	says 'html-manifest/.*not valid JSON'
}

@test "nobody listens" {
	refuses 3 http://127.0.0.1:1/
	says 'http://127.0.0.1:1/.*: refused'
}

@test "https is refused in plain words" {
	refuses 3 "https://127.0.0.1:$port/"
	says 'https is not spoken here: name a provider with http'
}

@test "a name; a name with an IPv6 address where nobody answers" {
	names both.test=127.0.0.1 both.test=fd00::dead four.test=127.0.0.1
	boots "$(at four.test)" -- --resolver 127.0.0.1 --resolver-port "$names"
	rm -rf out/* variables/*
	boots "$(at both.test)" -- --resolver 127.0.0.1 --resolver-port "$names" --dead fd00::dead
}

@test "an alias of a name" {
	names --alias www.test=boot.test --alias boot.test=four.test four.test=127.0.0.1
	boots "$(at www.test)" -- --resolver 127.0.0.1 --resolver-port "$names"
}

@test "a name server that refuses: the next one is asked; when there is none, said" {
	names --refuse
	second_names
	boots "$(at four.test)" -- --resolver 127.0.0.1 --resolver 127.0.0.2 --resolver-port "$names"
	rm -rf out/* variables/*
	refuses 3 "$(at four.test)" -- --resolver 127.0.0.1 --resolver-port "$names"
	says 'manifest.json: name, from every resolver: a source failed'
}

@test "a name server that never answers questions for IPv6" {
	names --silent AAAA four.test=127.0.0.1
	boots "$(at four.test)" -- --resolver 127.0.0.1 --resolver-port "$names"
}

@test "a name that nobody has; a name server that is silent; none at all" {
	names
	refuses 3 "$(at nobody.test)" -- --resolver 127.0.0.1 --resolver-port "$names"
	says 'name: not found'
	kill "$(cat names.pid)"
	names --silent both
	refuses 3 "$(at nobody.test)" -- --resolver 127.0.0.1 --resolver-port "$names"
	says 'name: timed out'
	refuses 3 "$(at nobody.test)"
	says 'name: not found'
}

@test "all addresses dead" {
	names dead.test=fd00::dead dead.test=127.0.0.9
	refuses 3 "$(at dead.test)" -- --resolver 127.0.0.1 --resolver-port "$names" --dead fd00::dead --dead 127.0.0.9
	says 'manifest.json: connection: timed out'
}
