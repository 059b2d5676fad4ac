/* Checking an artifact while it arrives: each piece against the Swarm tree, on other processors
 * where the machine lends them, and the SHA-256 of the whole in order behind that. */
#ifndef EFI_CHECKING_H
#define EFI_CHECKING_H

#include <stdatomic.h>

#include "efi/platform.h"
#include "fetch/fetch.h"
#include "phase/manifest.h"
#include "swarm/tree.h"

#define CHECKING_STEP_BYTES 32768U /* between two looks at the network: one batch of the tree */

/* One piece to check. A worker waits for READY or STOP, and says DONE; all else is of the owner. */
struct checking_job {
	_Atomic uint32_t state;
	const struct tree *tree;
	struct bytes tree_file, data;
	const uint8_t *reference;
	enum keccak_kind kind;
	uint64_t first; /* block of data */
	uint32_t piece;
	bool good;
	struct bmt_scratch scratch;
};

struct checking {
	struct platform *platform;
	enum keccak_kind kind;
	struct checking_job workers[PLATFORM_WORKERS_MAX], own;
	unsigned workers_n;
	bool own_busy;
	uint64_t own_at; /* bytes of own.data that were found right */
	/* of the artifact */
	struct fetch *fetch;
	const struct artifact *artifact;
	const uint8_t *bytes;
	const struct tree *tree;
	struct bytes tree_file;
	uint32_t waiting[FETCH_PIECES_MAX]; /* a ring */
	uint64_t waiting_in, waiting_out;
	struct sha256 sha256; /* of the first hashed bytes */
	uint64_t hashed;
};

/* Takes the processors that the machine lends; c must be zero, and stay where it is. */
void checking_open(struct checking *c, struct platform *p, enum keccak_kind kind);
/* An artifact whose bytes come into memory as f says. tree_file: its FILE.bmt, checked; used when
 * f->has_tree. All must outlive the artifact. */
void checking_begin(struct checking *c, struct fetch *f, const struct artifact *a, const uint8_t *bytes,
		    const struct tree *tree, struct bytes tree_file);
/* A piece that is in memory. */
void checking_add(struct checking *c, uint32_t piece);
/* Some work, a few milliseconds at most: results go to the fetch machine. idle: the network has
 * nothing to do, so this processor checks pieces, too; it also does when the others fall behind.
 * True: something was done. */
bool checking_step(struct checking *c, bool idle);
/* All pieces are there: whether the whole is what was signed. */
bool checking_whole(struct checking *c);
/* Waits for what is under way and forgets it: the artifact is given up, or begins anew. */
void checking_stop(struct checking *c);
/* Gives the processors back. */
void checking_close(struct checking *c);

#endif
