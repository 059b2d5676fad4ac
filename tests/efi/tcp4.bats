#!/usr/bin/env bats
# SWFETCH.EFI boots Debian's kernel by the firmware's own TCP: told to, or because the firmware does
# not give its network card away. What a connection does byte for byte stands in network.bats.
bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/efi/machine.bash
	. tests/efi/machine.bash
	machine_setup
}
teardown() {
	machine_teardown
}

# chained [LINE...]: a disk on which build/test/efi/network.EFI does these and then starts the program.
chained() {
	disk
	printf '%s\n' "$@" > "$t/network.txt"
	tools/esp.sh --program build/test/efi/network.EFI --add build/SWFETCH.EFI=swfetch.efi \
		--add "$t/network.txt=network.txt" "$t/swfetch.json" "$image"
}
# policy_says WORD: what the firmware's shell, the next entry, finds set for its network.
policy_says() {
	vm_until 120 'SHELL ENDS'
	vm_says "^policy +: $1"
}
# shell: the next entry is one that lists the firmware's network. After disk or chained.
with_shell() {
	printf '%s\r\n' '@echo -off' 'ifconfig -l' 'echo SHELL ENDS' 'reset -s' > "$t/startup.nsh"
	tools/esp.sh --add "$t/startup.nsh=startup.nsh" "$t/swfetch.json" "$image"
}

@test "told by the configuration: two providers, each by connections of its own" {
	local first=$port
	cp "$t/serve.pid" "$t/second.pid"
	serve
	disk '.boot += {network: {stack: "tcp4"}, verbose: true} | .boot.providers += ["http://10.0.2.2:'"$first"'/"]'
	vm_start "$vm" image="$image" boot=disk
	started 7
	vm_says 'network: TCP4 on .*10[.]0[.]2[.]15/24 by DHCP, gateway 10[.]0[.]2[.]2$'
	vm_says 'network: names from 10[.]0[.]2[.]3$'
	vm_says 'vmlinuz: 14[.]. MB, verified'
	vm_says "^[^a-z]*[1-9][0-9.]* [kM]B from http://10[.]0[.]2[.]2:$first/"
	vm_says "^[^a-z]*[1-9][0-9.]* [kM]B from http://10[.]0[.]2[.]2:$port/"
}

@test "told by a load option; a fixed address" {
	chained 'start \swfetch.efi stack=tcp4'
	vm_start "$vm" image="$image" boot=disk
	started 7
	vm_says 'load options: stack=tcp4$'
	vm_says 'network: TCP4 on '
	vm_stop
	disk '.boot.network = {stack: "tcp4", address: "10.0.2.77/24", gateway: "10.0.2.2"}'
	vm_start "$vm" image="$image" boot=disk
	started 7
	vm_says 'network: TCP4 on .*10[.]0[.]2[.]77/24 fixed, gateway 10[.]0[.]2[.]2$'
}

@test "by itself where the firmware does not give its card away, and where the card has no frames to give" {
	chained keep 'start \swfetch.efi'
	vm_start "$vm" image="$image" boot=disk
	started 7
	vm_says 'network: the firmware does not give its network card away$'
	vm_says 'network: TCP4 on .*10[.]0[.]2[.]15/24 by DHCP'
	vm_stop
	chained hide 'start \swfetch.efi'
	vm_start "$vm" image="$image" boot=disk
	started 7
	vm_says 'network: no network card that this firmware has a driver for'
	vm_says 'network: TCP4 on .*10[.]0[.]2[.]15/24 by DHCP'
}

@test "the provider dies in the middle and comes back: the rest is fetched then" {
	head -c 40000000 /dev/urandom > "$t/ballast"
	truncate -s %4 "$release/initrd.img"
	(cd "$t" && echo ballast | cpio --quiet -o -H newc) >> "$release/initrd.img"
	publish 7
	disk '.boot.network = {stack: "tcp4"}'
	vm_start "$vm" image="$image" boot=disk memory=600
	vm_until 240 'initrd.img: [0-9.]+ MB of'
	kill "$(cat "$t/serve.pid")"
	vm_until 240 'initrd.img: no provider answers; trying again'
	serve "$port"
	started 7
	vm_says 'initrd.img: 4[0-9][.]. MB, verified'
}

@test "a boot that fails leaves the network as it was: the next entry boots by it, and finds its settings" {
	mkdir "$t/tftp"
	echo 'not a program' > "$t/tftp/boot"
	kill "$(cat "$t/serve.pid")"
	disk '.boot.network = {stack: "tcp4"}'
	vm_start "$vm" image="$image" card=virtio-net-pci,romfile= network="user,tftp=$t/tftp,bootfile=boot"
	vm_until 240 'network: TCP4 on '
	vm_until 240 'nothing was started: '
	vm_until 120 'Station IP address is 10[.]0[.]2[.]15'
	vm_until 120 'NBP file downloaded successfully'
	vm_stop
	with_shell
	vm_start "$vm" image="$image" boot=disk
	vm_until 240 'nothing was started: '
	policy_says static
}
