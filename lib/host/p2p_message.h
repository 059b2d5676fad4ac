/* A message with its length before it, put together from what arrives. Memory grows with what is there, not with what
 * was announced, and counts as the node's. */
#ifndef HOST_P2P_MESSAGE_H
#define HOST_P2P_MESSAGE_H

#include "host/p2p_node.h"

struct p2p_message {
	uint8_t *p; /* owned: p2p_message_drop */
	size_t n, room;
	uint64_t length; /* known when has_length */
	bool has_length;
	uint8_t head_n;
};

/* Takes in up to the end of the message, *used of it, *whole when it is there: p2p_message_view. ERR_LIMIT: longer than
 * max, or the node holds too much; ERR_PROTOCOL; ERR_NO_MEMORY. */
MUST_CHECK int p2p_message_take(struct p2p_message *m, struct p2p_node *node, size_t max, struct bytes in, size_t *used,
				bool *whole);
struct bytes p2p_message_view(const struct p2p_message *m);
/* Whether something of it has arrived. */
bool p2p_message_begun(const struct p2p_message *m);
/* Empty again, for the next one. */
void p2p_message_drop(struct p2p_message *m, struct p2p_node *node);

#endif
