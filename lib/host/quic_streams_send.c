/* What streams say: kept in chunks until the other side has acknowledged it, which ngtcp2 asks for. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "host/quic_parts.h"

#define VECTORS 8 /* chunks that one packet looks at */

void quic_stream_send(struct quic_connection *c, struct quic_stream *s)
{
	quic_connection_sends(c);
	if (s->sending)
		return;
	s->sending = true;
	s->send_next = NULL;
	*c->send_end = s;
	c->send_end = &s->send_next;
}

void quic_stream_unsend(struct quic_connection *c, struct quic_stream *s)
{
	if (!s->sending)
		return;
	struct quic_stream **at = &c->send;
	while (*at != s)
		at = &(*at)->send_next;
	*at = s->send_next;
	if (c->send_end == &s->send_next)
		c->send_end = at;
	s->sending = false;
}

/* Keeps n bytes; false: no memory, and nothing is kept. */
static bool keep(struct quic_connection *c, struct quic_stream *s, struct bytes data)
{
	struct quic_chunk *last = s->out_last, *chunk = NULL;
	const size_t left = s->out == NULL ? 0 : last->room - last->n, here = data.n < left ? data.n : left;
	const size_t rest = data.n - here;
	if (rest > 0) {
		const size_t room = rest < QUIC_CHUNK_BYTES_MIN ? QUIC_CHUNK_BYTES_MIN : rest;
		chunk = malloc(sizeof *chunk + room);
		if (chunk == NULL)
			return false;
		*chunk = (struct quic_chunk){.n = rest, .room = room};
		memcpy(chunk->bytes, data.p + here, rest);
	}
	if (here > 0) {
		memcpy(last->bytes + last->n, data.p, here);
		last->n += here;
		if (s->unsent == NULL)
			s->unsent = last;
	}
	if (chunk != NULL) {
		if (s->out == NULL)
			s->out = chunk;
		else
			last->next = chunk;
		s->out_last = chunk;
		if (s->unsent == NULL)
			s->unsent = chunk;
	}
	s->unsent_n += data.n;
	s->held_n += data.n;
	c->held_n += data.n;
	quic_stream_send(c, s);
	return true;
}

bool quic_stream_send_mss(struct quic_connection *c, struct quic_stream *s)
{
	const struct bytes out = mss_out(s->mss);
	if (out.n == 0)
		return true;
	if (s->closing || s->stopped || s->over || !keep(c, s, out))
		return false;
	mss_sent(s->mss, out.n);
	return true;
}

static void block(struct quic_connection *c, struct quic_stream *s, enum quic_blocked by)
{
	if (s->blocked == QUIC_BLOCKED_ROOM)
		c->blocked_n--;
	s->blocked = by;
	if (by == QUIC_BLOCKED_ROOM)
		c->blocked_n++;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t beyond(uint64_t limit, uint64_t n)
{
	return n < limit ? limit - n : 0;
}

int quic_stream_write(struct quic_connection *c, struct quic_stream *s, struct bytes data, size_t *n)
{
	*n = 0;
	if (s->closing || s->refused)
		return ERR_NOT_FOUND;
	if (s->stopped || s->over) {
		*n = data.n; /* nobody listens */
		return OK;
	}
	const uint64_t credit = beyond(ngtcp2_conn_get_max_stream_data_left(c->conn, s->quic_id), s->unsent_n);
	const uint64_t room =
		least(beyond(QUIC_STREAM_SEND_BYTES_MAX, s->held_n), beyond(QUIC_SEND_BYTES_MAX, c->held_n));
	const size_t some = (size_t)least(data.n, least(credit, room));
	/* In pieces, so that they can be let go of one by one. */
	while (*n < some) {
		const size_t piece = (size_t)least(some - *n, QUIC_CHUNK_BYTES);
		if (!keep(c, s, bytes_of(data.p + *n, piece)))
			return ERR_NO_MEMORY;
		*n += piece;
	}
	block(c, s, *n == data.n ? QUIC_NOT_BLOCKED : room <= credit ? QUIC_BLOCKED_ROOM : QUIC_BLOCKED_CREDIT);
	return OK;
}

void quic_stream_abort(struct quic_connection *c, struct quic_stream *s, uint32_t code)
{
	quic_stream_unsend(c, s);
	block(c, s, QUIC_NOT_BLOCKED);
	s->writable = false;
	if (c->conn == NULL || s->over)
		return;
	if (ngtcp2_conn_shutdown_stream(c->conn, s->quic_id, code) == NGTCP2_ERR_NOMEM)
		c->err = ERR_NO_MEMORY;
	quic_connection_sends(c);
}

/* --- what the other side says of it --- */

static void wake(struct quic_connection *c, struct quic_stream *s)
{
	block(c, s, QUIC_NOT_BLOCKED);
	s->writable = true;
	quic_stream_tell(c, s);
}

void quic_stream_acknowledged(struct quic_connection *c, struct quic_stream *s, uint64_t to)
{
	while (s->out != NULL && s->out != s->unsent && s->out_begins + s->out->n <= to) {
		struct quic_chunk *chunk = s->out;
		s->out_begins += chunk->n;
		s->held_n -= chunk->n;
		c->held_n -= chunk->n;
		s->out = chunk->next;
		free(chunk);
	}
	if (c->blocked_n == 0 || c->held_n > QUIC_SEND_BYTES_MAX / 2)
		return;
	for (size_t i = 0; i < QUIC_STREAM_BUCKETS; i++)
		for (s = c->streams[i]; s != NULL; s = s->bucket_next)
			if (s->blocked == QUIC_BLOCKED_ROOM && s->held_n <= QUIC_STREAM_SEND_BYTES_MAX / 2)
				wake(c, s);
}

void quic_stream_credit(struct quic_connection *c, struct quic_stream *s)
{
	if (s->blocked == QUIC_BLOCKED_CREDIT)
		wake(c, s);
	if (s->unsent_n > 0)
		quic_stream_send(c, s);
}

/* --- packets --- */

static size_t gather(const struct quic_stream *s, ngtcp2_vec vectors[static VECTORS], uint64_t *gathered)
{
	size_t n = 0;
	*gathered = 0;
	for (struct quic_chunk *chunk = s->unsent; chunk != NULL && n < VECTORS; chunk = chunk->next) {
		vectors[n++] = (ngtcp2_vec){.base = chunk->bytes + chunk->at, .len = chunk->n - chunk->at};
		*gathered += chunk->n - chunk->at;
	}
	return n;
}

/* n bytes went into a packet, and the end of the stream when fin. */
static void advance(struct quic_connection *c, struct quic_stream *s, uint64_t n, bool fin)
{
	s->unsent_n -= n;
	while (s->unsent != NULL) {
		struct quic_chunk *chunk = s->unsent;
		const uint64_t here = least(chunk->n - chunk->at, n);
		chunk->at += here;
		n -= here;
		if (chunk->at < chunk->n)
			break;
		s->unsent = chunk->next;
	}
	assert(n == 0);
	s->fin_sent = s->fin_sent || fin;
	quic_stream_unsend(c, s);
	if (s->unsent_n > 0 || (s->closing && !s->fin_sent))
		quic_stream_send(c, s); /* behind the others */
}

/* One step of a packet, as ngtcp2_conn_writev_stream: with the first stream that may say something. */
static ngtcp2_ssize write_step(struct quic_connection *c, ngtcp2_path *path, uint8_t *to, size_t room, uint64_t now_ns)
{
	ngtcp2_vec vectors[VECTORS];
	ngtcp2_pkt_info info;
	ngtcp2_ssize used = -1;
	uint64_t gathered = 0;
	size_t n = 0;
	struct quic_stream *s = c->paced_ns > c->now_ns ? NULL : c->send;
	if (s != NULL && s->unsent_n > 0 && ngtcp2_conn_get_max_data_left(c->conn) == 0)
		s = NULL;
	if (s != NULL)
		n = gather(s, vectors, &gathered);
	const bool fin = s != NULL && s->closing && gathered == s->unsent_n;
	const uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_MORE | (fin ? NGTCP2_WRITE_STREAM_FLAG_FIN : 0);
	const ngtcp2_ssize wrote =
		ngtcp2_conn_writev_stream(c->conn, path, &info, to, room, &used, s == NULL ? 0 : flags,
					  s == NULL ? -1 : s->quic_id, n > 0 ? vectors : NULL, n, now_ns);
	if (s != NULL && used >= 0)
		advance(c, s, (uint64_t)used, fin && (uint64_t)used == gathered);
	if (s == NULL || (wrote != NGTCP2_ERR_STREAM_DATA_BLOCKED && wrote != NGTCP2_ERR_STREAM_SHUT_WR &&
			  wrote != NGTCP2_ERR_STREAM_NOT_FOUND))
		return wrote;
	quic_stream_unsend(c, s); /* credit will have it back; or nobody listens */
	if (wrote == NGTCP2_ERR_STREAM_SHUT_WR) {
		s->stopped = true;
		quic_stream_tell(c, s);
	}
	return NGTCP2_ERR_WRITE_MORE;
}

ngtcp2_ssize quic_streams_write(struct quic_connection *c, ngtcp2_path *path, uint8_t *to, size_t room, uint64_t now_ns)
{
	ngtcp2_ssize wrote;
	do {
		wrote = write_step(c, path, to, room, now_ns);
	} while (wrote == NGTCP2_ERR_WRITE_MORE);
	return wrote;
}
