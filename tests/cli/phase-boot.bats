#!/usr/bin/env bats
# shellcheck disable=SC2154 # bats sets stderr
# phase-boot: what it checks before it starts anything. Nothing here may start a kernel: whatever
# is run without --dry-run has lost the capability to do so. tests/interop/boot.bats does start them.
bats_require_minimum_version 1.5.0

setup() {
	PATH="$PWD/build/bin:$PATH"
	export ASAN_OPTIONS=detect_leaks=0 # which cannot be done under strace
	cd "$BATS_TEST_TMPDIR" || exit 1
	phase-sign --new-key a > a.id
	phase-sign --new-key b > b.id
	mkdir next
	printf 'the kernel' > next/vmlinuz
	printf 'one' > next/initrd.img
	printf 'three' > next/initrd.2
	release > unsigned.json
	phase-sign --key a.key unsigned.json > next/manifest.json
	plan > plan.json
}

sha256() {
	echo "sha256:$(sha256sum < "$1" | cut -c 1-64)"
}

# The manifest of the files in next; the arguments are jq filters.
release() {
	local filter=.
	for f in "$@"; do filter="$filter | $f"; done
	jq -n --arg k "$(sha256 next/vmlinuz)" --arg i "$(sha256 next/initrd.img)" --arg j "$(sha256 next/initrd.2)" \
		--arg arch "$(uname -m)" '{
		manifest_version: 1, release: 42, channel: "stable", arch: $arch, cmdline: "console=ttyS0 quiet",
		created_at: (now - 60 | todate), expires_at: (now + 86400 | todate),
		artifacts: {kernel: {filename: "vmlinuz", size_bytes: 10, hash: $k},
			initramfs: {filename: "initrd.img", size_bytes: 3, hash: $i},
			"initramfs.10": {filename: "initrd.2", size_bytes: 5, hash: $j}}}' | jq "$filter"
}

plan() {
	local filter=.
	for f in "$@"; do filter="$filter | $f"; done
	jq -n --arg arch "$(uname -m)" --arg sha256 "$(sha256sum < next/manifest.json | cut -c 1-64)" '{
		kernel: "next/vmlinuz", initrd: ["next/initrd.img", "next/initrd.2"],
		cmdline: "console=ttyS0 quiet", release: 42, channel: "stable", arch: $arch,
		manifest: "next/manifest.json", manifest_sha256: $sha256,
		sources: [{url: "http://192.0.2.1/", bytes: 18, bad: 0}]}' | jq -c "$filter"
}

boot() {
	run --separate-stderr phase-boot "$@"
}
# Root that may not start kernels.
harmless() {
	setpriv --bounding-set=-sys_boot "$@"
}

# As a user without any rights, who can get at these files and nothing else.
as_nobody() {
	chmod a+x . .. ../..
	cp "$(which phase-boot)" .
	run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups ./phase-boot "$@"
}

# refused STATUS TEXT: nothing on stdout, and a message that says it.
refused() {
	echo "status $status, $stderr"
	[ "$status" -eq "$1" ]
	[ -z "$output" ]
	[[ "$stderr" == "phase-boot: "*"$2"* ]]
}

@test "--dry-run prints what would be started" {
	boot --dry-run plan.json
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(wc -l <<< "$output")" = 1 ]
	jq -e --arg k "$(sha256 next/vmlinuz)" --arg j "$(sha256 next/initrd.2)" '
		.kernel == "next/vmlinuz" and .initrd == ["next/initrd.img", "next/initrd.2"] and
		.cmdline == "console=ttyS0 quiet" and .release == 42 and .channel == "stable" and
		.manifest == "next/manifest.json" and .policy_checked == false and
		(.checked | map(.path)) == ["next/vmlinuz", "next/initrd.img", "next/initrd.2"] and
		(.checked | map(.size_bytes)) == [10, 3, 5] and
		"sha256:" + .checked[0].sha256 == $k and "sha256:" + .checked[2].sha256 == $j' <<< "$output"
}

@test "the plan comes from standard input too" {
	phase-boot --dry-run plan.json > expected
	phase-boot --dry-run < plan.json | cmp - expected
	phase-boot --dry-run - < plan.json | cmp - expected
}

@test "--dry-run needs no privileges, and opens no socket" {
	as_nobody --dry-run plan.json
	[ "$status" -eq 0 ]
	[ -n "$output" ]
	strace -f -e trace=socket,kexec_file_load,kexec_load,reboot -o trace phase-boot --dry-run plan.json
	[ "$(grep -cE 'socket|kexec|reboot' trace)" = 0 ]
}

@test "a file of the wrong content, at start, middle and end" {
	for at in 0 5 9; do
		printf 'the kernel' > next/vmlinuz
		printf X | dd of=next/vmlinuz bs=1 seek=$at conv=notrunc status=none
		boot --dry-run plan.json
		refused 1 "next/vmlinuz: not the signed content"
	done
	printf 'the kernel' > next/vmlinuz
	printf 'ThreE' > next/initrd.2
	boot --dry-run plan.json
	refused 1 "next/initrd.2: not the signed content"
}

@test "a file that is too short, too long, empty, missing, or no file" {
	for content in 'the kerne' 'the kernel!' ''; do
		printf '%s' "$content" > next/vmlinuz
		boot --dry-run plan.json
		refused 1 "next/vmlinuz: not the signed size of 10 bytes"
	done
	rm next/vmlinuz
	boot --dry-run plan.json
	refused 3 "next/vmlinuz: not found"
	mkfifo next/vmlinuz # must not wait for a writer
	run --separate-stderr timeout 100 phase-boot --dry-run plan.json
	refused 3 "next/vmlinuz: not a regular file"
	rm next/vmlinuz
	mkdir next/vmlinuz
	boot --dry-run plan.json
	refused 3 "next/vmlinuz: not a regular file"
}

@test "two initial RAM disks in the wrong order are not what was signed" {
	plan '.initrd |= reverse' > other.json
	boot --dry-run other.json
	refused 1 "not the signed size"
}

@test "a plan that says something else than its manifest" {
	while read -r member filter; do
		plan "$filter" > other.json
		boot --dry-run other.json
		refused 3 "the plan does not say what this manifest says: $member"
	done <<- 'END'
		cmdline .cmdline += " init=/bin/sh"
		cmdline .cmdline = ""
		cmdline del(.cmdline)
		release .release = 43
		channel .channel = "testing"
		arch .arch = (if .arch == "x86_64" then "arm64" else "x86_64" end)
		initrd .initrd = .initrd[:1]
		initrd del(.initrd)
		dtb .dtb = "next/vmlinuz"
	END
}

@test "a plan that is none" {
	printf '' > empty.json
	boot --dry-run empty.json
	refused 3 "empty.json: empty: phase-fetch has printed no plan"
	boot --dry-run /nonexistent
	refused 3 "/nonexistent: No such file"
	boot --dry-run next/vmlinuz
	refused 3 "not valid JSON"
	for filter in 'del(.kernel)' 'del(.manifest)' '.uki = "x"' '.kernel = "a\u0000b"' '.release = "42"' '[.]'; do
		plan "$filter" > other.json
		boot --dry-run other.json
		refused 3 "other.json: "
	done
	plan '.manifest = "next/none.json"' > other.json
	boot --dry-run other.json
	refused 3 "next/none.json: No such file"
	plan '.manifest = "-"' > other.json
	boot --dry-run other.json < next/manifest.json
	refused 3 "manifest: a member has a value that is not allowed"
}

@test "what kexec cannot start is refused, and the message says what to do" {
	release '.artifacts.uki = .artifacts.kernel | del(.artifacts.kernel)' > next/manifest.json
	plan '.uki = .kernel | del(.kernel)' > other.json
	boot --dry-run other.json
	refused 3 "next/vmlinuz: kexec cannot start a unified kernel image: let the firmware start it"
	printf dtb > next/board.dtb
	release ".artifacts.dtb = {filename: \"board.dtb\", size_bytes: 3, hash: \"$(sha256 next/board.dtb)\"}" > next/manifest.json
	plan '.dtb = "next/board.dtb"' > other.json
	boot --dry-run other.json
	refused 3 "next/board.dtb: kexec_file_load takes no device tree"
	other=arm64
	[ "$(uname -m)" = x86_64 ] || other=x86_64
	release ".arch = \"$other\"" > next/manifest.json
	plan ".arch = \"$other\"" > other.json
	boot --dry-run other.json
	refused 4 "the release is for $other, this machine is"
}

@test "--key, --policy and --state verify the manifest again" {
	boot --dry-run --key a.pub plan.json
	[ "$status" -eq 0 ]
	jq -e '.policy_checked' <<< "$output"
	boot --dry-run --key b.pub plan.json
	refused 4 "threshold not met"
	boot --dry-run --key a.pub --key b.pub --threshold 2 plan.json
	refused 4 "threshold not met: 1 of 2"
	jq -n --rawfile a a.id '{policy_version: 1, threshold: 1, keys: [{key_id: $a[:64]}], min_release: 43}' > policy.json
	boot --dry-run --policy policy.json plan.json
	refused 4 "below the release floor"
	release '.release = 50' > new.json
	phase-sign --key a.key new.json | phase-verify --key a.pub --state state > accepted.json
	boot --dry-run --key a.pub --state state plan.json
	refused 4 "below the release floor"
	release '.expires_at = (now - 1 | todate)' '.created_at = (now - 100 | todate)' > old.json
	phase-sign --key a.key -q old.json > next/manifest.json
	plan > plan.json
	boot --dry-run --key a.pub plan.json
	refused 4 "expired"
	boot --dry-run plan.json
	[ "$status" -eq 0 ]
}

@test "another manifest in the place of the one that was verified is refused, as good as it may be" {
	release '.release = 42' '.version = "1.2.3"' > other.json
	phase-sign --key a.key -q other.json > next/manifest.json
	boot --dry-run plan.json
	refused 1 "next/manifest.json: not the manifest that the plan was made from"
	boot --dry-run --key a.pub plan.json
	refused 1 "not the manifest that the plan was made from"
	echo '{' > next/manifest.json # unreadable, but first of all another one
	boot --dry-run plan.json
	refused 1 "next/manifest.json: not the manifest that the plan was made from"
	phase-sign --key a.key -q other.json > next/manifest.json
	plan | tr -d '\n' > plan.json
	boot --dry-run plan.json
	[ "$status" -eq 0 ]
}

@test "a plan that is bound to no manifest needs a policy or a key" {
	plan 'del(.manifest_sha256)' > unbound.json
	boot --dry-run unbound.json
	refused 3 "no manifest_sha256"
	boot --dry-run --key a.pub unbound.json
	[ "$status" -eq 0 ]
	plan '.manifest_sha256 |= ascii_upcase + "0"' > unbound.json
	boot --dry-run unbound.json
	refused 3 "manifest_sha256: a member has a value that is not allowed"
}

@test "a manifest that was changed after signing is refused with a key" {
	sed -i 's/"quiet/"quie7/; s/quiet/quie7/' next/manifest.json
	plan '.cmdline = "console=ttyS0 quie7"' > other.json
	boot --dry-run --key a.pub other.json
	refused 1 "a signature by a trusted key is wrong"
}

@test "without root: says so, and reads nothing" {
	as_nobody /nonexistent
	refused 3 "only root can start another kernel"
}

@test "without the capability: says so, before and not after anything was started" {
	run --separate-stderr harmless phase-boot plan.json
	[ "$status" -eq 3 ]
	[[ "$stderr" == "phase-boot: next/vmlinuz: kexec: "* ]]
	run --separate-stderr harmless phase-boot --load plan.json
	[ "$status" -eq 3 ]
	harmless strace -f -e trace=kexec_file_load,reboot -o trace phase-boot -q plan.json || true
	[ "$(grep -c 'kexec_file_load(' trace)" = 1 ]
	[ "$(grep -c 'reboot(' trace)" = 0 ]
}

@test "what is loaded are sealed copies, with the signed command line and its NUL" {
	harmless strace -f -e trace=memfd_create,fcntl,kexec_file_load -o trace phase-boot -q plan.json || true
	[ "$(grep -c 'memfd_create("\(kernel\|initrd\)", MFD_CLOEXEC|MFD_ALLOW_SEALING) = ' trace)" = 2 ]
	[ "$(grep -c 'F_ADD_SEALS, F_SEAL_SEAL|F_SEAL_SHRINK|F_SEAL_GROW|F_SEAL_WRITE) = 0' trace)" = 2 ]
	kernel=$(sed -n 's/.*memfd_create("kernel".* = //p' trace) initrd=$(sed -n 's/.*memfd_create("initrd".* = //p' trace)
	grep -qF "kexec_file_load($kernel, $initrd, 20, \"console=ttyS0 quiet\\0\", 0)" trace
}

@test "wrong usage" {
	boot --state state plan.json
	refused 2 "--state and --threshold go with --policy or --key"
	boot --dry-run --load plan.json
	refused 2 "either --dry-run or --load"
	boot --dry-run plan.json plan.json
	refused 2 ""
	boot --dry-run --policy p --key a.pub plan.json
	refused 2 "either --policy or --key"
}

@test "a full disk is a failure" {
	run --separate-stderr bash -c 'phase-boot --dry-run plan.json > /dev/full'
	[ "$status" -eq 3 ]
	[[ "$stderr" == *"write error"* || "$stderr" == *"No space"* ]]
}

@test "control characters in a path are not printed" {
	plan '.kernel = "next/\u001b[31mred"' > other.json
	boot --dry-run other.json
	refused 3 "not found"
	[[ "$stderr" != *$'\e'* ]]
}

# fail_each CALL STRACE-ARGUMENT...: --dry-run with the n-th of these calls failing, for all n.
fail_each() {
	local call=$1 n
	shift
	for ((n = 1; n < 30; n++)); do
		run --separate-stderr strace -f -qq -o trace "$@" -e trace="$call" \
			-e inject="$call:error=EIO:when=$n" phase-boot --dry-run plan.json
		grep -q INJECTED trace || break
		echo "$call no. $n: status $status: $stderr"
		[ "$status" -eq 3 ]
		[ -z "$output" ]
		[[ "$stderr" == *"phase-boot: "*"Input/output error"* ]] # strace speaks first
	done
	[ "$n" -gt 1 ] # it was called at all
	[ "$status" -eq 0 ]
}

@test "each call that can fail is failed once: it says so, and prints no plan" {
	fail_each openat -P plan.json -P next/manifest.json -P next/vmlinuz -P next/initrd.img -P next/initrd.2
	fail_each read -P plan.json -P next/manifest.json -P next/vmlinuz -P next/initrd.img -P next/initrd.2
	fail_each memfd_create
	fail_each fcntl
	fail_each newfstatat -P next/vmlinuz -P next/initrd.img -P next/initrd.2
	fail_each write # stdout is the last of them
}

@test "memory that is too small for the copies is a failure with a reason" {
	truncate -s 64M next/vmlinuz
	release '.artifacts.kernel.size_bytes = 67108864' > unsigned.json
	phase-sign -q --key a.key unsigned.json > next/manifest.json
	plan > plan.json
	run --separate-stderr strace -f -qq -o trace -e trace=write -e inject=write:error=ENOSPC:when=5 phase-boot --dry-run plan.json
	refused 3 "No space left"
}
