/* How often one address may come in from outside: a bucket of tokens for each. */
#ifndef HOST_P2P_RATE_H
#define HOST_P2P_RATE_H

#include "core/bytes.h"

#define P2P_RATES_N 512 /* addresses whose rate is known */

/* Tokens in milliseconds of waiting. */
struct p2p_rate {
	uint64_t group, at_ms, debt_ms;
};

struct p2p_rates {
	uint64_t seed; /* anything that others do not know */
	struct p2p_rate v[P2P_RATES_N];
};

/* Whom limits for an address (a multiaddr) are about: all of IPv4, of IPv6 the /56 that one customer has. */
uint64_t p2p_rate_group(struct bytes address);
/* Whether one more of group may come now: burst at once, and then one every so many milliseconds. */
bool p2p_rates_allow(struct p2p_rates *rates, uint64_t group, uint64_t burst, uint64_t every_ms, uint64_t now_ms);

#endif
