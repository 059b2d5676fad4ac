/* Probes: small documents fetched from many providers at once, to see who answers. */
#ifndef HOST_DISCOVER_PROBE_H
#define HOST_DISCOVER_PROBE_H

#include <curl/curl.h>
#include <poll.h>

#include "core/err.h"

#define PROBE_CONNECTIONS_MAX 16 /* at once; others wait */

/* Called once for each probe. err: OK and the body, or what failed, and detail says how ("HTTP
 * 404", "Connection refused"). Views live during the call. */
typedef void discover_probe_done(void *context, const void *subject, int err, const char *detail, struct bytes body);

struct discover_probes {
	CURLM *multi;
	struct discover_probe *first; /* those under way */
	size_t bytes_max;
	discover_probe_done *done;
	void *context;
};

struct discover_probe_request {
	const char *url;
	bool direct; /* an address of this network: no proxy */
	uint64_t timeout_ms;
	const void *subject; /* handed to done */
};

/* A body of more than bytes_max bytes is ERR_LIMIT. */
MUST_CHECK int discover_probes_open(struct discover_probes *p, size_t bytes_max, discover_probe_done *done,
				    void *context);
MUST_CHECK int discover_probe_start(struct discover_probes *p, const struct discover_probe_request *r);
/* Does what can be done at once, and makes the calls. */
void discover_probes_run(struct discover_probes *p);
/* As poll(2), for the descriptors of others and the probes together. */
int discover_probes_poll(struct discover_probes *p, struct pollfd *fds, unsigned fds_n, int timeout_ms);
/* Drops what is under way, without calls. p may be zeroed. */
void discover_probes_close(struct discover_probes *p);

#endif
