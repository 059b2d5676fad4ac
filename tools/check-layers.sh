#!/bin/bash
# check-layers.sh: each room includes only the rooms below it, and cores no header of a system. The
# firmware program stands on all cores and not on host; only efi/uefi/ knows the firmware's headers.
set -euo pipefail
cd "$(dirname "$0")/.."

# ROOM=what it may include beside itself.
declare -A below=(
	[core]='' [crypto]='core' [http]='core' [p2p]='core crypto' [kad]='core crypto p2p'
	[swarm]='core crypto p2p' [phase]='core crypto' [fetch]='core crypto http p2p kad swarm phase'
	[host]='core crypto http p2p kad swarm phase fetch' [efi]='core crypto http p2p kad swarm phase fetch')
language='assert|inttypes|limits|stdalign|stdbool|stddef|stdint|string'
status=0

complain() {
	echo "$1" >&2
	status=1
}

# Angle headers that FILE may include, as a pattern; the faces of libraries stand in crypto alone.
angles_of() {
	local allowed="$language"
	case $1 in
	lib/core/banned.h) allowed+='|stdio|stdlib|time' ;; # to forbid what they declare
	lib/crypto/*_sse2.* | lib/crypto/*_avx2.* | lib/crypto/*_avx512.* | lib/swarm/*_avx2.* | lib/swarm/*_gfni.*) allowed+='|[a-z]+mmintrin|immintrin' ;;
	lib/crypto/cpu.c) allowed+='|cpuid' ;;
	efi/uefi/*) allowed+='|stdarg|efi[a-z]*|(lwip|netif|arch)/[a-z0-9_/]+' ;;
	efi/*) allowed+='|stdarg|stdatomic' ;; # atomics: what a worker shares with its owner
	lib/crypto/*) allowed+='|sodium|sodium/[a-z0-9_]+|openssl/(sha|evp|x509)|secp256k1[a-z0-9_]*|bearssl_ec' ;;
	esac
	echo "$allowed"
}

for folder in lib/*/ efi/; do
	[ -d "$folder" ] || continue
	room=$(basename "$folder")
	[ -n "${below[$room]+x}" ] || { complain "$folder: a room that tools/check-layers.sh does not know"; continue; }
	what='a core'
	[ "$room" != efi ] || what=efi
	rooms=" $room ${below[$room]} "
	while IFS=: read -r file line text; do
		[ -n "$file" ] || continue
		where="$file:$line"
		if [[ $text = *'"efi/uefi/'* && $file != efi/uefi/* ]]; then
			complain "$where: only efi/uefi/ may know the firmware"
		elif [[ $text =~ \"([a-z0-9_]+)/ ]]; then
			[[ $rooms = *" ${BASH_REMATCH[1]} "* ]] || complain "$where: $room may not include ${BASH_REMATCH[1]}/"
		elif [[ $text =~ \<([^\>]+)\.h\> ]]; then
			header=${BASH_REMATCH[1]}
			[ "$room" = host ] || [[ $header =~ ^($(angles_of "$file"))$ ]] ||
				complain "$where: $what may not include <$header.h>"
		else
			complain "$where: include by room (\"room/x.h\"), not $text"
		fi
	done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include' "$folder" --include='*.[ch]' --include='*.inc')
done
exit $status
