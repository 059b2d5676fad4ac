/* What is in memory for one release: the kernel, and the initial RAM disks in order. */
#ifndef EFI_IMAGES_H
#define EFI_IMAGES_H

#include "efi/report.h"
#include "phase/plan.h"

struct image {
	const struct artifact *artifact;
	uint8_t *pages; /* owned: of the signed size */
};

struct images {
	struct image v[1 + PLAN_INITRDS_MAX];
	size_t n;
};

/* Takes the memory for all of a release at once, so that a lack of it is known before anything is fetched. A
 * release is started with all that was signed for it, or not: ERR_MISSING, ERR_VALUE, ERR_NO_MEMORY, told. m must
 * outlive it. images_give in any case. */
MUST_CHECK int images_take(struct images *i, const struct report *r, const struct manifest *m);
/* quiet: nobody reads it any more; else it stays taken. */
void images_give(struct images *i, const struct report *r, bool quiet);
/* Starts what has been loaded; as platform_start. */
MUST_CHECK int images_start(const struct images *i, const struct report *r, const struct manifest *m, bool *started);

#endif
