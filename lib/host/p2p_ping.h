/* Ping: whether a peer answers, and how fast. */
#ifndef HOST_P2P_PING_H
#define HOST_P2P_PING_H

#include "host/p2p_node.h"

#define P2P_PING_MS 10000

/* OK: rtt_us after it was asked the answer was there, over a connection that stood. Otherwise why there was none. */
typedef void p2p_pinged(const struct peer_id *peer, int err, uint64_t rtt_us, void *context);
/* Errors: as p2p_stream_open; done is not called then. */
MUST_CHECK int p2p_ping(struct p2p_node *node, const struct peer_id *peer, p2p_pinged *done, void *context);

#endif
