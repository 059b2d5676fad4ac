/* Files into Swarm: content is split and its chunks, with parities and the replicas of the root that
 * the redundancy level asks for, go to where they are kept. Plain, or encrypted with a fresh random
 * key for each chunk. */
#ifndef HOST_BZZ_WRITE_H
#define HOST_BZZ_WRITE_H

#include "host/chunk_sink.h"
#include "host/cli.h"
#include "swarm/reference.h"

#define BZZ_WRITE_SINKS_MAX 2

struct bzz_write {
	struct cli *cli;
	unsigned level; /* of redundancy */
	bool encrypt;
	struct chunk_sink sinks[BZZ_WRITE_SINKS_MAX];
	size_t sinks_n;

	uint64_t bytes_n, chunks_n; /* taken and made so far */
	struct bzz_write_state *state;
};

/* Sets up what was not set. ERR_NO_MEMORY. */
MUST_CHECK int bzz_write_open(struct bzz_write *w);
void bzz_write_close(struct bzz_write *w);

/* Reads fd from where it stands to its end. name: for messages, which are printed. ERR_CHANGED: a
 * regular file was another after the read than before it. */
MUST_CHECK int bzz_write_fd(struct bzz_write *w, int fd, const char *name, struct reference *reference, uint64_t *size);
MUST_CHECK int bzz_write_bytes(struct bzz_write *w, struct bytes content, struct reference *reference);
/* A chunk as it is, of either kind. */
MUST_CHECK int bzz_write_chunk(struct bzz_write *w, const uint8_t address[static REFERENCE_BYTES], struct bytes chunk);
/* All of it is where it belongs. */
MUST_CHECK int bzz_write_end(struct bzz_write *w);

#endif
