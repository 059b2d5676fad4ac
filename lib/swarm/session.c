#include "swarm/session.h"

#include <string.h>

#include "core/err.h"
#include "p2p/multiaddr.h"
#include "swarm/pricing.h"
#include "swarm/session_parts.h"

#define BUDGET_BYTES 0 /* no window beyond the first is needed for chunks one by one */

void session_init(struct session *s, enum connection_role role, const struct session_config *config,
		  const struct session_start *start, uint64_t now_ms)
{
	const struct bytes remote = start->remote;
	s->err = remote.n > SESSION_REMOTE_BYTES_MAX ? ERR_LIMIT : OK;
	s->config = config;
	s->role = role;
	s->ready = false;
	s->ready_by_ms = now_ms + CONNECTION_HANDSHAKE_MS + HANDSHAKE_MS;
	s->now = start->now;
	s->pending_stream = 0;
	s->pending = BYTES_NONE;
	s->remote_n = s->err == OK ? remote.n : 0;
	if (s->remote_n > 0)
		memcpy(s->remote, remote.p, remote.n);
	s->handshake.err = OK;
	s->handshake.out_n = s->handshake.out_sent = 0;
	s->handshake.stage = HANDSHAKE_SYN;
	hive_budget_init(&s->budget, now_ms);
	s->streams_n = config->serves ? SESSION_STREAMS_MAX : SESSION_CLIENT_STREAMS_MAX;
	for (size_t i = 0; i < s->streams_n; i++) {
		s->streams[i].use = SESSION_FREE;
		s->streams[i].room = &s->rooms[i];
	}
	connection_init(&s->connection, role, start->secrets, start->expected, session_protocols,
			session_protocols_n(config), BUDGET_BYTES, now_ms);
}

static struct session_stream *begin(struct session *s, const char *const *names, size_t names_n, bool lazy,
				    enum session_use use, int *err, uint64_t now_ms)
{
	uint32_t id;
	struct session_stream *t = NULL;
	*err = connection_open(&s->connection, names, names_n, lazy, &id);
	if (*err != OK)
		return NULL;
	t = session_stream_add(s, id, use, now_ms);
	if (t == NULL) {
		connection_reset(&s->connection, id, YAMUX_RESET_NONE);
		*err = ERR_LIMIT;
	}
	return t;
}

/* The connection stands: who listens at an address is known, and a dialer begins to shake hands. */
static void greet(struct session *s, uint64_t now_ms)
{
	static const char *const names[] = {HANDSHAKE_15_PROTOCOL, HANDSHAKE_14_PROTOCOL};
	struct writer w = writer_of(s->remote, sizeof s->remote);
	w.n = s->remote_n;
	multiaddr_write_part(&w, MULTIADDR_P2P, peer_id_bytes(connection_peer(&s->connection)));
	s->remote_n = w.n;
	if (s->role == CONNECTION_DIALER)
		(void)begin(s, names, 2, false, SESSION_SHAKES, &s->err, now_ms);
}

static void on_event(struct session *s, const struct connection_event *e, struct session_event *event, uint64_t now_ms)
{
	struct session_stream *t = session_stream_of(s, e->stream);
	switch (e->type) {
	case CONNECTION_READY:
		greet(s, now_ms);
		break;
	case CONNECTION_OPENED:
		session_stream_opened(s, e->stream, e->protocol, now_ms);
		break;
	case CONNECTION_AGREED:
		if (t != NULL && t->use == SESSION_SHAKES)
			handshake_init(&s->handshake, HANDSHAKE_DIALER, e->protocol == 0 ? BZZ_15 : BZZ_14,
				       s->config->identity, bytes_of(s->remote, s->remote_n), s->now, now_ms);
		break;
	case CONNECTION_DATA:
		s->pending_stream = e->stream;
		s->pending = e->data;
		break;
	case CONNECTION_ENDED:
		if (t != NULL)
			session_stream_ended(s, t, event);
		break;
	case CONNECTION_REFUSED:
	case CONNECTION_RESET:
		if (t != NULL)
			session_stream_gone(s, t, event);
		break;
	case CONNECTION_WRITABLE:
	case CONNECTION_GONE:
	case CONNECTION_NOTHING:
	default:
		break;
	}
}

/* Data that were told are dealt with to their end before more is taken. */
static void take_pending(struct session *s, struct session_event *event, uint64_t now_ms)
{
	while (s->err == OK && s->pending.n > 0 && event->type == SESSION_NOTHING) {
		struct session_stream *t = session_stream_of(s, s->pending_stream);
		size_t used = s->pending.n;
		if (t != NULL)
			session_stream_take(s, t, s->pending, &used, event, now_ms);
		connection_consumed(&s->connection, s->pending_stream, used);
		s->pending = bytes_skip(s->pending, used);
	}
}

/* One stream that has not ended in time. */
static void take_overdue(struct session *s, struct session_event *event, uint64_t now_ms)
{
	for (size_t i = 0; i < s->streams_n && event->type == SESSION_NOTHING; i++) {
		struct session_stream *t = &s->streams[i];
		if (t->use == SESSION_FREE || now_ms < t->deadline_ms)
			continue;
		connection_reset(&s->connection, t->id, YAMUX_RESET_NONE);
		session_stream_gone(s, t, event);
	}
}

int session_take(struct session *s, uint8_t *in, size_t in_n, size_t *used, struct session_event *event,
		 uint64_t now_ms)
{
	struct connection_event e = {.type = CONNECTION_NOTHING};
	size_t at = 0, n;
	bool more = true;
	*event = (struct session_event){.type = SESSION_NOTHING};
	take_pending(s, event, now_ms);
	while (more && s->err == OK && event->type == SESSION_NOTHING) {
		s->err = connection_take(&s->connection, in + at, in_n - at, &n, &e, now_ms);
		if (s->err != OK)
			break;
		at += n;
		on_event(s, &e, event, now_ms);
		take_pending(s, event, now_ms);
		session_streams_write(s);
		if (s->err == OK && event->type == SESSION_NOTHING)
			session_shaken(s, event, now_ms);
		more = e.type != CONNECTION_NOTHING;
	}
	if (s->err == OK && event->type == SESSION_NOTHING)
		take_overdue(s, event, now_ms);
	*used = at;
	if (s->err != OK)
		*event = (struct session_event){.type = SESSION_NOTHING};
	return s->err;
}

struct bytes session_out(struct session *s)
{
	if (s->err != OK)
		return BYTES_NONE;
	session_streams_write(s);
	return connection_out(&s->connection);
}

void session_sent(struct session *s, size_t n)
{
	connection_sent(&s->connection, n);
}

uint64_t session_deadline(const struct session *s)
{
	uint64_t first = connection_deadline(&s->connection);
	if (!s->ready && s->ready_by_ms < first)
		first = s->ready_by_ms;
	for (size_t i = 0; i < s->streams_n; i++)
		if (s->streams[i].use != SESSION_FREE && s->streams[i].deadline_ms < first)
			first = s->streams[i].deadline_ms;
	return first;
}

int session_tick(struct session *s, uint64_t now_ms)
{
	if (s->err == OK && !s->ready && now_ms >= s->ready_by_ms)
		s->err = ERR_TIMEOUT;
	if (s->err == OK)
		s->err = connection_tick(&s->connection, now_ms);
	return s->err;
}

void session_end(struct session *s)
{
	connection_end(&s->connection);
	s->err = ERR_CLOSED;
}

const struct bzz_record *session_record(const struct session *s)
{
	return &s->handshake.record;
}

enum bzz_generation session_generation(const struct session *s)
{
	return s->handshake.generation;
}

bool session_full_node(const struct session *s)
{
	return s->handshake.full_node;
}

struct bytes session_seen(const struct session *s)
{
	return s->handshake.seen;
}

/* Opens a stream for what is in w, behind the headers. */
static int say(struct session *s, const char *const *name, enum session_use use, uint64_t tag, struct bytes message,
	       uint64_t now_ms)
{
	int err;
	if (s->err != OK || !s->ready)
		return s->err != OK ? s->err : ERR_LIMIT;
	/* All nodes speak it that we shook hands with: its headers go out with its name. */
	struct session_stream *t = begin(s, name, 1, true, use, &err, now_ms);
	if (t == NULL)
		return err;
	memcpy(t->small, message.p, message.n);
	t->out_n = message.n;
	t->tag = tag;
	t->closes = true;
	return OK;
}

int session_ask(struct session *s, const uint8_t address[static REFERENCE_BYTES], uint64_t tag, uint64_t now_ms)
{
	static const char *const name[] = {RETRIEVAL_PROTOCOL};
	uint8_t message[64];
	struct writer w = writer_of(message, sizeof message);
	size_t asked = 0;
	for (size_t i = 0; i < s->streams_n; i++)
		asked += s->streams[i].use == SESSION_ASKS;
	if (asked >= SESSION_ASKS_MAX)
		return ERR_LIMIT;
	retrieval_write_request(&w, address);
	return say(s, name, SESSION_ASKS, tag, writer_view(&w), now_ms);
}

int session_settle(struct session *s, uint64_t amount, uint64_t now_ms)
{
	static const char *const name[] = {PSEUDOSETTLE_PROTOCOL};
	uint8_t message[PSEUDOSETTLE_BYTES_MAX];
	struct writer w = writer_of(message, sizeof message);
	pseudosettle_write_payment(&w, amount);
	return say(s, name, SESSION_SETTLES, 0, writer_view(&w), now_ms);
}

int session_announce(struct session *s, uint64_t threshold, uint64_t now_ms)
{
	static const char *const name[] = {PRICING_PROTOCOL};
	uint8_t message[PRICING_BYTES_MAX];
	struct writer w = writer_of(message, sizeof message);
	pricing_write(&w, threshold);
	return say(s, name, SESSION_ANNOUNCES, 0, writer_view(&w), now_ms);
}
