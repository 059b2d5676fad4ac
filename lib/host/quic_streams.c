/* The streams of a connection: what arrived and is still to be told, and how each agrees on its protocol. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "host/quic_parts.h"

/* --- the table --- */

static struct quic_stream **bucket_of(struct quic_connection *c, uint32_t id)
{
	return &c->streams[id % QUIC_STREAM_BUCKETS];
}

struct quic_stream *quic_stream_of(struct quic_connection *c, uint32_t id)
{
	struct quic_stream *s = *bucket_of(c, id);
	while (s != NULL && s->id != id)
		s = s->bucket_next;
	return s == NULL || s->forgotten ? NULL : s;
}

struct quic_stream *quic_stream_new(struct quic_connection *c, int64_t quic_id, enum mss_role role,
				    const char *const *names, size_t names_n)
{
	struct quic_stream *s = calloc(1, sizeof *s);
	struct mss *mss = malloc(sizeof *mss);
	if (s == NULL || mss == NULL) {
		free(s);
		free(mss);
		return NULL;
	}
	mss_init(mss, role, names, names_n);
	s->mss = mss;
	s->quic_id = quic_id;
	s->id = (uint32_t)(quic_id / 4 * 2 + quic_id % 2 + 1);
	s->ours = role == MSS_DIALER;
	s->negotiating = true;
	s->deadline_ns = UINT64_MAX;
	c->undated = true;
	c->negotiating_n++;
	if (s->ours)
		c->ours_n++;
	struct quic_stream **bucket = bucket_of(c, s->id);
	s->bucket_next = *bucket;
	*bucket = s;
	return s;
}

static void chunks_free(struct quic_chunk *chunk)
{
	while (chunk != NULL) {
		struct quic_chunk *next = chunk->next;
		free(chunk);
		chunk = next;
	}
}

/* Negotiation is over, one way or the other. */
static void negotiated(struct quic_connection *c, struct quic_stream *s)
{
	if (s->negotiating)
		c->negotiating_n--;
	s->negotiating = false;
	free(s->mss);
	s->mss = NULL;
}

/* It stands in no queue, and ngtcp2 has let go of it, so that nobody looks at what was written. */
static void stream_free(struct quic_connection *c, struct quic_stream *s)
{
	negotiated(c, s);
	quic_stream_unsend(c, s);
	if (s->blocked == QUIC_BLOCKED_ROOM)
		c->blocked_n--;
	if (s->ours)
		c->ours_n--;
	c->held_n -= s->held_n;
	if (c->conn != NULL) {
		/* What the caller has not consumed is credit of the whole connection. */
		ngtcp2_conn_extend_max_offset(c->conn, s->unconsumed);
		if (!s->ours)
			ngtcp2_conn_extend_max_streams_bidi(c->conn, 1);
		quic_connection_sends(c);
	}
	struct quic_stream **at = bucket_of(c, s->id);
	while (*at != s)
		at = &(*at)->bucket_next;
	*at = s->bucket_next;
	chunks_free(s->in);
	chunks_free(s->out);
	free(s);
}

void quic_streams_free(struct quic_connection *c)
{
	for (size_t i = 0; i < QUIC_STREAM_BUCKETS; i++)
		while (c->streams[i] != NULL)
			stream_free(c, c->streams[i]);
	c->tell = NULL;
	c->tell_end = &c->tell;
	free(c->told);
	c->told = NULL;
}

void quic_stream_tell(struct quic_connection *c, struct quic_stream *s)
{
	quic_connection_stir(c);
	if (s->telling)
		return;
	s->telling = true;
	s->tell_next = NULL;
	*c->tell_end = s;
	c->tell_end = &s->tell_next;
}

/* --- what arrived --- */

int quic_stream_arrived(struct quic_connection *c, struct quic_stream *s, struct bytes data)
{
	struct quic_chunk *last = s->in_last;
	s->unconsumed += data.n;
	if (s->forgotten) {
		quic_stream_consumed(c, s, data.n);
		return OK;
	}
	quic_stream_tell(c, s);
	/* Many small pieces share a chunk. */
	if (s->in != NULL && last->room - last->n >= data.n) {
		memcpy(last->bytes + last->n, data.p, data.n);
		last->n += data.n;
		return OK;
	}
	const size_t share = data.n < QUIC_CHUNK_BYTES_MIN / 2 ? QUIC_CHUNK_BYTES_MIN : QUIC_CHUNK_BYTES;
	const size_t room = data.n > share ? data.n : share;
	struct quic_chunk *chunk = malloc(sizeof *chunk + room);
	if (chunk == NULL)
		return ERR_NO_MEMORY;
	*chunk = (struct quic_chunk){.n = data.n, .room = room};
	memcpy(chunk->bytes, data.p, data.n);
	if (s->in == NULL)
		s->in = chunk;
	else
		last->next = chunk;
	s->in_last = chunk;
	return OK;
}

void quic_stream_consumed(struct quic_connection *c, struct quic_stream *s, uint64_t n)
{
	assert(n <= s->unconsumed);
	s->unconsumed -= n;
	if (c->conn == NULL || n == 0)
		return;
	if (!s->over && !s->ended)
		(void)ngtcp2_conn_extend_max_stream_offset(c->conn, s->quic_id, n); /* no stream: no credit */
	ngtcp2_conn_extend_max_offset(c->conn, n);
	quic_connection_sends(c);
}

/* The caller hears of it no more; it goes when ngtcp2 lets go of it. */
void quic_stream_forget(struct quic_connection *c, struct quic_stream *s)
{
	negotiated(c, s);
	s->forgotten = true;
	chunks_free(s->in);
	s->in = s->in_last = NULL;
	quic_stream_consumed(c, s, s->unconsumed);
	if (s->over)
		quic_stream_tell(c, s);
}

/* Negotiation came to nothing: the stream is reset, and when it was ours that is told. */
static void refuse(struct quic_connection *c, struct quic_stream *s)
{
	quic_stream_abort(c, s, YAMUX_RESET_NEGOTIATION);
	if (!s->ours) {
		quic_stream_forget(c, s);
		return;
	}
	negotiated(c, s);
	s->refused = true;
	quic_stream_tell(c, s);
}

/* Takes the lines that are there; true: they agree. The rest of what arrived belongs to the protocol. */
static bool negotiate(struct quic_connection *c, struct quic_stream *s)
{
	bool bad = !quic_stream_send_mss(c, s), done = false;
	while (s->in != NULL && !bad && !done) {
		struct quic_chunk *chunk = s->in;
		size_t used = 0;
		bad = mss_take(s->mss, bytes_of(chunk->bytes + chunk->at, chunk->n - chunk->at), &used) != OK;
		chunk->at += used;
		quic_stream_consumed(c, s, used);
		bad = !quic_stream_send_mss(c, s) || bad;
		done = !bad && mss_done(s->mss, &s->protocol);
		if (chunk->at == chunk->n) {
			s->in = chunk->next;
			free(chunk);
		}
	}
	if (done)
		negotiated(c, s);
	else if (bad || s->ended || s->was_reset)
		refuse(c, s);
	return done;
}

/* --- what is told --- */

static bool is_reset(const struct quic_stream *s)
{
	return s->was_reset || (s->stopped && s->ended && !s->closing);
}

static bool has_news(const struct quic_stream *s)
{
	return !s->forgotten &&
	       (s->refused || s->in != NULL || (s->ended && !s->end_told) || is_reset(s) || s->writable);
}

/* Nothing behind it on this stream: what it ended with is known. */
static void tell_data(struct quic_connection *c, struct quic_stream *s, struct connection_event *event)
{
	struct quic_chunk *chunk = s->in;
	s->in = chunk->next;
	event->type = CONNECTION_DATA;
	event->data = bytes_of(chunk->bytes + chunk->at, chunk->n - chunk->at);
	c->told = chunk;
}

/* The next event of a stream, if there is one. */
static void tell(struct quic_connection *c, struct quic_stream *s, struct connection_event *event)
{
	if (s->forgotten)
		return;
	event->stream = s->id;
	if (s->negotiating) {
		if (!negotiate(c, s))
			return;
		event->type = s->ours ? CONNECTION_AGREED : CONNECTION_OPENED;
		event->protocol = s->protocol;
	} else if (s->refused) {
		event->type = CONNECTION_REFUSED;
		quic_stream_forget(c, s);
	} else if (s->in != NULL) {
		tell_data(c, s, event);
	} else if (s->ended && !s->end_told) {
		event->type = CONNECTION_ENDED;
		s->end_told = true;
	} else if (is_reset(s)) {
		event->type = CONNECTION_RESET;
		event->code = s->code;
		quic_stream_abort(c, s, YAMUX_RESET_NONE);
		quic_stream_forget(c, s);
	} else if (s->writable) {
		event->type = CONNECTION_WRITABLE;
		s->writable = false;
	}
}

/* Takes the first out of the queue; who is over for all goes. */
static void untell(struct quic_connection *c, struct quic_stream *s)
{
	c->tell = s->tell_next;
	if (c->tell == NULL)
		c->tell_end = &c->tell;
	s->telling = false;
	if (s->over)
		stream_free(c, s);
}

bool quic_streams_told(struct quic_connection *c, struct connection_event *event)
{
	*event = (struct connection_event){.type = CONNECTION_NOTHING};
	free(c->told);
	c->told = NULL;
	while (event->type == CONNECTION_NOTHING && c->tell != NULL) {
		struct quic_stream *s = c->tell;
		tell(c, s, event);
		if (!has_news(s))
			untell(c, s);
	}
	if (event->type == CONNECTION_NOTHING)
		event->stream = 0;
	return event->type != CONNECTION_NOTHING;
}

/* --- time --- */

uint64_t quic_streams_deadline(const struct quic_connection *c)
{
	uint64_t deadline = UINT64_MAX;
	for (size_t i = 0; c->negotiating_n > 0 && i < QUIC_STREAM_BUCKETS; i++)
		for (const struct quic_stream *s = c->streams[i]; s != NULL; s = s->bucket_next)
			if (s->negotiating && s->deadline_ns < deadline)
				deadline = s->deadline_ns;
	return deadline;
}

void quic_streams_date(struct quic_connection *c)
{
	for (size_t i = 0; c->undated && i < QUIC_STREAM_BUCKETS; i++)
		for (struct quic_stream *s = c->streams[i]; s != NULL; s = s->bucket_next)
			if (s->negotiating && s->deadline_ns == UINT64_MAX)
				s->deadline_ns = c->now_ns + CONNECTION_NEGOTIATION_MS * QUIC_NS_PER_MS;
	c->undated = false;
}

void quic_streams_tick(struct quic_connection *c)
{
	for (size_t i = 0; c->negotiating_n > 0 && i < QUIC_STREAM_BUCKETS; i++)
		for (struct quic_stream *s = c->streams[i]; s != NULL; s = s->bucket_next)
			if (s->negotiating && c->now_ns >= s->deadline_ns)
				refuse(c, s);
}
