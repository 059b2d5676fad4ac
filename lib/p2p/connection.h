/* A libp2p connection over a stream of bytes, such as TCP: multistream-select, Noise, multistream-select
 * again unless Noise has agreed on Yamux already, Yamux, and on each of its streams multistream-select.
 * One machine, with the same verbs as its parts.
 *
 * What arrives is opened in place: the caller gives its buffer from the first byte that was not used,
 * and more behind it as it comes; it needs room for NOISE_FRAME_BYTES_MAX. Bytes that were not used may be
 * moved, but not changed: they are partly opened. Data of events are views into that buffer, until
 * the next call that takes.
 *
 * After an error the machine is dead: every call returns that error, and nothing is given out. Only when Yamux cannot
 * make sense of the other side, connection_out still has what was said before, and last that it ends for that. */
#ifndef P2P_CONNECTION_H
#define P2P_CONNECTION_H

#include "p2p/mss.h"
#include "p2p/noise.h"
#include "p2p/yamux.h"

#define CONNECTION_OUT_BYTES 40960      /* two frames of data and what answers */
#define CONNECTION_HANDSHAKE_MS 15000   /* until both know each other */
#define CONNECTION_NEGOTIATION_MS 10000 /* until a stream's protocol is agreed */

enum connection_role { CONNECTION_DIALER, CONNECTION_LISTENER };

enum connection_event_type {
	CONNECTION_NOTHING,
	CONNECTION_READY,    /* connection_peer is proven; streams may be opened */
	CONNECTION_OPENED,   /* a stream of the other side; protocol: which of ours it speaks */
	CONNECTION_AGREED,   /* a stream of ours; protocol: which of the proposed ones it speaks */
	CONNECTION_REFUSED,  /* a stream of ours is gone before that: not one of them is spoken, or it was reset */
	CONNECTION_DATA,     /* to be answered by connection_consumed, now or later */
	CONNECTION_ENDED,    /* the other side sends no more on this stream */
	CONNECTION_RESET,    /* a stream is gone; code */
	CONNECTION_WRITABLE, /* a write that found no credit may be tried again */
	CONNECTION_GONE,     /* the other side takes no more streams; code */
};

struct connection_event {
	enum connection_event_type type;
	uint32_t stream;
	uint32_t code;
	size_t protocol;
	struct bytes data;
};

enum connection_stage { CONNECTION_SECURITY, CONNECTION_NOISE, CONNECTION_MUXER, CONNECTION_STREAMS };

/* A stream while its protocol is negotiated; and after that the mark that it is. */
struct connection_stream {
	uint32_t id; /* 0: a free slot */
	bool negotiating, ours, lazy, refused;
	bool speaks; /* its mss is in use */
	uint64_t deadline_ms;
};

struct connection {
	int err;
	enum connection_role role;
	enum connection_stage stage;
	const char *const *protocols;
	size_t protocols_n;
	uint64_t budget, deadline_ms, now_ms;
	struct mss mss, muxer_mss;
	struct noise noise;
	struct yamux yamux;
	struct connection_stream streams[YAMUX_STREAMS_MAX];
	/* The frame that was opened and not yet used up: its length, and where in it the rest begins. */
	size_t frame_n, text_at, text_left;
	/* Data of a stream, in that frame, that is still to be told. */
	uint32_t data_stream;
	size_t data_at, data_n;
	/* Frames from out_sent to out_n; behind them NOISE_HEAD_BYTES and plain_n bytes for the next. */
	size_t out_sent, out_n, plain_n;
	/* connection_init leaves the rest as it is: what is not used costs no memory on a host. */
	struct mss stream_mss[YAMUX_STREAMS_MAX];
	uint8_t out[CONNECTION_OUT_BYTES];
};

/* protocols: what the other side's streams may speak; they must outlive c. expected: who it must be, or NULL.
 * budget: as of yamux_init. The secrets are copied, and wiped when they have served. */
void connection_init(struct connection *c, enum connection_role role, const struct noise_secrets *secrets,
		     const struct peer_id *expected, const char *const *protocols, size_t protocols_n, uint64_t budget,
		     uint64_t now_ms);
/* Takes input up to the next event; *used bytes of it. To be called until it says NOTHING, also when nothing has
 * arrived. NOTHING with input left: more must arrive, or what is out be sent. Errors: those of its parts. */
MUST_CHECK int connection_take(struct connection *c, uint8_t *in, size_t in_n, size_t *used,
			       struct connection_event *event, uint64_t now_ms);
/* What is to be sent now: a view into the machine until the next call, of which n bytes went out. */
struct bytes connection_out(struct connection *c);
void connection_sent(struct connection *c, size_t n);
/* When connection_tick must be called. */
uint64_t connection_deadline(const struct connection *c);
/* ERR_TIMEOUT: the handshake took too long, or the other side is silent. */
MUST_CHECK int connection_tick(struct connection *c, uint64_t now_ms);
const struct peer_id *connection_peer(const struct connection *c); /* once READY */

/* Opens a stream that is to speak one of names, in this order; they must outlive the stream. lazy: the other
 * side is known to speak the first, so that data may be written at once. ERR_LIMIT, ERR_CLOSED. */
MUST_CHECK int connection_open(struct connection *c, const char *const *names, size_t names_n, bool lazy,
			       uint32_t *stream);
/* Sends from data what credit and room allow; *n bytes of it, perhaps none: before the protocol is
 * agreed, without credit (WRITABLE says when), without room (send first). ERR_NOT_FOUND: no such stream, or it was
 * closed. */
MUST_CHECK int connection_write(struct connection *c, uint32_t stream, struct bytes data, size_t *n);
void connection_consumed(struct connection *c, uint32_t stream, size_t n);
/* Both do nothing to a stream that is gone. */
void connection_close(struct connection *c, uint32_t stream);
void connection_reset(struct connection *c, uint32_t stream, uint32_t code);
/* Wipes it, keys and all. */
void connection_end(struct connection *c);

#endif
