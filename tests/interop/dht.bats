#!/usr/bin/env bats
# One DHT of servers of ours, go-libp2p, rust-libp2p and js-libp2p: what one of each kind puts or provides is found
# from every node, before and after some of them are killed.

# shellcheck source=tests/interop/p2p.bash
. tests/interop/p2p.bash
transport=tcp

# begin NAME KIND SEED [ARGUMENT...]: a server of the DHT with Noise.
begin() {
	local of=(-sec noise)
	[ "$2" != ours ] || of=(-dht)
	start "${@:1:3}" 0 "${of[@]}" "${@:4}"
}

# Everything that was put and provided, from these nodes.
all_is_found() {
	local one kind
	for one; do
		for kind in "${kinds[@]}"; do
			wait_until gets "$one" "$kind" "${value[$kind]}"
			wait_until finds "$one" "thing of $kind" "${provider[$kind]}"
		done
	done
}

@test "every record is found from every node, before and after a third of them is killed" {
	local i n=0 kind kinds=(ours kadgo kadrust kadrust56 kadjs) nodes
	declare -A value provider
	for i in 0 1 2; do
		for kind in "${kinds[@]}"; do
			begin n$n "$kind" $((n + 10))
			nodes[n]=n$n
			n=$((n + 1))
		done
	done
	# All enter by one of ours and by one of go's.
	for ((i = 1; i < n; i++)); do
		connect n$i n0
		[ $i = 1 ] || connect n$i n1
	done
	for ((i = 1; i < n; i++)); do
		wait_until knows n0 n$i
	done
	for ((i = 0; i < ${#kinds[@]}; i++)); do
		kind=${kinds[$i]}
		value[$kind]=$(record "$kind")
		provider[$kind]=n$i
		put n$i "$kind" "${value[$kind]}"
		tell n$i "{\"cmd\":\"provide\",\"key\":\"thing of $kind\"}"
		ok
	done
	all_is_found "${nodes[@]}"
	for ((i = n - ${#kinds[@]}; i < n; i++)); do # one of each kind, and none that has put or is known to all
		ends_at_once n$i
		unset "nodes[$i]"
	done
	all_is_found "${nodes[@]}"
	ends_well n0
	ends_well n5
}

@test "five nodes of a DHT of its own name: what one puts all find, also when two of them are gone" {
	local one other all=(go rust js a b) proto=(-proto /phase/kad/1.0.0)
	declare -A value
	begin go kadgo 1 "${proto[@]}"
	begin rust kadrust 2 "${proto[@]}"
	begin js kadjs 3 "${proto[@]}"
	begin a ours 11
	begin b ours 12
	for one in rust js a b; do
		connect "$one" go
		[ "$one" = a ] || connect a "$one"
	done
	for one in go rust js b; do
		wait_until knows a "$one"
	done
	for one in "${all[@]}"; do
		value[$one]=$(record "$one")
		wait_until put "$one" "$one" "${value[$one]}"
	done
	for one in "${all[@]}"; do
		for other in a b go js; do
			wait_until gets "$other" "$one" "${value[$one]}"
		done
	done
	ends_at_once js
	ends_at_once rust
	for one in "${all[@]}"; do
		for other in a b go; do
			wait_until gets "$other" "$one" "${value[$one]}"
		done
	done
}

@test "what is no record is refused by ours, whoever sends it" {
	local one
	begin ours ours 10
	begin kadgo kadgo 11
	begin kadrust kadrust 12
	begin kadrust56 kadrust56 13
	begin kadjs kadjs 14
	for one in kadgo kadrust kadrust56 kadjs; do
		connect $one ours
		wait_until knows $one ours
		put $one stable 'no record' || true # stored by the others, if they know each other
	done
	tell ours "{\"cmd\":\"get\",\"key\":\"$(key_of stable)\"}"
	jq -e '.ok and .values == []' answer
	if put ours stable 'no record'; then return 1; fi
	jq -e '.error == "not valid JSON"' answer
}
