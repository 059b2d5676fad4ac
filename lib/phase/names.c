#include "phase/names.h"

bool names_ignored(struct bytes filename)
{
	static const char *const side[] = {".bmt", ".part", ".sig", ".asc", ".sha256"};
	if (filename.n == 0 || filename.p[0] == '.' || bytes_is(filename, "manifest.json"))
		return true;
	for (size_t i = 0; i < sizeof side / sizeof side[0]; i++)
		if (bytes_ends(filename, side[i]))
			return true;
	return false;
}

struct bytes names_role(struct bytes filename)
{
	if (bytes_ends(filename, ".dtb"))
		return BYTES_LITERAL("dtb");
	if (bytes_ends(filename, ".efi"))
		return BYTES_LITERAL("uki");
	if (bytes_starts(filename, "vmlinuz") || bytes_is(filename, "bzImage") || bytes_is(filename, "Image") ||
	    bytes_is(filename, "kernel"))
		return BYTES_LITERAL("kernel");
	if (bytes_starts(filename, "initramfs") || bytes_starts(filename, "initrd"))
		return BYTES_LITERAL("initramfs");
	if (bytes_is(filename, "rootfs") || bytes_starts(filename, "rootfs."))
		return BYTES_LITERAL("rootfs");
	return filename;
}

const char *const *names_alternatives(struct bytes role)
{
	static const char *const kernel[] = {"kernel", "vmlinuz", "vmlinuz-arm64", "bzImage", "Image", NULL};
	static const char *const initramfs[] = {"initramfs",  "initramfs.img",       "initrd",
						"initrd.img", "initramfs-arm64.img", NULL};
	static const char *const rootfs[] = {"rootfs", "rootfs.img", "rootfs.squashfs", NULL};
	if (bytes_is(role, "kernel"))
		return kernel;
	if (bytes_is(role, "initramfs"))
		return initramfs;
	return bytes_is(role, "rootfs") ? rootfs : NULL;
}
