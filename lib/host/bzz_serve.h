/* Stores served until somebody says stop: over HTTP (bzz_server.h), to Swarm peers (bzz_listen.h), or both. */
#ifndef HOST_BZZ_SERVE_H
#define HOST_BZZ_SERVE_H

#include "host/bzz_listen.h"
#include "host/bzz_server.h"

struct bzz_serve_options {
	struct bzz_server_options http;  /* .http NULL: not over HTTP */
	struct bzz_listen_options peers; /* no .listen: not to peers; .chunks_n is ignored */
};

/* Prints one line of JSON when ready, and returns after SIGTERM or SIGINT, or when it could not begin. Errors are
 * printed. */
MUST_CHECK int bzz_serve(struct cli *cli, const struct bzz_serve_options *o, struct chunk_stores *stores);

#endif
