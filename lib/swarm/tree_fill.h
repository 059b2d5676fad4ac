/* FILE.bmt (swarm/tree.h) from single chunks: of whoever answers for an address, asked for many at a
 * time and taken in whatever order they arrive.
 *
 *	tree_fill_init(&f, size, reference, kind);
 *	for (;;) {
 *		if (tree_fill_bytes(&f) > 0 && it has no memory) tree_fill_memory(&f, as many bytes);
 *		if (tree_fill_done(&f)) break;
 *		while (room for a request && tree_fill_want(&f, &want)) ask(want.id, want.address);
 *		... answers: tree_fill_chunks(&f, arrivals, n, &why)
 *	}
 *
 * The root is first: its span says which redundancy level the tree has, and so how large FILE.bmt is.
 * Then level by level, left to right, each chunk once. What is stored hashes to the address that
 * stands above it, and has the span and the length that its place asks for: a file that is done needs no tree_check.
 * Nothing is recovered from parities.
 *
 * Errors. ERR_HASH is the source's: the chunk stays wanted, ask another. All others are the
 * publisher's, whose root is of no tree of this size: no source will have a better one, and every
 * further call gives the same. */
#ifndef SWARM_TREE_FILL_H
#define SWARM_TREE_FILL_H

#include "swarm/tree.h"

struct tree_fill {
	uint64_t size; /* of the file */
	uint8_t reference[REFERENCE_BYTES];
	enum keccak_kind kind;
	bool rooted;
	struct tree tree;  /* once it is rooted */
	uint8_t *file;     /* the caller's; NULL: not lent yet */
	uint64_t chunks_n; /* of the tree */
	uint64_t given_n;  /* that were given out to be asked for: the first ones of the file */
	uint64_t there_n;
	int err;
	uint8_t root[TREE_CHUNK_BYTES]; /* until there is memory */
	struct bmt_scratch scratch;
};

struct tree_fill_want {
	uint64_t id;            /* to come back with the answer */
	const uint8_t *address; /* REFERENCE_BYTES; while the memory is there */
};

/* An answer. */
struct tree_fill_arrival {
	uint64_t id;
	struct bytes data; /* span || payload */
	int err;           /* set: OK or ERR_HASH */
};

/* size of a file and its plain reference. A file of one leaf has no tree, and is done at once. kind: one
 * that this processor can run. */
void tree_fill_init(struct tree_fill *f, uint64_t size, const uint8_t reference[static REFERENCE_BYTES],
		    enum keccak_kind kind);
/* Of FILE.bmt, at most tree_bytes_max(size); 0 until the root is known, and for a file without one. */
uint64_t tree_fill_bytes(const struct tree_fill *f);
/* file: tree_fill_bytes of memory, to stay while the machine is used; what is in it does not matter. */
void tree_fill_memory(struct tree_fill *f, uint8_t *file);
/* The next chunk to ask for; false: none at present. */
bool tree_fill_want(struct tree_fill *f, struct tree_fill_want *want);
/* Answers, best BMT_BATCH at a time: they are hashed side by side. OK, or the error that ended it, with
 * why->id the address of the chunk that says so (while the memory is there). Answers that are of no more use are OK. */
MUST_CHECK int tree_fill_chunks(struct tree_fill *f, struct tree_fill_arrival *arrivals, size_t n, struct why *why);
/* One answer: also ERR_HASH. */
MUST_CHECK int tree_fill_chunk(struct tree_fill *f, uint64_t id, struct bytes data, struct why *why);
/* Whether all chunks are there, and stand in the memory. */
bool tree_fill_done(const struct tree_fill *f);
/* How long all of it may take, longer as soon as the root tells how many there are: whoever gives chunks, or says
 * that he will, must not hold up for ever what goes on without a tree. */
uint64_t tree_fill_limit_ms(const struct tree_fill *f);

#endif
