/* Where chunks come from when a reader wants them now: stores on disk, gateways. Any thread, where the
 * context allows it: that of stores does. */
#ifndef HOST_CHUNK_SOURCE_H
#define HOST_CHUNK_SOURCE_H

#include "host/chunk_store.h"
#include "host/cli.h"

struct chunk_source {
	/* The chunk, content-addressed or single-owner, checked against its address. ERR_NOT_FOUND: nobody has
	 * it; ERR_HASH: somebody has it, damaged; ERR_IO, ERR_SOURCE, ERR_NO_MEMORY: somebody may have it. What
	 * is wrong with a store or gateway is told in the log; that a chunk is not to be had, the caller tells. */
	int (*get)(void *context, const uint8_t address[static REFERENCE_BYTES],
		   uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n);
	/* Several unchecked and without a word in the log, for readers who check by themselves and ask by get
	 * where one was wrong: those whose err is not OK before. Of another error than ERR_NOT_FOUND get knows
	 * more. n <= CHUNK_PEEKS_MAX. NULL: there is no quicker way. */
	void (*peek)(void *context, struct chunk_peek *peeks, size_t n);
	void *context;
};

static inline int chunk_source_get(const struct chunk_source *s, const uint8_t address[static REFERENCE_BYTES],
				   uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n)
{
	return s->get(s->context, address, chunk, n);
}

/* Those whose err is not OK: unchecked where that is quicker. Their errors are those of get then. */
void chunk_source_peek(const struct chunk_source *s, struct chunk_peek *peeks, size_t n);

/* Several stores as one source: the first that has a chunk whole gives it. Damage is told in the log. */
struct chunk_stores {
	struct cli *cli;
	struct chunk_store **v; /* owned */
	const char *const *names;
	size_t n;
};

/* Opens all of them for reading. Messages are printed. names: borrowed. */
MUST_CHECK int chunk_stores_open(struct cli *cli, const char *const *names, size_t n, struct chunk_stores *stores);
struct chunk_source chunk_stores_source(struct chunk_stores *stores);
void chunk_stores_close(struct chunk_stores *stores);

#endif
