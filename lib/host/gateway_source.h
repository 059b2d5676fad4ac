/* Chunks from stores on this machine, and those that they do not have from gateways and nodes of Swarm: all checked.
 * For one thread at a time; several share the stores. What gateways do not give in a minute they do not: ERR_SOURCE, or
 * ERR_TIMEOUT when none of them has said anything.
 */
#ifndef HOST_GATEWAY_SOURCE_H
#define HOST_GATEWAY_SOURCE_H

#include <stdatomic.h>

#include "host/bzz_peers.h"
#include "host/chunk_source.h"

struct gateway_source;

/* Who is asked for what no store has; all of it is borrowed. */
struct gateway_source_others {
	const struct cli_texts *gateways;
	struct bzz_peers_options network; /* its nodes, if there are any */
};

static inline bool gateway_source_nodes(const struct gateway_source_others *o)
{
	return o->network.peers->n + o->network.bootnodes->n > 0;
}

static inline bool gateway_source_anybody(const struct gateway_source_others *o)
{
	return o->gateways->n > 0 || gateway_source_nodes(o);
}

/* stores is borrowed. others NULL: nobody. Errors, printed, as of gateways_open and bzz_peers_open. */
MUST_CHECK int gateway_source_open(struct cli *cli, const struct chunk_source *stores,
				   const struct gateway_source_others *others, struct gateway_source **source);
void gateway_source_close(struct gateway_source *s); /* NULL: nothing */
/* From here on, whatever is asked of gateways ends with ERR_INTERRUPTED within a second after any thread has set
 * *given_up. NULL: it does not. */
void gateway_source_heed(struct gateway_source *s, const atomic_bool *given_up);
struct chunk_source gateway_source_chunks(struct gateway_source *s);

#endif
