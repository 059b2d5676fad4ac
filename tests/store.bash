# shellcheck shell=bash
# What tests do to chunk stores; sourced by suites.

# Spoils what a file has first of some bytes.
spoil() { # FILE HEX
	local at
	at=$(xxd -p "$1" | tr -d '\n' | grep -ob -m 1 "$2" | head -n 1 | cut -d : -f 1)
	[ $((at % 2)) = 0 ]
	printf '\377\377' | dd of="$1" bs=1 seek=$((at / 2 + 8)) conv=notrunc status=none
}

# A command whose reads of a store's chunks fail, as on a disk that dies: the WHEN-th, or N+: all from
# the N-th on. The first one is that of the store's header.
fail_reads() { # FILE WHEN COMMAND...
	local file=$1 when=$2
	shift 2
	# leaks cannot be looked for under strace
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o calls -P "$(realpath "$file")" -e trace=pread64,preadv \
		-e inject=pread64,preadv:error=EIO:when="$when" "$@"
}
