/* Names in multiaddrs ("/dns4/...", "/dns6/...", "/dns/...", "/dnsaddr/...") by the resolver of this
 * machine. */
#ifndef HOST_P2P_RESOLVE_H
#define HOST_P2P_RESOLVE_H

#include <uv.h>

#include "p2p/multiaddr.h"
#include "p2p/peer_id.h"

#define P2P_RESOLVE_DEPTH_MAX 4 /* of "/dnsaddr" that lead to others; go's limit */
#define P2P_RESOLVE_LOOKUPS_MAX 32
#define P2P_RESOLVE_FOUND_MAX 100
#define P2P_RESOLVE_MS 5000 /* for all of one address */

struct p2p_resolver;

/* What was found: addresses without names, as they come. */
typedef void p2p_resolve_found(void *context, struct bytes address);
/* All was found that will be. OK also when that is nothing; ERR_INTERRUPTED: the resolver ends. */
typedef void p2p_resolve_done(void *context, int err);

/* servers: name servers, "192.0.2.1,[2001:db8::1]:5353"; NULL: those of this machine. It must outlive the resolver.
 * ERR_NO_MEMORY, ERR_IO. */
MUST_CHECK int p2p_resolver_new(uv_loop_t *loop, const char *servers, struct p2p_resolver **resolver);
/* Ends it; what is under way is told ERR_INTERRUPTED, then ended is called, from the loop. */
void p2p_resolver_end(struct p2p_resolver *resolver, void (*ended)(void *context), void *context);
/* Whether there is a name at the beginning of address. */
bool p2p_resolve_needed(struct bytes address);
/* Begins; found and done come from the loop. Of what "/dnsaddr" leads to only the addresses of peer are
 * given; of anybody for NULL. ERR_NO_MEMORY, ERR_VALUE: no such address; ERR_CLOSED: it ends. */
MUST_CHECK int p2p_resolve(struct p2p_resolver *resolver, struct bytes address, const struct peer_id *peer,
			   p2p_resolve_found *found, p2p_resolve_done *done, void *context);

#endif
