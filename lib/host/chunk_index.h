/* Chunks by address: the leaves and the intermediate chunks of every artifact's Swarm tree, as a
 * bee node's API gives them, read from the files themselves; and the trees, as FILE.bmt has them.
 * An artifact has a tree of redundancy level 0, and one more when its FILE.bmt is of another level;
 * parity chunks are not there.
 *
 * 16 bytes a chunk (4 MiB for 1 GiB of artifacts) in an unnamed temporary file: the first 64 bits
 * of the address and the chunk's number. Whatever is found is hashed again before it goes out, so
 * a collision, or a file that changed, is a chunk that is not there. */
#ifndef HOST_CHUNK_INDEX_H
#define HOST_CHUNK_INDEX_H

#include "host/catalogue.h"
#include "host/cli.h"
#include "swarm/tree.h"

#define CHUNK_INDEX_BYTES_MAX (16ULL << 30) /* of artifacts, in all; files beyond are left out */
#define CHUNK_INDEX_TREES_MAX 1024          /* each takes a descriptor */

struct chunk_file;
struct chunk_entry;

struct chunk_table {
	struct chunk_file *sources; /* owned */
	size_t sources_n;
	struct chunk_entry *entries; /* owned, mapped; sorted */
	size_t entries_n, mapped_bytes;
};

struct chunk_index {
	struct cli *cli;
	struct catalogue *catalogue;
	enum keccak_kind kind;
	pthread_mutex_t lock; /* guards table and scratch; the catalogue's is taken inside it */
	struct chunk_table table;
	struct bmt_scratch scratch;
	uint64_t generation; /* of the catalogue that it was built from */
	size_t left_out_n;   /* files, as the log knows */
};

void chunk_index_open(struct chunk_index *index, struct cli *cli, struct catalogue *c);
void chunk_index_close(struct chunk_index *index);
/* Builds anew when the catalogue has changed: for one thread in the background. Trees come from
 * FILE.bmt, or are made in unnamed temporary files. Says in the log how many files are left out;
 * what there was no room for is tried again when the catalogue changes. */
void chunk_index_refresh(struct chunk_index *index);
/* LE64 span || payload in chunk, n bytes; file: what it is part of. ERR_NOT_FOUND. Any thread. */
MUST_CHECK int chunk_index_find(struct chunk_index *index, const uint8_t address[static REFERENCE_BYTES],
				uint8_t chunk[static CHUNK_BYTES_MAX], size_t *n, struct catalogue_file *file);
/* The intermediate chunks of the file with that reference, as FILE.bmt has them: at the start of
 * *fd, which the caller closes. ERR_NOT_FOUND: also when there are none. Any thread. */
MUST_CHECK int chunk_index_tree(struct chunk_index *index, const uint8_t reference[static REFERENCE_BYTES], int *fd,
				uint64_t *n);

#endif
