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
	const char *chunks; /* a chunk store whose content is served, too; NULL: none */
	uint64_t port;
	const struct policy *policy; /* serve only releases it accepts; NULL: serve all */
	uint64_t idle_ms;            /* how long a connection may wait, or a request be on its way */
	bool log_requests;
};

struct serve;

/* Opens the store, listens, and starts to hash what is in the store. Messages are printed.
 * *serve: owned. */
MUST_CHECK int serve_start(struct cli *cli, const struct serve_options *o, struct serve **serve);
/* Whether all that lay in the store at the start is hashed; it is served before, too. */
bool serve_ready(const struct serve *s);
/* "http://ADDRESS:PORT", valid until serve_stop. */
const char *serve_url(const struct serve *s);
uint16_t serve_port(const struct serve *s);
struct catalogue *serve_catalogue(struct serve *s);
/* Whether a channel and arch has something that this provider gives out: with a policy, a release
 * that it accepts. Any thread. */
bool serve_offers(struct serve *s, const char *channel, const char *arch);
/* Warns of what nobody will get: a store without any file, and, with a policy, releases that it refuses
 * and folders without one. To be called once, when it is ready: clients are only told "404". */
void serve_tell_gaps(struct serve *s);
/* To be called when the descriptor can be read, and once a second: cuts answers whose file has
 * changed, and requests that do not end. */
int serve_watch_fd(const struct serve *s);
void serve_watch(struct serve *s);
/* Stops listening, cuts idle connections, lets open answers go on for at most linger_ms, and
 * frees all. */
void serve_stop(struct serve *s, uint64_t linger_ms);

#endif
