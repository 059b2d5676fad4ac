/* A small file out of Swarm, by what names it (swarm/bzz_address.h): a reference, a path in a manifest, or what is
 * newest in a feed. Its chunks come from nodes and gateways; each is checked before it counts. */
#ifndef EFI_SWARM_FILE_H
#define EFI_SWARM_FILE_H

#include "efi/chunks.h"
#include "swarm/bzz_address.h"

#define SWARM_FILE_MS 120000 /* for all of it: that there is no newer update takes a node half a minute to say */

struct swarm_file_with {
	struct report *report;
	struct net *net;
	struct web *web;
	struct native *native; /* joined; NULL: none */
	const struct bytes *gateways;
	size_t gateways_n;
	enum keccak_kind kind;
};

/* into: room for max bytes. ERR_NOT_FOUND; ERR_LIMIT: larger; ERR_TIMEOUT; ERR_SOURCE: nobody to ask, or they fail;
 * ERR_TREE and the like: it is no file of Swarm; ERR_NO_MEMORY; ERR_INTERRUPTED. Blocks. */
MUST_CHECK int swarm_file_get(const struct swarm_file_with *with, const struct bzz_address *address, uint8_t *into,
			      size_t max, size_t *n);

#endif
