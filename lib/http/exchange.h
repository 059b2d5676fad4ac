/* One HTTP/1.1 connection of a client, RFC 9112: requests out, answers in, one after the other.
 *
 * A pure machine: bytes that arrived go in, events come out, and body bytes are views into the
 * caller's input. After an error of what arrived it is dead: every call gives that error. The
 * connection is then to be closed, as it is when exchange_reusable says no; a new one begins with
 * exchange_init. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "core/err.h"
#include "http/answer.h"

#define EXCHANGE_REQUEST_BYTES_MAX 4096
#define EXCHANGE_LINE_BYTES_MAX 2048  /* of an answer's head; longer ones are refused */
#define EXCHANGE_HEAD_BYTES_MAX 16384 /* with all that comes before it (1xx) */
#define EXCHANGE_USER_AGENT "phase"

enum exchange_stage {
	EXCHANGE_IDLE, /* nothing is asked */
	EXCHANGE_HEAD_LINES,
	EXCHANGE_LENGTH,     /* a body of known length */
	EXCHANGE_TO_CLOSE,   /* a body that ends with the connection */
	EXCHANGE_CHUNK_SIZE, /* RFC 9112 section 7.1 */
	EXCHANGE_CHUNK,
	EXCHANGE_CHUNK_END,
	EXCHANGE_TRAILERS,
};

enum exchange_event {
	EXCHANGE_NOTHING, /* all input was used, or nothing is asked */
	EXCHANGE_HEAD,    /* x->answer is whole */
	EXCHANGE_BODY,
	EXCHANGE_END, /* the answer is over */
};

struct exchange {
	int err;
	enum exchange_stage stage;
	bool ending; /* END is to be given */
	uint8_t out[EXCHANGE_REQUEST_BYTES_MAX];
	size_t out_n, out_sent;
	uint8_t line[EXCHANGE_LINE_BYTES_MAX]; /* of head, chunk sizes and trailers */
	size_t line_n, head_n;
	uint64_t left; /* bytes of the body or chunk */
	struct answer answer;
};

void exchange_init(struct exchange *x);
/* Writes a GET. host: as in the URL, with its port; target: from the first '/' on. asked: with a
 * Range unless whole; NULL: none. ERR_VALUE: they have blanks or control characters, or are too
 * long; nothing is asked then. Only when idle. */
MUST_CHECK int exchange_ask(struct exchange *x, struct bytes host, struct bytes target, const struct asked *asked);
/* What is to be sent: a view into the machine, of which n bytes went out. */
struct bytes exchange_out(const struct exchange *x);
void exchange_sent(struct exchange *x, size_t n);

/* Takes input up to the next event: *used bytes of it; *body: the view, with BODY. To be called
 * until it says NOTHING. ERR_PROTOCOL: no answer that RFC 9112 would allow, or one that could be
 * read in two ways; ERR_LIMIT. */
MUST_CHECK int exchange_take(struct exchange *x, struct bytes in, size_t *used, enum exchange_event *event,
			     struct bytes *body);
/* The other side has closed: OK when the answer is whole, END was only not asked for yet, or when
 * that is how it ends; ERR_CLOSED when it is cut, or none was under way. */
MUST_CHECK int exchange_closed(struct exchange *x);
/* Whether another request may follow on this connection; after END. */
bool exchange_reusable(const struct exchange *x);

#endif
