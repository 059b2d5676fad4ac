/* Updates of a feed, out of a source of chunks. */
#ifndef HOST_BZZ_UPDATE_H
#define HOST_BZZ_UPDATE_H

#include "crypto/secp256k1.h"
#include "host/bzz_file.h"
#include "swarm/chunk.h"

/* One update as it is stored, and what it is. */
struct bzz_update {
	uint64_t number;
	struct chunk chunk; /* views into data */
	uint8_t data[CHUNK_STORED_BYTES_MAX];
};

/* The newest that is there of those from number first on. ERR_NOT_FOUND: none; other errors of the source, when they
 * leave in doubt which is the newest. */
MUST_CHECK int bzz_update_newest(const struct chunk_source *source, const uint8_t owner[static SECP256K1_ADDRESS_BYTES],
				 struct bytes topic, uint64_t first, struct bzz_update *u);
/* Where its content begins. An update whose length is that of the older form may still be content of
 * that length: the reference counts when it leads somewhere. Gives the version's name. */
const char *bzz_update_content(const struct chunk_source *source, const struct bzz_update *u, struct bzz_root *root);

#endif
