/* A peer of the DHT and where it can be reached: what tables hold and answers tell.
 *
 * Only addresses that can be dialled here are kept: an IP address or a name, and then TCP or QUIC v1. Which of
 * them may be believed is a matter of who told them: see kad_scope. */
#ifndef KAD_CONTACT_H
#define KAD_CONTACT_H

#include "kad/key.h"
#include "p2p/peer_id.h"

#define KAD_CONTACT_BYTES 160 /* of addresses, a byte before each: IPv4 and IPv6, TCP and QUIC take 64 */
#define KAD_ADDRESS_BYTES_MAX 128

/* How far an address carries, from narrow to wide. What is told by somebody whom we reach at an address of one
 * scope is believed when its own is as wide or wider: a public peer has nothing to say about 192.168.0.1, which is
 * another machine there, and nobody but this machine about 127.0.0.1. */
enum kad_scope {
	KAD_SCOPE_NONE, /* no address that can be dialled: unspecified, multicast, reserved; or no such protocol */
	KAD_SCOPE_LOOPBACK,
	KAD_SCOPE_LINK,
	KAD_SCOPE_PRIVATE, /* also what is kept for documents, benchmarks and carriers' NAT */
	KAD_SCOPE_PUBLIC,  /* names too: who resolves them must look at what they lead to */
};

struct kad_contact {
	struct peer_id id;
	struct kad_key key;
	uint8_t n; /* bytes in use */
	uint8_t bytes[KAD_CONTACT_BYTES];
};

/* Without an address yet. */
void kad_contact_init(struct kad_contact *c, const struct peer_id *id);
/* Adds an address, without the peer's own id at its end. False: it is none, leads to another peer, cannot be
 * dialled, its scope is below least, it is there already, or there is no room within room_max (at most
 * KAD_CONTACT_BYTES) bytes. */
bool kad_contact_add(struct kad_contact *c, struct bytes address, enum kad_scope least, size_t room_max);
/* The next address, from *at = 0 on; false at the end. */
bool kad_contact_next(const struct kad_contact *c, size_t *at, struct bytes *address);
/* Of the first address, which should be the one that the peer was reached at; KAD_SCOPE_NONE without any. */
enum kad_scope kad_contact_scope(const struct kad_contact *c);
uint32_t kad_contact_group(const struct kad_contact *c);

enum kad_scope kad_scope_of(struct bytes address);
/* Who is likely to have all addresses that give the same number: /16 of IPv4, /32 of IPv6. 0: not public, or a
 * name. */
uint32_t kad_group_of(struct bytes address);

#endif
