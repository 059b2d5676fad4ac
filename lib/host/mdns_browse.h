/* Finds providers on the local network: DNS-SD over mDNS by the machine's avahi-daemon, RFC 6762
 * and 6763; service _phase-image._tcp. */
#ifndef HOST_MDNS_BROWSE_H
#define HOST_MDNS_BROWSE_H

#include "host/cli.h"
#include "host/discover_candidate.h"

/* Gets every usable announcement once per address and network it was heard on; what it points
 * to ends with the call. */
typedef void mdns_found(void *context, const struct discover_candidate *c);

struct mdns_browser;

/* The daemon may be absent, come later, or restart: a warning once, which says how long the caller waits in
 * all (timeout_ms), and browsing when it is there.
 * Unusable announcements are told with --verbose. NULL: out of memory. */
struct mdns_browser *mdns_browse(struct cli *cli, uint64_t timeout_ms, mdns_found *found, void *context);
/* Handles what happens within wait_ms; found is called from in here only. ERR_IO, said. */
MUST_CHECK int mdns_browse_step(struct mdns_browser *b, uint64_t wait_ms);
/* Whether a daemon answers at present. */
bool mdns_browse_connected(const struct mdns_browser *b);
void mdns_browse_end(struct mdns_browser *b); /* b may be NULL */

#endif
