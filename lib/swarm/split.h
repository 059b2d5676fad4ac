/* The splitter: a stream of bytes becomes the Swarm tree of a plain file, redundancy level 0.
 *
 * Leaves of 4096 bytes; 128 references make an intermediate chunk whose payload they are and
 * whose span is the number of file bytes below; a single leftover reference is not wrapped but
 * carried up a level. Source: Swarm specification; checked against bee's pipeline.
 *
 * Memory is the struct, for any size to 2^48. The caller takes out each intermediate chunk as it
 * completes (to keep it, or not):
 *
 *	split_init(&s, kind);
 *	while (more input) {
 *		split_take(&s, in, &used); in = bytes_skip(in, used);
 *		while (split_chunk(&s, &chunk)) keep(chunk);
 *	}
 *	split_end(&s);
 *	while (split_chunk(&s, &chunk)) keep(chunk);
 *	split_reference(&s, reference); */
#ifndef SWARM_SPLIT_H
#define SWARM_SPLIT_H

#include "swarm/bmt.h"

#define SPLIT_BRANCHES 128
#define SPLIT_SIZE_MAX (1ULL << 48) /* bytes of one file */
#define SPLIT_LEVELS 7              /* 4096 * 128^6 > 2^48, and one for what is carried up */

struct split_level {
	uint64_t span;  /* of the references held */
	uint64_t index; /* of the chunk that they will make, counted from the left */
	size_t n;       /* references held */
	uint8_t references[SPLIT_BRANCHES * REFERENCE_BYTES];
};

/* A completed intermediate chunk; a view, valid until the next call. */
struct split_chunk {
	unsigned level; /* 1: over leaves */
	uint64_t index; /* in its level, from the left */
	uint64_t span;
	struct bytes payload;
	const uint8_t *address; /* REFERENCE_BYTES */
};

struct split {
	enum keccak_kind kind;
	uint64_t size; /* bytes taken */
	bool ended;
	unsigned full; /* the level whose chunk waits to be taken out; 0: none */
	bool given;    /* it was given out, and goes up with the next call */
	uint8_t address[REFERENCE_BYTES];
	size_t pending_n; /* bytes that wait for a whole batch of leaves */
	uint8_t pending[BMT_BATCH * CHUNK_PAYLOAD_MAX];
	struct split_level levels[SPLIT_LEVELS + 1]; /* levels[k]: references to items of level k - 1 */
	struct bmt_scratch scratch;
};

void split_init(struct split *s, enum keccak_kind kind);
/* Takes input, stopping early where a chunk is complete: *used says how much. ERR_LIMIT beyond
 * SPLIT_SIZE_MAX. Whole batches (32 KiB) are hashed where they lie, the rest is copied. */
MUST_CHECK int split_take(struct split *s, struct bytes in, size_t *used);
/* No more input follows. */
void split_end(struct split *s);
/* The next completed intermediate chunk, from the bottom up, left to right; false: none now. */
bool split_chunk(struct split *s, struct split_chunk *chunk);
/* The file's reference; to be called when split_end was and split_chunk has said false. */
void split_reference(const struct split *s, uint8_t reference[static REFERENCE_BYTES]);

#endif
