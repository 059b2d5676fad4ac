/* What the files of the chunk index share with each other, and nobody else. */
#ifndef HOST_CHUNK_INDEX_PARTS_H
#define HOST_CHUNK_INDEX_PARTS_H

#include "host/chunk_index.h"

/* Chunk numbers of a source: first FILE.bmt's in its order, then the leaves. */
struct chunk_file {
	struct catalogue_file file;
	struct tree tree;
	uint8_t root[REFERENCE_BYTES]; /* of the tree; file.reference for one of redundancy level 0 */
	int tree_fd;                   /* owned; -1: a file of one chunk */
	uint64_t first;                /* number of its first chunk */
	uint64_t intermediates_n;      /* chunks in FILE.bmt */
};

struct chunk_entry {
	uint64_t prefix; /* of the address */
	uint64_t number;
};

/* Any order of addresses will do. */
static inline uint64_t chunk_prefix(const uint8_t address[static REFERENCE_BYTES])
{
	return load_le64(address);
}

/* Whether all n bytes at that offset could be read. */
bool chunk_read_at(int fd, uint8_t *p, size_t n, uint64_t offset);
/* Closes and unmaps; the table is empty then. */
void chunk_table_free(struct chunk_table *t);

#endif
