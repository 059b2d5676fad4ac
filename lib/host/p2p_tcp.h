/* TCP as a transport of libp2p: "/ip4/.../tcp/PORT" and "/ip6/.../tcp/PORT", Noise and Yamux on it. */
#ifndef HOST_P2P_TCP_H
#define HOST_P2P_TCP_H

#include "host/p2p_link.h"

#define P2P_TCP_CONNECT_MS 10000 /* until the other side's system has answered */

/* ERR_NO_MEMORY, ERR_IO. */
MUST_CHECK int p2p_tcp_new(struct p2p_local *local, struct p2p_transport **transport);

#endif
