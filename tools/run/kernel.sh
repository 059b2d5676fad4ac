#!/bin/bash
# kernel.sh FOLDER: Debian's kernel for virtual machines, unpacked and not installed:
# FOLDER/vmlinuz, and FOLDER/modules/*.ko (virtio-net and what it needs, in FOLDER/modules/order).
# Downloaded once; does nothing when all is there.
set -euo pipefail

[ $# = 1 ] || { echo "usage: kernel.sh FOLDER" >&2; exit 2; }
folder=$1
[ ! -e "$folder/modules/order" ] || exit 0

say() {
	echo "kernel: $*" >&2
}
case $(uname -m) in
x86_64) flavour=cloud-amd64 ;;
*) say "the demonstration is for x86_64, this machine is $(uname -m)"; exit 1 ;;
esac

mkdir -p "$folder"
scratch=$(mktemp -d "$folder/.new.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# The package of the day that the meta package stands for.
package() {
	apt-cache depends "linux-image-$flavour" 2> /dev/null | awk '/Depends: linux-image-[0-9]/ { print $2; exit }'
}
download() {
	local name
	name=$(package)
	[ -n "$name" ] || return 1
	(cd "$scratch" && apt-get -q -o APT::Sandbox::User=root download "$name") > "$scratch/log" 2>&1
}
if ! download; then # the lists are missing, or older than the archive
	apt-get -q -o DPkg::Lock::Timeout=300 update > "$scratch/log" 2>&1 || true
	download || { cat "$scratch/log" >&2; say "cannot download linux-image-$flavour"; exit 1; }
fi

dpkg-deb -x "$scratch"/linux-image-*.deb "$scratch/root"
mkdir "$scratch/modules"
# In the order in which they must be loaded, so that no depmod is needed.
for module in drivers/virtio/{virtio_ring,virtio,virtio_pci_modern_dev,virtio_pci_legacy_dev,virtio_pci} \
	net/core/failover drivers/net/{net_failover,virtio_net}; do
	cp "$scratch"/root/lib/modules/*/kernel/"$module.ko" "$scratch/modules"
	echo "${module##*/}"
done > "$scratch/modules/order"
# order comes last, and says that all is there
rm -rf "$folder/modules"
mv "$scratch"/root/boot/vmlinuz-* "$folder/vmlinuz"
mv "$scratch/modules" "$folder/modules"
