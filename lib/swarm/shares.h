/* What all peers of one address may owe together to a node that gives chunks: an identity costs nothing, and each
 * begins owing nothing. So much as a few full nodes may, forgiven by time alone as theirs is. */
#ifndef SWARM_SHARES_H
#define SWARM_SHARES_H

#include "swarm/price.h"

#define SHARES_PEERS 8 /* full nodes */
#define SHARES_N 512   /* addresses whose debt is known */

struct share {
	uint64_t group, at_ms, owed;
};

struct shares {
	uint64_t seed; /* anything that others do not know */
	struct share v[SHARES_N];
};

/* Whether a chunk of that price may be given now to somebody of the group; it is owed then. times: as of
 * credit_extend. */
bool shares_take(struct shares *s, uint64_t group, uint64_t price, uint64_t times, uint64_t now_ms);

#endif
