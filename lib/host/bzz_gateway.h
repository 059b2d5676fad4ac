/* A gateway: what lies in some chunk stores, over HTTP as a bee node's API gives it, by libmicrohttpd
 * (epoll, a few threads). Reading only. */
#ifndef HOST_BZZ_GATEWAY_H
#define HOST_BZZ_GATEWAY_H

#include "host/chunk_source.h"

struct bzz_gateway_options {
	const char *http; /* ADDRESS:PORT, an IPv6 address in brackets; port 0: any free one */
	uint64_t idle_ms; /* how long a connection may wait, or a request be on its way */
	uint64_t connections_max, per_client_max;
	bool log_requests;
};

struct bzz_gateway;

/* Listens and serves; a bad address ends the program (usage). Messages are printed. source: borrowed
 * until the stop. *gateway: owned. */
MUST_CHECK int bzz_gateway_start(struct cli *cli, const struct bzz_gateway_options *o,
				 const struct chunk_source *source, struct bzz_gateway **gateway);
/* "http://ADDRESS:PORT", valid until bzz_gateway_stop. */
const char *bzz_gateway_url(const struct bzz_gateway *g);
/* To be called once a second: cuts requests that do not end. */
void bzz_gateway_tick(struct bzz_gateway *g);
/* Stops listening, lets open answers go on for at most linger_ms, and frees all. */
void bzz_gateway_stop(struct bzz_gateway *g, uint64_t linger_ms);

#endif
