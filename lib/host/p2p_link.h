/* A connection to a peer, and what makes such connections: the seam between the transports (TCP in p2p_tcp.h,
 * QUIC) and the node (p2p_node.h). A transport's link has the events and verbs of p2p/connection.h, with these
 * promises beside:
 *
 * - All runs in the one thread of the loop. Events come from the loop only, never from inside a verb; in an event
 *   every verb may be called, of this link and of others. What a verb has to send leaves before the
 *   loop waits again: nobody has to flush.
 * - CONNECTION_READY is the first event, and the one after which the verbs but end may be called. Data of
 *   CONNECTION_DATA are good until that event returns; all of them are taken then, and what was not yet dealt with
 *   is kept by the user, who calls consumed when it is: the other side gets no new credit before.
 * - A write takes what there is room and credit for. When it took less than all, CONNECTION_WRITABLE (for a
 *   stream that is not agreed yet: CONNECTION_AGREED) says when to try again, whatever it was that was missing.
 * - ended is the last that is heard of a link, once for every link, also for one that was never READY, and also
 *   when end was called. Streams that are open then are gone. The link may not be touched afterwards.
 * - A transport copies no data of streams and keeps none beyond a frame each way. */
#ifndef HOST_P2P_LINK_H
#define HOST_P2P_LINK_H

#include <netinet/in.h>
#include <uv.h>

#include "p2p/connection.h"
#include "p2p/multiaddr.h"

#define P2P_PROTOCOLS_MAX 64 /* that a node serves */
#define P2P_LISTENS_MAX 8    /* addresses that it listens on */

/* A multiaddr of an address and a port, without "/p2p": two parts, or three. */
#define P2P_ADDRESS_BYTES_MAX 64

struct p2p_address {
	uint8_t n;
	uint8_t bytes[P2P_ADDRESS_BYTES_MAX];
};

struct p2p_link;

/* What the user of a link is told. */
struct p2p_link_user {
	void (*event)(struct p2p_link *link, const struct connection_event *event);
	void (*ended)(struct p2p_link *link, int err); /* err: why, never OK */
};

/* As the functions connection_NAME. */
struct p2p_link_verbs {
	const struct peer_id *(*peer)(const struct p2p_link *link);
	int (*open)(struct p2p_link *link, const char *const *names, size_t names_n, bool lazy, uint32_t *stream);
	int (*write)(struct p2p_link *link, uint32_t stream, struct bytes data, size_t *n);
	void (*consumed)(struct p2p_link *link, uint32_t stream, size_t n);
	void (*close)(struct p2p_link *link, uint32_t stream);
	void (*reset)(struct p2p_link *link, uint32_t stream, uint32_t code);
	/* Ends the connection: no more events but ended, soon, with this err. */
	void (*end)(struct p2p_link *link, int err);
};

/* The head of every transport's own struct. */
struct p2p_link {
	const struct p2p_link_verbs *verbs;
	const struct p2p_link_user *user;
	void *owner; /* the user's */
	enum connection_role role;
	struct p2p_address remote; /* where the other side is, as seen from here */
};

/* What all links of a node have in common; it outlives the transports. */
struct p2p_local {
	uv_loop_t *loop;
	uint8_t identity_seed[ED25519_SEED_BYTES];
	const char *protocols[P2P_PROTOCOLS_MAX]; /* served; those that stand there when a link begins */
	size_t protocols_n;
	uint64_t window_budget_bytes; /* of one connection, as of yamux_init */
	/* Asked before anything is kept of a connection from outside. */
	bool (*admits)(struct p2p_local *local, const struct sockaddr_storage *from);
	/* A connection from outside; it sets user and owner. Every link that was admitted is told of; its READY is
	 * still to come. */
	void (*accepted)(struct p2p_local *local, struct p2p_link *link);
};

struct p2p_transport;

struct p2p_transport_verbs {
	/* Whether address (without "/p2p") is one that dial and listen take. */
	bool (*knows)(const struct p2p_transport *transport, struct bytes address);
	/* Listens; *bound: where, with the port that was chosen when address has port 0. ERR_IO with errno. */
	int (*listen)(struct p2p_transport *transport, struct bytes address, struct p2p_address *bound);
	/* Begins a connection to expected (NULL: whoever is there). ERR_IO with errno, ERR_NO_MEMORY, ERR_CRYPTO: there
	 * is no link then. */
	int (*dial)(struct p2p_transport *transport, struct bytes address, const struct peer_id *expected,
		    const struct p2p_link_user *user, void *owner, struct p2p_link **link);
	/* Stops listening; ends all links, for each of which ended is called still; then frees the transport. */
	void (*end)(struct p2p_transport *transport);
};

struct p2p_transport {
	const struct p2p_transport_verbs *verbs;
	struct p2p_local *local;
};

#endif
