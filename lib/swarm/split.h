/* The splitter: a stream of bytes becomes the Swarm tree of a file, plain or encrypted, of any
 * redundancy level.
 *
 * Leaves of 4096 bytes; so many references as the level allows (128 plain ones at level 0) make an
 * intermediate chunk whose payload they are, with references of the parity chunks behind them, and
 * whose span is the number of file bytes below. A single leftover reference is not wrapped but
 * carried up a level, and takes part in the parities there. Source: Swarm specification; checked
 * against bee's pipeline.
 *
 * The caller takes out each chunk as it completes (to keep it, or not):
 *
 *	split_init(&s, &how, memory);
 *	while (more input) {
 *		split_take(&s, in, &used); in = bytes_skip(in, used);
 *		while (split_chunk(&s, &chunk)) keep(chunk);
 *	}
 *	split_end(&s);
 *	while (split_chunk(&s, &chunk)) keep(chunk);
 *	split_reference(&s, &reference);
 *
 * Of an encrypted file the struct and its memory hold secrets: whoever owns them wipes them. */
#ifndef SWARM_SPLIT_H
#define SWARM_SPLIT_H

#include "swarm/erasure.h"
#include "swarm/redundancy.h"
#include "swarm/reference.h"

#define SPLIT_SIZE_MAX REDUNDANCY_SIZE_MAX /* bytes of one file */
#define SPLIT_LEVELS 10                    /* 4096 * 20^9 > 2^48, and one for what is carried up */

/* Where the keys of an encrypted file's chunks come from: make is called once for each chunk, in
 * the order of their making, with its content in the clear. It fills the key, and the padding
 * behind a short payload with what nobody can tell from ciphertext. No key may serve two chunks,
 * of this file or another. */
struct split_keys {
	void (*make)(void *context, const uint8_t span[static CHUNK_SPAN_BYTES], struct bytes payload,
		     uint8_t key[static REFERENCE_KEY_BYTES], uint8_t *padding, size_t padding_n);
	void *context;
};

struct split_how {
	enum keccak_kind kind;
	enum erasure_kind erasure; /* of a level above 0 */
	unsigned level;            /* of redundancy, at most REDUNDANCY_LEVEL_MAX */
	bool all;                  /* leaves and parities are given out too */
	struct split_keys keys;    /* make NULL: a plain file */
};

struct split_level {
	uint64_t span;     /* of the references held */
	uint64_t index;    /* of the chunk that they will make, counted from the left */
	size_t n;          /* references of children held ... */
	size_t parities_n; /* ... and of parities behind them */
	uint8_t references[CHUNK_PAYLOAD_MAX];
};

enum split_kind { SPLIT_LEAF, SPLIT_PARITY, SPLIT_INTERMEDIATE };

/* A completed chunk as it is stored; views, valid until the next call. */
struct split_chunk {
	enum split_kind kind;
	unsigned level; /* 0: a leaf; 1: over leaves; a parity has that of its siblings */
	uint64_t index; /* in its level, from the left; of a parity: among those of its parent */
	uint8_t span[CHUNK_SPAN_BYTES];
	struct bytes payload;
	const uint8_t *address; /* REFERENCE_BYTES */
};

struct split {
	struct split_how how;
	unsigned children_max;
	size_t reference_bytes; /* of a child in its parent */
	uint64_t size;          /* bytes taken */
	bool ended;
	size_t leaves_n, leaves_given; /* of the last batch, to be given out */
	uint64_t leaves_index;         /* of its first one, in the file */
	size_t leaves_first;           /* and in its parent */
	struct bytes leaves;           /* in the clear */
	unsigned full;                 /* the level whose chunk waits to be taken out; 0: none */
	size_t parities_given;         /* of that chunk */
	bool given;                    /* it was given out, and goes up with the next call */
	uint8_t address[REFERENCE_BYTES], key[REFERENCE_KEY_BYTES];
	size_t pending_n; /* bytes that wait for a whole batch of leaves */
	uint8_t pending[BMT_BATCH * CHUNK_PAYLOAD_MAX];
	struct split_level levels[SPLIT_LEVELS + 1]; /* levels[k]: references to items of level k - 1 */
	struct erasure *erasure;                     /* in the caller's memory, as all that follows */
	uint8_t *slots;    /* chunks as they are stored: those whose parities are to be made, or that are encrypted */
	uint8_t *parities; /* of one intermediate chunk */
	struct bmt_scratch scratch;
};

/* What split_init wants beside the struct: nothing for a plain file of level 0, else up to 4 MiB. */
size_t split_memory_bytes(unsigned level, bool encrypted);
/* memory: split_memory_bytes, aligned as malloc does; stays with s. NULL when that is 0. */
void split_init(struct split *s, const struct split_how *how, void *memory);
/* Takes input, stopping early where a chunk is complete: *used says how much. ERR_LIMIT beyond
 * SPLIT_SIZE_MAX. Whole batches (32 KiB) are hashed where they lie, the rest is copied; the leaves
 * that split_chunk gives out may lie in the input. */
MUST_CHECK int split_take(struct split *s, struct bytes in, size_t *used);
/* No more input follows. */
void split_end(struct split *s);
/* The next completed chunk, children before their parent, left to right; false: none now. */
bool split_chunk(struct split *s, struct split_chunk *chunk);
/* The file's reference; to be called when split_end was and split_chunk has said false. */
void split_reference(const struct split *s, struct reference *reference);

#endif
