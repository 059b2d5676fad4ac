/* The Kademlia DHT on a node: a table of its servers, look-ups over requests, and, as a server, the answers to those
 * of others. The rules are those of lib/kad; this carries out what it wants. */
#ifndef HOST_P2P_DHT_H
#define HOST_P2P_DHT_H

#include "host/p2p_request.h"
#include "kad/lookup.h"
#include "kad/server.h"
#include "kad/snapshot.h"

#define P2P_DHT_PROTOCOLS_MAX 2
#define P2P_DHT_BOOTSTRAP_MAX 16
#define P2P_DHT_SEARCHES_MAX 64 /* at once, its own for the table among them */

struct p2p_dht;

struct p2p_dht_config {
	struct p2p_node *node;
	const char *const *protocols; /* KAD_PROTOCOL, KAD_PROTOCOL_IPFS: the best first; they outlive the node */
	size_t protocols_n;
	bool server;                   /* answers others; or else it only asks */
	const struct kad_rules *rules; /* of values, as kad_record_rules */
	/* What came of entering by a peer, each time it is tried. NULL, or called from the loop. */
	void (*entered)(struct p2p_node *node, const struct peer_id *peer, int err);
	/* A server does not keep what a peer sends: what kad_server_answer says. NULL, or called from the loop. */
	void (*refused)(struct p2p_node *node, const struct peer_id *peer, int err);
};

/* Before the node listens. ERR_NO_MEMORY, ERR_LIMIT. */
MUST_CHECK int p2p_dht_new(struct p2p_dht **dht, const struct p2p_dht_config *config);
/* Frees it. Only when its node has ended: from its user's ended. */
void p2p_dht_free(struct p2p_dht *dht);
/* A peer to enter the network by; it is dialled now, and again whenever few are known. address has its "/p2p" at the
 * end. ERR_VALUE, ERR_LIMIT. */
MUST_CHECK int p2p_dht_bootstrap(struct p2p_dht *dht, struct bytes address);
/* What a peer has said by identify: the owner of the node passes it on. */
void p2p_dht_identified(struct p2p_dht *dht, const struct peer_id *peer, const struct identify *identify);
/* Who is known: a view, good until the loop runs again. */
const struct kad_table *p2p_dht_table(const struct p2p_dht *dht);

/* What a server keeps over a restart, as kad/snapshot.h has it; KAD_SNAPSHOT_BYTES_MAX suffice. */
void p2p_dht_keep(const struct p2p_dht *dht, struct writer *w);
/* Another number than before: there is something that is worth keeping. */
uint64_t p2p_dht_changes(const struct p2p_dht *dht);
/* Takes that up again. Who was known is asked whether he is there when few others are; those
 * that are not there while others are, are forgotten. Errors of kad_snapshot_read; nothing is taken up then. */
MUST_CHECK int p2p_dht_restore(struct p2p_dht *dht, struct bytes snapshot, struct kad_snapshot_taken *taken);

/* The look-up has come to its end, or has an answer more, or something from our own store: it is looked at by the
 * functions of kad/lookup.h until this returns. providers: those it has found. err: OK; ERR_INTERRUPTED: the node ends;
 * there is no look-up then. */
typedef void p2p_dht_told(struct p2p_dht *dht, int err, const struct kad_lookup *l, const struct kad_contact *providers,
			  void *context);

struct p2p_dht_question {
	enum kad_lookup_kind kind;
	struct bytes key;
	unsigned quorum; /* until so many peers have given a value; 0: to the end */
	/* NULL, or it is stored at the nearest then (KAD_LOOKUP_NODES; with KAD_LOOKUP_VALUES at those that have
	 * another one); an empty one: ourselves as provider. A server keeps it, too. */
	const struct bytes *value;
	p2p_dht_told *answered; /* NULL, or called with each answer, and what our own store has */
	p2p_dht_told *done;     /* called once, at the end */
	void *context;
};

/* Looks for the nearest to a key, or what they have of it, and has a value stored there. What a server has of it
 * itself is found, too. Where nobody is known, the peers to enter by are dialled, and it begins when they have answered
 * or failed. All of q may go when this returns. ERR_LIMIT, ERR_NO_MEMORY, ERR_VALUE: key or value too long,
 * ERR_INTERRUPTED: nothing is called then; what the rules say of a value. */
MUST_CHECK int p2p_dht_search(struct p2p_dht *dht, const struct p2p_dht_question *q);

#endif
