/* Streams of a node, as they are: bytes both ways, each side ends its own way when it likes. */
#ifndef HOST_P2P_STREAM_H
#define HOST_P2P_STREAM_H

#include "host/p2p_node.h"

struct p2p_stream;

/* What the user of a stream is told, in this order; each but gone may be NULL. */
struct p2p_stream_user {
	void (*opened)(struct p2p_stream *s); /* the protocol is agreed */
	/* n bytes that are the user's now: it calls p2p_stream_consumed when it has dealt with them, here or later. */
	void (*data)(struct p2p_stream *s, struct bytes data);
	void (*writable)(struct p2p_stream *s); /* a write that took less than all may be tried again */
	void (*ended)(struct p2p_stream *s);    /* the other side sends no more */
	/* The last word, and the stream is no more after it: OK when both sides have ended it, ERR_NOT_FOUND: the other
	 * side speaks none of the protocols, or there was no answer to that question; ERR_CLOSED: it was reset, or the
	 * connection is lost; ERR_TIMEOUT: p2p_stream_expire; else what has become of the connection. */
	void (*gone)(struct p2p_stream *s, int err);
};

/* A protocol that is served; all of it must outlive the node. */
struct p2p_service {
	const char *name;
	const struct p2p_stream_user *user;
	void *context;       /* of its streams, to begin with */
	size_t per_peer_max; /* streams at once of one connection; what is more is reset. 0: any */
};

/* Serves a protocol, on connections that are made from now on, and says so in identify. ERR_LIMIT. */
MUST_CHECK int p2p_node_handle(struct p2p_node *node, const struct p2p_service *service);

/* Opens a stream to a peer there is a connection with: user hears of it. names: protocols, the best first; they must
 * outlive the stream. ERR_NOT_FOUND: no connection; ERR_LIMIT: too many streams; ERR_NO_MEMORY; ERR_CLOSED: the
 * connection ends. */
MUST_CHECK int p2p_stream_open(struct p2p_node *node, const struct peer_id *peer, const char *const *names,
			       size_t names_n, const struct p2p_stream_user *user, void *context,
			       struct p2p_stream **stream);
/* Writes what there is room and credit for now, *n bytes; when that was not all, writable says when to go on.
 * ERR_CLOSED: after p2p_stream_close, or the connection ends. */
MUST_CHECK int p2p_stream_write(struct p2p_stream *s, struct bytes data, size_t *n);
/* Has a copy of all of it sent, as there is room; nothing may be written by p2p_stream_write meanwhile, writable says
 * when it is over. ERR_LIMIT: the node holds too much already; ERR_NO_MEMORY, ERR_CLOSED. */
MUST_CHECK int p2p_stream_send(struct p2p_stream *s, struct bytes data);
bool p2p_stream_sending(const struct p2p_stream *s); /* not all of that has left */
void p2p_stream_consumed(struct p2p_stream *s, size_t n);
void p2p_stream_close(struct p2p_stream *s); /* sends no more, after what is being sent */
/* Ends both ways. The stream is no more at once, and gone is not called. */
void p2p_stream_reset(struct p2p_stream *s);
/* Resets it in so many milliseconds, and tells gone; each call counts anew. UINT64_MAX: never. */
void p2p_stream_expire(struct p2p_stream *s, uint64_t ms);

struct p2p_node *p2p_stream_node(const struct p2p_stream *s);
const struct peer_id *p2p_stream_peer(const struct p2p_stream *s);
uint64_t p2p_stream_group(const struct p2p_stream *s); /* p2p_rate_group of where the peer is */
void *p2p_stream_context(const struct p2p_stream *s);
void p2p_stream_set_context(struct p2p_stream *s, void *context);

#endif
