/* Who gave what: the line of JSON about a file that was fetched. */
#ifndef HOST_BZZ_SOURCES_H
#define HOST_BZZ_SOURCES_H

#include "host/gateways.h"

/* What was written to a file, and how much each gateway and node gave. ERR_NO_MEMORY, ERR_IO. */
MUST_CHECK int bzz_sources_tell(const char *path, const struct reference *reference, uint64_t size,
				const struct gateways *g);

#endif
