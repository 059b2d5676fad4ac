#!/usr/bin/env bats
# SWFETCH.EFI starts in a machine, and the machine gives what the other tests of firmware build on:
# networks that are connected or not, a store that outlives a reboot, a clock, a payload.
bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/efi/qemu.sh
	. tests/efi/qemu.sh
	vm=$BATS_TEST_TMPDIR/vm
	image=$BATS_TEST_TMPDIR/disk.img
}
teardown() {
	vm_stop
}

# shell_image COMMAND...: a disk on which the program finds no configuration, so that the next boot
# entry runs: the firmware's own shell, which runs these.
shell_image() {
	printf '%s\r\n' '@echo -off' 'echo SHELL BEGINS' "$@" 'echo SHELL ENDS' 'reset -s' > "$BATS_TEST_TMPDIR/startup.nsh"
	tools/esp.sh --unchecked --add "$BATS_TEST_TMPDIR/startup.nsh=startup.nsh" "${add[@]}" '' "$image"
}

@test "the program starts: its version, its date, the message that no configuration is there" {
	tools/esp.sh --unchecked '' "$image"
	vm_start "$vm" image="$image"
	vm_until 120 'swfetch [0-9]+[.][0-9]+[.][0-9]+, built 20[0-9]{2}-[0-9]{2}-[0-9]{2}$'
	vm_until 120 'swfetch.json: not found'
}

@test "selftest, as a load option: the cores count right on the machine, with its interrupts" {
	shell_image 'fs0:\EFI\BOOT\BOOTX64.EFI selftest'
	vm_start "$vm" image="$image" boot=disk card=none
	vm_until 240 'SHELL ENDS'
	vm_text
	vm_says 'load options: +selftest$'
	vm_says 'selftest: 10000 signatures checked, 0 answers wrong'
	run ! vm_says 'selftest: .*(: wrong|FAILED)'
}

@test "when nothing was started the next boot entry runs: here the network, which the firmware has connected" {
	tools/esp.sh --unchecked '' "$image"
	vm_start "$vm" image="$image"
	vm_until 120 'failed to start Boot.* Not Found$'
	vm_until 120 'PXE'
}

@test "boot=disk: no network driver runs; a card, random numbers and memory as asked for; long lines are whole" {
	local long='a line of more than eighty columns, which terminals of eighty columns may break, is one line in what the tests read'
	shell_image 'dh -p SimpleNetwork' 'echo NETWORKS ABOVE' 'dh -p Rng' 'echo RANDOM ABOVE' 'pci' "echo \"$long\"" 'memmap'
	vm_start "$vm" image="$image" boot=disk card=e1000 memory=300 rtc=2069-02-03T04:05:06
	vm_until 120 'SHELL ENDS'
	vm_ends 60
	run ! grep -q 'Network' <(vm_text | sed -n "/by protocol 'SimpleNetwork'/,/NETWORKS ABOVE/p" | sed 1d)
	grep -qE '^[0-9A-F]+: .*Rng' <(vm_text)
	vm_says 'Vendor 8086 Device 100E'
	vm_says "^$long$"
	total=$(vm_text | sed -nE 's/.*Total Memory: +([0-9]+) MB.*/\1/p')
	echo "$total MB"
	[ "$total" -gt 270 ] && [ "$total" -le 300 ]
}

@test "no card and no random numbers when none are asked for; the clock begins where it should" {
	shell_image 'dh -p Rng' pci date
	vm_start "$vm" image="$image" boot=disk card=none rng=none rtc=2069-02-03T04:05:06
	vm_until 120 'SHELL ENDS'
	run ! vm_says '^[0-9A-F]+: .*Rng'
	run ! vm_says 'Network Controller|Ethernet'
	vm_says '^02/03/2069'
}

@test "variables outlive a reboot when they are kept, and only then" {
	local name='phase -guid 5568e427-0000-4f3d-ac74-ca555231cc68'
	shell_image "setvar $name -bs -nv =4142" "setvar $name"
	vm_start "$vm" image="$image" boot=disk card=none
	vm_until 120 'SHELL ENDS'
	vm_ends 60
	shell_image "setvar $name"
	vm_start "$vm" image="$image" boot=disk card=none vars=keep
	vm_until 120 'SHELL ENDS'
	vm_says '41 42'
	vm_ends 60
	vm_start "$vm" image="$image" boot=disk card=none
	vm_until 120 'SHELL ENDS'
	run ! vm_says '41 42'
}

@test "a cable that is not plugged in; what QEMU's monitor answers" {
	shell_image 'ifconfig -l'
	vm_start "$vm" image="$image" card=e1000 link=off
	run -0 vm_monitor 'info network'
	grep -q 'model=e1000,macaddr=52:54:00:12:34:56' <<< "$output"
	vm_until 240 'SHELL ENDS' # after the network's boot entries
	vm_says 'Media State +: Media disconnected'
}

@test "the payload boots: Debian's kernel and a guest that says which release it is" {
	vm_payload "$BATS_TEST_TMPDIR/payload"
	add=(--add "$BATS_TEST_TMPDIR/payload/vmlinuz=vmlinuz.efi" --add "$BATS_TEST_TMPDIR/payload/initrd.img=initrd.img")
	shell_image 'fs0:' '\vmlinuz.efi initrd=\initrd.img console=ttyS0 panic=-1 phase.release=77'
	vm_start "$vm" image="$image" boot=disk
	vm_until 240 '^guest: release 77 has started$'
	vm_says '^guest: Linux .*, network card 52:54:00:12:34:56'
	vm_ends 60
}

@test "a machine that ends, or says nothing, is a failure that shows what it has said" {
	shell_image 'echo NEAR THE END'
	vm_start "$vm" image="$image" boot=disk card=none
	run vm_until 120 'never said'
	[ "$status" != 0 ]
	grep -q "has ended, and nothing matched 'never said'" <<< "$output"
	grep -q 'NEAR THE END' <<< "$output"
	vm_stop
	vm_start "$vm" image="$image" boot=disk card=none
	run vm_until 1 'never said'
	[ "$status" != 0 ]
	grep -q "waited 1 s for 'never said'" <<< "$output"
	run vm_start "$vm" image="$image"
	[ "$status" = 2 ]
	vm_stop
	run vm_start "$vm" imag="$image"
	[ "$status" = 2 ]
	vm_start "$vm" image="$image" limit=2
	vm_ends 60
}

@test "a failed assert says where, and the next boot entry runs" {
	add=(--program build/test/efi/assert.EFI)
	shell_image
	vm_start "$vm" image="$image" boot=disk card=none
	vm_until 120 '^swfetch: a mistake in this program, please report it: tests/efi/assert_image.c:13: efi_main: none != '
	vm_until 120 'SHELL BEGINS'
}

@test "Secure Boot: a program signed by a key that the machine knows starts, an unsigned one does not" {
	vm_sign build/SWFETCH.EFI "$BATS_TEST_TMPDIR/signed.efi"
	tools/check-efi.sh "$BATS_TEST_TMPDIR/signed.efi" build/SWFETCH.so
	add=(--program "$BATS_TEST_TMPDIR/signed.efi")
	shell_image
	vm_start "$vm" image="$image" boot=disk card=none secure=yes
	vm_until 120 'swfetch [0-9.]+, built '
	vm_stop
	tools/esp.sh --unchecked '' "$image"
	vm_start "$vm" image="$image" boot=disk card=none secure=yes
	vm_until 120 'failed to load Boot.*: Access Denied'
	run ! vm_says 'swfetch [0-9]'
}

@test "a key that is pressed" {
	shell_image pause 'echo PRESSED'
	vm_start "$vm" image="$image" boot=disk card=none
	vm_until 120 'Enter .q. to quit'
	run ! vm_says PRESSED
	run -0 vm_monitor 'sendkey ret'
	vm_until 120 PRESSED
}

# frames_from MAC: how often it stands in what was captured.
frames_from() {
	xxd -p "$vm.pcap" | tr -d '\n' | grep -o "$1" | wc -l
}

@test "a network where nobody answers, and one where somebody does, as captured" {
	local try
	tools/esp.sh --unchecked '' "$image"
	for network in hubport,hubid=0 user; do
		vm_start "$vm" image="$image" network="$network" capture="$vm.pcap"
		vm_until 120 PXE
		for ((try = 0; try < 600; try++)); do # until the firmware has asked for an address twice
			[ "$(frames_from 525400123456)" -lt 2 ] || break
			sleep 0.1
		done
		[ "$(frames_from 525400123456)" -ge 2 ]
		if [ "$network" = user ]; then
			for ((try = 0; try < 600; try++)); do
				[ "$(frames_from 52550a000202)" = 0 ] || break
				sleep 0.1
			done
			[ "$(frames_from 52550a000202)" -gt 0 ]
		else
			[ "$(frames_from 52550a000202)" = 0 ]
		fi
		vm_stop
	done
}
