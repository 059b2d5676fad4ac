/* Addresses of sockets as multiaddrs: "/ip4/192.0.2.1/tcp/4001", "/ip6/::1/udp/4001/quic-v1". */
#ifndef HOST_P2P_ADDRESS_H
#define HOST_P2P_ADDRESS_H

#include "host/p2p_link.h"

#define P2P_OWN_ADDRESSES_MAX 24 /* that are told to others */

/* From an IP address and a port of this kind (MULTIADDR_TCP, MULTIADDR_UDP); *rest: what follows them. ERR_VALUE: it
 * does not begin so; to is untouched then. */
MUST_CHECK int p2p_address_read(struct bytes address, enum multiaddr_code kind, struct sockaddr_storage *to,
				struct bytes *rest);
/* An IPv4 address in an IPv6 one becomes what it is. */
void p2p_address_of(struct p2p_address *address, const struct sockaddr_storage *from, enum multiaddr_code kind);
/* A view of its bytes. */
struct bytes p2p_address_bytes(const struct p2p_address *address);
/* How long the structure in a is: what bind and connect want. */
socklen_t p2p_address_size(const struct sockaddr_storage *a);

/* Binds a socket of the family of a, and listens there when backlog is not 0. *bound: where it is now. Gives fd; or
 * closes it, and gives -1: errno says why. */
int p2p_address_bind(int fd, const struct sockaddr_storage *a, int backlog, struct sockaddr_storage *bound);

/* Into a list of P2P_OWN_ADDRESSES_MAX: one address, unless it is in or there is no room; those under which others
 * reach who listens on one, which of "any address" are those of the machine's interfaces. */
void p2p_address_add(struct p2p_address *all, size_t *n, const struct p2p_address *one);
void p2p_address_add_reached(struct p2p_address *all, size_t *n, const struct p2p_address *listens);

#endif
