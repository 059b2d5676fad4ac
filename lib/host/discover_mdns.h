/* Browsing for one kind of service by mDNS, through the avahi-daemon of this machine (RFC 6762 and
 * 6763). The daemon may come late, go, and come back. Addresses may be of hosts that are gone:
 * daemons answer from their caches. */
#ifndef HOST_DISCOVER_MDNS_H
#define HOST_DISCOVER_MDNS_H

#include <poll.h>

#include "host/discover_candidate.h"

/* Anybody on the network may announce any number: these are looked at, more are not. */
#define DISCOVER_INSTANCES_MAX 1024
#define DISCOVER_RESOLVING_MAX 256 /* at once, two questions each; the daemon allows a client 1024 */

struct discover_mdns;

struct discover_mdns_calls {
	/* One service instance at one address; views live during the call. The same may come twice. */
	void (*found)(void *context, const struct discover_announcement *a);
	/* As poll(2), which may wait for other things too; NULL: poll(2). */
	int (*poll)(struct pollfd *fds, unsigned fds_n, int timeout_ms, void *context);
	void *context;
};

/* type: "_phase-image._tcp". No daemon is no failure: see discover_mdns_trouble. */
MUST_CHECK int discover_mdns_open(struct discover_mdns **b, const char *type, const struct discover_mdns_calls *calls);
/* Waits once, at most timeout_ms, and makes the calls. ERR_IO. */
MUST_CHECK int discover_mdns_step(struct discover_mdns *b, unsigned timeout_ms);
/* Why nothing can be found at present ("Daemon not running"), NULL when a daemon is at work. */
const char *discover_mdns_trouble(const struct discover_mdns *b);
/* Whether instances were left out because there were more than DISCOVER_INSTANCES_MAX. */
bool discover_mdns_crowded(const struct discover_mdns *b);
void discover_mdns_close(struct discover_mdns *b); /* b may be NULL */

#endif
