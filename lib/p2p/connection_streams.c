/* The streams of a connection: each negotiates its protocol first, and is its user's then. */
#include <assert.h>

#include "core/err.h"
#include "p2p/connection_parts.h"

static struct connection_stream *slot_of(struct connection *c, uint32_t id)
{
	for (size_t i = 0; i < YAMUX_STREAMS_MAX; i++)
		if (c->streams[i].id == id)
			return &c->streams[i];
	return NULL;
}

static struct connection_stream *stream_of(struct connection *c, uint32_t id)
{
	return id == 0 ? NULL : slot_of(c, id);
}

static struct mss *mss_of(struct connection *c, const struct connection_stream *s)
{
	return &c->stream_mss[s - c->streams];
}

static void stream_free(struct connection_stream *s)
{
	s->id = 0;
	s->speaks = false;
}

/* There are as many slots as Yamux has, but one may still be here that is gone there. */
static struct connection_stream *stream_add(struct connection *c, uint32_t id, enum mss_role role,
					    const char *const *names, size_t names_n)
{
	struct connection_stream *s = slot_of(c, 0);
	if (s == NULL)
		return NULL;
	s->id = id;
	s->negotiating = true;
	s->ours = role == MSS_DIALER;
	s->lazy = s->refused = false;
	s->deadline_ms = c->now_ms + CONNECTION_NEGOTIATION_MS;
	s->speaks = true;
	mss_init(mss_of(c, s), role, names, names_n);
	return s;
}

/* Negotiation came to nothing: the stream is reset, and when it was ours that is to be told. */
static void refuse(struct connection *c, struct connection_stream *s)
{
	yamux_reset(&c->yamux, s->id, YAMUX_RESET_NEGOTIATION);
	s->negotiating = false;
	s->refused = s->ours;
	s->speaks = false;
	if (!s->ours)
		stream_free(s);
}

bool connection_streams_tell(struct connection *c, struct connection_event *event)
{
	for (size_t i = 0; i < YAMUX_STREAMS_MAX; i++) {
		struct connection_stream *s = &c->streams[i];
		if (s->id == 0 || !s->refused)
			continue;
		event->type = CONNECTION_REFUSED;
		event->stream = s->id;
		stream_free(s);
		return true;
	}
	return false;
}

void connection_streams_data(struct connection *c, const uint8_t *frame, struct connection_event *event)
{
	struct connection_stream *s = stream_of(c, c->data_stream);
	const struct bytes data = bytes_of(frame + c->data_at, c->data_n);
	size_t used = data.n;
	if (s != NULL && s->negotiating) {
		if (mss_take(mss_of(c, s), data, &used) != OK) {
			used = data.n;
			refuse(c, s);
		} else if (mss_done(mss_of(c, s), &event->protocol)) {
			event->type = s->ours ? CONNECTION_AGREED : CONNECTION_OPENED;
			event->stream = s->id;
			s->negotiating = false;
		}
		yamux_consumed(&c->yamux, c->data_stream, used);
	} else if (s != NULL && !s->refused) {
		event->type = CONNECTION_DATA;
		event->stream = s->id;
		event->data = data;
	} else {
		yamux_consumed(&c->yamux, c->data_stream, used);
	}
	c->data_at += used;
	c->data_n -= used;
}

void connection_streams_event(struct connection *c, const struct yamux_event *from, struct connection_event *event)
{
	struct connection_stream *s = stream_of(c, from->stream);
	event->stream = from->stream;
	event->code = from->code;
	switch (from->type) {
	case YAMUX_OPENED:
		if (stream_add(c, from->stream, MSS_LISTENER, c->protocols, c->protocols_n) == NULL)
			yamux_reset(&c->yamux, from->stream, YAMUX_RESET_LIMIT);
		break;
	case YAMUX_ENDED:
		if (s != NULL && s->negotiating)
			refuse(c, s);
		else if (s != NULL && !s->refused)
			event->type = CONNECTION_ENDED;
		break;
	case YAMUX_RESET:
		if (s == NULL)
			break;
		if (s->negotiating && s->ours)
			event->type = CONNECTION_REFUSED;
		else if (!s->negotiating)
			event->type = s->refused ? CONNECTION_REFUSED : CONNECTION_RESET;
		stream_free(s);
		break;
	case YAMUX_WRITABLE:
		if (s != NULL && (!s->negotiating || s->lazy) && !s->refused)
			event->type = CONNECTION_WRITABLE;
		break;
	case YAMUX_GONE:
		event->type = CONNECTION_GONE;
		break;
	case YAMUX_NOTHING:
	case YAMUX_DATA:
	default:
		break;
	}
}

static void send_stream_mss(struct connection *c, struct connection_stream *s, struct writer *w)
{
	const struct bytes out = mss_out(mss_of(c, s));
	size_t n;
	if (out.n > 0 && yamux_write(&c->yamux, s->id, out, &n, w) == OK)
		mss_sent(mss_of(c, s), n);
}

void connection_streams_pump(struct connection *c, struct writer *w)
{
	for (size_t i = 0; i < YAMUX_STREAMS_MAX; i++) {
		struct connection_stream *s = &c->streams[i];
		if (s->id != 0 && !s->refused && !yamux_has(&c->yamux, s->id))
			stream_free(s); /* it is over */
		else if (s->id != 0 && s->speaks)
			send_stream_mss(c, s, w);
	}
}

uint64_t connection_streams_deadline(const struct connection *c)
{
	uint64_t deadline = UINT64_MAX;
	for (size_t i = 0; i < YAMUX_STREAMS_MAX; i++)
		if (c->streams[i].id != 0 && c->streams[i].negotiating && c->streams[i].deadline_ms < deadline)
			deadline = c->streams[i].deadline_ms;
	return deadline;
}

static void tick_stream(struct connection *c, struct connection_stream *s)
{
	if (s->deadline_ms == 0)
		s->deadline_ms = c->now_ms + CONNECTION_NEGOTIATION_MS;
	else if (c->now_ms >= s->deadline_ms)
		refuse(c, s);
}

void connection_streams_tick(struct connection *c)
{
	for (size_t i = 0; i < YAMUX_STREAMS_MAX; i++)
		if (c->streams[i].id != 0 && c->streams[i].negotiating)
			tick_stream(c, &c->streams[i]);
}

int connection_open(struct connection *c, const char *const *names, size_t names_n, bool lazy, uint32_t *stream)
{
	uint32_t id;
	if (c->err != OK)
		return c->err;
	if (c->stage != CONNECTION_STREAMS)
		return ERR_CLOSED;
	if (slot_of(c, 0) == NULL)
		return ERR_LIMIT;
	const int err = yamux_open(&c->yamux, &id);
	if (err != OK)
		return err;
	struct connection_stream *s = stream_add(c, id, MSS_DIALER, names, names_n);
	assert(s != NULL);
	s->lazy = lazy;
	s->deadline_ms = 0; /* nobody has said what time it is: its own begins when somebody does */
	*stream = id;
	return connection_pump(c);
}

int connection_write(struct connection *c, uint32_t stream, struct bytes data, size_t *n)
{
	struct connection_stream *s = stream_of(c, stream);
	*n = 0;
	if (c->err != OK)
		return c->err;
	if (s == NULL || s->refused)
		return ERR_NOT_FOUND;
	int err = connection_pump(c);
	if (err != OK || (s->negotiating && !s->lazy) || (s->speaks && mss_out(mss_of(c, s)).n > 0))
		return err;
	struct writer w = connection_plain(c);
	err = yamux_write(&c->yamux, stream, data, n, &w);
	c->plain_n = w.n;
	return err;
}

void connection_consumed(struct connection *c, uint32_t stream, size_t n)
{
	if (c->err == OK)
		yamux_consumed(&c->yamux, stream, n);
}

void connection_close(struct connection *c, uint32_t stream)
{
	if (c->err == OK)
		yamux_close(&c->yamux, stream);
}

void connection_reset(struct connection *c, uint32_t stream, uint32_t code)
{
	struct connection_stream *s = stream_of(c, stream);
	if (c->err != OK || s == NULL)
		return;
	yamux_reset(&c->yamux, stream, code);
	stream_free(s);
}
