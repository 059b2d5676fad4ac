#!/bin/bash
# check-headers.sh: each header compiles alone, as C11 with its own includes only.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

status=0
flags=(-std=c11 -Ilib -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only)
while read -r header; do
	[ "$header" != lib/core/banned.h ] || continue # comes before everything
	case $header in
	lib/crypto/keccak_lanes.h | *_avx2.h | *_avx512.h | *_sse2.h) target=(-mavx2 -mavx512f -mavx512vl) ;;
	efi/uefi/*) target=(-I. -Iefi/uefi/lwip -isystem build/deps/lwip/src/include -fshort-wchar -DGNU_EFI_USE_MS_ABI -isystem /usr/include/efi -isystem /usr/include/efi/x86_64) ;;
	efi/*) target=(-I.) ;;
	*) target=() ;;
	esac
	# Twice: a header without a guard is found too.
	printf '#include "%s"\n#include "%s"\n' "${header#lib/}" "${header#lib/}" |
		gcc "${flags[@]}" "${target[@]}" -x c - || { echo "$header does not stand alone"; status=1; }
done < <(find lib efi -name '*.h' 2> /dev/null | sort)
exit $status
