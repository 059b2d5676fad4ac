#!/usr/bin/env bats
# SWFETCH.EFI boots Debian's kernel in a machine, and does the right thing when the machine or its
# network are not as they should be. Faults of providers stand in twin.bats.
bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/efi/machine.bash
	. tests/efi/machine.bash
	machine_setup
}
teardown() {
	machine_teardown
}

@test "a release is started from a network that the firmware has not connected; not its command line plus something" {
	disk
	vm_start "$vm" image="$image" boot=disk
	started 7
	vm_says 'guest: command line: console=ttyS0 quiet panic=-1 no_timer_check phase.release=7$'
	vm_says 'network: lwIP on .*10[.]0[.]2[.]15/24 by DHCP'
	vm_says 'vmlinuz: 14[.]. MB, verified'
}

@test "a release from a bridge: no provider, no gateway, who it is is known" {
	local file
	for file in "$release"/*; do
		[ "$file" = "$release/manifest.json" ] || bzz-put --quiet --store "$t/chunks" "$file" > /dev/null
	done
	manifest=$(bzz-put --store "$t/chunks" --manifest "$release/manifest.json" | jq -r .reference)
	bzz-bridge --listen /ip4/127.0.0.1/tcp/0 "$t/chunks" > "$t/bridge.ready" 3>&- &
	echo $! > "$t/bridge.pid"
	until [ -s "$t/bridge.ready" ]; do sleep 0.05; done
	bridge=$(jq -r '.listening[0]' "$t/bridge.ready" | sed 's/127\.0\.0\.1/10.0.2.2/')
	disk ".boot = {manifest: \"$manifest\", bridge: [\"$bridge\"], attempts: 1, verbose: true}"
	vm_start "$vm" image="$image"
	started 7
	vm_says "vmlinuz: its tree comes as [0-9]+ chunks"
	vm_says "from $bridge\$"
}

@test "the floor outlives a reboot; another entry follows" {
	disk
	vm_start "$vm" image="$image" boot=disk
	started 7
	vm_ends 60
	publish 6
	vm_start "$vm" image="$image" boot=disk vars=keep
	refused 'refused: floor: below the release floor'
	vm_says 'release 6, but 7 or higher was accepted before'
	vm_stop
	publish 8
	vm_start "$vm" image="$image" boot=disk vars=keep
	started 8
}

@test "another card, no random numbers, several processors, little memory" {
	disk
	vm_start "$vm" image="$image" card=e1000 rng=none memory=256 -- -smp 3
	started 7
	vm_says 'no random number generator: identifiers of questions are mixed from clocks$'
}

@test "no card: said, with the name of what is missing" {
	disk
	vm_start "$vm" image="$image" boot=disk card=none
	refused 'network: .*(no network|device)'
}

@test "the cable is out, and comes in while the program waits" {
	disk '.boot.attempts = 3'
	vm_start "$vm" image="$image" boot=disk card=virtio-net-pci,romfile= link=off
	vm_until 240 'network: .*link'
	run -0 vm_monitor 'set_link card on'
	started 7
}

@test "Escape while nobody answers DHCP: no further attempt, the next boot entry" {
	disk '.boot.attempts = 5'
	vm_start "$vm" image="$image" boot=disk network=hubport,hubid=0
	vm_until 240 'network: link is up, asking for an address'
	run -0 vm_monitor 'sendkey esc'
	refused 'nothing was started: interrupted'
	vm_says 'network: stopped while waiting for the network: interrupted'
	run ! vm_says 'attempt 1 failed'
}

@test "nobody answers DHCP: said; a fixed address needs nobody" {
	disk
	vm_start "$vm" image="$image" boot=disk network=hubport,hubid=0
	refused 'network: .*(address|DHCP)'
	vm_stop
	disk '.boot.network = {address: "10.0.2.77/24", gateway: "10.0.2.2", dns: ["10.0.2.3"]}'
	vm_start "$vm" image="$image" boot=disk
	started 7
	vm_says '10[.]0[.]2[.]77/24 fixed'
}

@test "two network cards, the first without a cable: the second one is used, by either network" {
	local stack
	for stack in lwip tcp4; do
		disk ".boot.network.stack = \"$stack\""
		vm_start "$vm" image="$image" boot=disk card=virtio-net-pci,romfile= link=off -- \
			-netdev user,id=second -device virtio-net-pci,romfile=,netdev=second,mac=52:54:00:12:34:57
		started 7
		vm_says 'network: (lwIP|TCP4) on .*10[.]0[.]2[.]15/24 by DHCP'
		vm_stop
	done
}

@test "all providers send wrong bytes: each is dropped, and the next boot entry has its turn" {
	python3 tests/interop/hostile_server.py --bind 127.0.0.1 "$t/store" > "$t/hostile" 3>&- &
	echo $! > "$t/hostile.pid"
	until [ -s "$t/hostile" ]; do sleep 0.05; done
	local url
	url=http://10.0.2.2:$(cat "$t/hostile")
	disk ".boot.providers = [\"$url/wrong-100000/\", \"$url/chunked+wrong-100000/\"]"
	vm_start "$vm" image="$image" boot=disk
	refused 'nothing was started: content does not match its hash'
	vm_says '/wrong-100000/: vmlinuz: sent wrong bytes; dropped'
	vm_says '/chunked[+]wrong-100000/: vmlinuz: sent wrong bytes; dropped'
}

@test "the provider has only the manifest: gateways to Swarm have the files, and the trees as chunks; a liar is dropped" {
	local file listening lies gateways=()
	mkdir -p "$t/bare/stable/x86_64" "$t/lies/bytes"
	cp "$release/manifest.json" "$t/bare/stable/x86_64"
	for file in $(jq -r '.artifacts[].filename' "$release/manifest.json"); do
		bzz-put -q --store "$t/chunks" "$release/$file" > "$t/put"
	done
	bzz-serve --http 127.0.0.1:0 "$t/chunks" > "$t/bzz.ready" 3>&- &
	echo $! > "$t/bzz.pid"
	ln "$release/vmlinuz" "$t/lies/bytes/$(jq -r .artifacts.kernel.swarm "$release/manifest.json")"
	python3 tests/interop/hostile_server.py "$t/bare" > "$t/bare.port" 3>&- &
	echo $! > "$t/bare.pid"
	python3 tests/interop/hostile_server.py "$t/lies" > "$t/lies.port" 3>&- &
	echo $! > "$t/lies.pid"
	for file in bzz.ready bare.port lies.port; do
		until [ -s "$t/$file" ]; do sleep 0.05; done
	done
	listening=$(jq -r .listening "$t/bzz.ready")
	lies=$(printf 'wrong-%u+' {100000..14000000..1000000}) # in each piece
	gateways=("http://10.0.2.2:$(cat "$t/lies.port")/${lies%+}" "http://10.0.2.2:${listening##*:}")
	disk ".boot += {providers: [\"http://10.0.2.2:$(cat "$t/bare.port")/honest/\"],
		gateways: [\"${gateways[0]}\", \"${gateways[1]}\"], verbose: true}"
	vm_start "$vm" image="$image" boot=disk
	started 7
	vm_says 'vmlinuz: its tree comes as [0-9]+ chunks'
	vm_says 'vmlinuz: sent wrong bytes; dropped'
	vm_says '^.* MB from http://10[.]0[.]2[.]2:'"${listening##*:}"'$'
}

@test "a console without a serial line: the lines go there, too, and nowhere twice" {
	disk
	printf '%s\n' blind 'start \swfetch.efi' > "$t/network.txt"
	tools/esp.sh --program build/test/efi/network.EFI --add build/SWFETCH.EFI=swfetch.efi \
		--add "$t/network.txt=network.txt" "$t/swfetch.json" "$image"
	vm_start "$vm" image="$image" boot=disk
	started 7
	vm_says 'swfetch [0-9.]+, built '
	vm_says 'vmlinuz: 14[.]. MB, verified'
	vm_stop
	disk
	vm_start "$vm" image="$image" boot=disk
	started 7
	[ "$(vm_text | grep -c 'swfetch [0-9.]*, built ')" = 1 ]
}

@test "memory below 4 GiB does not suffice: what is above is used" {
	head -c 300000000 /dev/zero > "$release/initramfs.9"
	publish 7 --role initramfs.1=initramfs.9
	disk
	vm_start "$vm" image="$image" boot=disk memory=1500 -- -machine max-ram-below-4g=256M
	started 7
	vm_says 'initramfs.9: 300[.]0 MB, verified'
}

@test "clocks in 1970 and 2069 are not believed" {
	disk
	for rtc in 1970-01-01T00:00:00 2069-01-01T00:00:00; do
		vm_start "$vm" image="$image" boot=disk rtc="$rtc"
		started 7
		vm_stop
	done
}

@test "not enough memory for the signed sizes: said before anything is fetched" {
	head -c 150000000 /dev/zero > "$release/initramfs.9"
	publish 7 --role initramfs.1=initramfs.9
	disk
	vm_start "$vm" image="$image" boot=disk memory=200
	refused 'initramfs.9 needs 150[.]0 MB of memory, and .* are free'
	run ! vm_says 'verified'
}

@test "a kernel that is none: the firmware says so" {
	head -c 100000 /dev/zero > "$release/vmlinuz"
	publish 7
	disk
	vm_start "$vm" image="$image" boot=disk
	vm_until 240 'vmlinuz cannot be started: EFI_'
	vm_until 120 'BdsDxe: failed to start Boot'
}

@test "the provider dies in the middle and comes back: the rest is fetched then" {
	head -c 40000000 /dev/urandom > "$t/ballast"
	truncate -s %4 "$release/initrd.img"
	(cd "$t" && echo ballast | cpio --quiet -o -H newc) >> "$release/initrd.img"
	publish 7
	disk
	vm_start "$vm" image="$image" boot=disk memory=600
	vm_until 240 'initrd.img: [0-9.]+ MB of'
	kill "$(cat "$t/serve.pid")"
	vm_until 240 'initrd.img: no provider answers; trying again'
	serve "$port"
	started 7
	vm_says 'initrd.img: 4[0-9][.]. MB, verified'
}
