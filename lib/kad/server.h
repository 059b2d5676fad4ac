/* What a server of the DHT answers (libp2p specs/kad-dht, as go-libp2p behaves): one request in, one answer out.
 * A stream may bring several requests, one after the other.
 *
 * FIND_NODE for our own id is answered with ourselves first; who asks is never in an answer, nor is a peer without
 * an address that is of use to it. Values must obey the rules of the store, a provider may speak for itself alone,
 * and addresses that are narrower than that of who told them are left out: see kad/contact.h. An answer has one value:
 * of several of one key the servers near it give different ones. */
#ifndef KAD_SERVER_H
#define KAD_SERVER_H

#include "kad/providers.h"
#include "kad/table.h"
#include "kad/values.h"

#define KAD_SERVER_TURNS 64

struct kad_server {
	const struct kad_contact *self; /* with the addresses that others can reach us at */
	const struct kad_table *table;
	struct kad_values *values;
	struct kad_providers *providers;
	unsigned turns[KAD_SERVER_TURNS]; /* of keys: so that who asks for two in turn gets all of both */
};

/* Who asks: the id that the handshake proved, and the address at the other end of the connection. */
struct kad_asker {
	const struct peer_id *id;
	struct bytes address;
};

/* All must outlive s. */
void kad_server_init(struct kad_server *s, const struct kad_contact *self, const struct kad_table *table,
		     struct kad_values *values, struct kad_providers *providers);
/* request and answer are without the length before them. KAD_SENT_BYTES_MAX bytes of room always suffice. OK with
 * nothing written: there is no answer to this (ADD_PROVIDER). Everything else: reset the stream, that is how this
 * protocol says no. ERR_PROTOCOL, ERR_LIMIT, ERR_NO_SPACE, and what the rules say about a value. */
MUST_CHECK int kad_server_answer(struct kad_server *s, const struct kad_asker *asker, struct bytes request,
				 struct kad_now now, struct writer *answer);

#endif
