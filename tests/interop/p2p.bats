#!/usr/bin/env bats
# The node of lib/host against go-libp2p, rust-libp2p and js-libp2p over TCP, each as dialer and as listener: who they
# are, identify, ping, a protocol that is not spoken, streams with half-closes and resets, another peer
# than was meant, and restarts.

# shellcheck source=tests/interop/p2p.bash
. tests/interop/p2p.bash
transport=tcp

nobody_to_talk_to() { # a listener without Noise; and none
	start_theirs "$1" tls
	start_ours
	ours "{\"cmd\":\"connect\",\"addr\":\"$there\"}"
	jq -e '.error == "not found" or .error == "the other side closed the connection"' answer
	kill -KILL "$theirs"
	wait "$theirs" || true
	theirs=
	ours "{\"cmd\":\"connect\",\"addr\":\"$there\"}"
	jq -e '.error == "the other side closed the connection"' answer
	ends_well
}

started_again() { # either
	start_theirs "$1" noise
	start_ours
	ours "{\"cmd\":\"connect\",\"addr\":\"$there\"}"
	ok
	kill -KILL "$theirs"
	wait "$theirs" || true
	ours_says '"disconn"'
	start_theirs "$1" noise "$(port_of "$there")"
	ours "{\"cmd\":\"connect\",\"addr\":\"$there\"}"
	ok
	kill -KILL "$ours"
	wait "$ours" || true
	wait_until grep -q "\"disconn\",\"peer\":\"$second\"" theirs.out
	start_ours "$(port_of "$here")"
	theirs "{\"cmd\":\"connect\",\"addr\":\"$here\"}"
	ok
	ours "{\"cmd\":\"perf\",\"peer\":\"$first\",\"up\":$mib,\"down\":$mib}"
	ok
	ends_well
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
