/* The handshake of Swarm, 15.0.0 or 14.0.0, on a stream of its own without headers, once a connection:
 * dialer Syn, listener SynAck, dialer Ack; then both close their sides.
 *
 * The order matters to bee. A dialer must half-close after its Ack, and must open no stream before the
 * listener has closed its side: until then the listener does not know it. A reset instead of that end means
 * that it was refused, for which no reason is told.
 *
 * A listener may let ten seconds pass before its SynAck, when identify told it no address that it could dial.
 *
 * A machine as all here are. After an error it is dead: every call returns that error. It has views into itself, and is
 * not to be moved. */
#ifndef SWARM_HANDSHAKE_H
#define SWARM_HANDSHAKE_H

#include "swarm/frame.h"
#include "swarm/identity.h"

#define HANDSHAKE_15_PROTOCOL "/swarm/handshake/15.0.0/handshake"
#define HANDSHAKE_14_PROTOCOL "/swarm/handshake/14.0.0/handshake"
#define HANDSHAKE_MS 30000           /* 10 s in which bee waits for addresses, 15 s that it then gives */
#define HANDSHAKE_BYTES_MAX 8192     /* of a message; two full lists of underlays, and a long welcome */
#define HANDSHAKE_OUT_BYTES_MAX 4800 /* observed underlays, our record, our welcome */

enum handshake_role { HANDSHAKE_DIALER, HANDSHAKE_LISTENER };
enum handshake_stage { HANDSHAKE_SYN, HANDSHAKE_SYNACK, HANDSHAKE_ACK, HANDSHAKE_END, HANDSHAKE_DONE };

struct handshake {
	int err;
	enum handshake_role role;
	enum handshake_stage stage; /* what is waited for */
	enum bzz_generation generation;
	const struct identity *self;
	struct wall now;
	uint64_t deadline_ms;
	struct bytes observed;
	struct bytes
		seen; /* a dialer's own underlays as the listener says it sees them, in form only; a view into in */
	struct frame frame;
	struct bzz_record record; /* of the other side: views into in */
	bool full_node;
	size_t out_n, out_sent;
	uint8_t in[HANDSHAKE_BYTES_MAX];
	uint8_t out[HANDSHAKE_OUT_BYTES_MAX];
};

/* observed: the other side's underlays as seen from here, "/ip4/.../tcp/.../p2p/<its id>", as a field of
 * underlay_write; bee takes none without its own id. self and observed must outlive h. */
void handshake_init(struct handshake *h, enum handshake_role role, enum bzz_generation generation,
		    const struct identity *self, struct bytes observed, struct wall now, uint64_t now_ms);
/* Takes what arrived. ERR_PROTOCOL: out of turn, or no such message; ERR_LIMIT: too long; ERR_NETWORK: of another
 * network; and what bzz_record_check says of its record. */
MUST_CHECK int handshake_take(struct handshake *h, struct bytes in);
/* The other side has closed its side of the stream. ERR_PROTOCOL: too early. */
MUST_CHECK int handshake_ended(struct handshake *h);
/* What is to be sent: a view into h, of which n bytes went out. */
struct bytes handshake_out(const struct handshake *h);
void handshake_sent(struct handshake *h, size_t n);
/* Whether nothing more will be sent: the stream is to be half-closed now. */
bool handshake_closes(const struct handshake *h);
/* Whether the other side is known, and knows us: record, full_node hold, streams may be opened. */
bool handshake_done(const struct handshake *h);
uint64_t handshake_deadline(const struct handshake *h);
MUST_CHECK int handshake_tick(struct handshake *h, uint64_t now_ms);

#endif
