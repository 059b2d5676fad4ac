/* A gateway: what lies in some chunk stores, over HTTP as a bee node's API gives it, by libmicrohttpd
 * (epoll, a few threads). Reading only. */
#ifndef HOST_BZZ_SERVER_H
#define HOST_BZZ_SERVER_H

#include "host/chunk_source.h"

struct bzz_server_options {
	const char *http; /* ADDRESS:PORT, an IPv6 address in brackets; port 0: any free one */
	uint64_t idle_ms; /* how long a connection may wait, or a request be on its way */
	uint64_t connections_max, per_client_max;
	bool log_requests;
};

struct bzz_server;

/* Listens and serves; a bad address ends the program (usage). Messages are printed. source: borrowed
 * until the stop. *server: owned. */
MUST_CHECK int bzz_server_start(struct cli *cli, const struct bzz_server_options *o, const struct chunk_source *source,
				struct bzz_server **server);
/* "http://ADDRESS:PORT", valid until bzz_server_stop. */
const char *bzz_server_url(const struct bzz_server *s);
/* To be called once a second: cuts requests that do not end. */
void bzz_server_tick(struct bzz_server *s);
/* Stops listening, lets open answers go on for at most linger_ms, and frees all. */
void bzz_server_stop(struct bzz_server *s, uint64_t linger_ms);

#endif
