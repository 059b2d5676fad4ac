#!/bin/bash
# run.sh: the whole loop on real parts. Two keys sign a release of Debian's kernel, a provider
# announces it by mDNS on one host, another host finds, fetches and verifies it, and a machine
# (QEMU) boots it and says the release number that stands in its signed command line.
#
# Hosts are network namespaces of this machine, made and removed here; nothing else is touched.
# Ends with 0 only when everything was as it must be.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tools/run/network.sh
. tools/run/network.sh

boot=$PWD/build/boot here=$PWD
release=$((RANDOM % 900 + 100)) # so that nothing from an earlier run can pass for this one's
cmdline="console=ttyS0 quiet panic=-1 phase.release=$release"
PATH=$PWD/build/bin:$PATH
folder=

# What a user would type, on which host.
step() {
	printf '%5.1f s  %-9s $ %s\n' "$(since)" "$1" "$2"
}
note() {
	printf '%7s  %-9s   %s\n' '' '' "$1"
}
fail() {
	echo "run: $1" >&2
	exit 1
}
since() {
	local now=${EPOCHREALTIME/[.,]/}
	echo "$(((now - began) / 1000000)).$(((now - began) / 100000 % 10))"
}
finish() {
	local status=$?
	trap - EXIT INT TERM HUP
	network_close
	[ -z "$folder" ] || rm -rf "$folder"
	exit "$status"
}

[ "$(uname -m)" = x86_64 ] || fail "the demonstration boots an x86_64 kernel, this machine is $(uname -m)"
[ "$(id -u)" = 0 ] || fail "needs root, for network namespaces: sudo make run"
began=${EPOCHREALTIME/[.,]/}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
folder=$(mktemp -d -t phase-run.XXXXXX)

# --- the publisher: what would lie on a machine without a network
publish() {
	mkdir -p store/stable/x86_64
	step publisher "phase-sign --new-key alice; phase-sign --new-key bob"
	phase-sign --new-key alice > alice.id
	phase-sign --new-key bob > bob.id

	step publisher "jq … > policy.json    # trust both keys, ask for both"
	cat alice.id bob.id | jq -Rn '[inputs | {key_id: .}] |
		{policy_version: 1, version: 1, keys: ., threshold: 2, channel: "stable", arch: "x86_64"}' > policy.json

	step publisher "cp vmlinuz initrd.img store/stable/x86_64/    # Debian's kernel, a small initrd"
	cp "$boot/vmlinuz" store/stable/x86_64/vmlinuz
	"$here/tools/run/initrd.sh" "$boot" "$here/tools/run/init" store/stable/x86_64/initrd.img

	step publisher "phase-manifest --release $release --cmdline '$cmdline' store | phase-sign --key alice.key |"
	note "phase-sign --key bob.key | phase-verify --policy policy.json > manifest.json"
	phase-manifest -q --release "$release" --cmdline "$cmdline" store | phase-sign --key alice.key |
		phase-sign --key bob.key | phase-verify --policy policy.json > manifest.json
	mv manifest.json store/stable/x86_64/manifest.json
}

# --- the network: host 1 serves, host 2 wants to boot
connect() {
	step network "ip netns add …; avahi-daemon    # two hosts, each with its own mDNS daemon"
	network_open "$folder/network"
	network_host 1 2
	network_avahi 1 2
}
serve() {
	step host1 "phase-serve -p 8080 store &"
	network_start 1 phase-serve -p 8080 store > serving.json 2> serve.log
	network_until 10 grep -q listening serving.json || { cat serve.log >&2; fail "phase-serve is not ready"; }
}
fetch() {
	step host2 "phase-discover --mdns --first | phase-fetch --policy policy.json -o next > plan.json"
	network_on 2 phase-discover --mdns --first > found.json
	network_on 2 phase-fetch -q --policy policy.json -o next < found.json > plan.json
	note "found $(jq -r '"\(.manifest_url), via \(.via)"' found.json)"
	jq -e --argjson release "$release" --arg cmdline "$cmdline" '.release == $release and .cmdline == $cmdline and
		(.initrd | length) == 1' plan.json > /dev/null || fail "not the release that was signed: $(cat plan.json)"
	cmp "$(jq -r .kernel plan.json)" store/stable/x86_64/vmlinuz
	cmp "$(jq -r '.initrd[0]' plan.json)" store/stable/x86_64/initrd.img
}

# --- the machine: gets exactly what the plan says
start() {
	local kernel initrd append
	kernel=$(jq -r .kernel plan.json) initrd=$(jq -r '.initrd[0]' plan.json) append=$(jq -r .cmdline plan.json)
	step host2 "qemu-system-x86_64 -kernel \$(jq -r .kernel plan.json) -initrd … -append …    # or: phase-boot plan.json"
	timeout 60 qemu-system-x86_64 -machine q35,accel=tcg -cpu max -m 256 -nographic -no-reboot \
		-kernel "$kernel" -initrd "$initrd" -append "$append" \
		-netdev user,id=net,restrict=on -device virtio-net-pci,netdev=net \
		< /dev/null 2> qemu.log | tr -d '\r' > serial.log || { cat qemu.log serial.log >&2; fail "QEMU failed"; }
	grep -o 'guest: .*' serial.log | while read -r line; do
		note "$line"
	done
	grep -qx ".*guest: release $release has started" serial.log || {
		cat serial.log >&2
		fail "the guest did not say release $release"
	}
}

echo "preparing: Debian's kernel in build/boot (downloaded once)"
tools/run/kernel.sh "$boot"
began=${EPOCHREALTIME/[.,]/}
cd "$folder"
publish
connect
serve
fetch
start
echo "run: release $release, signed by two keys, was found, fetched, verified and started in $(since) s"
