/* The HTTP provider: manifests and artifacts of a store, by libmicrohttpd (epoll, one thread).
 *
 * Whole files go out by sendfile from a response that all requests share; ranges by sendfile from
 * an offset. Never a redirect, never chunked, never compressed. */
#ifndef HOST_SERVE_H
#define HOST_SERVE_H

#include "host/catalogue.h"
#include "host/trust.h"

struct serve_options {
	const char *store, *bind, *channel, *arch;
	uint64_t port;
	const struct policy *policy; /* serve only releases it accepts; NULL: serve all */
	bool log_requests;
};

struct serve;

/* Opens the store, scans and hashes it, and listens. Messages are printed. *serve: owned. */
MUST_CHECK int serve_start(struct cli *cli, const struct serve_options *o, struct serve **serve);
/* "http://ADDRESS:PORT", valid until serve_stop. */
const char *serve_url(const struct serve *s);
uint16_t serve_port(const struct serve *s);
struct catalogue *serve_catalogue(struct serve *s);
/* Once a second or so: finds and hashes what is new. For a thread that may take its time. */
void serve_tend(struct serve *s);
/* Stops listening, lets open answers go on for at most linger_ms, and frees all. */
void serve_stop(struct serve *s, uint64_t linger_ms);

#endif
