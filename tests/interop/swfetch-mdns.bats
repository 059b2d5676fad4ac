#!/usr/bin/env bats
# SWFETCH.EFI's logic (the host twin) finds providers by multicast DNS: real avahi-daemons, three
# hosts on one bridge, two of them providers, for two architectures and two channels.
bats_require_minimum_version 1.5.0

setup() {
	root=$PWD
	PATH=$PWD/build/bin:$PATH
	# shellcheck source=tools/run/network.sh
	. tools/run/network.sh
	folder=$(mktemp -d)
	cd "$folder" || exit 1
	network_open "$folder"
	mkdir -p esp/EFI/swfetch variables out one/stable/{x86_64,arm64} two/testing/x86_64
	phase-sign --new-key a > a.id
	(printf MZ; head -c 300000 /dev/urandom) > kernel
	for place in one/stable/x86_64 one/stable/arm64 two/testing/x86_64; do
		cp kernel "$place/vmlinuz"
		IFS=/ read -r store channel arch <<< "$place"
		phase-manifest -c "$channel" -a "$arch" --release 5 --cmdline "$place" "$store" | phase-sign --key a.key > m.json
		mv m.json "$place/manifest.json"
	done
	network_host 1 2 3
	network_avahi 1 2
	ip -n "$network_prefix-3" route add 224.0.0.0/4 dev eth0
}
teardown() {
	network_close
	cd /
	rm -rf "$folder"
}

serve() {
	network_start "$1" phase-serve -p 8080 "$2" > "serve$1.json" 2> "serve$1.log"
	network_until 100 grep -q listening "serve$1.json"
}
# machine CHANNEL: the twin on host 3, until it has found what it wants.
machine() {
	jq -Rn --arg c "$1" '{threshold: 1, channel: $c, keys: [inputs | {key_id: .}],
		boot: {mdns: true, attempts: 20, backoff_seconds: 1}}' a.id > esp/EFI/swfetch/swfetch.json
	network_on 3 "$root/build/test/swfetch-twin" --esp esp --variables variables --hand-over out > said
}

@test "providers of the policy's channel and architecture are found, asked and believed no more than others" {
	serve 1 one
	serve 2 two
	machine stable
	cat said
	[ "$(cat out/cmdline)" = one/stable/x86_64 ]
	cmp out/kernel kernel
	grep -q 'mDNS: .* at http://10.77.0.1:8080/$' said
	[ "$(grep -c 'mDNS: .* at ' said)" = 1 ] # not the other channel, not the other architecture
	machine testing
	[ "$(cat out/cmdline)" = two/testing/x86_64 ]
	grep -q 'mDNS: .* at http://10.77.0.2:8080/$' said
}

@test "nobody has it: said, and the attempts end" {
	serve 2 two
	jq -Rn '{threshold: 1, channel: "stable", keys: [inputs | {key_id: .}], boot: {mdns: true, attempts: 1}}' a.id > esp/EFI/swfetch/swfetch.json
	run -3 network_on 3 "$root/build/test/swfetch-twin" --esp esp --variables variables --hand-over out
	echo "$output"
	[[ "$output" == *"mDNS: nobody on this network answers for this channel and architecture"*"no provider is known"* ]]
	[ -z "$(ls out)" ]
}
