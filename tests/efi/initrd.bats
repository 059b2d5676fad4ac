#!/usr/bin/env bats
# A firmware or loader with initial RAM disks of its own: none of them reaches a kernel that
# SWFETCH.EFI starts, with one that was signed or without, and afterwards they are there again.
bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/efi/machine.bash
	. tests/efi/machine.bash
	machine_setup
}
teardown() {
	machine_teardown
}

# foreign: a disk on which build/test/efi/initrd.EFI offers two and then starts the program.
foreign() {
	disk
	tools/esp.sh --program build/test/efi/initrd.EFI --add build/SWFETCH.EFI=swfetch.efi "$t/swfetch.json" "$image"
	vm_start "$vm" image="$image" boot=disk
}

@test "a kernel that was signed without an initial RAM disk gets none" {
	rm "$release/initrd.img"
	publish 7
	foreign
	vm_until 240 'starting release 7'
	vm_until 120 'Kernel panic - not syncing: VFS: Unable to mount root fs'
	run ! vm_says 'a foreign initrd was asked for'
}

@test "a kernel that was signed with one gets that" {
	foreign
	started 7
	run ! vm_says 'a foreign initrd was asked for'
}

@test "what was started comes back: the foreign ones are there as before" {
	cp build/test/efi/assert.EFI "$release/vmlinuz"
	publish 7
	foreign
	vm_until 240 'starting release 7'
	vm_until 120 'foreign initrds: '
	vm_says 'swfetch is back'
	vm_says 'foreign initrds: as before'
}
