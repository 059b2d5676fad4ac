/* What bzz_listen.c, bzz_peer.c and bzz_reads.c share; nobody else's. */
#ifndef HOST_BZZ_LISTEN_PARTS_H
#define HOST_BZZ_LISTEN_PARTS_H

#include "host/bzz_listen.h"
#include "host/p2p_address.h"
#include "host/p2p_listener.h"
#include "host/p2p_rate.h"
#include "host/swarm_link.h"
#include "host/swarm_self.h"
#include "swarm/accounts.h"
#include "swarm/shares.h"

#define BZZ_WANTS_MAX SESSION_TAKEN_MAX /* of one peer that wait */
#define BZZ_READS_MAX 16                /* under way, of all: enough to keep the loop's four workers busy */

#define BZZ_DIALS_MAX 16

/* A node to be connected with, again and again. */
struct bzz_dial {
	struct bzz_peer *peer; /* NULL: none at present */
	uint64_t next_ms, pause_ms;
};

struct bzz_want {
	uint32_t stream;
	uint8_t address[REFERENCE_BYTES];
};

struct bzz_peer {
	struct bzz_listen *listen;
	struct bzz_peer *next;   /* in the list of all */
	struct swarm_link *link; /* NULL: gone, and freed when nothing of it is being read */
	struct bzz_dial *dial;   /* NULL: it has come by itself */
	uint64_t group, begun_ms;
	uint64_t given_ms; /* when it was given a chunk, or came */
	uint64_t asked_ms; /* when it asked for one, or came */
	bool ready, ending, over;
	struct peer_id id;
	struct credit credit;
	struct bzz_want wants[BZZ_WANTS_MAX]; /* a ring */
	size_t wants_first, wants_n, reads_n;
	struct bzz_peer *next_waiting;
	bool waits;
};

struct bzz_read {
	uv_work_t work;
	struct bzz_listen *listen;
	struct bzz_peer *peer; /* NULL: a free slot */
	struct bzz_want want;
	int err;
	size_t n;
	uint8_t chunk[CHUNK_STORED_BYTES_MAX];
};

struct bzz_listen {
	struct cli *cli;
	uv_loop_t *loop;
	const struct bzz_listen_options *o;
	struct chunk_source source;
	struct swarm_self self;
	struct swarm_links *links;
	struct p2p_listener *listeners[P2P_LISTENS_MAX];
	size_t listeners_n;
	struct p2p_address own[P2P_OWN_ADDRESSES_MAX];
	struct bytes own_views[P2P_OWN_ADDRESSES_MAX];
	size_t own_n;
	char *texts[P2P_OWN_ADDRESSES_MAX]; /* owned */
	char agent[64];
	uv_timer_t timer;
	bool stopping, timer_closed;
	size_t closing_n; /* listeners that are not closed yet */
	struct p2p_rates rates;
	struct accounts accounts;
	struct shares shares;
	struct bzz_dial dials[BZZ_DIALS_MAX];
	struct bzz_peer *peers;
	size_t peers_n; /* that do not end */
	struct bzz_peer *first_waiting, *last_waiting;
	size_t reads_n;
	struct bzz_read reads[BZZ_READS_MAX];
};

/* A connection that was accepted; fd is its own. */
void bzz_peer_new(struct bzz_listen *l, int fd, const struct sockaddr_storage *from);
/* A connection to be made; NULL: none. */
struct bzz_peer *bzz_peer_dial(struct bzz_listen *l, struct bzz_dial *dial, struct bytes address);
void bzz_peer_end(struct bzz_peer *p, int err);
/* What was read for it. */
void bzz_peer_give(struct bzz_peer *p, const struct bzz_want *want, int err, struct bytes chunk);
/* Frees it when it has gone and nothing of it is being read. */
void bzz_peer_free_if_over(struct bzz_peer *p);

/* A chunk that a peer wants: read when its turn has come, one of each peer after the other. False: it wants too many
 * already. */
bool bzz_reads_want(struct bzz_peer *p, const struct bzz_want *want);
/* It has gone: what it wanted is not read any more. */
void bzz_reads_forget(struct bzz_peer *p);

/* Nodes that we dial: what is due, and what became of one. */
void bzz_dials_tick(struct bzz_listen *l, uint64_t now_ms);
void bzz_dials_ended(struct bzz_dial *dial, uint64_t lasted_ms, uint64_t now_ms);

/* After something of a server that stops has gone: the last one frees it. */
void bzz_listen_free_if_over(struct bzz_listen *l);

#endif
