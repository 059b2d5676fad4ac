#!/bin/bash
# mark-nx.sh IMAGE: says in the header of a PE image that it needs no memory both writable and
# executable (NX_COMPAT), which objcopy cannot. tools/check-efi.sh proves that it is true.
# The checksum is cleared, which means there is none: firmware asks for none.
set -euo pipefail

[ $# = 1 ] || { echo "usage: mark-nx.sh IMAGE" >&2; exit 2; }
image=$1
# number OFFSET BYTES
number() {
	od -An -v "-tu$2" -j "$1" -N "$2" "$image" | tr -d ' '
}
header=$(number 60 4)
[ "$(number "$header" 4)" = $((0x4550)) ] || { echo "mark-nx.sh: $image is no PE image" >&2; exit 1; }
optional=$((header + 24))
flags=$(($(number $((optional + 70)) 2) | 0x100))
put() { # OFFSET OCTAL-ESCAPES
	# shellcheck disable=SC2059  # the text is made of escapes
	printf "$2" | dd of="$image" bs=1 seek="$1" conv=notrunc status=none
}
put $((optional + 64)) '\0\0\0\0'
put $((optional + 70)) "$(printf '\\%03o\\%03o' $((flags & 255)) $((flags >> 8)))"
