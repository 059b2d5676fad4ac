/* What the files of bzz_fetch share with each other, and nobody else. */
#ifndef HOST_BZZ_FETCH_PARTS_H
#define HOST_BZZ_FETCH_PARTS_H

#include "host/bzz_fetch.h"

struct bzz_fetch {
	struct cli *cli;
	struct chunk_stores stores;
	struct chunk_source stored; /* those, as a source */
	bool has_stores;
	struct gateways *gateways;
	enum keccak_kind kind;
	struct bmt_scratch scratch;
};

/* A chunk of a store on this machine. */
MUST_CHECK int bzz_fetch_stored(const struct bzz_fetch *f, const uint8_t address[static REFERENCE_BYTES],
				uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n);

#endif
