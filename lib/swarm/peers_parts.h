/* What the files of peers share. */
#ifndef SWARM_PEERS_PARTS_H
#define SWARM_PEERS_PARTS_H

#include "swarm/peers.h"

#define PEERS_END UINT16_MAX /* of the list of those wanted */

/* The connection with a node is ended by us. */
void peers_drop(struct peers *p, unsigned node, uint64_t now_ms);
/* Whether a node is one of those that give chunks. */
bool peers_gives(const struct peers_node *n);
/* The chunk is over: it came, it failed, or nobody wants it any more. */
void peers_finish(struct peers *p, unsigned wanted);

static inline bool peers_tried(const struct peers_wanted *w, unsigned node)
{
	return (w->tried[node / 64] >> node % 64 & 1) != 0;
}

#endif
