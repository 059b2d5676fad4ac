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

#define CHECKING_LOST_MS 5000 /* for a piece, which takes some 10: longer, and the processor is lost */

/* One piece to check. A worker waits for READY or STOP, and says DONE; all else is of the owner. */
struct checking_job {
	_Atomic uint32_t state;
	struct tree tree;
	struct bytes tree_file, data;
	uint8_t reference[SHA256_BYTES];
	enum keccak_kind kind;
	uint64_t first; /* block of data */
	uint32_t piece;
	bool good;
	bool lost; /* it has not come back with this piece, which others do now */
	uint64_t began_ms;
	struct bmt_scratch scratch;
};

struct checking {
	struct platform *platform;
	enum keccak_kind kind;
	struct checking_job *workers, own; /* owned: pages of workers_most */
	unsigned workers_n, workers_most;
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

/* Takes the processors that the machine lends; c must be zero. ERR_NO_MEMORY: none of them, this one
 * will do it alone. */
MUST_CHECK int checking_open(struct checking *c, struct platform *p, enum keccak_kind kind);
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
/* Waits for what is under way and forgets it: the artifact is given up, or begins anew. False: a
 * processor has not come back, so bytes and tree_file must stay where they are, for good. */
bool checking_stop(struct checking *c);
/* Gives the processors back. False as above; what they use of c's own is kept. */
MUST_CHECK bool checking_close(struct checking *c);

#endif
