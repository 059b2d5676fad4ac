#!/bin/bash
# check-hardened.sh: what the loader and the compiler can do against a bug is on in every program,
# and no program tells where it was built.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

status=0
complain() {
	echo "$1"
	status=1
}
for source in cmd/*.c; do
	program=build/bin/$(basename "$source" .c)
	[ -f "$program" ] || { complain "$program: is not built"; continue; }
	symbols=$(readelf -sW --dyn-syms "$program")
	header=$(readelf -hW "$program") segments=$(readelf -lW "$program") dynamic=$(readelf -dW "$program")
	grep -q 'Type: *DYN' <<< "$header" || complain "$program: not position independent"
	grep -q GNU_RELRO <<< "$segments" || complain "$program: no read-only relocations"
	grep -qE 'BIND_NOW|Flags:.*NOW' <<< "$dynamic" || complain "$program: binds lazily"
	grep -q 'GNU_STACK.* RW ' <<< "$segments" || complain "$program: the stack may be executed"
	grep -q __stack_chk_fail <<< "$symbols" || complain "$program: no stack protector"
	grep -qE 'R(UN)?PATH' <<< "$dynamic" && complain "$program: looks for libraries in a folder of its own"
	LC_ALL=C grep -qaF "$PWD/" "$program" && complain "$program: contains the path where it was built"
done
exit $status
