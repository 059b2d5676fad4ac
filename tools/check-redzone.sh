#!/bin/bash
# check-redzone.sh FILE...: objects, archives or images for firmware must touch no memory below the
# stack pointer, because interrupts there write to it. lea only computes an address and may. With an
# index the address may lie above all the same (clang writes a[i - 1] so, a being at the very end
# of the frame), so such an access counts only in a function that makes no frame.
set -euo pipefail

[ $# != 0 ] || { echo "usage: check-redzone.sh FILE..." >&2; exit 2; }
bad=0
for file; do
	code=$(objdump -d --no-show-raw-insn "$file")
	# An empty answer would prove nothing. Only x86-64 has such a zone in its calling convention.
	case $(grep -m1 -o 'file format .*' <<< "$code" || true) in
	*x86-64*) ;;
	*aarch64* | *riscv*) continue ;;
	*) echo "check-redzone.sh: cannot read $file" >&2; exit 2 ;;
	esac
	found=$(awk '
		function finish() {
			if (!frame && indexed != "")
				printf "%s", indexed
			frame = 0
			indexed = ""
		}
		/^[0-9a-f]+ <.*>:$/ { finish(); name = $2 }
		$2 ~ /^(sub|lea|and)/ && /,%rsp$/ { frame = 1 }
		$2 ~ /^lea/ { next }
		/-0x[0-9a-f]+\(%[re]?sp\)/ { print "  " name " " $0 }
		/-0x[0-9a-f]+\(%[re]?sp,/ { indexed = indexed "  " name " " $0 "\n" }
		END { finish() }' <<< "$code")
	if [ -n "$found" ]; then
		echo "$file: $(wc -l <<< "$found") accesses below the stack pointer, the first ones:" >&2
		head -n 5 <<< "$found" >&2
		bad=1
	fi
done
exit $bad
