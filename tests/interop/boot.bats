#!/usr/bin/env bats
# phase-boot where it belongs: in a machine (QEMU) whose kernel it replaces with a signed one. The
# guests' own words on the serial console are what is judged; each run is bounded in time.
bats_require_minimum_version 1.5.0

setup() {
	root=$PWD
	PATH="$PWD/build/bin:$PATH"
	tools/run/kernel.sh build/boot
	cd "$BATS_TEST_TMPDIR" || exit 1
	boot=$root/build/boot
	mkdir -p disk/next
	phase-sign --new-key a > disk/a.id
}

# publish FOLDER RELEASE CMDLINE ROLE=FILE...: a signed manifest and plan of files in disk/FOLDER.
publish() {
	local folder=$1 release=$2 cmdline=$3 artifacts='{}' name
	shift 3
	for file; do
		name=${file#*=}
		artifacts=$(jq -c --arg r "${file%%=*}" --arg f "$name" --arg h "$(sha256sum < "disk/$folder/$name" | cut -c 1-64)" \
			--argjson n "$(stat -c %s "disk/$folder/$name")" \
			'.[$r] = {filename: $f, size_bytes: $n, hash: ("sha256:" + $h)}' <<< "$artifacts")
	done
	jq -nc --argjson a "$artifacts" --argjson r "$release" --arg c "$cmdline" '{manifest_version: 1, release: $r,
		channel: "stable", arch: "x86_64", cmdline: $c, created_at: (now - 3600 | todate),
		expires_at: (now + 86400 | todate), artifacts: $a}' | phase-sign --key a.key > "disk/$folder/manifest.json"
	jq -c --arg d "/disk/$folder/" --arg h "$(sha256sum < "disk/$folder/manifest.json" | cut -c 1-64)" '{kernel: ($d + .artifacts.kernel.filename), release, channel, arch, cmdline,
		initrd: [.artifacts | to_entries[] | select(.key | startswith("initramfs")) | $d + .value.filename],
		manifest: ($d + "manifest.json"), manifest_sha256: $h}' "disk/$folder/manifest.json" > "disk/$folder/plan.json"
}

# guest INIT CMDLINE: boots Debian's kernel with phase-boot and disk/ in its initial RAM disk;
# what it says goes to the file console.
guest() {
	"$root/tools/run/initrd.sh" "$boot" "$1" first.gz "$(command -v phase-boot)"
	# a plain archive is padded to 512 bytes, so another may follow
	find disk | cpio --quiet -o -H newc > first
	cat first.gz >> first
	local status=0
	timeout 600 qemu-system-x86_64 -machine q35,accel=tcg -cpu max -m 512 -nographic -no-reboot -nic none \
		-kernel "$boot/vmlinuz" -initrd first -append "console=ttyS0 quiet panic=-1 $2" \
		< /dev/null 2>&1 | tr -d '\r' > console || status=$?
	cat console
	[ "$status" -eq 0 ]
}

# The first part of each init.
# shellcheck disable=SC2016 # the guest expands it
prologue='#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mount -t securityfs security /sys/kernel/security
# tries WHAT PHASE-BOOT-ARGUMENT...
tries() {
	what=$1; shift
	phase-boot "$@" > /out 2> /err; echo "TRY $what: status $?: $(cat /err)"
}
'

@test "a signed release starts by kexec: kernel, two RAM disks joined, command line; a tampered one does not" {
	# The second RAM disk is a bare archive, which the kernel finds only at a multiple of four: so
	# the first one must end elsewhere.
	cat > second-init <<- END
		$prologue
		echo "SECOND: \$(cat /proc/cmdline)"
		echo "SECOND RAM DISK: \$(cat /second)"
		poweroff -f
	END
	echo "kept in the second one" > second
	echo second | cpio --quiet -o -H newc > disk/next/second.cpio
	for try in 1 2 3 4 5; do
		echo "# $try" >> second-init
		"$root/tools/run/initrd.sh" "$boot" second-init disk/next/initrd.img
		[ $(($(stat -c %s disk/next/initrd.img) % 4)) = 0 ] || break
	done
	[ $(($(stat -c %s disk/next/initrd.img) % 4)) != 0 ]
	cp "$boot/vmlinuz" disk/next/vmlinuz
	publish next 42 "console=ttyS0 quiet panic=-1 phase.release=42 odd='a  b'" kernel=vmlinuz \
		initramfs=initrd.img initramfs.2=second.cpio
	cat > init <<- END
		$prologue
		echo "FIRST: \$(cat /proc/cmdline)"
		key="--key \$(cat /disk/a.id)"
		cp /disk/next/initrd.img /kept
		dd if=/dev/zero of=/disk/next/initrd.img bs=1 seek=100000 count=1 conv=notrunc 2> /dev/null
		tries tampered \$key /disk/next/plan.json
		cp /kept /disk/next/initrd.img
		sed 's/phase.release=42/phase.release=43/' /disk/next/plan.json > /disk/next/other.json
		tries cmdline \$key /disk/next/other.json
		echo "LOADED BEFORE: \$(cat /sys/kernel/kexec_loaded)"
		tries load --load \$key /disk/next/plan.json
		echo "LOADED AFTER: \$(cat /sys/kernel/kexec_loaded)"
		phase-boot \$key < /disk/next/plan.json
		echo "STILL HERE"
		poweroff -f
	END
	guest init "first=1"
	grep -q 'FIRST: .*first=1$' console
	grep -q 'TRY tampered: status 1: phase-boot: /disk/next/initrd.img: not the signed content' console
	grep -q 'TRY cmdline: status 3: phase-boot: /disk/next/manifest.json: the plan does not say .*: cmdline$' console
	grep -q 'LOADED BEFORE: 0$' console
	grep -q "TRY load: status 0: phase-boot: release 42 is loaded" console
	grep -q 'LOADED AFTER: 1$' console
	grep -q 'phase-boot: starting release 42$' console
	run ! grep -q 'STILL HERE' console
	# exactly the signed one, and nothing of the first kernel's
	grep -qF "SECOND: console=ttyS0 quiet panic=-1 phase.release=42 odd='a  b'" console
	run ! grep -q 'SECOND:.*first=1' console
	grep -q 'SECOND RAM DISK: kept in the second one$' console
}

@test "why a kernel is not started: no kernel, locked down, forbidden, without signature" {
	mkdir disk/text disk/unsigned
	echo "signed by us, and no kernel" > disk/text/vmlinuz
	publish text 1 "quiet" kernel=vmlinuz
	# the signature of Debian stands at the end
	head -c -4096 "$boot/vmlinuz" > disk/unsigned/vmlinuz
	publish unsigned 2 "quiet" kernel=vmlinuz
	cat > init <<- END
		$prologue
		tries text /disk/text/plan.json
		echo integrity > /sys/kernel/security/lockdown
		tries lockdown /disk/unsigned/plan.json
		echo 1 > /proc/sys/kernel/kexec_load_disabled
		tries disabled /disk/text/plan.json
		poweroff -f
	END
	guest init ""
	grep -q 'TRY text: status 3: phase-boot: /disk/text/vmlinuz: kexec: the file is no kernel that this machine' console
	grep -q 'TRY lockdown: status 3: phase-boot: /disk/unsigned/vmlinuz: kexec: .*\(locked down\|wants a signed kernel\)' console
	grep -q 'TRY disabled: status 3: phase-boot: .*: this machine forbids it until it is rebooted' console
}
