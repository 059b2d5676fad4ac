#!/usr/bin/env bats
# The node of lib/host against go-libp2p, rust-libp2p and js-libp2p over QUIC, each as dialer and as listener: who they
# are, identify, ping, a protocol that is not spoken, streams with half-closes and resets, another peer
# than was meant, nobody, and restarts.

# shellcheck source=tests/interop/p2p.bash
. tests/interop/p2p.bash
transport=quic

# Who has begun anew says so to who has dialled it before and asks for something (stateless reset); ours does always,
# of the others go alone, whose key for that lasts.
started_again() { # either
	start_both "$1" both
	connect ours theirs
	said ours "\"identified\",\"peer\":\"$first\""
	ends_at_once theirs
	start theirs "$1" 1 "$(port_of theirs)" -sec both
	if [ "$1" = kadgo ]; then
		tell ours "{\"cmd\":\"ping\",\"id\":\"$first\"}"
		jq -e '.ok | not' answer
		said ours '"disconn"'
	fi
	connect theirs ours
	said theirs "\"peer\":\"$second\"" # rust's command only begins it
	tell theirs "{\"cmd\":\"perf\",\"peer\":\"$second\",\"up\":$mib,\"down\":$mib}"
	ok
	ends_at_once ours
	start ours ours 2 "$(port_of ours)"
	tell theirs "{\"cmd\":\"perf\",\"peer\":\"$second\",\"up\":1,\"down\":1}" # fails, or has it dial again
	said theirs "\"disconn\",\"peer\":\"$second\""
	connect theirs ours
	said ours "\"identified\",\"peer\":\"$first\""
	tell ours "{\"cmd\":\"perf\",\"peer\":\"$first\",\"up\":$mib,\"down\":$mib}"
	ok
	ends_well ours
}

@test "nobody there: the kernel's word is taken, nobody waits" {
	start_both kadgo both
	ends_at_once theirs
	tell ours "{\"cmd\":\"connect\",\"addr\":\"${address[theirs]}\"}"
	jq -e '.error == "the other side closed the connection"' answer
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

@test "js-libp2p: either is started again" {
	started_again kadjs
}
