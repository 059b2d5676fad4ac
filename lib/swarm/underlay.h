/* Underlays: the network addresses of a node, in one field of bytes. One address stands there as it is; none, or
 * several, as a list behind a mark. The list is signed as it stands, so it may have addresses that are of no use
 * to others (private ones), and protocols that are not known here: those are passed over. */
#ifndef SWARM_UNDERLAY_H
#define SWARM_UNDERLAY_H

#include "core/bytes.h"
#include "p2p/scope.h"

#define UNDERLAY_ADDRESSES_MAX 20
#define UNDERLAY_BYTES_MAX 2048 /* of the field */

/* Walks over the addresses of a field. */
struct underlay {
	struct reader left;
	bool list;
};

/* How many addresses the field has, known here or not. ERR_VALUE: it is none, or beyond the limits. */
MUST_CHECK int underlay_check(struct bytes field, size_t *n);
/* Of a field that underlay_check took; the next address that p2p/multiaddr.h knows; false: no more. */
struct underlay underlay_of(struct bytes field);
bool underlay_next(struct underlay *u, struct bytes *address);
/* The one to dial: an IP address, TCP port and peer, and nothing else (no WebSocket, no relay; no name: whoever tells
 * of it says where it leads, so names are only for those whom the user gives); IPv4 before IPv6.
 * least: the scope of who told of it, because strangers may name machines of ours: narrower ones are passed over;
 * P2P_SCOPE_NONE, of somebody who was reached nobody knows where: as P2P_SCOPE_PUBLIC. False: none. */
bool underlay_choose(struct bytes field, enum p2p_scope least, struct bytes *address);
/* Writes the field, without a tag. */
void underlay_write(struct writer *w, const struct bytes *addresses, size_t n);

#endif
