/* Chunks of Swarm from its nodes, as a light client that pays nobody: which nodes to have connections with, whom to
 * ask for which chunk, when to settle, whom to blame. A pure machine: a driver carries out its wants, each peer by a
 * session (swarm/session.h), and tells it what came of them.
 *
 * What a node gives is limited by what it forgives in time, so many nodes are asked at once, for each chunk the
 * nearest of those that still have something left for us (swarm/ledger.h). One that is slow gets company and is
 * not cancelled, because that counts against us; one that fails is passed over for that chunk. Nodes that send
 * wrong chunks, or none at all, are forgotten for a while, longer each time.
 *
 *	peers_add(...) for what is configured, and for each record of hive that was checked
 *	peers_want(p, id, address) ...
 *	peers_next(p, &want, now) until it says WAIT: carry out
 *	SESSION_READY: peers_ready; it broke, or could not be dialed: peers_gone
 *	SESSION_ANNOUNCED, SETTLED, UNSETTLED: peers_announced, peers_settled
 *	SESSION_DELIVERED: check it against peers_address, then peers_delivered; FAILED: peers_refused
 *	while (peers_failed(p, &id, &err)): nobody gives it */
#ifndef SWARM_PEERS_H
#define SWARM_PEERS_H

#include "core/err.h"
#include "swarm/bmt.h"
#include "swarm/ledger.h"

#define PEERS_MAX 512 /* nodes that are known; two hundred connections, and some to come after them */
#define PEERS_CONNECTIONS_MAX 200
#define PEERS_DIALS_MAX 8       /* under way */
#define PEERS_WANTS_MAX 1024    /* chunks that are wanted; five for each connection */
#define PEERS_REQUESTS_MAX 2048 /* under way, of all nodes */
#define PEERS_PER_NODE 12       /* under way, of one: the accounting lets be six or so */
#define PEERS_ADDRESS_BYTES_MAX 160
#define PEERS_QUIET_MS 1000  /* a node that has announced nothing for so long will not */
#define PEERS_SETTLING_MS 50 /* bee says that it is ready a moment before it is */
#define PEERS_HEDGE_MS 1000  /* until another node is asked for the same chunk, when nothing is known of the first */
#define PEERS_HEDGE_MIN_MS 300
#define PEERS_HEDGE_MAX_MS 5000
#define PEERS_REDIAL_MS 5000 /* sooner, bee takes it for misconduct; doubled with each failure */
#define PEERS_REDIAL_DOUBLINGS 6
#define PEERS_UNWILLING 3     /* failures that it counts when a node leaves as soon as it is asked: it blocks us then */
#define PEERS_FAILURES_MAX 32 /* of one chunk, before all begins anew */
#define PEERS_ROUNDS_MAX 3    /* of all nodes for one chunk */
#define PEERS_ROUND_MS 2000   /* between them, doubled each time */
#define PEERS_ALONE_MS 60000  /* without a node to ask: the chunk is given up */
#define PEERS_HOPELESS 2      /* failures of every node that is known: then it is at once */
#define PEERS_WRONG_MAX 3     /* chunks, until a node is forgotten */
#define PEERS_BROKEN_MAX 6    /* requests in a row that came to nothing */
#define PEERS_NONE UINT32_MAX

enum peers_kind {
	PEERS_GOSSIPED,
	PEERS_GIVEN,   /* by configuration: asked whatever it says it is */
	PEERS_BOOTNODE /* never asked for chunks: it would block us */
};

enum peers_state { PEERS_FREE, PEERS_KNOWN, PEERS_DIALING, PEERS_CONNECTED };

struct peers_node {
	enum peers_state state;
	enum peers_kind kind;
	bool overlay_known, full_node, announced;
	bool dropped; /* to be told to the driver */
	uint8_t address_n;
	uint8_t address[PEERS_ADDRESS_BYTES_MAX];
	uint8_t overlay[OVERLAY_BYTES];
	unsigned failures;      /* connections in a row that were of no use */
	unsigned wrong, broken; /* chunks, requests in a row */
	unsigned misses;        /* answers in a row that there is none */
	unsigned under_way;
	uint64_t retry_ms, ready_ms, asked_ms;
	uint64_t rtt_ms, deviation_ms; /* of chunks; 0: not known */
	uint64_t chunks;
	struct ledger ledger;
};

/* A chunk that is wanted. */
struct peers_wanted {
	bool active;
	uint64_t id;
	uint8_t address[REFERENCE_BYTES];
	uint64_t tried[PEERS_MAX / 64]; /* nodes, a bit each */
	unsigned under_way, failures, rounds;
	uint64_t next_ms;  /* when one more node may be asked */
	uint64_t alone_ms; /* since when there was none that could be */
	uint16_t next, previous;
};

struct peers_request {
	bool active;
	uint16_t node;
	uint32_t wanted; /* PEERS_NONE: it is late */
	uint64_t price, sent_ms;
};

struct peers {
	uint8_t self[OVERLAY_BYTES];
	unsigned connections_max, connections_n, dials_n;
	struct peers_node nodes[PEERS_MAX];
	struct peers_wanted wanted[PEERS_WANTS_MAX];
	unsigned wanted_n;
	uint16_t first, last; /* of those wanted, in their order */
	struct peers_request requests[PEERS_REQUESTS_MAX];
	unsigned requests_n;
	unsigned settle_at; /* the node that is looked at next */
	struct {
		uint64_t id;
		int err;
	} failed[PEERS_WANTS_MAX];
	unsigned failed_n;
};

enum peers_want_kind {
	PEERS_WANT_DIAL,   /* make a connection with node at address */
	PEERS_WANT_ASK,    /* ask node for the chunk at address, as request */
	PEERS_WANT_SETTLE, /* ask node to forgive amount */
	PEERS_WANT_DROP,   /* end the connection with node, which is over then: no peers_gone */
	PEERS_WANT_WAIT,   /* nothing to do until something is reported, or until at_ms (UINT64_MAX: for ever) */
};

struct peers_want {
	enum peers_want_kind kind;
	unsigned node, request;
	struct bytes address; /* until the next call; a multiaddr, or REFERENCE_BYTES of a chunk's */
	uint64_t amount, at_ms;
};

/* connections_max: up to PEERS_CONNECTIONS_MAX. self: our overlay, which is never dialed. */
void peers_init(struct peers *p, const uint8_t self[static OVERLAY_BYTES], unsigned connections_max);
/* A node at a multiaddr. overlay: NULL when it is not known. False: known already, too long, or no room; one that
 * failed makes room for another. What hive tells is to be checked before (swarm/bzz_record.h, underlay_choose). */
bool peers_add(struct peers *p, enum peers_kind kind, const uint8_t *overlay, struct bytes address);

/* A chunk is wanted; id: the caller's name for it. ERR_LIMIT: too many, of which those that failed count
 * until they were told. */
MUST_CHECK int peers_want(struct peers *p, uint64_t id, const uint8_t address[static REFERENCE_BYTES], uint64_t now_ms);
/* It is no longer wanted: others had it. What is under way goes on. */
void peers_forget(struct peers *p, uint64_t id);
/* The next thing to do. To be called until it says WAIT. */
void peers_next(struct peers *p, struct peers_want *want, uint64_t now_ms);

/* The connection with node stands, and hands were shaken. False: we are that node, or have a connection with it: end
 * it; it is over. */
bool peers_ready(struct peers *p, unsigned node, const uint8_t overlay[static OVERLAY_BYTES], bool full_node,
		 uint64_t now_ms);
void peers_announced(struct peers *p, unsigned node, uint64_t threshold);
/* ack NULL: the node refused, or the stream broke. */
void peers_settled(struct peers *p, unsigned node, const struct pseudosettle_ack *ack, uint64_t now_ms);
/* The connection is over, or there never was one. */
void peers_gone(struct peers *p, unsigned node, uint64_t now_ms);

/* What a request was for, REFERENCE_BYTES; NULL: it is late, and what arrives for it needs no check. */
const uint8_t *peers_address(const struct peers *p, unsigned request);
/* A chunk came. good: it was what peers_address says; of one that is late that is not asked, and it speaks neither for
 * its node nor against it. True: it is the first one for *id, which is over; false: there is nothing to do with it. */
bool peers_delivered(struct peers *p, unsigned request, bool good, uint64_t now_ms, uint64_t *id);
/* None came. broken: the stream ended without an answer, so that it may have been counted. */
void peers_refused(struct peers *p, unsigned request, bool broken, uint64_t now_ms);

/* The next chunk that nobody gives; it is forgotten. ERR_NOT_FOUND: all say so; ERR_SOURCE: there is no node to
 * ask. False: none now. */
bool peers_failed(struct peers *p, uint64_t *id, int *err);
/* How many nodes there are that may be asked for chunks. */
unsigned peers_useful(const struct peers *p);

#endif
