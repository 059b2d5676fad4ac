/* A libp2p node: an identity, transports that listen and dial (p2p_tcp.h), connections to peers, and the
 * streams on them. It answers and asks identify, answers ping, and keeps what others can cost it within limits.
 *
 * All runs in the thread of the loop. Callbacks come from the loop only, never from inside a call of these
 * functions. A node may be ended, and anything else be called, from inside every callback.
 *
 * What programs do is in p2p_stream.h (streams as they are) and p2p_request.h (a message out, a message
 * back). */
#ifndef HOST_P2P_NODE_H
#define HOST_P2P_NODE_H

#include "host/p2p_link.h"
#include "p2p/identify.h"

#define P2P_DIAL_ADDRESSES_MAX 32 /* of one peer that are tried; what is more is left out */
#define P2P_DIAL_MS 15000         /* for all addresses of a peer together */

struct p2p_node;

/* 0: the default, which is given with each. */
struct p2p_limits {
	size_t connections_max;   /* in all, with those that are being made: 256 */
	size_t per_ip_max;        /* connections from outside, of one IPv4 address or IPv6 /56: 16 */
	size_t per_peer_max;      /* connections with one peer: 4 */
	size_t handshakes_max;    /* connections from outside whose peer is not known yet: 64 */
	size_t accept_burst;      /* connections from one address that are taken at once: 32 ... */
	uint64_t accept_every_ms; /* ... and from then on one in so many milliseconds: 500 */
	size_t held_bytes_max;    /* messages not yet whole or not yet sent, of all peers: 64 MiB */
	uint64_t idle_ms;         /* until a connection without streams is closed: 60 s */
};

/* What the owner is told; each may be NULL. Views are good until the function returns. */
struct p2p_node_user {
	/* The first connection with a peer stands; the last one is gone. */
	void (*connected)(struct p2p_node *node, const struct peer_id *peer, struct bytes address,
			  enum connection_role role);
	void (*disconnected)(struct p2p_node *node, const struct peer_id *peer, int err);
	/* A peer has said, perhaps again, what it speaks and where it is: whatever it says, true or not. */
	void (*identified)(struct p2p_node *node, const struct peer_id *peer, const struct identify *identify);
	void (*ended)(struct p2p_node *node); /* the last word: everything is closed, and node freed after it */
};

struct p2p_node_config {
	uv_loop_t *loop;
	const uint8_t *identity_seed; /* of Ed25519; copied */
	const char *agent;            /* "name/version", told to others; must outlive the node */
	const char *name_servers;     /* as of p2p_resolver_new; NULL: this machine's */
	struct p2p_limits limits;
	const struct p2p_node_user *user;
	void *owner;
};

/* ERR_NO_MEMORY, ERR_IO, ERR_CRYPTO. The node has a TCP transport. */
MUST_CHECK int p2p_node_new(struct p2p_node **node, const struct p2p_node_config *config);
/* Closes everything; ended is called when that is done. What callers wait for is told ERR_INTERRUPTED. */
void p2p_node_end(struct p2p_node *node);
void *p2p_node_owner(const struct p2p_node *node);
const struct peer_id *p2p_node_id(const struct p2p_node *node);
uv_loop_t *p2p_node_loop(const struct p2p_node *node);

/* Listens on "/ip4/192.0.2.1/tcp/4001" or the like (bytes); port 0: any, 0.0.0.0 and ::: all of the machine's.
 * ERR_VALUE: no transport knows such an address; ERR_LIMIT; ERR_IO with errno. */
MUST_CHECK int p2p_node_listen(struct p2p_node *node, struct bytes address);
/* An address under which the node is reached beside those it listens on; told to all. ERR_VALUE, ERR_LIMIT. */
MUST_CHECK int p2p_node_advertise(struct p2p_node *node, struct bytes address);
/* The addresses that others are told, without "/p2p": a view until the loop runs again. */
const struct p2p_address *p2p_node_addresses(const struct p2p_node *node, size_t *n);

/* OK: there is a connection with peer. Otherwise why there is none: the error of the last address that was tried;
 * ERR_NOT_FOUND: not one that could be; ERR_LIMIT: too many connections or dials. */
typedef void p2p_connected(struct p2p_node *node, const struct peer_id *peer, int err, void *context);
/* Has a connection with peer made unless there is one. addresses: where it may be, with or without its "/p2p" at the
 * end, also names of the DNS; all are tried, the next one whenever one fails or takes more than a quarter of
 * a second, and the first that proves to be peer is taken. An address that failed is left alone for
 * some time, which doubles with each failure, unless insist. ERR_NO_MEMORY, and
 * ERR_INTERRUPTED when the node ends: done is never called then. */
MUST_CHECK int p2p_node_connect(struct p2p_node *node, const struct peer_id *peer, const struct bytes *addresses,
				size_t addresses_n, bool insist, p2p_connected *done, void *context);
/* Closes the connections with peer. */
void p2p_node_disconnect(struct p2p_node *node, const struct peer_id *peer);
bool p2p_node_is_connected(const struct p2p_node *node, const struct peer_id *peer);
/* Where peer is, as seen from here; role: of ours in that connection. False: there is none. */
bool p2p_node_remote(const struct p2p_node *node, const struct peer_id *peer, struct p2p_address *address,
		     enum connection_role *role);
/* Calls each for every peer there is a connection with. */
void p2p_node_each_peer(const struct p2p_node *node, void (*each)(const struct peer_id *peer, void *context),
			void *context);

#endif
