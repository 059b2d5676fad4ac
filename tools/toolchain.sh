#!/bin/bash
# toolchain.sh NAME VERSION PURPOSE: fails with one clear line unless the toolchain NAME (go, cargo,
# node) is there and at least that new. Debian bookworm's are too old for what peers need.
set -euo pipefail

[ $# = 3 ] || { echo "usage: toolchain.sh go|cargo|node VERSION PURPOSE" >&2; exit 2; }
name=$1 needed=$2 purpose=$3
case $name in
go) command=(go env GOVERSION) ;;
cargo | node) command=("$name" --version) ;;
*) echo "toolchain.sh: '$name' is not a toolchain" >&2; exit 2 ;;
esac
if ! command -v "$name" > /dev/null; then
	echo "$purpose needs $name $needed or newer in PATH, and there is none" >&2
	exit 1
fi
found=$("${command[@]}" | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1 || true)
if [ "$(printf '%s\n' "$needed" "${found:-0}" | sort -V | head -n 1)" != "$needed" ]; then
	echo "$purpose needs $name $needed or newer in PATH, and this is ${found:-unknown}" >&2
	exit 1
fi
