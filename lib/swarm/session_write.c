/* What goes out on streams: answers, and all that waits for room. */
#include "core/err.h"
#include "swarm/session_parts.h"

struct writer session_answer(struct session_stream *t)
{
	t->out_large = true;
	return writer_of(t->room->large, sizeof t->room->large);
}

void session_answered(struct session_stream *t, const struct writer *w)
{
	t->out_n = w->n;
	t->closes = true;
}

/* Whether all of v went out. */
static bool write(struct session *s, struct session_stream *t, struct bytes v, size_t *n)
{
	*n = 0;
	if (v.n > 0 && connection_write(&s->connection, t->id, v, n) != OK)
		*n = 0; /* gone: its event is on the way */
	return *n == v.n;
}

static void write_stream(struct session *s, struct session_stream *t)
{
	size_t n;
	if (session_is_handshake(t->use)) {
		(void)write(s, t, handshake_out(&s->handshake), &n);
		handshake_sent(&s->handshake, n);
		t->closes = handshake_closes(&s->handshake);
	} else if (t->use == SESSION_ECHOES) {
		if (write(s, t, ping_echo_out(&t->room->echo), &n) && t->ended)
			t->closes = true;
		ping_echo_sent(&t->room->echo, n);
	} else {
		const struct bytes headers = session_has_headers(t->use) ? headers_out(&t->headers) : BYTES_NONE;
		if (headers.n > 0 && write(s, t, headers, &n))
			headers_sent(&t->headers);
		/* Nothing may follow before the headers are through. */
		if (session_has_headers(t->use) && !headers_done(&t->headers))
			return;
		const uint8_t *out = t->out_large ? t->room->large : t->small;
		(void)write(s, t, bytes_of(out + t->out_sent, t->out_n - t->out_sent), &n);
		t->out_sent += n;
	}
	if (t->closes && !t->closed && t->out_sent == t->out_n) {
		connection_close(&s->connection, t->id);
		t->closed = true;
		if (t->ended)
			t->use = SESSION_FREE;
	}
}

void session_streams_write(struct session *s)
{
	for (size_t i = 0; i < s->streams_n; i++)
		if (s->streams[i].use != SESSION_FREE)
			write_stream(s, &s->streams[i]);
}

static void drop(struct session *s, struct session_stream *t)
{
	connection_reset(&s->connection, t->id, YAMUX_RESET_NONE);
	t->use = SESSION_FREE;
}

bool session_deliver(struct session *s, uint32_t stream, const struct retrieval_delivery *delivery)
{
	struct session_stream *t = session_stream_of(s, stream);
	if (s->err != OK || t == NULL || t->use != SESSION_GIVES || t->out_n > 0)
		return false;
	struct writer w = session_answer(t);
	retrieval_write_delivery(&w, delivery);
	if (w.full) {
		drop(s, t);
		return false;
	}
	session_answered(t, &w);
	return true;
}

bool session_acknowledge(struct session *s, uint32_t stream, const struct pseudosettle_ack *ack)
{
	struct session_stream *t = session_stream_of(s, stream);
	if (s->err != OK || t == NULL || t->use != SESSION_FORGIVES || t->out_n > 0)
		return false;
	if (ack == NULL) {
		drop(s, t);
		return true;
	}
	struct writer w = session_answer(t);
	pseudosettle_write_ack(&w, ack);
	session_answered(t, &w);
	return true;
}
