/* A bridge: whoever speaks libp2p and cannot look for content in Swarm asks for it on a stream (swarm/bridge.h), and
 * gets it from stores on this machine, from gateways and from nodes of Swarm.
 *
 * The loop's thread does nothing but streams; content is read by the threads of libuv, a piece at a time, and the
 * next piece while one is being sent: a client that does not read costs two pieces and an open file, and no
 * thread. Nobody waits for others' questions to gateways: what stores have is read by readers that ask nobody else,
 * and of the readers of either kind the clients of one address have half at most, and a turn when all other
 * addresses have had theirs. */
#ifndef HOST_BZZ_BRIDGE_H
#define HOST_BZZ_BRIDGE_H

#include "host/gateway_source.h"
#include "host/p2p_stream.h"

/* At once; as many threads as both together should libuv have. */
#define BZZ_BRIDGE_STORE_READERS 4   /* a disk is not quicker with more */
#define BZZ_BRIDGE_GATEWAY_READERS 8 /* of what no store has */
#define BZZ_BRIDGE_NODE_READERS 2    /* the same, when nodes are asked: each has connections of its own with them */
#define BZZ_BRIDGE_STREAMS 256       /* at once; more are told to come again. 420 KiB each */
#define BZZ_BRIDGE_PER_GROUP 64      /* of them of one address, as of p2p_rate_group, and of one connection */
#define BZZ_BRIDGE_ASK_MS 30000      /* until a question must be there */
#define BZZ_BRIDGE_STALL_MS 60000    /* without the client taking anything */

struct bzz_bridge;

/* cli, stores and others, with what it refers to, must outlive it. Errors, printed, as of gateway_source_open. */
MUST_CHECK int bzz_bridge_open(struct cli *cli, const struct chunk_source *stores,
			       const struct gateway_source_others *others, struct bzz_bridge **bridge);
/* Serves the protocol on a node. As of p2p_node_handle. */
MUST_CHECK int bzz_bridge_serve(struct bzz_bridge *b, struct p2p_node *node);
/* When the node has ended and its loop has nothing left to do. NULL: nothing. */
void bzz_bridge_close(struct bzz_bridge *b);

#endif
