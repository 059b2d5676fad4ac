/* The DHT on a libp2p node: the loop that gives the cores of lib/kad their messages and their time.
 *
 * It serves requests (or does not: a client), keeps the routing table, and runs look-ups. The owner of the p2p_node
 * tells it of connections and of identify, from the callbacks of p2p_node_user. All runs in the thread of the loop. */
#ifndef HOST_KAD_NODE_H
#define HOST_KAD_NODE_H

#include "host/p2p_request.h"
#include "kad/lookup.h"
#include "kad/server.h"

#define KAD_NODE_BOOTSTRAPS_MAX 32
#define KAD_NODE_PROTOCOLS_MAX 4
#define KAD_NODE_PEERS_MAX 512 /* connected ones whose address is known: of others nothing private is believed */
#define KAD_NODE_VALUES_BYTES (1U << 20)
#define KAD_NODE_PROVIDERS_ROOM 1024
#define KAD_NODE_FOUND_BYTES 65536
#define KAD_NODE_FOUND_PROVIDERS 64

struct kad_node;

struct kad_node_config {
	struct p2p_node *node; /* ends before the kad_node is closed */
	uv_loop_t *loop;
	const char *const *protocols; /* KAD_PROTOCOL, KAD_PROTOCOL_IPFS; the best first */
	size_t protocols_n;
	bool server;
	const struct kad_rules *rules;
	const struct bytes *bootstraps; /* multiaddrs with "/p2p" at the end, also names; must outlive it */
	size_t bootstraps_n;
};

/* What a look-up has found; l and its views are good until the function returns. OK; ERR_NOT_FOUND: there was nobody
 * to ask; ERR_INTERRUPTED: the node is closed. */
typedef void kad_node_done(struct kad_node *k, int err, const struct kad_lookup *l, void *context);

struct kad_node_search {
	enum kad_lookup_kind kind;
	struct bytes key;   /* at most KAD_RECORD_KEY_BYTES_MAX; copied */
	struct bytes value; /* VALUES: put under key at the nearest, when all is found; copied. Empty: nothing is */
	bool provide;       /* PROVIDERS: we are told to the nearest as one */
	unsigned quorum;    /* as kad_lookup_room; 0 with value */
};

/* ERR_NO_MEMORY, ERR_LIMIT. Before the node listens. */
MUST_CHECK int kad_node_new(struct kad_node **k, const struct kad_node_config *config);
/* Begins: enters the network, and keeps in it. */
void kad_node_start(struct kad_node *k);
/* Stops; searches are told ERR_INTERRUPTED. It is freed when the loop has run. The p2p_node must have ended. */
void kad_node_close(struct kad_node *k);

/* From the callbacks of the same names. */
void kad_node_connected(struct kad_node *k, const struct peer_id *peer, struct bytes address,
			enum connection_role role);
void kad_node_disconnected(struct kad_node *k, const struct peer_id *peer);
void kad_node_identified(struct kad_node *k, const struct peer_id *peer, const struct identify *identify);

/* ERR_LIMIT: key or value too long; ERR_NO_MEMORY. done is never called from in here. */
MUST_CHECK int kad_node_search(struct kad_node *k, const struct kad_node_search *search, kad_node_done *done,
			       void *context);
/* Who is known: a view, good until the loop runs again. */
const struct kad_table *kad_node_table(const struct kad_node *k);

#endif
