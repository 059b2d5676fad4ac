/* QUIC as a transport of libp2p: "/ip4/.../udp/PORT/quic-v1" and "/ip6/.../udp/PORT/quic-v1" (host/quic_endpoint.h).
 * It dials from a socket that listens on all addresses, if there is one, so that others can dial back through what
 * translates addresses between them. */
#ifndef HOST_P2P_QUIC_H
#define HOST_P2P_QUIC_H

#include "host/p2p_link.h"

/* ERR_NO_MEMORY. */
MUST_CHECK int p2p_quic_new(struct p2p_local *local, struct p2p_transport **transport);

#endif
