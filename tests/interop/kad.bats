#!/usr/bin/env bats
# The DHT on a node of lib/host against go-libp2p-kad-dht, rust-libp2p and js-libp2p, in networks of two: what one puts
# or provides the other finds, over TCP and QUIC, whoever has dialled; after either has been started again; and until it
# expires.

# shellcheck source=tests/interop/p2p.bash
. tests/interop/p2p.bash

# Ours and one of the kind $1, who know each other; $2 has dialled.
network_of_two() {
	start ours ours 2 0 -dht
	start theirs "$1" 1 0 -sec noise
	case $2 in
	ours) connect ours theirs ;;
	theirs) connect theirs ours ;;
	esac
	wait_until knows ours theirs
	wait_until knows theirs ours
}

# holds NAME CHANNEL OTHER: whether it is told by the other, whatever it has itself.
holds() {
	if [[ ${kind_of[$1]} = kadrust* ]]; then
		tell "$1" "{\"cmd\":\"get\",\"key\":\"$(key_of "$2")\"}"
		jq -e --arg from "$(id_of "$3")" 'any(.results[]; .from == $from)' answer
	else
		tell "$1" "{\"cmd\":\"rawget\",\"peer\":\"$(id_of "$3")\",\"key\":\"$(key_of "$2")\"}"
		jq -e .has_record answer
	fi
}

# What each does with the other.
pair() {
	local value one other
	transport=$2
	network_of_two "$1" "$3"
	for one in ours theirs; do
		other=theirs
		[ $one = ours ] || other=ours
		value=$(record "$one")
		put $one "$one" "$value"
		wait_until gets $other "$one" "$value"
		gets $one "$one" "$value"
		tell $one "{\"cmd\":\"find-peer\",\"id\":\"$(id_of $other)\"}"
		jq -c 'del(.cmd, .tag)' answer | grep -qF "$(id_of $other)"
		tell $one "{\"cmd\":\"provide\",\"key\":\"a thing of $one\"}"
		ok
		wait_until finds $other "a thing of $one" $one # js keeps its own a moment after it says so
	done
	tell theirs "{\"cmd\":\"local\",\"key\":\"$(key_of ours)\"}"
	ok # is stored, not only told
	holds theirs theirs ours
	tell ours "{\"cmd\":\"get\",\"key\":\"$(key_of none)\"}"
	jq -e '.ok and .values == [] and .answered == 1' answer
	ends_well ours
}

started_again() {
	local value
	transport=tcp
	network_of_two "$1" ours
	value=$(record channel)
	put ours channel "$value"
	jq -e '.ok and .stored == 1' answer
	ends_at_once theirs
	start theirs "$1" 1 "$(port_of theirs)" -sec noise
	connect theirs ours
	wait_until knows theirs ours
	wait_until gets theirs channel "$value" # from ours: it has nothing itself
	value=$(record another)
	put theirs another "$value"
	ends_at_once ours
	start ours ours 2 "$(port_of ours)" -dht
	connect ours theirs # which rust may have done by itself
	wait_until knows ours theirs
	wait_until gets ours another "$value" # from theirs
	ends_well ours
}
# before SECONDS COMMAND...: repeats it until it succeeds; fails once that time (since 1970) has come.
before() {
	until "${@:2}"; do
		[ "$(date +%s)" -lt "$1" ] || return 1
		sleep 0.02
	done
}

not() {
	if "$@"; then return 1; fi
}

# lost NAME CHANNEL: of one of ours.
lost() {
	tell "$1" "{\"cmd\":\"get\",\"key\":\"$(key_of "$2")\"}"
	jq -e '.ok and .values == []' answer
}

# all_are_found END SECONDS: puts a record at each, and sees that the other finds it. Fails if this machine needs so
# long that they expire meanwhile.
all_are_found() {
	local kind value
	for kind in "${kinds[@]}"; do
		value=$(record "ours$2" "$2")
		before "$1" put "ours.$kind" "ours$2" "$value" && before "$1" gets "$kind" "ours$2" "$value" &&
			before "$1" holds "$kind" "ours$2" "ours.$kind" || return 1
		value=$(record "theirs$2" "$2")
		before "$1" put "$kind" "theirs$2" "$value" && before "$1" gets "ours.$kind" "theirs$2" "$value" || return 1
		# The message of rust may say for how long.
		value=$(record "message$2")
		[[ $kind != kadrust* ]] || { before "$1" put "$kind" "message$2" "$value" "{\"ttl\": $2}" &&
			before "$1" gets "ours.$kind" "message$2" "$value"; } || return 1
	done
}

@test "ours dials go-libp2p over TCP: values, providers, peers" {
	pair kadgo tcp ours
}

@test "go-libp2p dials ours over TCP: values, providers, peers" {
	pair kadgo tcp theirs
}

@test "ours dials go-libp2p over QUIC: values, providers, peers" {
	pair kadgo quic ours
}

@test "go-libp2p dials ours over QUIC: values, providers, peers" {
	pair kadgo quic theirs
}

@test "go-libp2p: either is started again, and finds what the other has" {
	started_again kadgo
}

@test "ours dials rust-libp2p over TCP: values, providers, peers" {
	pair kadrust tcp ours
}

@test "rust-libp2p dials ours over TCP: values, providers, peers" {
	pair kadrust tcp theirs
}

@test "ours dials rust-libp2p over QUIC: values, providers, peers" {
	pair kadrust quic ours
}

@test "rust-libp2p dials ours over QUIC: values, providers, peers" {
	pair kadrust quic theirs
}

@test "rust-libp2p: either is started again, and finds what the other has" {
	started_again kadrust
}

@test "ours dials rust-libp2p 0.56 over TCP: values, providers, peers" {
	pair kadrust56 tcp ours
}

@test "rust-libp2p 0.56 dials ours over TCP: values, providers, peers" {
	pair kadrust56 tcp theirs
}

@test "ours dials rust-libp2p 0.56 over QUIC: values, providers, peers" {
	pair kadrust56 quic ours
}

@test "rust-libp2p 0.56 dials ours over QUIC: values, providers, peers" {
	pair kadrust56 quic theirs
}

@test "rust-libp2p 0.56: either is started again, and finds what the other has" {
	started_again kadrust56
}

@test "ours dials js-libp2p over TCP: values, providers, peers" {
	pair kadjs tcp ours
}

@test "js-libp2p dials ours over TCP: values, providers, peers" {
	pair kadjs tcp theirs
}

@test "ours dials js-libp2p over QUIC: values, providers, peers" {
	pair kadjs quic ours
}

@test "js-libp2p dials ours over QUIC: values, providers, peers" {
	pair kadjs quic theirs
}

@test "js-libp2p: either is started again, and finds what the other has" {
	started_again kadjs
}

@test "what has expired ours neither gives nor takes, even where others still have it" {
	local kinds=(kadgo kadrust kadrust56 kadjs) kind life=8 end
	transport=tcp
	for kind in "${kinds[@]}"; do
		start "ours.$kind" ours 2 0 -dht
		start "$kind" "$kind" 1 0 -sec noise
		connect "ours.$kind" "$kind"
		wait_until knows "ours.$kind" "$kind"
		wait_until knows "$kind" "ours.$kind"
	done
	until end=$(($(date +%s) + life)) && all_are_found "$end" "$life"; do
		life=$((2 * life)) # a slow machine
	done
	for kind in "${kinds[@]}"; do
		wait_until lost "ours.$kind" "theirs$life"
		tell "$kind" "{\"cmd\":\"local\",\"key\":\"$(key_of "theirs$life")\"}"
		ok # the others keep it
		wait_until not holds "$kind" "ours$life" "ours.$kind"
		wait_until lost "ours.$kind" "message$life"
	done
	[ "$(date +%s)" -ge "$end" ]
	for kind in "${kinds[@]}"; do
		ends_well "ours.$kind"
	done
}

@test "a client puts and finds, and is in nobody's table" {
	local value
	transport=tcp
	start ours ours 2 0 -dht
	start theirs kadgo 1 0 -sec noise
	start client ours 3 0 -client
	connect theirs ours
	wait_until knows ours theirs
	connect client ours
	wait_until knows client ours
	said ours "\"identified\",\"peer\":\"$third\""
	value=$(record client)
	put client client "$value"
	jq -e '.ok and .stored == 2' answer
	gets theirs client "$value"
	gets client client "$value"
	not knows ours client
	not knows theirs client
	ends_well client
	ends_well ours
}
