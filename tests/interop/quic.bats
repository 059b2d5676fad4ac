#!/usr/bin/env bats
# The node of lib/host against go-libp2p, rust-libp2p and js-libp2p over QUIC, each as dialer and as listener: who they
# are, identify, ping, a protocol that is not spoken, streams with half-closes and resets, another peer
# than was meant, nobody, and restarts.

# shellcheck source=tests/interop/p2p.bash
. tests/interop/p2p.bash
transport=quic

@test "ours dials go-libp2p" {
	ours_dials kadgo
}

@test "go-libp2p dials ours" {
	theirs_dials kadgo
}

@test "go-libp2p: another peer than was meant" {
	another_than_was_meant kadgo
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

@test "ours dials js-libp2p" {
	ours_dials kadjs
}

@test "js-libp2p dials ours" {
	theirs_dials kadjs
}

@test "js-libp2p: another peer than was meant" {
	another_than_was_meant kadjs
}

@test "nobody there: the kernel's word is taken, nobody waits" {
	start_theirs kadgo both
	start_ours
	kill -KILL "$theirs"
	wait "$theirs" || true
	theirs=
	ours "{\"cmd\":\"connect\",\"addr\":\"$there\"}"
	jq -e '.error == "the other side closed the connection"' answer
	ends_well
}

# Who has begun anew says so to who has dialled it before and asks for something (stateless reset).
@test "go-libp2p: either is started again" {
	start_theirs kadgo both
	start_ours
	ours "{\"cmd\":\"connect\",\"addr\":\"$there\"}"
	ok
	kill -KILL "$theirs"
	wait "$theirs" || true
	start_theirs kadgo both "$(port_of "$there")"
	ours "{\"cmd\":\"ping\",\"id\":\"$first\"}"
	jq -e '.ok | not' answer
	ours_says '"disconn"'
	theirs "{\"cmd\":\"connect\",\"addr\":\"$here\"}"
	ok
	kill -KILL "$ours"
	wait "$ours" || true
	start_ours "$(port_of "$here")"
	theirs "{\"cmd\":\"ping\",\"id\":\"$second\"}"
	wait_until grep -q "\"disconn\",\"peer\":\"$second\"" theirs.out
	theirs "{\"cmd\":\"connect\",\"addr\":\"$here\"}"
	ok
	ours "{\"cmd\":\"perf\",\"peer\":\"$first\",\"up\":$mib,\"down\":$mib}"
	ok
	ends_well
}
