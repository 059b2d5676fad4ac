/* Chunks by address: the leaves and the intermediate chunks of every artifact's Swarm tree, as a
 * bee node's API gives them, read from the files themselves.
 *
 * An index of 8 bytes a chunk (2 MiB for 1 GiB of artifacts): the first 32 bits of the address and
 * the chunk's number. Whatever is found is hashed again before it goes out, so a collision, or a
 * file that changed, is a chunk that is not there. */
#ifndef HOST_SERVE_CHUNKS_H
#define HOST_SERVE_CHUNKS_H

#include "host/catalogue.h"
#include "swarm/tree.h"

#define CHUNK_INDEX_MAX (8U << 20) /* entries: 64 MiB of memory for 32 GiB; files beyond are left out */

struct chunk_source;
struct chunk_entry;

struct chunk_index {
	pthread_mutex_t lock;
	struct chunk_source *sources; /* owned */
	size_t sources_n;
	struct chunk_entry *entries; /* owned; sorted */
	size_t entries_n;
	uint64_t generation; /* of the catalogue that it was built from */
	struct bmt_scratch scratch;
};

void chunk_index_open(struct chunk_index *index);
void chunk_index_close(struct chunk_index *index);
/* Builds anew when the catalogue has changed: for the background thread. Trees come from FILE.bmt,
 * or are made in an unnamed temporary file. */
void chunk_index_refresh(struct chunk_index *index, struct catalogue *c);
/* LE64 span || payload in chunk, n bytes; file: what it is part of. ERR_NOT_FOUND. */
MUST_CHECK int chunk_index_find(struct chunk_index *index, const uint8_t address[static REFERENCE_BYTES],
				uint8_t chunk[static CHUNK_BYTES_MAX], size_t *n, struct catalogue_file *file);

#endif
