/* Names to addresses: literals at once, names by DNS from the resolvers that the network gave, and
 * names in .local by mDNS. Nothing that a resolver says is believed: it only says whom to ask. */
#ifndef EFI_RESOLVE_H
#define EFI_RESOLVE_H

#include "efi/net.h"
#include "p2p/dns.h"

#define RESOLVE_MDNS_PORT 5353
#define RESOLVE_ADDRESSES_MAX 8
#define RESOLVE_NAMES_MAX 16 /* kept; the oldest goes that is not being asked */
#define RESOLVE_TRIES 4
#define RESOLVE_TRY_MS 1000      /* for one answer */
#define RESOLVE_GIVE_UP_MS 12000 /* who asks waits no longer: three names in turn may have been silent */
#define RESOLVE_WAIT 1           /* not known yet: ask again after net_poll */

extern const struct net_address resolve_mdns_group; /* who is asked by mDNS: RFC 6762 section 3 */

struct resolved {
	struct net_address v[RESOLVE_ADDRESSES_MAX]; /* IPv6 and IPv4 in turn, as RFC 8305 wants */
	size_t n;
};

struct resolving {
	uint8_t name[256];
	size_t name_n; /* 0: free */
	int err;       /* RESOLVE_WAIT while it is asked; OK; or why not */
	unsigned tries;
	bool six_done, four_done;
	bool six_failed, four_failed; /* by who was asked last: perhaps the next resolver can tell */
	uint16_t id;                  /* of the question for IPv4; the next one is for IPv6 */
	uint64_t try_ms;
	struct net_address asked; /* who was asked last */
	struct net_address six[RESOLVE_ADDRESSES_MAX], four[RESOLVE_ADDRESSES_MAX];
	size_t six_n, four_n;
};

struct resolver {
	struct platform *platform;
	struct net *net;
	uint32_t socket; /* NET_NONE: none yet, or none to be had */
	struct resolving names[RESOLVE_NAMES_MAX];
	size_t oldest;
};

void resolver_init(struct resolver *r, struct platform *p, struct net *net);
/* OK and *out; RESOLVE_WAIT, also while there is no room; ERR_NOT_FOUND: no such name, or nobody to ask; ERR_TIMEOUT:
 * nobody answers; ERR_SOURCE: all resolvers refuse or fail; ERR_VALUE: no name that a host may have. */
MUST_CHECK int resolver_find(struct resolver *r, struct bytes host, uint64_t now_ms, struct resolved *out);
void resolver_close(struct resolver *r);

#endif
