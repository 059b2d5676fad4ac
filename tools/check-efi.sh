#!/bin/bash
# check-efi.sh IMAGE LINKED: what must be true of a firmware program, read from the finished PE image
# and from the linked ELF file that it was made of. Says everything that is not, and fails then.
set -euo pipefail

[ $# = 2 ] || { echo "usage: check-efi.sh IMAGE LINKED" >&2; exit 2; }
image=$1 linked=$2 bad=0
size_bytes=$(stat -c %s "$image")
most_bytes=$((700 * 1024))
# Half of all stack that firmware promises would be no place for one function.
most_frame_bytes=$((16 * 1024))

complain() {
	echo "$1"
	bad=1
}
give_up() {
	complain "$1"
	exit 1
}
# number OFFSET BYTES: little-endian, from the image.
number() {
	od -An -v "-tu$2" -j "$1" -N "$2" "$image" | tr -d ' '
}
text_at() { # OFFSET BYTES: without zeros at the end
	dd if="$image" bs=65536 iflag=skip_bytes,count_bytes skip="$1" count="$2" status=none | tr -d '\0'
}

# --- the PE image ----------------------------------------------------------------------------
has() { # OFFSET
	[ "$1" -le "$size_bytes" ] || give_up "$image: ends at $size_bytes, before its headers end"
}
has 64
[ "$(number 0 2)" = $((0x5a4d)) ] || give_up "$image: no MZ at the beginning"
header=$(number 60 4)
has $((header + 24 + 240))
[ "$(number "$header" 4)" = $((0x4550)) ] || give_up "$image: no PE header"
[ "$(number $((header + 4)) 2)" = $((0x8664)) ] || complain "$image: not for x86_64"
[ "$(number $((header + 8)) 4)" = 0 ] || complain "$image: carries a time, so no two builds are the same"
[ $(($(number $((header + 22)) 2) & 1)) = 0 ] || complain "$image: relocations are stripped"
optional=$((header + 24))
[ "$(number "$optional" 2)" = $((0x20b)) ] || give_up "$image: not PE32+"
[ "$(number $((optional + 68)) 2)" = 10 ] || complain "$image: not an EFI application"
[ "$(number $((optional + 32)) 4)" = 4096 ] || complain "$image: SectionAlignment is not 4096"
entry=$(number $((optional + 16)) 4)
image_bytes=$(number $((optional + 56)) 4)
header_bytes=$(number $((optional + 60)) 4)
nx=$(($(number $((optional + 70)) 2) & 0x100))
reloc_at=$(number $((optional + 112 + 5 * 8)) 4)
reloc_bytes=$(number $((optional + 112 + 5 * 8 + 4)) 4)
[ "$size_bytes" -le $most_bytes ] || complain "$image: $size_bytes bytes, more than $most_bytes"

sections_n=$(number $((header + 6)) 2)
table=$((optional + $(number $((header + 20)) 2)))
has $((table + 40 * sections_n))
apart=1 entered='' ends=$header_bytes sbat='' relocations=''
for ((i = 0; i < sections_n; i++)); do
	row=$((table + 40 * i))
	name=$(text_at $row 8)
	bytes=$(number $((row + 8)) 4) at=$(number $((row + 12)) 4)
	raw_bytes=$(number $((row + 16)) 4) raw_at=$(number $((row + 20)) 4)
	flags=$(number $((row + 36)) 4)
	writable=$((flags >> 31 & 1)) readable=$((flags >> 30 & 1)) executable=$((flags >> 29 & 1))
	[ "$readable" = 1 ] || complain "$image: $name cannot be read"
	[ $((writable & executable)) = 0 ] || { complain "$image: $name is both writable and executable"; apart=0; }
	[ $((at % 4096)) = 0 ] || { complain "$image: $name lies at $at, which is no multiple of 4096"; apart=0; }
	[ "$at" -ge "$ends" ] || complain "$image: $name lies over what is before it"
	ends=$((at + bytes))
	[ $((raw_at + raw_bytes)) -le "$size_bytes" ] || complain "$image: $name ends outside the file"
	# What the file has no bytes for is zeros: some firmware forgets to make them.
	[ "$raw_bytes" -ge "$bytes" ] || complain "$image: $name is shorter in the file than in memory"
	[ $((executable && entry >= at && entry < at + bytes)) = 0 ] || entered=$name
	[ "$name" != .sbat ] || sbat="$raw_at $bytes $writable $executable"
	[ $((reloc_at >= at && reloc_at + reloc_bytes <= at + bytes)) = 0 ] || relocations="$name $((raw_at + reloc_at - at))"
	echo "trend SWFETCH.EFI $name: $bytes bytes"
done
[ "$ends" -le "$image_bytes" ] || complain "$image: SizeOfImage is smaller than the sections"
[ -n "$entered" ] || complain "$image: does not begin in executable code"
[ "$nx" != 0 ] || complain "$image: does not say NX_COMPAT"
[ "$nx" = 0 ] || [ $apart = 1 ] || complain "$image: says NX_COMPAT, which is not true"

# A table of base relocations must be there, or firmware takes the image for one that cannot move.
if [ "$reloc_bytes" -lt 8 ] || [ -z "$relocations" ]; then
	complain "$image: no table of base relocations in a section"
else
	read -r name raw_at <<< "$relocations"
	has $((raw_at + reloc_bytes))
	[ "$name" = .reloc ] || complain "$image: base relocations in $name, not in .reloc"
	for ((done_bytes = 0; done_bytes < reloc_bytes; done_bytes += block)); do
		block=$(number $((raw_at + done_bytes + 4)) 4)
		if [ "$block" -lt 8 ] || [ $((done_bytes + block)) -gt "$reloc_bytes" ]; then
			complain "$image: a block of base relocations is $block bytes long"
			break
		fi
		[ "$(number $((raw_at + done_bytes)) 4)" -lt "$image_bytes" ] ||
			complain "$image: base relocations for what lies outside the image"
	done
fi

if [ -z "$sbat" ]; then
	complain "$image: no section .sbat"
else
	read -r raw_at bytes writable executable <<< "$sbat"
	[ $((writable | executable)) = 0 ] || complain "$image: .sbat is not for reading only"
	mapfile -t lines < <(text_at "$raw_at" "$bytes")
	[ "${lines[0]-}" = 'sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md' ] ||
		complain "$image: .sbat begins with '${lines[0]-}'"
	[[ "${lines[1]-}" =~ ^swfetch,[1-9][0-9]*,[^,]+,[^,]+,[^,]+,[^,]+$ ]] ||
		complain "$image: .sbat says '${lines[1]-}' of us"
fi

# Both kinds of text: bytes, and UTF-16.
texts=$(strings -n 6 "$image"; strings -n 6 -e l "$image")
paths=$({ grep -E '/(home|root|work|tmp|var|srv|usr|mnt|build)/' <<< "$texts"; grep -F "$PWD/" <<< "$texts"; } || true)
[ -z "$paths" ] || complain "$image: names paths of the machine that built it: $(head -n 3 <<< "$paths" | paste -sd ' ')"

# --- what it was made of -----------------------------------------------------------------------
said=$(tools/check-redzone.sh "$linked" 2>&1) || complain "$said"
undefined=$(nm -u "$linked" | awk '{ print $2 }' | paste -sd ' ')
[ -z "$undefined" ] || complain "$linked: undefined: $undefined"

# A section that the linker script does not know is missing in the image: tables of constructors,
# data of threads.
known=' .text .rodata .sbat .reloc .data .dynamic .rela .dynsym .dynstr .hash .gnu.hash '
while read -r name; do
	[[ $known = *" $name "* ]] || complain "$linked: the section $name does not come into the image"
done < <(readelf -SW "$linked" | sed 's/^ *\[ *[0-9]*\] //' | awk '$1 ~ /^\./ && $7 ~ /A/ { print $1 }')

# The image moves itself: nothing but adding the address, nowhere but in .data.
read -r data_at data_bytes < <(readelf -SW "$linked" | sed 's/^ *\[ *[0-9]*\] //' | awk '$1 == ".data" { print $3, $5 }')
while read -r offset _ type _; do
	[ "$type" = R_X86_64_RELATIVE ] || complain "$linked: a relocation that the start-up code does not know: $type"
	((0x$offset >= 0x${data_at-0} && 0x$offset < 0x${data_at-0} + 0x${data_bytes-0})) ||
		complain "$linked: a relocation at $offset, outside .data"
done < <(readelf -rW "$linked" | grep -E '^[0-9a-f]{8,}' || true)

code=$(objdump -d --no-show-raw-insn "$linked")
foreign=$(grep -oE '%[fg]s:[^ ,]*' <<< "$code" | sort -u | paste -sd ' ' || true)
[ -z "$foreign" ] || complain "$linked: reads what only an operating system sets up: $foreign"
# VEX and EVEX mnemonics: the processor refuses them until somebody has switched the registers on.
wide=$(awk '/^[0-9a-f]+ <.*>:$/ { name = $2 }
	$2 ~ /^v[a-z]/ && $2 !~ /^(verr|verw|vm[a-z]*)$/ && name !~ /_(avx2|avx512|gfni)>:$/ { print substr(name, 2, length(name) - 3) }' \
	<<< "$code" | sort -u | paste -sd ' ')
[ -z "$wide" ] || complain "$linked: AVX outside of functions named for it: $wide"
again=$(awk '/^[0-9a-f]+ <.*>:$/ { name = $2; sub(/:$/, "", name) }
	name ~ /^<(mem[a-z]+|move_[a-z0-9]+)>$/ && $2 ~ /^(call|jmp)/ && $NF ~ /^<mem[a-z]+>$/ { print name, $2, $NF }' <<< "$code")
[ -z "$again" ] || complain "$linked: calls itself for ever: $again"
while read -r frame name; do
	[ $((frame)) -le $most_frame_bytes ] || complain "$linked: $name has $((frame)) bytes on the stack, more than $most_frame_bytes"
done < <(awk '/^[0-9a-f]+ <.*>:$/ { name = $2 }
	$2 ~ /^sub/ && $3 ~ /^\$0x[0-9a-f]+,%rsp$/ { sub(/^\$/, "", $3); sub(/,.*/, "", $3); print $3, substr(name, 2, length(name) - 3) }' <<< "$code")

echo "trend SWFETCH.EFI: $size_bytes bytes"
exit $bad
