/* What goes over each kind of stream. */
#include <string.h>

#include "core/err.h"
#include "p2p/identify.h"
#include "swarm/pricing.h"
#include "swarm/session_parts.h"

const char *const session_protocols[] = {IDENTIFY_PROTOCOL,        IDENTIFY_PUSH_PROTOCOL, PING_PROTOCOL,
					 HANDSHAKE_15_PROTOCOL,    HANDSHAKE_14_PROTOCOL,  HIVE_2_PROTOCOL,
					 HIVE_1_PROTOCOL,          PRICING_PROTOCOL,       STATUS_PROTOCOL,
					 STATUS_PINGPONG_PROTOCOL, PSEUDOSETTLE_PROTOCOL,  RETRIEVAL_PROTOCOL};

#define PROTOCOLS_N (sizeof session_protocols / sizeof session_protocols[0])

size_t session_protocols_n(const struct session_config *config)
{
	return config->serves ? PROTOCOLS_N : PROTOCOLS_N - 2;
}

struct session_stream *session_stream_of(struct session *s, uint32_t id)
{
	for (size_t i = 0; i < s->streams_n; i++)
		if (s->streams[i].use != SESSION_FREE && s->streams[i].id == id)
			return &s->streams[i];
	return NULL;
}

/* Room and limit of the message that arrives. */
static void await(struct session_stream *t)
{
	if (t->use == SESSION_ASKS) /* what is beyond the room is text of an error */
		frame_init(&t->frame, t->room->large, sizeof t->room->large, FRAME_BYTES_MAX);
	else
		frame_init(&t->frame, t->small, sizeof t->small, sizeof t->small);
}

struct session_stream *session_stream_add(struct session *s, uint32_t id, enum session_use use, uint64_t now_ms)
{
	struct session_stream *t = s->streams;
	while (t < s->streams + s->streams_n && t->use != SESSION_FREE)
		t++;
	if (t == s->streams + s->streams_n)
		return NULL;
	t->id = id;
	t->use = use;
	t->answered = t->closes = t->closed = t->ended = t->out_large = false;
	t->tag = 0;
	t->deadline_ms = now_ms + SESSION_STREAM_MS;
	t->out_n = t->out_sent = 0;
	headers_init(&t->headers, use >= SESSION_SHAKES ? HEADERS_ASKS : HEADERS_ANSWERS);
	await(t);
	return t;
}

static void say_identify(struct session *s, struct session_stream *t)
{
	const struct session_config *c = s->config;
	struct identify id = {.key = c->key, .agent_version = c->agent, .observed = bytes_of(s->remote, s->remote_n)};
	for (size_t i = 0; i < c->addresses_n && i < IDENTIFY_ADDRESSES_MAX; i++)
		id.addresses[id.addresses_n++] = c->addresses[i];
	while (id.protocols_n < session_protocols_n(c)) {
		id.protocols[id.protocols_n] = bytes_text(session_protocols[id.protocols_n]);
		id.protocols_n++;
	}
	struct writer w = session_answer(t);
	while (identify_write(&w, &id) != OK && id.addresses_n > 0) {
		id.addresses_n /= 2; /* too many to fit; the first matter most */
		w.n = 0;
		w.full = false;
	}
	session_answered(t, &w);
}

void session_stream_opened(struct session *s, uint32_t id, size_t protocol, uint64_t now_ms)
{
	const enum session_use use = (enum session_use)(SESSION_IDENTIFIES + protocol);
	const bool shakes = session_is_handshake(use);
	/* Who has not said who it is gets nothing of Swarm, and nobody says it twice. */
	const bool early = shakes ? s->role != CONNECTION_LISTENER || s->ready : session_has_headers(use) && !s->ready;
	size_t taken = 0, shaking = 0;
	for (size_t i = 0; i < s->streams_n; i++) {
		taken += s->streams[i].use != SESSION_FREE && s->streams[i].use < SESSION_SHAKES;
		shaking += session_is_handshake(s->streams[i].use);
	}
	struct session_stream *t = NULL;
	const size_t taken_max = s->config->serves ? SESSION_TAKEN_MAX : SESSION_CLIENT_TAKEN_MAX;
	if (!early && taken < taken_max && !(shakes && shaking > 0))
		t = session_stream_add(s, id, use, now_ms);
	if (t == NULL) {
		connection_reset(&s->connection, id, YAMUX_RESET_LIMIT);
		return;
	}
	if (use == SESSION_IDENTIFIES)
		say_identify(s, t);
	else if (use == SESSION_ECHOES)
		t->room->echo = (struct ping_echo){.n = 0};
	else if (use == SESSION_HEARS_2 || use == SESSION_HEARS_1)
		hive_init(&t->room->hive);
	else if (shakes)
		handshake_init(&s->handshake, HANDSHAKE_LISTENER, use == SESSION_SHAKES_15 ? BZZ_15 : BZZ_14,
			       s->config->identity, bytes_of(s->remote, s->remote_n), s->now, now_ms);
}

static int take_retrieval(struct session_stream *t, struct bytes message, bool cut, struct session_event *event)
{
	struct retrieval_delivery d = {.error = BYTES_LITERAL("an answer too long for a chunk")};
	if (!cut && retrieval_read_delivery(message, &d) != OK)
		return ERR_PROTOCOL;
	event->type = d.error.n > 0 ? SESSION_FAILED : SESSION_DELIVERED;
	event->tag = t->tag;
	event->data = d.error.n > 0 ? d.error : d.data;
	return OK;
}

static int take_request(struct session_stream *t, struct bytes message, struct session_event *event)
{
	const int err = retrieval_read_request(message, event->address);
	if (err == ERR_VALUE) {
		const struct retrieval_delivery d = {.error = BYTES_LITERAL("invalid address")};
		struct writer w = session_answer(t);
		retrieval_write_delivery(&w, &d);
		session_answered(t, &w);
	} else if (err == OK) {
		event->type = SESSION_WANTED;
		event->stream = t->id;
	}
	return err == ERR_PROTOCOL ? err : OK;
}

static int take_ping(struct session_stream *t, struct bytes message)
{
	struct writer w = session_answer(t);
	const int err = status_write_pong(&w, message);
	t->out_n = w.n;
	t->out_sent = 0;
	return err;
}

/* The whole message of a stream. An error: it is none, and the stream is reset. */
static int take_message(struct session *s, struct session_stream *t, struct bytes message, bool cut,
			struct session_event *event)
{
	struct writer w;
	int err = OK;
	switch (t->use) {
	case SESSION_ASKS:
		return take_retrieval(t, message, cut, event);
	case SESSION_GIVES:
		return take_request(t, message, event);
	case SESSION_SETTLES:
		err = pseudosettle_read_ack(message, &event->ack);
		event->type = err == OK ? SESSION_SETTLED : SESSION_NOTHING;
		return err;
	case SESSION_FORGIVES:
		err = pseudosettle_read_payment(message, &event->amount);
		event->type = err == OK ? SESSION_PAYMENT : SESSION_NOTHING;
		event->stream = t->id;
		return err;
	case SESSION_PRICED:
		err = pricing_read(message, &event->amount);
		event->type = err == OK ? SESSION_ANNOUNCED : SESSION_NOTHING;
		t->closes = true;
		return err;
	case SESSION_TELLS_STATUS:
		w = session_answer(t);
		status_write(&w, &s->config->status);
		session_answered(t, &w);
		return OK;
	case SESSION_PONGS:
		return take_ping(t, message);
	case SESSION_FREE:
	case SESSION_IDENTIFIES:
	case SESSION_PUSHED:
	case SESSION_ECHOES:
	case SESSION_SHAKES_15:
	case SESSION_SHAKES_14:
	case SESSION_HEARS_2:
	case SESSION_HEARS_1:
	case SESSION_SHAKES:
	case SESSION_ANNOUNCES:
	default:
		return ERR_PROTOCOL; /* nothing is to come on these */
	}
}

static int take_hive(struct session *s, struct session_stream *t, struct bytes in, size_t *used,
		     struct session_event *event, uint64_t now_ms)
{
	bool found;
	const int err = hive_take(&t->room->hive, in, used, &event->record, &found);
	if (err != OK)
		return err;
	if (found && !hive_budget_take(&s->budget, now_ms))
		return ERR_LIMIT;
	if (found)
		event->type = SESSION_RECORD;
	if (hive_done(&t->room->hive))
		t->answered = t->closes = true;
	return OK;
}

static int take_framed(struct session *s, struct session_stream *t, struct bytes in, size_t *used,
		       struct session_event *event)
{
	struct bytes message;
	bool cut;
	if (t->answered)
		return ERR_PROTOCOL; /* one message, and no more */
	const int err = frame_take(&t->frame, in, used);
	if (err != OK || !frame_done(&t->frame, &message, &cut))
		return err;
	const int taken = take_message(s, t, message, cut, event);
	if (taken != OK)
		return taken; /* no answer: it is still to be told */
	t->answered = t->use != SESSION_PONGS;
	if (!t->answered)
		await(t);
	return OK;
}

/* An error of a handshake is the session's. */
static int take_handshake(struct session *s, struct bytes in, size_t *used)
{
	*used = in.n;
	s->err = handshake_take(&s->handshake, in);
	return OK;
}

static int take(struct session *s, struct session_stream *t, struct bytes in, size_t *used, struct session_event *event,
		uint64_t now_ms)
{
	struct bytes ignored;
	bool cut;
	if (session_is_handshake(t->use))
		return take_handshake(s, in, used);
	if (session_has_headers(t->use) && !frame_done(&t->headers.in, &ignored, &cut))
		return headers_take(&t->headers, in, used);
	if (t->use == SESSION_ECHOES || t->use == SESSION_PONGS)
		t->deadline_ms = now_ms + SESSION_STREAM_MS; /* they go on as long as they are used */
	if (t->use == SESSION_ECHOES) {
		*used = ping_echo_take(&t->room->echo, in);
		return *used > 0 ? OK : ERR_LIMIT;
	}
	if (t->use == SESSION_PUSHED || t->use == SESSION_IDENTIFIES) {
		*used = in.n; /* nothing that is wanted here */
		return OK;
	}
	/* A pong that has not gone out: peers ask one by one. */
	if (t->use == SESSION_PONGS && t->out_sent < t->out_n)
		return ERR_LIMIT;
	if (t->use == SESSION_HEARS_2 || t->use == SESSION_HEARS_1)
		return take_hive(s, t, in, used, event, now_ms);
	return take_framed(s, t, in, used, event);
}

void session_stream_take(struct session *s, struct session_stream *t, struct bytes in, size_t *used,
			 struct session_event *event, uint64_t now_ms)
{
	size_t n = 0;
	if (take(s, t, in, &n, event, now_ms) != OK) {
		connection_reset(&s->connection, t->id, YAMUX_RESET_NONE);
		session_stream_gone(s, t, event);
		n = in.n;
	}
	*used = n;
}

/* What is told when a stream of ours ends without an answer. */
void session_stream_gone(struct session *s, struct session_stream *t, struct session_event *event)
{
	if (session_is_handshake(t->use) && !s->ready && s->err == OK)
		s->err = ERR_CLOSED;
	if ((t->use == SESSION_ASKS || t->use == SESSION_SETTLES) && !t->answered) {
		event->type = t->use == SESSION_ASKS ? SESSION_FAILED : SESSION_UNSETTLED;
		event->tag = t->tag;
		event->data = BYTES_NONE;
	}
	t->use = SESSION_FREE;
}

void session_stream_ended(struct session *s, struct session_stream *t, struct session_event *event)
{
	t->ended = true;
	if (session_is_handshake(t->use)) {
		if (!s->ready) /* a listener that is ready has nothing more to hear */
			s->err = handshake_ended(&s->handshake);
	} else if (t->use == SESSION_ECHOES || t->use == SESSION_PUSHED || t->use == SESSION_PONGS ||
		   t->use == SESSION_IDENTIFIES) {
		t->closes = true;
	} else if (!t->answered && t->use != SESSION_ANNOUNCES) {
		connection_reset(&s->connection, t->id, YAMUX_RESET_NONE);
		session_stream_gone(s, t, event);
	}
	if (t->use != SESSION_FREE && t->closed)
		t->use = SESSION_FREE;
}

void session_shaken(struct session *s, struct session_event *event, uint64_t now_ms)
{
	if (s->ready || !handshake_done(&s->handshake))
		return;
	/* Its end leaves before any stream that the caller opens now: who dialed takes none before. */
	s->err = connection_tick(&s->connection, now_ms);
	s->ready = true;
	event->type = SESSION_READY;
}
