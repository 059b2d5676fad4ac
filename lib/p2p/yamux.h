/* Yamux, version 0 (specs/yamux): many streams on one connection, each with its own flow control.
 *
 * Frames to be sent go into a writer of the caller's, which it gives to every call and drains. Nothing
 * but data fails for want of room there: what a stream owes (its opening, an acknowledgement, credit,
 * its end) is kept in its slot and written when there is room, at the latest by yamux_tick. So the
 * machine stops taking only while the answer to one frame would not fit.
 *
 * Data that arrived is a view into the caller's input, whole frames or parts of them; the caller says by
 * yamux_consumed when it has dealt with it, and only then does the other side get new credit. Who does
 * not, holds at most YAMUX_WINDOW_BYTES a stream, and what was granted from the budget.
 *
 * After an error the machine is dead: every call returns that error. */
#ifndef P2P_YAMUX_H
#define P2P_YAMUX_H

#include "core/bytes.h"

#define YAMUX_HEAD_BYTES 12
#define YAMUX_STREAMS_MAX 192       /* at once, of both sides */
#define YAMUX_STREAMS_TAKEN_MAX 176 /* that the other side opens; what is more is reset */
#define YAMUX_WINDOW_BYTES 262144   /* the credit of a new stream, by the specification */
#define YAMUX_WINDOW_BYTES_MAX (16U << 20)
#define YAMUX_BODY_BYTES_MAX 16384 /* of frames sent, so that pings come between */
#define YAMUX_ROOM_BYTES 96        /* of the writer that data leaves to what answers */
#define YAMUX_PING_MS 30000        /* from one to the next */
#define YAMUX_PONG_MS 30000        /* then the connection is dead */

enum yamux_role { YAMUX_CLIENT, YAMUX_SERVER };
enum yamux_end { YAMUX_END_NORMAL, YAMUX_END_PROTOCOL, YAMUX_END_INTERNAL }; /* of a connection */

/* What a stream is reset for; others call these by the same numbers. */
#define YAMUX_RESET_NONE 0
#define YAMUX_RESET_NEGOTIATION 0x1001
#define YAMUX_RESET_LIMIT 0x1002

enum yamux_event_type {
	YAMUX_NOTHING,
	YAMUX_OPENED, /* by the other side */
	YAMUX_DATA,
	YAMUX_ENDED,    /* the other side sends no more */
	YAMUX_RESET,    /* the stream is gone; code */
	YAMUX_WRITABLE, /* a write that found no credit may be tried again */
	YAMUX_GONE,     /* the other side takes no more streams; code */
};

struct yamux_event {
	enum yamux_event_type type;
	uint32_t stream;
	uint32_t code;
	struct bytes data;
};

struct yamux_stream {
	uint32_t id; /* 0: a free slot */
	bool owes_syn, owes_ack, owes_fin, owes_reset;
	bool fin_sent, fin_taken, blocked;
	uint32_t reset_code;
	uint64_t send_window; /* what may still be sent */
	uint32_t take_window; /* what the other side may still send */
	uint32_t unread;      /* given to the caller and not consumed */
	uint32_t window;      /* what take_window and unread are together after an update */
	uint64_t updated_ms;
};

struct yamux {
	int err;
	enum yamux_role role;
	bool gone, ended; /* by the other side, by us */
	uint32_t next_id;
	uint64_t budget; /* for windows beyond the first */
	uint64_t rtt_ms; /* UINT64_MAX: not known yet */
	bool pinging, owes_ping;
	uint32_t ping_value;
	uint64_t pinged_ms;
	uint8_t head[YAMUX_HEAD_BYTES];
	uint8_t head_n;
	/* of the frame whose head is whole */
	uint32_t frame_stream, frame_code, body_left;
	bool now_opened, now_writable, now_ended, now_reset, now_gone;
	struct yamux_stream streams[YAMUX_STREAMS_MAX];
};

/* budget: bytes of credit that all streams together may get beyond YAMUX_WINDOW_BYTES each. */
void yamux_init(struct yamux *y, enum yamux_role role, uint64_t budget, uint64_t now_ms);
/* Takes input up to the next event; *used bytes of it. To be called until it says NOTHING, with what is
 * left, also when nothing is. ERR_PROTOCOL: a frame that cannot be, more than was granted, a stream opened twice or
 * with an id of ours; out says so to the other side then, as the last frame (YAMUX_END_PROTOCOL). */
MUST_CHECK int yamux_take(struct yamux *y, struct bytes in, size_t *used, struct yamux_event *event, struct writer *out,
			  uint64_t now_ms);
/* Opens a stream. ERR_LIMIT: all slots are taken; ERR_CLOSED: one side has gone. */
MUST_CHECK int yamux_open(struct yamux *y, uint32_t *stream);
/* Sends from data what credit and room allow; *n bytes of it, perhaps none. ERR_NOT_FOUND: no such stream, or
 * it was closed. */
MUST_CHECK int yamux_write(struct yamux *y, uint32_t stream, struct bytes data, size_t *n, struct writer *out);
/* Says that n bytes of a stream's data were dealt with. A stream that is gone: nothing is done, as in these. */
void yamux_consumed(struct yamux *y, uint32_t stream, size_t n);
void yamux_close(struct yamux *y, uint32_t stream);                /* sends no more; may still get */
void yamux_reset(struct yamux *y, uint32_t stream, uint32_t code); /* neither; no more events of it */
/* Whether there is such a stream: not over in both directions, and not reset. */
bool yamux_has(const struct yamux *y, uint32_t stream);
/* Says that no more streams are taken; js and rust close the connection then. False: no room, try again. */
bool yamux_go(struct yamux *y, enum yamux_end why, struct writer *out);

/* When yamux_tick must be called. */
uint64_t yamux_deadline(const struct yamux *y);
/* Writes what is owed. ERR_TIMEOUT: the other side is silent. */
MUST_CHECK int yamux_tick(struct yamux *y, uint64_t now_ms, struct writer *out);

#endif
