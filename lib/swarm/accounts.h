/* What a node that gives chunks remembers of those who asked for them and went: when each was last forgiven, and until
 * when it is not served. Who leaves owing would else come back owing nothing; who went too far is kept
 * away as bee keeps it away.
 *
 * By the libp2p id, which is proven. An overlay is not: anybody can repeat the record of somebody else. Of a fixed
 * size: who was seen the longest ago is forgotten for a new one, those that are blocked last. */
#ifndef SWARM_ACCOUNTS_H
#define SWARM_ACCOUNTS_H

#include "p2p/peer_id.h"
#include "swarm/credit.h"

#define ACCOUNTS_MAX 2048

struct account {
	struct peer_id peer;
	int64_t settled_s;
	uint64_t blocked_until_ms, seen_ms;
};

struct accounts {
	size_t n;
	struct account v[ACCOUNTS_MAX];
};

void accounts_init(struct accounts *a);
/* Whether peer is served now. *settled_s: for credit_init. */
bool accounts_admit(const struct accounts *a, const struct peer_id *peer, uint64_t now_ms, int64_t *settled_s);
/* It has gone: what it owed it is forgiven by time, and until then it is not served. over: it was disconnected because
 * it went too far. Several for the same peer: the longest counts. */
void accounts_leave(struct accounts *a, const struct peer_id *peer, const struct credit *credit, bool over,
		    uint64_t now_ms);

#endif
