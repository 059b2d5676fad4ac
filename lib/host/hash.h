/* Hashing files: SHA-256, the Swarm reference and the tree beside it, in one read. */
#ifndef HOST_HASH_H
#define HOST_HASH_H

#include "core/err.h"
#include "crypto/sha256.h"
#include "host/chunk_keys.h"

struct hash_wanted {
	bool sha256, reference;
	unsigned redundancy;     /* level of the reference and the tree */
	struct chunk_keys *keys; /* begun for this file, and the reference that of it encrypted; NULL: plain */
	int tree_fd;             /* receives FILE.bmt by pwrite; -1: none. Needs a regular file, reference, no keys */
	/* Called between pieces by the calling thread; may be NULL. total 0: unknown. */
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *context;
};

struct hash_result {
	uint64_t size;
	uint8_t sha256[SHA256_BYTES];
	struct reference reference;
};

/* Reads fd from where it stands to its end. With both hashes wanted, each has a thread of its own
 * beside the reading one. ERR_CHANGED when a regular file was another after the read than before
 * it (size, times, or another number of bytes than its size; one that grows is not read on), ERR_IO with errno,
 * ERR_LIMIT above 2^48 bytes, ERR_NO_MEMORY. The file must stand at its start for the tree. */
MUST_CHECK int hash_file(int fd, const struct hash_wanted *wanted, struct hash_result *result);

#endif
