/* A peer of the DHT and where it can be reached: what tables hold and answers tell.
 *
 * Only addresses that can be dialled here are kept: an IP address, and then TCP or QUIC v1. Which of them may be
 * believed is a matter of who told them: see kad_scope. Names are not kept: a stranger's may lead into our own network,
 * as /dns4/127.0.0.1 does; those of peers that the user gives to enter by never become contacts. */
#ifndef KAD_CONTACT_H
#define KAD_CONTACT_H

#include "kad/key.h"
#include "p2p/peer_id.h"
#include "p2p/scope.h"

#define KAD_CONTACT_BYTES 160 /* of addresses, a byte before each: IPv4 and IPv6, TCP and QUIC take 64 */
#define KAD_ADDRESS_BYTES_MAX 128
#define KAD_CONTACT_NETWORKS_MAX 4 /* of its addresses: IPv4 and IPv6, of two providers or in the midst of a move */

/* How far an address carries, and whom is believed what: p2p/scope.h, by the name that it has in the DHT. */
enum kad_scope {
	KAD_SCOPE_NONE = P2P_SCOPE_NONE,
	KAD_SCOPE_LOOPBACK = P2P_SCOPE_LOOPBACK,
	KAD_SCOPE_LINK = P2P_SCOPE_LINK,
	KAD_SCOPE_PRIVATE = P2P_SCOPE_PRIVATE,
	KAD_SCOPE_PUBLIC = P2P_SCOPE_PUBLIC,
};

struct kad_contact {
	struct peer_id id;
	struct kad_key key;
	/* The group of the other end of a connection with it, which is perhaps no address of its, but says whose it is:
	 * nobody can choose that as he can what he tells. 0: there was none, or it was reached where it says. */
	uint32_t from_group;
	uint8_t n; /* bytes in use */
	uint8_t bytes[KAD_CONTACT_BYTES];
};

/* Without an address yet. */
void kad_contact_init(struct kad_contact *c, const struct peer_id *id);
/* Adds an address, without the peer's own id at its end. False: it is none, leads to another peer, cannot be
 * dialled, its scope is below least, it is there already, it would be of one network too many, or there is no room
 * within room_max (at most KAD_CONTACT_BYTES) bytes. */
bool kad_contact_add(struct kad_contact *c, struct bytes address, enum kad_scope least, size_t room_max);
/* The next address, from *at = 0 on; false at the end. */
bool kad_contact_next(const struct kad_contact *c, size_t *at, struct bytes *address);
/* Of the first address, which should be the one that the peer was reached at; KAD_SCOPE_NONE without any. */
enum kad_scope kad_contact_scope(const struct kad_contact *c);

enum kad_scope kad_scope_of(struct bytes address);
/* Who is likely to have all addresses that give the same number: /16 of IPv4, /32 of IPv6. 0: not public. */
uint32_t kad_group_of(struct bytes address);
/* Of an address, what all have in common that one machine has: IPv4, half of IPv6 that is public, or a name. Empty: it
 * is no address. */
struct bytes kad_machine_of(struct bytes address);

/* The groups that a contact counts in, each once: those of all its addresses, for which of them is true is not known,
 * and of the other end of a connection with it. */
struct kad_groups {
	unsigned n;
	uint32_t of[KAD_CONTACT_NETWORKS_MAX + 1];
};
void kad_contact_groups(const struct kad_contact *c, struct kad_groups *groups);
bool kad_groups_have(const struct kad_groups *groups, uint32_t group);

#endif
