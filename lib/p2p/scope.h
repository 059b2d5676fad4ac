/* How far an address carries. Networks that are not everybody's are those of RFC 6890; here alone they are listed. */
#ifndef P2P_SCOPE_H
#define P2P_SCOPE_H

#include "core/bytes.h"

/* From narrow to wide. What is told by somebody whom we reach at an address of one scope is believed when its own is
 * as wide or wider: a public peer has nothing to say about 192.168.0.1, which is another machine there, and nobody but
 * this machine about 127.0.0.1. Of a name nobody is believed: it leads wherever its owner says, also to 127.0.0.1, and
 * may be text of an address itself. Names are for addresses that the user gives, which are not judged by this. */
enum p2p_scope {
	P2P_SCOPE_NONE, /* no address that can be dialled: unspecified, multicast, reserved; a name; no such protocol */
	P2P_SCOPE_LOOPBACK,
	P2P_SCOPE_LINK,
	P2P_SCOPE_PRIVATE, /* also what is kept for documents, benchmarks and carriers' NAT */
	P2P_SCOPE_PUBLIC,
};

/* Of a multiaddr: of its host, with which it begins. */
enum p2p_scope p2p_scope_of(struct bytes address);
/* Of 4 or 16 bytes. */
enum p2p_scope p2p_scope_of_ip(struct bytes ip);
/* The IPv4 address within one of IPv6, mapped, or behind a NAT64: a view; NULL: there is none. */
const uint8_t *p2p_scope_ipv4_within(const uint8_t ip[static 16]);

#endif
