/* The shape of a plain file's Swarm tree, and its intermediate chunks as one file, FILE.bmt: with
 * it any 4 KiB block from any source can be checked alone.
 *
 * FILE.bmt holds the intermediate chunks, root first, then level by level, left to right, each as
 * span || references, those of parity chunks among them; nothing for a file of one leaf. The shape
 * follows from the size and the redundancy level alone, so nothing in it is read before it is
 * placed, and nothing of it is believed before its address was found right: its first span says
 * which redundancy level it is to be read as, and the check whether that is true.
 *
 * Level 0 of the tree are the leaves; a single leftover item is carried up, not wrapped. */
#ifndef SWARM_TREE_H
#define SWARM_TREE_H

#include "core/err.h"
#include "swarm/split.h"

#define TREE_BLOCK_BYTES CHUNK_PAYLOAD_MAX
#define TREE_CHUNK_BYTES CHUNK_BYTES_MAX

struct tree {
	uint64_t size;                    /* of the file */
	uint64_t bytes;                   /* of FILE.bmt */
	unsigned redundancy;              /* its level */
	unsigned children_max;            /* of a chunk */
	uint64_t blocks;                  /* leaves: 1 also for an empty file */
	unsigned levels;                  /* of intermediate chunks; 0 for a single leaf */
	uint64_t items[SPLIT_LEVELS + 1]; /* [k]: chunks of level k and what is carried up to it */
	uint64_t chunks[SPLIT_LEVELS + 1];
	uint64_t offset[SPLIT_LEVELS + 1]; /* [k]: where level k's chunks begin in FILE.bmt */
};

/* Where an intermediate chunk lies in FILE.bmt, and what its span must be. */
struct tree_place {
	uint64_t offset;
	size_t n;      /* with its span */
	uint64_t span; /* as it stands there, LE64: with the redundancy level in it */
};

/* redundancy: at most REDUNDANCY_LEVEL_MAX. ERR_LIMIT above SPLIT_SIZE_MAX. */
MUST_CHECK int tree_shape(struct tree *t, uint64_t size, unsigned redundancy);
/* The shape of a file's tree whose FILE.bmt begins so. ERR_LIMIT also for a span above it,
 * ERR_VERSION for a level that does not exist, ERR_SIZE when it is the tree of another size (or of
 * none: a file of one leaf has nothing to begin with). */
MUST_CHECK int tree_shape_of(struct tree *t, uint64_t size, const uint8_t first_span[static CHUNK_SPAN_BYTES]);
/* Bytes of the largest FILE.bmt that a file of this size can have; 0: it has none. */
uint64_t tree_bytes_max(uint64_t size);
/* Chunk i of a level 1..levels, i < chunks[level]. */
struct tree_place tree_chunk(const struct tree *t, unsigned level, uint64_t i);
/* Where in FILE.bmt the address of item i of a level stands; false: the item is the root, its
 * address is the file's reference. */
bool tree_address(const struct tree *t, unsigned level, uint64_t i, uint64_t *offset);
/* Bytes of block i, the last one may be short. */
size_t tree_block_bytes(const struct tree *t, uint64_t i);

/* Checks all of FILE.bmt against the file's reference: OK, ERR_HASH (why->at: the offset of the
 * chunk that is wrong), ERR_SIZE when file has not exactly t->bytes. */
MUST_CHECK int tree_check(const struct tree *t, struct bytes file, const uint8_t reference[static REFERENCE_BYTES],
			  enum keccak_kind kind, struct bmt_scratch *scratch, struct why *why);
/* The same for one batch: up to BMT_BATCH chunks of a level, 1..levels, from chunk first on. Those
 * of the levels above must have been found right. file must have t->bytes. */
MUST_CHECK int tree_chunks_check(const struct tree *t, struct bytes file,
				 const uint8_t reference[static REFERENCE_BYTES], unsigned level, uint64_t first,
				 enum keccak_kind kind, struct bmt_scratch *scratch, struct why *why);
/* Checks the blocks from number first on against a checked FILE.bmt. data begins where block
 * first begins and holds whole blocks (the file's last may be short). OK, or ERR_HASH with *bad
 * the number of the first wrong one; ERR_SIZE when data is no whole number of blocks or too long. */
MUST_CHECK int tree_blocks_check(const struct tree *t, struct bytes file,
				 const uint8_t reference[static REFERENCE_BYTES], uint64_t first, struct bytes data,
				 enum keccak_kind kind, struct bmt_scratch *scratch, uint64_t *bad);

#endif
