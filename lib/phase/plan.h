/* The boot plan: which of a manifest's files start the machine, in which order, with which
 * command line; and the plan as JSON between phase-fetch (which writes it) and phase-boot:
 * {"kernel":PATH,"initrd":[PATH…],"dtb":PATH,"cmdline":…,"release":…,"channel":…,"arch":…,
 *  "manifest":PATH,"manifest_sha256":…,"sources":[…]}, with "uki" instead of "kernel" for a unified kernel image.
 * Unknown members are ignored, "sources" too. */
#ifndef PHASE_PLAN_H
#define PHASE_PLAN_H

#include "phase/manifest.h"

#define PLAN_BYTES_MAX DOCUMENT_BYTES_MAX
#define PLAN_ARENA_BYTES DOCUMENT_ARENA_BYTES
#define PLAN_INITRDS_MAX MANIFEST_ARTIFACTS_MAX
#define PLAN_PATH_MAX 4095

/* Fills out with the initial RAM disks in the order they are handed to the kernel: "initramfs",
 * then "initramfs.1", "initramfs.2" and so on by number; gaps are allowed. Gives how many. Other
 * roles, "initramfs.01" and "initramfs.x" among them, are no initial RAM disks. */
size_t plan_initrds(const struct manifest *m, const struct artifact *out[static PLAN_INITRDS_MAX]);
/* What is started: the kernel, or the unified kernel image where there is no kernel. */
const struct artifact *plan_kernel(const struct manifest *m);

/* Each path and cmdline is a view into the arena and followed by a NUL, so that .p can be given
 * to open(2). No path is empty or contains a NUL; absent ones are BYTES_NONE. */
struct plan {
	struct bytes kernel, uki; /* exactly one of them is present */
	struct bytes initrds[PLAN_INITRDS_MAX];
	size_t initrds_n;
	struct bytes dtb;
	struct bytes cmdline; /* empty when absent */
	struct bytes manifest;
	bool has_manifest_sha256;
	uint8_t manifest_sha256[SHA256_BYTES]; /* of the file that was verified: ties the plan to it */
	struct bytes channel, arch;            /* arch canonical */
	uint64_t release;
};

/* text must outlive p, and so must the arena (PLAN_ARENA_BYTES always suffice). */
MUST_CHECK int plan_read(struct plan *p, struct bytes text, struct arena *a, struct why *why);

/* Whether the plan says what the manifest says: release, channel, arch, command line, and one
 * path for each file that is handed over. ERR_VALUE with the member's name otherwise. The files'
 * content is the caller's to check: initrds[i] belongs to the i-th of plan_initrds. */
MUST_CHECK int plan_matches(const struct plan *p, const struct manifest *m, struct why *why);

#endif
