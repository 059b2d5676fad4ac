/* Chunks from stores on this machine, and those that they do not have from gateways: all of them checked. For one
 * thread at a time; several share the stores. What gateways do not give in a minute they do not: ERR_SOURCE, or
 * ERR_TIMEOUT when none of them has said anything.
 */
#ifndef HOST_GATEWAY_SOURCE_H
#define HOST_GATEWAY_SOURCE_H

#include <stdatomic.h>

#include "host/chunk_source.h"

struct gateway_source;

/* stores, the names of gateways and their list are borrowed. ERR_NO_MEMORY, ERR_LIMIT (printed) as of
 * gateways_open. */
MUST_CHECK int gateway_source_open(struct cli *cli, const struct chunk_source *stores, const struct cli_texts *gateways,
				   struct gateway_source **source);
void gateway_source_close(struct gateway_source *s); /* NULL: nothing */
/* From here on, whatever is asked of gateways ends with ERR_INTERRUPTED within a second after any thread has set
 * *given_up. NULL: it does not. */
void gateway_source_heed(struct gateway_source *s, const atomic_bool *given_up);
struct chunk_source gateway_source_chunks(struct gateway_source *s);

#endif
