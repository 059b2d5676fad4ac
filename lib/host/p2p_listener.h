/* A TCP socket that listens, on a libuv loop. */
#ifndef HOST_P2P_LISTENER_H
#define HOST_P2P_LISTENER_H

#include "host/p2p_link.h"

struct p2p_listener;

/* One has come in: fd is the function's own then, does not block, and is closed on exec. */
typedef void p2p_came_in(int fd, const struct sockaddr_storage *from, void *context);

/* Listens on "/ip4/.../tcp/PORT" or "/ip6/.../tcp/PORT" (bytes); *bound: where, with the port that was chosen when
 * address has port 0. When there are no descriptors left it waits until there are. ERR_VALUE: not such
 * an address; ERR_IO with errno; ERR_NO_MEMORY. */
MUST_CHECK int p2p_listener_new(uv_loop_t *loop, struct bytes address, p2p_came_in *came_in, void *context,
				struct p2p_listener **listener, struct p2p_address *bound);
/* Nobody comes in any more; it is freed, and closed called (may be NULL) with its context, when the loop comes to it.
 */
void p2p_listener_end(struct p2p_listener *listener, void (*closed)(void *context));

#endif
