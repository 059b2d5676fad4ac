#!/bin/bash
# SWFETCH.EFI against iPXE (the option ROM that QEMU gives its network card), in the same virtual
# machine from the same server in turn: from the firmware's hand-over to the start of a 14 MB kernel
# with a 61 MB initial RAM disk. iPXE checks nothing. Then what of that is the network's and what the
# checking's, a second provider, and the firmware's own network. One JSON line for each figure. Each
# round is one of each kind; a ratio is the median of the ratios of the rounds, not of medians.
set -euo pipefail
rounds=${ROUNDS:-3} processors=${PROCESSORS:-2} begins_s=${BEGINS_S:-200} # after so long no further round begins
make -s build/bin/phase-serve build/bin/phase-manifest build/bin/phase-sign build/esp/check-config efi \
	build/test/efi/network.EFI > /dev/null
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
for n in 1 2; do
	phase-serve -q --no-mdns -b 127.0.0.1 -p 0 "$t/store" > "$t/serve$n.out" &
	echo $! > "$t/serve$n.process"
	until [ -s "$t/serve$n.out" ]; do sleep 0.05; done
done
port=$(jq -r .listening "$t/serve1.out" | sed 's/.*://') second=$(jq -r .listening "$t/serve2.out" | sed 's/.*://')
url=http://10.0.2.2:$port
# disk NAME JQ-FILTER: a disk with a configuration.
disk() {
	jq -Rn --arg url "$url/" "{threshold: 1, channel: \"stable\", keys: [inputs | {key_id: .}],
		boot: {providers: [\$url], verbose: true}} | $2" "$t/id" > "$t/$1.json"
	tools/esp.sh "$t/$1.json" "$t/$1.img" > /dev/null
}
disk one .
disk two ".boot.providers += [\"http://10.0.2.2:$second/\"]"
disk tcp4 '.boot.network.stack = "tcp4"'
# The same file by the same networks over as many connections, with nothing checked.
initrd_bytes=$(stat -c %s "$release/initrd.img")
for stack in lwip tcp4; do
	printf '%s\n' "open $stack" "get 10.0.2.2 $port /stable/x86_64/initrd.img $initrd_bytes 2" close
done > "$t/network.txt"
tools/esp.sh --unchecked --program build/test/efi/network.EFI --add "$t/network.txt=network.txt" '' "$t/plain.img"
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
while len(found) < len(set(marks)) and time.monotonic() < end:
    more = f.read()
    now = time.monotonic()
    data += more
    for m in marks:
        if m not in found and m in data:
            found[m] = now
    time.sleep(0.001)
print(*(f"{found[m] - found[marks[0]]:.3f}" if m in found and marks[0] in found else "none" for m in marks[1:]))
END

# ours NAME [MARK]: one boot by that disk, as a JSON line: seconds from the hand-over to the start of the
# kernel and to MARK, the guest's first word; by its own clock, to the network and to the manifest; MB/s.
ours() {
	local start guest
	vm_start "$t/vm" image="$t/$1.img" boot=disk memory=1024 -- -smp "$processors"
	read -r start guest < <(python3 "$t/stamp.py" "$t/vm/serial" 'BdsDxe: loading Boot' 'starting release 7' "${2:-starting release 7}")
	vm_text > "$t/log"
	vm_stop
	jq -Rcn --arg start "$start" --arg guest "$guest" '[inputs] as $lines |
		def at($pattern): [$lines[] | capture("^\\[ *(?<s>[0-9.]+)\\] .*" + $pattern) | .s | tonumber][0];
		{start: ($start | tonumber), guest: ($guest | tonumber), network: at("network: (lwIP|TCP4) on "),
		manifest: at("manifest.json: release 7, accepted"), lanes: [$lines[] | select(test("hashes per ms"))][0],
		rate: [$lines[] | capture("initrd.img: .* MB, verified, (?<mb>[0-9.]+) MB/s") | .mb | tonumber][0]} |
		if any(.[]; . == null) then error("a line is missing") else . end' "$t/log" || { cat "$t/log" >&2; return 1; }
}
theirs() {
	local start guest
	vm_start "$t/vm" network="user,tftp=$t/tftp,bootfile=boot.ipxe" memory=1024 -- -smp "$processors"
	read -r start guest < <(python3 "$t/stamp.py" "$t/vm/serial" 'iPXE 1.0.0' 'everything is loaded' 'release 7 has started')
	vm_text > "$t/log"
	vm_stop
	jq -cn --arg start "$start" --arg guest "$guest" '{start: ($start | tonumber), guest: ($guest | tonumber)}' || { cat "$t/log" >&2; return 1; }
}
# plain: MB/s of a download in the machine that nothing checks, by either network; and of the host's curl.
plain() {
	vm_start "$t/vm" image="$t/plain.img" boot=disk memory=1024 -- -smp "$processors"
	vm_until 200 'network test: end' || return
	vm_text > "$t/log"
	vm_stop
	[ "$(grep -c "^sha256 $(sha256sum < "$release/initrd.img" | cut -c 1-64)" "$t/log")" = 2 ] || { cat "$t/log" >&2; return 1; }
	sed -n 's/^rate \([0-9]*\) kB.*/\1/p' "$t/log" | jq -sc --argjson curl \
		"$(curl -so /dev/null -w '%{speed_download}' "http://127.0.0.1:$port/stable/x86_64/initrd.img")" \
		'{lwip: (.[0] / 1000), tcp4: (.[1] / 1000), curl: ($curl / 1000000 | round)}'
}

for ((i = 0; i < rounds && (i == 0 || SECONDS < begins_s); i++)); do
	jq -cn --argjson ipxe "$(theirs)" --argjson one "$(ours one 'release 7 has started')" --argjson two "$(ours two)" \
		--argjson tcp4 "$(ours tcp4)" --argjson plain "$(plain)" '$ARGS.named' >> "$t/rounds"
done
jq -sc --argjson processors "$processors" '
	def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;
	def three: . * 1000 | round / 1000;
	def middle(f): map(f) | median | three;
	. as $rounds | {rounds: length, processors: $processors} as $how |
	({figure: "hand-over to the start of the kernel, 75 MB, seconds", swfetch: middle(.one.start), ipxe: middle(.ipxe.start),
	ratio: middle(.one.start / .ipxe.start), wanted: "at most 1", to_the_guest: middle(.one.guest),
	to_the_guest_ipxe: middle(.ipxe.guest)} + $how),
	{figure: "start to network, and to the manifest accepted, seconds", network: middle(.one.network),
	manifest: middle(.one.manifest), wanted_network: 0.3},
	(["lwip", "one"], ["tcp4", "tcp4"] | . as [$stack, $run] | $rounds |
	{figure: "61 MB in the machine by \($stack), from one provider: fetched and verified, against fetched by the same network and nothing checked, MB/s",
	verified: middle(.[$run].rate), plain: middle(.plain[$stack]), ratio: middle(.[$run].rate / .plain[$stack]),
	verification_overhead_percent: middle((.plain[$stack] / .[$run].rate - 1) * 100)}),
	{figure: "the same file by curl on the host, no machine and no virtual network between, MB/s", curl: middle(.plain.curl)},
	{figure: "two providers against one, fetched and verified, MB/s", two: middle(.two.rate), one: middle(.one.rate),
	ratio: middle(.two.rate / .one.rate)},
	{figure: "TCP4 of the firmware against lwIP, fetched and verified, MB/s", tcp4: middle(.tcp4.rate), lwip: middle(.one.rate),
	ratio: middle(.tcp4.rate / .one.rate), hand_over_ratio: middle(.tcp4.start / .one.start)},
	{figure: "Keccak lanes chosen", lanes: .[-1].one.lanes}' "$t/rounds"

# Bytes of the image by part, as the linker placed them: code, and all else that is loaded.
awk '/^Linker script and memory map/ { on = 1 }
	!on { next }
	/^ [.A-Z][^ ]*$/ { section = $1 }
	/^ [.A-Z][^ ]* +0x[0-9a-f]+ +0x[0-9a-f]+ [^ ]/ { print $1, $3, $4 }
	/^ +0x[0-9a-f]+ +0x[0-9a-f]+ [^ ]/ { print section, $2, $3 }' build/SWFETCH.map |
	while read -r section size file; do
		case $file in
		*/libefi.a* | */entry.o | */sbat.o) part="the program" ;;
		*/libphase.a*) part="the cores" ;;
		*/libgnuefi.a* | */crt0*) part=gnu-efi ;;
		*) part=${file##*/lib} part=${part%%.*} ;;
		esac
		case $section in
		.text*) echo "$part/code/$((size))" ;;
		.rodata* | .data* | .bss* | .sbat | .got* | COMMON) echo "$part/data/$((size))" ;;
		esac
	done |
	jq -Rnc --argjson image "$(stat -c %s build/SWFETCH.EFI)" '{figure: "bytes of SWFETCH.EFI by part", image: $image,
	parts: (reduce (inputs | split("/")) as [$part, $kind, $size] ({}; .[$part][$kind] += ($size | tonumber)))}'
