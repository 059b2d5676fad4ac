/* What a provider has to serve: the files of a store, each known by size, times, hashes.
 *
 * A file is known by its identity (device, inode, size, times). When that changes, what was
 * known of it is dropped at once, so that no answer carries an old hash for new bytes. Hashes are
 * made by one thread in the background; until a file's are there it is served without. */
#ifndef HOST_CATALOGUE_H
#define HOST_CATALOGUE_H

#include <pthread.h>

#include "crypto/sha256.h"
#include "host/store.h"
#include "swarm/bmt.h"

#define CATALOGUE_FILES_MAX 4096         /* in all folders together */
#define CATALOGUE_SMALL_BYTES (8U << 20) /* hashed while a client waits */

/* One file. What is set once (names) may be read without the lock; the rest is copied out. */
struct catalogue_file {
	char channel[256], arch[16], name[256]; /* arch: as the folder is spelled */
	struct stat st;
	bool present; /* seen by the last scan */
	bool hashed;  /* sha256 and reference are those of st */
	bool unfit;   /* could not be hashed: empty, or unreadable */
	uint8_t sha256[SHA256_BYTES];
	uint8_t reference[REFERENCE_BYTES];
};

struct catalogue {
	struct store store;
	pthread_mutex_t scan_lock; /* one scan at a time; taken before lock */
	pthread_mutex_t lock;
	struct catalogue_file *files; /* owned; CATALOGUE_FILES_MAX of them, never moved */
	size_t n;
	uint64_t generation; /* grows whenever anything changed */
};

/* ERR_NOT_FOUND, ERR_IO with errno, ERR_NO_MEMORY. */
MUST_CHECK int catalogue_open(struct catalogue *c, const char *store);
void catalogue_close(struct catalogue *c);

/* Looks at all folders: finds new files, drops what is gone or was replaced. */
MUST_CHECK int catalogue_scan(struct catalogue *c);
/* Hashes the next file that is not hashed; false: all are. For the background thread. */
bool catalogue_hash_next(struct catalogue *c);
/* Hashes a file now when that takes no more than some 10 ms (CATALOGUE_SMALL_BYTES), and updates
 * *file. */
void catalogue_hash_small(struct catalogue *c, struct catalogue_file *file);

/* Finds by names; channel, arch and name as in the URL, decoded; arch in either spelling; name a
 * file's or a role's ("kernel"). Opens the file, sees whether it is still the one known, and
 * copies what is known of it. ERR_NOT_FOUND, ERR_IO, ERR_LIMIT beyond CATALOGUE_FILES_MAX. The
 * caller closes *fd. Side files and manifests are found too; nothing is kept of them. */
MUST_CHECK int catalogue_find(struct catalogue *c, struct bytes channel, struct bytes arch, struct bytes name,
			      struct catalogue_file *file, int *fd);
/* By SHA-256 or by Swarm reference. */
MUST_CHECK int catalogue_find_hash(struct catalogue *c, const uint8_t sha256[static SHA256_BYTES],
				   struct catalogue_file *file, int *fd);
MUST_CHECK int catalogue_find_reference(struct catalogue *c, const uint8_t reference[static REFERENCE_BYTES],
					struct catalogue_file *file, int *fd);
/* Copies file number i (in the order they were found), false when there are not so many. */
bool catalogue_file_at(struct catalogue *c, size_t i, struct catalogue_file *file);
uint64_t catalogue_generation(struct catalogue *c);

#endif
