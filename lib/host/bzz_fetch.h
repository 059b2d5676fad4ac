/* Fetches content of Swarm: chunks from what was fetched before, from stores on this machine, from gateways and
 * from Swarm's nodes, all of them checked; files from roots, roots from paths and feeds. */
#ifndef HOST_BZZ_FETCH_H
#define HOST_BZZ_FETCH_H

#include "host/bzz_file.h"
#include "host/chunk_source.h"
#include "host/cli.h"
#include "host/gateways.h"
#include "swarm/chunk.h"

struct bzz_fetch;

/* What a file's bytes are for. */
struct bzz_sink {
	/* Takes bytes of the file, in order unless any_order. ERR_IO, printed. */
	int (*write)(void *context, uint64_t offset, struct bytes data);
	/* What it was given and holds back goes out. ERR_IO, printed. */
	int (*flush)(void *context);
	/* Bytes of an earlier fetch, whole leaves only: gives how many were read. NULL: none. */
	size_t (*read)(void *context, uint64_t offset, uint8_t *data, size_t n);
	void *context;
	bool any_order;
};

struct bzz_range {
	uint64_t offset, length; /* UINT64_MAX: to the end */
};

struct bzz_fetch_options {
	const struct cli_texts *stores, *gateways; /* borrowed names */
	struct bzz_peers_options network;          /* without peers and bootnodes: none */
};

/* Messages are printed. */
MUST_CHECK int bzz_fetch_open(struct cli *cli, const struct bzz_fetch_options *options, struct bzz_fetch **fetch);
void bzz_fetch_close(struct bzz_fetch *f); /* NULL: nothing */
const struct gateways *bzz_fetch_gateways(const struct bzz_fetch *f);

/* One chunk at a time, for what is small. */
struct chunk_source bzz_fetch_source(struct bzz_fetch *f);
/* A range of a file, as far as the file has it; *size: of the whole file. name: for messages, which
 * are printed. Errors are those of the chunk that the message names (ERR_NOT_FOUND, ERR_SOURCE; ERR_HASH,
 * ERR_IO of a store), of the tree, and of the sink. */
MUST_CHECK int bzz_fetch_file(struct bzz_fetch *f, const char *name, const struct bzz_root *root,
			      const struct bzz_range *range, const struct bzz_sink *sink, uint64_t *size);
/* Looks at the root of a file before it is fetched: sets the offset of a range that has none (UINT64_MAX) to that
 * of the last range->length bytes. ERR_LIMIT: the range has more than max bytes. Messages are printed. */
MUST_CHECK int bzz_fetch_measure(struct bzz_fetch *f, const char *name, const struct bzz_root *root, uint64_t max,
				 struct bzz_range *range);
/* The newest update of a feed, and what it says. ERR_NOT_FOUND: none; messages are printed. */
MUST_CHECK int bzz_fetch_feed(struct bzz_fetch *f, const uint8_t owner[static SECP256K1_ADDRESS_BYTES],
			      struct bytes topic, struct bzz_root *root);
/* Where the manifest is that a feed's manifest leads to; root stays what it is when it is not a feed's.
 * Messages are printed. */
MUST_CHECK int bzz_fetch_manifest(struct bzz_fetch *f, const char *name, struct bzz_root *root);
/* The file that lies at a path of a manifest, behind feeds. Messages are printed. */
MUST_CHECK int bzz_fetch_path(struct bzz_fetch *f, const char *name, struct bzz_root *root, struct bytes path);

#endif
