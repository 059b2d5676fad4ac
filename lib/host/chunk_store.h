/* Chunks on disk by their address: content-addressed and single-owner ones, as they are on the wire.
 *
 * In the folder lie
 *	chunks			16 bytes of header, then the chunks' bytes end to end
 *	index.mdb (-lock)	LMDB: address -> where in that file, and where the next chunk goes
 * LMDB alone would do, but a value of 4104 bytes takes two pages of 4096 for itself: measured, 8393
 * bytes of disk for each, where this takes 4104 and 72 to 130 of index (by how full its pages are).
 *
 * One process writes, any number read meanwhile. What was put is seen by readers, and survives a
 * power cut, when chunk_store_commit has said OK: the chunks are on the disk before the index says so.
 * What a writer that was killed left behind the last indexed chunk is cut off by the next one.
 *
 * A read is one look in the index, which is mapped into memory, and one pread (of several chunks that
 * lie side by side: together). Every chunk that is read is checked against its address, so damage costs the chunk and
 *no more: ERR_HASH names it, and a put with CHUNK_REPLACE repairs it. The index itself has no check sums: a store whose
 *index.mdb was written to by others must be thrown away.
 *
 * LMDB's rule: a process opens a store only once. Readers need the right to write index.mdb-lock, or a
 * file system that nobody can write to. */
#ifndef HOST_CHUNK_STORE_H
#define HOST_CHUNK_STORE_H

#include "core/err.h"
#include "swarm/chunk.h"

#define CHUNK_PEEKS_MAX 32
#define CHUNK_STORE_BATCH 16384 /* puts after which a commit happens by itself: 64 MiB */

struct chunk_store;

enum chunk_store_mode { CHUNK_STORE_READ, CHUNK_STORE_WRITE };
enum chunk_put { CHUNK_KEEP, CHUNK_REPLACE }; /* when the address has a chunk already */

/* READ: the store must be there. WRITE: it is made when it is not (the folders above, too), and is
 * this process's alone to write. ERR_NOT_FOUND; ERR_VERSION: no chunk store, or one of another
 * format; ERR_IO with errno, EBUSY: another process writes; ERR_NO_MEMORY. why: which part. */
MUST_CHECK int chunk_store_open(const char *folder, enum chunk_store_mode mode, struct chunk_store **store,
				struct why *why);
/* What was not committed is gone. NULL: nothing. */
void chunk_store_close(struct chunk_store *store);

/* The chunk in chunk[], its length in *n. ERR_NOT_FOUND; ERR_HASH: what lies there is not this chunk
 * any more (why->id: the address, why->at: where in the file); ERR_IO. Any thread. */
MUST_CHECK int chunk_store_get(struct chunk_store *store, const uint8_t address[static REFERENCE_BYTES],
			       uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n, struct why *why);

/* A chunk that somebody wants to see who checks by himself. */
struct chunk_peek {
	const uint8_t *address; /* REFERENCE_BYTES */
	uint64_t span;          /* of a plain leaf: how many bytes of a file it has; 0: not known */
	uint8_t *chunk;         /* where to put it */
	size_t max;             /* bytes there: CHUNK_BYTES_MAX at least */
	/* Before: OK for one that is not looked for, else ERR_NOT_FOUND. After: OK, and n is set, which is no more
	 * than a good guess; ERR_NOT_FOUND; ERR_HASH, ERR_IO as of get, or longer than max. */
	int err;
	size_t n;
};

/* Several chunks, unchecked: where the address is not theirs, or something is wrong, chunk_store_get knows
 * better. Leaves that follow each other in a file and were put in that order are fast: what stands between
 * two of them is not looked up. An error of another store is replaced by OK only. n <= CHUNK_PEEKS_MAX. Any
 * thread. */
void chunk_store_peek(struct chunk_store *store, struct chunk_peek *peeks, size_t n);
/* How many there are. Any thread. */
uint64_t chunk_store_count(struct chunk_store *store);

/* Takes a chunk that the caller knows to be that address's: it is not hashed again. All puts up to
 * their commit by one thread. ERR_LIMIT: shorter or longer than any chunk; ERR_IO with errno,
 * ERR_NO_MEMORY: all that was put since the last commit is gone. */
MUST_CHECK int chunk_store_put(struct chunk_store *store, const uint8_t address[static REFERENCE_BYTES],
			       struct bytes chunk, enum chunk_put how, struct why *why);
/* To the disk with it. Failing as put does; the store is as after the last commit then. */
MUST_CHECK int chunk_store_commit(struct chunk_store *store, struct why *why);

/* Reads every chunk, and calls bad for those that are not what their address says: err as of get.
 * *n: how many were read. ERR_IO, ERR_NO_MEMORY when it could not go on. */
MUST_CHECK int chunk_store_check(struct chunk_store *store,
				 void (*bad)(void *context, const uint8_t address[static REFERENCE_BYTES], int err),
				 void *context, uint64_t *n, struct why *why);

#endif
