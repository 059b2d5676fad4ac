/* Where chunks go that were made here: a store on disk, a node of the network, or both. */
#ifndef HOST_CHUNK_SINK_H
#define HOST_CHUNK_SINK_H

#include "core/err.h"
#include "swarm/bmt.h"

struct chunk_sink {
	/* Takes a chunk, content-addressed or single-owner, that is known to be right; a copy is made. Messages
	 * are printed. */
	int (*put)(void *context, const uint8_t address[static REFERENCE_BYTES], struct bytes chunk);
	/* All that was put is where it belongs, for good. */
	int (*end)(void *context);
	void *context;
};

#endif
