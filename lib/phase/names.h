/* What file names in a release folder mean: which artifact a file is, and which files are none. */
#ifndef PHASE_NAMES_H
#define PHASE_NAMES_H

#include "core/bytes.h"

/* The artifact that a file of this name is: "kernel" for vmlinuz*, bzImage, Image and kernel,
 * "initramfs" for initramfs* and initrd*, "rootfs" for rootfs and rootfs.*, "dtb" for *.dtb, "uki"
 * for *.efi; any other file is an artifact of its own name. The view is of filename or of a literal.
 * Ask names_ignored first: initramfs.img.sig must not take the place of what it stands beside. */
struct bytes names_role(struct bytes filename);

/* Files in a release folder that are no artifacts: hidden ones, manifest.json, and side files
 * (*.bmt, *.part, *.sig, *.asc, *.sha256). */
bool names_ignored(struct bytes filename);

/* The file names that a request for a role may mean, most wanted first; NULL ends the list. NULL
 * when role is none of kernel, initramfs, rootfs. */
const char *const *names_alternatives(struct bytes role);

#endif
