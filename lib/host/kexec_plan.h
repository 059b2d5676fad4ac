/* From a boot plan to what kexec loads: everything in the plan is checked against its manifest
 * once more. All functions print what is wrong before they return an error. */
#ifndef HOST_KEXEC_PLAN_H
#define HOST_KEXEC_PLAN_H

#include <cjson/cJSON.h>

#include "host/trust.h"
#include "phase/plan.h"

struct kexec_plan {
	struct plan plan;
	struct manifest manifest;
	struct bytes plan_text, manifest_text; /* owned */
	void *memory[2];                       /* owned */
	int kernel_fd, initrd_fd;              /* owned; sealed; initrd_fd -1: none */
	uint64_t initrd_bytes;
};

/* Reads the plan ("-": stdin) and the manifest it names, and sees that one says what the other
 * says, is for this machine, and is something that kexec can start. */
MUST_CHECK int kexec_plan_read(struct cli *cli, const char *path, struct kexec_plan *k);
/* Judges the manifest as phase-verify would, now; state as --state, NULL for none. */
MUST_CHECK int kexec_plan_judge(struct cli *cli, struct kexec_plan *k, const struct trust *trust, const char *state);
/* Copies the files into sealed memory and checks size and SHA-256 of the copies. */
MUST_CHECK int kexec_plan_check_files(struct cli *cli, struct kexec_plan *k);
/* What would be started, for --dry-run; judged: kexec_plan_judge has accepted. NULL: out of
 * memory. The caller deletes it. */
cJSON *kexec_plan_json(const struct kexec_plan *k, bool judged);
/* Also after a failure; a k that was never read has -1 for its descriptors. */
void kexec_plan_free(struct kexec_plan *k);

#endif
