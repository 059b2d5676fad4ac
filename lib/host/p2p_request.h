/* A message out, a message back: what Kademlia and its like do with streams. Messages have their length before
 * them (multiformats' varint). */
#ifndef HOST_P2P_REQUEST_H
#define HOST_P2P_REQUEST_H

#include "host/p2p_stream.h"

/* What is asked. All but protocols may go when p2p_request returns. */
struct p2p_question {
	const struct peer_id *peer;
	const struct bytes *addresses; /* where peer may be, unless there is a connection: as for p2p_node_connect */
	size_t addresses_n;
	const char *const *protocols; /* the best first; they must outlive the request */
	size_t protocols_n;
	struct bytes request;
	size_t answer_bytes_max; /* 0: there will be no answer; OK is that the other side has taken it */
	uint64_t timeout_ms;     /* for all of it, from the first address to the last byte */
};

/* answer: good until the function returns. err: as of p2p_node_connect and p2p_stream_user.gone; ERR_TIMEOUT;
 * ERR_LIMIT: an answer longer than it may be; ERR_PROTOCOL: none; ERR_INTERRUPTED: the node ends. */
typedef void p2p_answered(struct p2p_node *node, const struct peer_id *peer, int err, struct bytes answer,
			  void *context);
/* Asks, over a connection that is there or is made. One that turns out to be lost, as peers close theirs when nothing
 * happens, is made anew, once. ERR_LIMIT, ERR_NO_MEMORY, ERR_INTERRUPTED: done is never called then. */
MUST_CHECK int p2p_request(struct p2p_node *node, const struct p2p_question *question, p2p_answered *done,
			   void *context);

/* Writes the answer to a request of from. Other than OK: the stream is reset, as others do who refuse. Nothing written:
 * there is no answer, and the next request is awaited. */
typedef int p2p_answer(void *context, struct p2p_node *node, const struct peer_id *from, struct bytes request,
		       struct writer *answer);

/* A protocol of requests that is served, one after the other on each stream. Set by its owner and outliving the node;
 * service is set by p2p_serve. */
struct p2p_server {
	const char *name;
	p2p_answer *answer;
	void *context;
	size_t request_bytes_max, answer_bytes_max;
	size_t streams_max;  /* at once of one connection; what is more is reset. 0: any */
	uint64_t idle_ms;    /* between two requests, and until an answer is taken */
	uint64_t request_ms; /* from the first byte of a request to its last. 0: 10 s */
	struct p2p_service service;
};

/* ERR_LIMIT. Before the node listens, so that everybody is told. */
MUST_CHECK int p2p_serve(struct p2p_node *node, struct p2p_server *server);

#endif
