#!/bin/bash
# SWFETCH.EFI against iPXE (the option ROM that QEMU gives its network card), in the same virtual
# machine from the same server in turn: from the firmware's hand-over to the start of a 14 MB kernel
# with a 61 MB initial RAM disk. iPXE checks nothing. One JSON line for each figure; medians.
set -euo pipefail
pairs=${PAIRS:-5} processors=${PROCESSORS:-2}
make -s build/bin/phase-serve build/bin/phase-manifest build/bin/phase-sign build/esp/check-config efi > /dev/null
# shellcheck source=tests/efi/qemu.sh
. tests/efi/qemu.sh
PATH=$PWD/build/bin:$PATH

t=$(mktemp -d)
trap 'vm_stop; kill $(cat "$t"/*.process) 2>/dev/null; wait; rm -rf "$t"' EXIT
release=$t/store/stable/x86_64
mkdir -p "$release" "$t/tftp"
vm_payload "$release"
# behind the real one: nothing that the guest would look at, and nothing that could be compressed
truncate -s %4 "$release/initrd.img"
(cd "$t" && head -c 60000000 /dev/urandom > ballast && echo ballast | cpio --quiet -o -H newc) >> "$release/initrd.img"
cmdline="console=ttyS0 quiet panic=-1 no_timer_check phase.release=7"
phase-sign --new-key "$t/key" > "$t/id"
phase-manifest --release 7 --trees --cmdline "$cmdline" "$t/store" | phase-sign --key "$t/key.key" > "$t/m.json"
mv "$t/m.json" "$release/manifest.json"
phase-serve -q --no-mdns -b 127.0.0.1 -p 0 "$t/store" > "$t/serve.out" &
echo $! > "$t/serve.process"
until [ -s "$t/serve.out" ]; do sleep 0.05; done
url=http://10.0.2.2:$(jq -r .listening "$t/serve.out" | sed 's/.*://')
jq -Rn --arg url "$url/" '{threshold: 1, channel: "stable", keys: [inputs | {key_id: .}],
	boot: {providers: [$url], verbose: true}}' "$t/id" > "$t/swfetch.json"
tools/esp.sh "$t/swfetch.json" "$t/disk.img" > /dev/null
cat > "$t/tftp/boot.ipxe" <<END
#!ipxe
kernel $url/stable/x86_64/vmlinuz initrd=initrd.img $cmdline
initrd $url/stable/x86_64/initrd.img
echo everything is loaded
boot
END

# The lines of the serial line with the time at which each came.
cat > "$t/stamp.py" <<'END'
import sys, time
marks = [m.encode() for m in sys.argv[2:]]
data, found, f, end = b"", {}, open(sys.argv[1], "rb"), time.monotonic() + 240
while len(found) < len(marks) and time.monotonic() < end:
    more = f.read()
    now = time.monotonic()
    data += more
    for m in marks:
        if m not in found and m in data:
            found[m] = now
    time.sleep(0.001)
print(*(f"{found[m] - found[marks[0]]:.3f}" if m in found and marks[0] in found else "none" for m in marks[1:]))
END

# Seconds from the hand-over to the start of the kernel, and to the guest's first word.
with_swfetch() {
	vm_start "$t/vm" image="$t/disk.img" boot=disk memory=1024 -- -smp "$processors"
	python3 "$t/stamp.py" "$t/vm/serial" 'BdsDxe: loading Boot' 'starting release 7' 'release 7 has started'
	vm_text > "$t/swfetch.log"
	vm_stop
}
with_ipxe() {
	vm_start "$t/vm" network="user,tftp=$t/tftp,bootfile=boot.ipxe" memory=1024 -- -smp "$processors"
	python3 "$t/stamp.py" "$t/vm/serial" 'iPXE 1.0.0' 'everything is loaded' 'release 7 has started'
	vm_text > "$t/ipxe.log"
	vm_stop
}

for ((i = 0; i < pairs; i++)); do
	with_ipxe >> "$t/ipxe"
	with_swfetch >> "$t/swfetch"
done
if grep -q none "$t/ipxe" "$t/swfetch"; then
	cat "$t/ipxe.log" "$t/swfetch.log" >&2
	exit 1
fi
median() {
	awk -v c="$2" '{ print $c }' "$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
seconds() { # of swfetch's own stamps: the first line that matches
	grep -aoE "^\[ *[0-9.]+\] $1" "$t/swfetch.log" | head -n 1 | tr -d '[]' | awk '{ print $1 }'
}
jq -nc --argjson ours "$(median "$t/swfetch" 1)" --argjson theirs "$(median "$t/ipxe" 1)" \
	--argjson guest "$(median "$t/swfetch" 2)" --argjson guest_theirs "$(median "$t/ipxe" 2)" \
	--argjson n "$pairs" --argjson p "$processors" '{figure: "hand-over to the start of the kernel, 75 MB, seconds",
	swfetch: $ours, ipxe: $theirs, ratio: ($ours / $theirs * 1000 | round / 1000), wanted: "at most 1",
	to_the_guest: $guest, to_the_guest_ipxe: $guest_theirs, pairs: $n, processors: $p}'
jq -nc --argjson network "$(seconds 'network: lwIP')" --argjson asked "$(seconds 'http')" \
	'{figure: "start to network, and to the manifest verified, seconds", network: $network, manifest: $asked,
	wanted_network: 0.3}'
grep -aE 'verified,|hashes per ms' "$t/swfetch.log" | sed 's/^\[[^]]*\] //' | jq -Rnc '{figure: "swfetch in the machine", lines: [inputs]}'
