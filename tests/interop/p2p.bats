#!/usr/bin/env bats
# The node of lib/host against go-libp2p, rust-libp2p and js-libp2p over TCP, each as dialer and as listener: who they
# are, identify, ping, a protocol that is not spoken, streams with half-closes and resets, another peer than was meant,
# muxers that are agreed on with Noise or after it, and restarts.

# shellcheck source=tests/interop/p2p.bash
. tests/interop/p2p.bash
transport=tcp

nobody_to_talk_to() { # a listener without Noise; and none
	start_both "$1" tls
	tell ours "{\"cmd\":\"connect\",\"addr\":\"${address[theirs]}\"}"
	jq -e '.error == "not found" or .error == "the other side closed the connection"' answer
	ends_at_once theirs
	tell ours "{\"cmd\":\"connect\",\"addr\":\"${address[theirs]}\"}"
	jq -e '.error == "the other side closed the connection"' answer
	ends_well ours
}

started_again() { # either
	start_both "$1" noise
	connect ours theirs
	ends_at_once theirs
	said ours '"disconn"'
	start theirs "$1" 1 "$(port_of theirs)" -sec noise
	connect ours theirs
	ends_at_once ours
	said theirs "\"disconn\",\"peer\":\"$second\""
	start ours ours 2 "$(port_of ours)"
	connect theirs ours
	said ours "\"identified\",\"peer\":\"$first\"" # rust's command only begins it
	tell ours "{\"cmd\":\"perf\",\"peer\":\"$first\",\"up\":$mib,\"down\":$mib}"
	ok
	ends_well ours
}

# Both ways, on a new connection, whose muxer they have agreed on early ($1: true or false).
muxer_serves() {
	said ours "\"identified\",\"peer\":\"$first\""
	tell ours "{\"cmd\":\"perf\",\"peer\":\"$first\",\"up\":$mib,\"down\":$mib}"
	ok
	tell theirs "{\"cmd\":\"perf\",\"peer\":\"$second\",\"up\":$mib,\"down\":$mib}"
	ok
	[ "$(jq -sc 'map(select(has("early")).early | tostring) | unique' theirs.out)" = "[\"$1\"]" ]
}

# muxer_agreed KIND EARLY ARGUMENT...: with Noise, or after it; on connections that either began. (Of the others
# rust-libp2p alone lists no muxers in its handshakes.)
muxer_agreed() {
	local dht=-dht
	start_both "$1" noise "${@:3}"
	connect ours theirs
	muxer_serves "$2"
	tell ours "{\"cmd\":\"disconnect\",\"id\":\"$first\"}"
	said theirs "\"disconn\",\"peer\":\"$second\""
	: > ours.out
	: > theirs.out
	connect theirs ours
	muxer_serves "$2"
	ends_well ours
}

@test "ours dials go-libp2p" {
	ours_dials kadgo
}

@test "go-libp2p dials ours" {
	theirs_dials kadgo
}

@test "go-libp2p: another peer than was meant" {
	another_than_was_meant kadgo
}

@test "go-libp2p: a listener without Noise, and nobody there" {
	nobody_to_talk_to kadgo
}

@test "go-libp2p: either is started again" {
	started_again kadgo
}

@test "go-libp2p: the muxer is agreed on with Noise" {
	muxer_agreed kadgo true
}

@test "go-libp2p: the muxer is agreed on after Noise" {
	muxer_agreed kadgo false -late-muxer
}

@test "ours dials rust-libp2p" {
	ours_dials kadrust
}

@test "rust-libp2p dials ours" {
	theirs_dials kadrust
}

@test "rust-libp2p: another peer than was meant" {
	another_than_was_meant kadrust
}

@test "rust-libp2p: a listener without Noise, and nobody there" {
	nobody_to_talk_to kadrust
}

@test "rust-libp2p: either is started again" {
	started_again kadrust
}

@test "ours dials rust-libp2p 0.56" {
	ours_dials kadrust56
}

@test "rust-libp2p 0.56 dials ours" {
	theirs_dials kadrust56
}

@test "rust-libp2p 0.56: another peer than was meant" {
	another_than_was_meant kadrust56
}

@test "rust-libp2p 0.56: a listener without Noise, and nobody there" {
	nobody_to_talk_to kadrust56
}

@test "rust-libp2p 0.56: either is started again" {
	started_again kadrust56
}

@test "ours dials js-libp2p" {
	ours_dials kadjs
}

@test "js-libp2p dials ours" {
	theirs_dials kadjs
}

@test "js-libp2p: another peer than was meant" {
	another_than_was_meant kadjs
}

@test "js-libp2p: a listener without Noise, and nobody there" {
	nobody_to_talk_to kadjs
}

@test "js-libp2p: either is started again" {
	started_again kadjs
}

@test "js-libp2p: the muxer is agreed on with Noise" {
	muxer_agreed kadjs true
}

@test "js-libp2p: the muxer is agreed on after Noise" {
	muxer_agreed kadjs false -late-muxer
}
