#!/bin/bash
# esp.sh [--unchecked] [--program FILE] [--add FILE=PATH]... CONFIG IMAGE: a disk image that boots
# SWFETCH.EFI, for a USB stick or a virtual machine. One EFI system partition (MBR, FAT) with the
# program as \EFI\BOOT\BOOTX64.EFI, CONFIG as \EFI\swfetch\swfetch.json, and files that were added.
# Needs no root; the same inputs give the same bytes.
#
# CONFIG must be one that the program takes. --unchecked is for tests: anything, or "" for none; and
# so is --program, which takes another program.
set -euo pipefail

usage() {
	echo "usage: esp.sh [--unchecked] [--program FILE] [--add FILE=PATH]... CONFIG IMAGE" >&2
	exit 2
}
unchecked='' added=() program=
while [[ ${1-} = --* ]]; do
	case $1 in
	--unchecked) unchecked=1 ;;
	--program) [ -n "${2-}" ] || usage; program=$2; shift ;;
	--add) [[ ${2-} = *=?* ]] || usage; added+=("$2"); shift ;;
	*) usage ;;
	esac
	shift
done
[ $# = 2 ] || usage
config=$1 image=$2 build=$(dirname "$0")/../build
die() {
	echo "esp: $*" >&2
	exit 1
}
program=${program:-$build/SWFETCH.EFI}
[ -f "$program" ] || die "$program: no such file: make efi"
[ -n "$unchecked" ] || "$build/esp/check-config" "$config" || exit

files=("$program=EFI/BOOT/BOOTX64.EFI")
[ -z "$config" ] || files+=("$config=EFI/swfetch/swfetch.json")
files+=("${added[@]}")

# Room for the files and as much again as a machine that writes there may want.
mib=8 identity=()
for file in "${files[@]}"; do
	[ -f "${file%=*}" ] || die "${file%=*}: no such file"
	mib=$((mib + ($(stat -L -c %s "${file%=*}") + 1048575) / 1048576))
	identity+=("${file##*=}" "$(sha256sum < "${file%=*}")")
done
number=$(sha256sum <<< "${identity[*]}" | cut -c 1-8)
# By number of clusters FAT12 ends at 16 MiB here; the next kind is what real sticks have.
[ $mib -ge 33 ] || mib=33

trap 'rm -f "$image.new"' EXIT
rm -f "$image.new"
truncate -s $(((mib + 1) * 1048576)) "$image.new"
# octets NUMBER: four bytes, little-endian, for printf
octets() {
	printf '\\%03o\\%03o\\%03o\\%03o' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255))
}
# The disk's number, a partition of type EF from sector 2048 on (by number, not by cylinder), and
# three that are empty.
entry="\\000\\376\\377\\377\\357\\376\\377\\377$(octets 2048)$(octets $((mib * 2048)))"
# shellcheck disable=SC2059 # the text is made of escapes
printf "$(octets $((16#$number)))\\000\\000$entry" | dd of="$image.new" bs=1 seek=440 conv=notrunc status=none
printf '\125\252' | dd of="$image.new" bs=1 seek=510 conv=notrunc status=none

export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH-0} TZ=UTC0 MTOOLS_SKIP_CHECK=1
[ "$SOURCE_DATE_EPOCH" -ge 315532800 ] || SOURCE_DATE_EPOCH=315532800 # FAT's time begins with 1980
fat=$image.new@@1M
mformat -i "$fat" -T $((mib * 2048)) -H 2048 -h 64 -s 32 -N "$number" -v SWFETCH ::
for file in "${files[@]}"; do
	folder='' path=${file##*=}
	path=${path//\\//}
	IFS=/ read -ra parts <<< "${path#/}"
	for part in "${parts[@]::${#parts[@]}-1}"; do
		folder+=/$part
		mdir -b -i "$fat" "::$folder" > /dev/null 2>&1 || mmd -i "$fat" "::$folder"
	done
	mcopy -i "$fat" "${file%=*}" "::${path#/}"
done
mv "$image.new" "$image"
