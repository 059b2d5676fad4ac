/* A whole peer of Swarm over a stream of bytes such as TCP: the libp2p connection, and on it all streams that bee
 * nodes and we open. It answers identify, ping, status and pingpong by itself, shakes hands, and tells the
 * rest as events. One machine with the verbs of p2p/connection.h, whose rules for the caller's input hold; but
 * the input must stay where it is until session_take says NOTHING.
 *
 * Streams that are ours end by themselves: each session_ask and session_settle is answered by one event, unless
 * the connection dies first. A stream of a retrieval is never reset while its chunk may come: bee would count it
 * against us. What the accounting allows is the caller's to know (swarm/ledger.h, swarm/credit.h).
 *
 * After an error the machine is dead: every call returns that error, and nothing is given out. It has views into
 * itself, and is not to be moved.
 *
 * What it takes: 1 MB of addresses (350 kB when it does not serve), of which a host gives memory for what was touched:
 * some 120 kB while nothing is asked for, as much as 1 MB when all streams are in use at once. Beside it a connection
 * over TCP (host/swarm_link.h) keeps up to 128 KiB of a frame that has come in part, and what the system buffers. */
#ifndef SWARM_SESSION_H
#define SWARM_SESSION_H

#include "p2p/connection.h"
#include "p2p/ping.h"
#include "swarm/handshake.h"
#include "swarm/headers.h"
#include "swarm/hive.h"
#include "swarm/pseudosettle.h"
#include "swarm/retrieval.h"
#include "swarm/status.h"

#define SESSION_STREAMS_MAX 176
#define SESSION_TAKEN_MAX 160         /* of those, the other side's: a bee asks for as much at once as it may owe */
#define SESSION_CLIENT_STREAMS_MAX 32 /* of a session that does not serve */
#define SESSION_CLIENT_TAKEN_MAX 18
#define SESSION_ASKS_MAX 12          /* of those, retrievals of ours: more than the accounting lets be */
#define SESSION_REMOTE_BYTES_MAX 300 /* of the other side's address; the longest name of a host fits */
#define SESSION_STREAM_MS 40000      /* then a stream that has not ended is reset; bee gives 30 s to the longest */

/* What all sessions of a node share; must outlive them. */
struct session_config {
	const struct identity *identity;
	struct bytes key;              /* the libp2p key, as p2p/peer_key.h writes it */
	const struct bytes *addresses; /* that identify tells; without one bee waits ten seconds, and behind */
	size_t addresses_n;            /* a public address it takes none but public ones */
	struct bytes agent;
	bool serves; /* retrieval and pseudosettle are answered, by the caller */
	struct status status;
};

enum session_event_type {
	SESSION_NOTHING,
	SESSION_READY,     /* session_record holds; streams may be asked for */
	SESSION_ANNOUNCED, /* amount: what we may owe before we settle */
	SESSION_RECORD,    /* record: of another node, unchecked; of the generation of session_generation */
	SESSION_DELIVERED, /* tag; data: a chunk, unchecked (swarm/chunk.h) */
	SESSION_FAILED,    /* tag; no chunk. data: why, as text of strangers; empty: the stream broke */
	SESSION_SETTLED,   /* ack */
	SESSION_UNSETTLED, /* refused, or it broke */
	SESSION_WANTED,    /* stream wants the chunk of address: session_deliver */
	SESSION_PAYMENT,   /* stream wants amount to be forgiven: session_acknowledge */
};

struct session_event {
	enum session_event_type type;
	uint32_t stream;
	uint64_t tag, amount;
	struct pseudosettle_ack ack;
	struct bzz_record record;
	struct bytes data;
	uint8_t address[REFERENCE_BYTES];
};

enum session_use {
	SESSION_FREE,
	/* of the other side, in the order of the protocols that are served */
	SESSION_IDENTIFIES,
	SESSION_PUSHED,
	SESSION_ECHOES,
	SESSION_SHAKES_15,
	SESSION_SHAKES_14,
	SESSION_HEARS_2,
	SESSION_HEARS_1,
	SESSION_PRICED,
	SESSION_TELLS_STATUS,
	SESSION_PONGS,
	SESSION_FORGIVES,
	SESSION_GIVES,
	/* of ours */
	SESSION_SHAKES,
	SESSION_ASKS,
	SESSION_SETTLES,
	SESSION_ANNOUNCES
};

/* What is large of a stream. */
union session_room {
	uint8_t large[RETRIEVAL_FRAME_BYTES_MAX];
	struct hive hive;
	struct ping_echo echo;
};

struct session_stream {
	uint32_t id;
	enum session_use use;
	bool answered;       /* its message has come, or its event was told */
	bool closes, closed; /* our side: when all is out; already */
	bool ended;          /* the other side */
	bool out_large;
	uint64_t tag, deadline_ms;
	struct headers headers;
	struct frame frame;
	size_t out_n, out_sent;
	uint8_t small[STATUS_PING_BYTES_MAX]; /* one of the two is for what arrives, one for what goes out */
	union session_room *room;
};

struct session {
	int err;
	const struct session_config *config;
	enum connection_role role;
	bool ready;
	uint64_t ready_by_ms;
	struct wall now; /* when it began; for the other side's record */
	struct connection connection;
	struct handshake handshake;
	struct hive_budget budget; /* of records that the other side may tell */
	/* Data of a stream that are still to be taken apart. */
	uint32_t pending_stream;
	struct bytes pending;
	size_t streams_n; /* that there may be */
	size_t remote_n;
	uint8_t remote[SESSION_REMOTE_BYTES_MAX + 64];
	struct session_stream streams[SESSION_STREAMS_MAX];
	/* session_init leaves it as it is: what is not used costs no memory on a host. */
	union session_room rooms[SESSION_STREAMS_MAX];
};

/* So many bytes of it must be there when it does not serve. */
#define SESSION_CLIENT_BYTES (offsetof(struct session, rooms) + SESSION_CLIENT_STREAMS_MAX * sizeof(union session_room))

/* What is of one session alone; needed while it begins. */
struct session_start {
	const struct noise_secrets *secrets; /* an ephemeral one for each session */
	struct bytes remote;                 /* the other side's address as a multiaddr, without "/p2p" */
	const struct peer_id *expected;      /* who it must be, or NULL */
	struct wall now;
};

void session_init(struct session *s, enum connection_role role, const struct session_config *config,
		  const struct session_start *start, uint64_t now_ms);
/* Takes input up to the next event; *used bytes of it. To be called until it says NOTHING. Errors: those of the
 * connection and of the handshake; ERR_CLOSED: it was refused. */
MUST_CHECK int session_take(struct session *s, uint8_t *in, size_t in_n, size_t *used, struct session_event *event,
			    uint64_t now_ms);
/* What is to be sent now: a view into s until the next call, of which n bytes went out. */
struct bytes session_out(struct session *s);
void session_sent(struct session *s, size_t n);
uint64_t session_deadline(const struct session *s);
/* To be called at the deadline, and session_take after it, which tells what came of it. */
MUST_CHECK int session_tick(struct session *s, uint64_t now_ms);
/* Wipes it, keys and all. */
void session_end(struct session *s);

/* Once READY: who it is. Views into s. */
const struct bzz_record *session_record(const struct session *s);
enum bzz_generation session_generation(const struct session *s);
bool session_full_node(const struct session *s);
/* Of a dialer, once READY: its own underlays as the other side says it sees them, a field of swarm/underlay.h. */
struct bytes session_seen(const struct session *s);

/* Ask for a chunk, for debt to be forgiven, tell what the other side may owe. ERR_LIMIT: too many streams, or not
 * READY; ERR_CLOSED: the other side takes no more. */
MUST_CHECK int session_ask(struct session *s, const uint8_t address[static REFERENCE_BYTES], uint64_t tag,
			   uint64_t now_ms);
MUST_CHECK int session_settle(struct session *s, uint64_t amount, uint64_t now_ms);
MUST_CHECK int session_announce(struct session *s, uint64_t threshold, uint64_t now_ms);
/* Answer WANTED and PAYMENT; acknowledge NULL resets the stream, as bee does when it forgives nothing. false: the
 * stream has gone in the meantime, and nothing was given. */
bool session_deliver(struct session *s, uint32_t stream, const struct retrieval_delivery *delivery);
bool session_acknowledge(struct session *s, uint32_t stream, const struct pseudosettle_ack *ack);

#endif
