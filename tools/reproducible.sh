#!/bin/bash
# reproducible.sh: programs and firmware objects built again, in another folder and at another
# time, are the same bytes.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

there=$(mktemp -d) n=0 status=0
trap 'rm -rf "$there"' EXIT
tree=$there/somewhere/else
mkdir -p "$tree/build"
cp -a Makefile lib cmd efi tools "$tree"
# There is no history there, from which the firmware program takes its time.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH-$(git log -1 --format=%ct 2> /dev/null || echo 0)}
export SOURCE_DATE_EPOCH
# The prebuilt sources, and the compiler's warnings being errors or not, change no byte.
[ ! -d build/deps ] || ln -s "$PWD/build/deps" "$tree/build/deps"
if ! (cd "$tree" && make --no-print-directory -j"$(nproc)" programs firmware efi) > "$there/log" 2>&1; then
	sed 's/^/# /' "$there/log"
	echo 'not ok 1 - builds again elsewhere'
	echo '1..1'
	exit 1
fi
compare() {
	n=$((n + 1))
	if cmp "$1" "$tree/$1" 2>&1 | sed 's/^/# /' && cmp -s "$1" "$tree/$1"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		status=1
	fi
}
for source in cmd/*.c; do
	compare "build/bin/$(basename "$source" .c)"
done
compare build/firmware/libphase.a
compare build/SWFETCH.EFI
echo "1..$n"
exit $status
