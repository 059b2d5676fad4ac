#!/bin/bash
# initrd.sh KERNEL-FOLDER INIT OUT [PROGRAM...]: an initial RAM disk with busybox, the modules that
# kernel.sh has put into KERNEL-FOLDER, INIT as /init, and programs in /bin with the libraries that
# they are linked with. The same inputs give the same bytes.
set -euo pipefail

[ $# -ge 3 ] || { echo "usage: initrd.sh KERNEL-FOLDER INIT OUT [PROGRAM...]" >&2; exit 2; }
kernel=$1 init=$2 out=$3
shift 3
busybox=$(command -v busybox)
if ldd "$busybox" > /dev/null 2>&1; then
	echo "initrd: $busybox is not static: install busybox-static" >&2
	exit 1
fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir "$root"/{bin,dev,mod,proc,sys,tmp}
cp "$busybox" "$root/bin/busybox"
for applet in sh mount umount insmod ip cat cut grep sed sleep tr wget sync poweroff reboot ls dd cp mkdir uname seq; do
	ln -s busybox "$root/bin/$applet"
done
cp "$kernel"/modules/* "$root/mod"
install -m 755 "$init" "$root/init"
for program; do
	install -m 755 "$program" "$root/bin"
	# "libc.so.6 => /lib/libc.so.6 (0x…)", and the loader: "/lib64/ld-linux-x86-64.so.2 (0x…)"
	ldd "$program" | grep -oE '/[^ ]+' | while read -r library; do
		mkdir -p "$root$(dirname "$library")"
		cp -n -L "$library" "$root$library"
	done
done
find "$root" -exec touch -h -d @0 {} +
(cd "$root" && find . | LC_ALL=C sort | cpio --quiet -o -H newc --owner 0:0 --reproducible) | gzip -9n > "$out.new"
mv "$out.new" "$out"
