#include "host/p2p_stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "host/clock.h"
#include "host/p2p_node_parts.h"

/* Streams that a peer may open: so many at once, and then one in so many milliseconds. Who opens and resets them
 * faster than that does nothing else. */
#define OPENED_BURST 1000
#define OPENED_EVERY_MS 2

static struct p2p_stream **slot_of(struct p2p_connection *c, const struct p2p_stream *s)
{
	for (size_t i = 0; i < P2P_STREAMS_MAX; i++)
		if (c->streams[i] == s)
			return &c->streams[i];
	return NULL;
}

static struct p2p_stream *stream_of(struct p2p_connection *c, uint32_t id)
{
	for (size_t i = 0; i < P2P_STREAMS_MAX; i++)
		if (c->streams[i] != NULL && c->streams[i]->id == id)
			return c->streams[i];
	return NULL;
}

static struct p2p_stream *stream_add(struct p2p_connection *c, const struct p2p_stream_user *user, void *context)
{
	struct p2p_stream **slot = slot_of(c, NULL);
	struct p2p_stream *s = slot == NULL ? NULL : calloc(1, sizeof *s);
	if (s == NULL)
		return NULL;
	s->connection = c;
	s->user = user;
	s->context = context;
	s->deadline_ms = UINT64_MAX;
	*slot = s;
	c->streams_n++;
	return s;
}

static void drop_out(struct p2p_stream *s)
{
	p2p_node_release(s->connection->node, s->out_n);
	free(s->out);
	s->out = NULL;
	s->out_n = s->out_sent = 0;
}

static void stream_free(struct p2p_stream *s)
{
	struct p2p_connection *c = s->connection;
	free(s);
	if (--c->streams_n > 0)
		return;
	c->idle_since_ms = clock_now_ms();
	if (c->goes)
		p2p_connection_end(c, ERR_CLOSED);
	else if (!c->ending)
		p2p_node_wake_at(c->node, c->idle_since_ms + c->node->limits.idle_ms);
}

/* Out of the table: whatever is done with it from now on has no effect. */
static void retire(struct p2p_stream *s)
{
	struct p2p_stream **slot = slot_of(s->connection, s);
	assert(slot != NULL);
	*slot = NULL;
	drop_out(s);
	s->over = true;
}

/* The last word about a stream. */
static void tell_gone(struct p2p_stream *s, int err)
{
	retire(s);
	s->user->gone(s, err);
	stream_free(s);
}

/* --- sending --- */

static void flush(struct p2p_stream *s)
{
	struct p2p_link *link = s->connection->link;
	size_t n;
	if (s->out_sent < s->out_n) {
		const struct bytes left = bytes_of(s->out + s->out_sent, s->out_n - s->out_sent);
		if (link->verbs->write(link, s->id, left, &n) != OK)
			return; /* it is gone, which is told by and by */
		s->out_sent += n;
		if (s->out_sent < s->out_n)
			return;
		drop_out(s);
	}
	/* Not before the protocol is agreed: the end would overtake the words that are still owed for that. */
	if (!s->closes || !s->agreed || s->closed)
		return;
	s->closed = true;
	link->verbs->close(link, s->id);
	if (s->ended)
		p2p_node_wake_at(s->connection->node, 0); /* where it is told that it is over */
}

int p2p_stream_write(struct p2p_stream *s, struct bytes data, size_t *n)
{
	struct p2p_link *link = s->connection->link;
	*n = 0;
	if (s->over || s->closes || s->connection->ending)
		return ERR_CLOSED;
	return s->out_n > 0 ? OK : link->verbs->write(link, s->id, data, n);
}

int p2p_stream_send(struct p2p_stream *s, struct bytes data)
{
	struct p2p_node *node = s->connection->node;
	if (s->over || s->closes || s->connection->ending)
		return ERR_CLOSED;
	if (data.n == 0)
		return OK;
	if (!p2p_node_hold(node, data.n))
		return ERR_LIMIT;
	const size_t left = s->out_n - s->out_sent;
	uint8_t *out = malloc(left + data.n);
	if (out == NULL) {
		p2p_node_release(node, data.n);
		return ERR_NO_MEMORY;
	}
	if (left > 0)
		memcpy(out, s->out + s->out_sent, left);
	memcpy(out + left, data.p, data.n);
	p2p_node_release(node, s->out_sent);
	free(s->out);
	s->out = out;
	s->out_n = left + data.n;
	s->out_sent = 0;
	flush(s);
	return OK;
}

bool p2p_stream_sending(const struct p2p_stream *s)
{
	return s->out_n > 0;
}

void p2p_stream_consumed(struct p2p_stream *s, size_t n)
{
	struct p2p_link *link = s->connection->link;
	if (!s->over && !s->connection->ending)
		link->verbs->consumed(link, s->id, n);
}

void p2p_stream_close(struct p2p_stream *s)
{
	s->closes = true;
	if (!s->over && !s->connection->ending)
		flush(s);
}

void p2p_stream_reset(struct p2p_stream *s)
{
	struct p2p_link *link = s->connection->link;
	if (s->over)
		return;
	if (!s->connection->ending)
		link->verbs->reset(link, s->id, YAMUX_RESET_NONE);
	retire(s);
	stream_free(s);
}

void p2p_stream_expire(struct p2p_stream *s, uint64_t ms)
{
	s->deadline_ms = ms == UINT64_MAX ? UINT64_MAX : clock_now_ms() + ms;
	if (!s->over)
		p2p_node_wake_at(s->connection->node, s->deadline_ms);
}

uint64_t p2p_streams_tick(struct p2p_connection *c, uint64_t now_ms)
{
	uint64_t next = UINT64_MAX;
	for (size_t i = 0; i < P2P_STREAMS_MAX && !c->ending; i++) {
		struct p2p_stream *s = c->streams[i];
		if (s == NULL)
			continue;
		if (s->closed && s->ended) {
			tell_gone(s, OK);
		} else if (now_ms >= s->deadline_ms) {
			c->link->verbs->reset(c->link, s->id, YAMUX_RESET_NONE);
			tell_gone(s, ERR_TIMEOUT);
		} else if (s->deadline_ms < next) {
			next = s->deadline_ms;
		}
	}
	return next;
}

/* --- events --- */

static bool opens_too_fast(struct p2p_connection *c)
{
	const uint64_t now = clock_now_ms(), paid = (now - c->opened_at_ms) / OPENED_EVERY_MS;
	c->opened_debt = c->opened_debt > paid ? c->opened_debt - paid : 0;
	c->opened_at_ms = now;
	return ++c->opened_debt > OPENED_BURST;
}

static bool one_too_many(const struct p2p_connection *c, const struct p2p_service *service)
{
	size_t n = 0;
	for (size_t i = 0; i < P2P_STREAMS_MAX; i++)
		n += c->streams[i] != NULL && c->streams[i]->service == service;
	return service->per_peer_max > 0 && n >= service->per_peer_max;
}

static void on_opened(struct p2p_connection *c, const struct connection_event *event)
{
	const struct p2p_service *service = c->node->services[event->protocol];
	if (opens_too_fast(c)) {
		p2p_connection_end(c, ERR_LIMIT);
		return;
	}
	struct p2p_stream *s = one_too_many(c, service) ? NULL : stream_add(c, service->user, service->context);
	if (s == NULL) {
		c->link->verbs->reset(c->link, event->stream, YAMUX_RESET_LIMIT);
		return;
	}
	s->id = event->stream;
	s->service = service;
	s->agreed = true;
	if (s->user->opened != NULL)
		s->user->opened(s);
}

static void on_agreed(struct p2p_stream *s, const struct connection_event *event)
{
	struct p2p_connection *c = s->connection;
	s->agreed = true;
	if (s->user->opened != NULL)
		s->user->opened(s);
	if (stream_of(c, event->stream) == s)
		flush(s);
}

static void on_ended(struct p2p_stream *s, const struct connection_event *event)
{
	struct p2p_connection *c = s->connection;
	s->ended = true;
	if (s->user->ended != NULL)
		s->user->ended(s);
	if (stream_of(c, event->stream) == s && s->closed)
		tell_gone(s, OK);
}

static void on_data(struct p2p_stream *s, const struct connection_event *event)
{
	if (s->user->data != NULL)
		s->user->data(s, event->data);
	else
		p2p_stream_consumed(s, event->data.n);
}

static void on_writable(struct p2p_stream *s)
{
	flush(s);
	if (s->out_n == 0 && !s->closes && s->agreed && s->user->writable != NULL)
		s->user->writable(s);
}

void p2p_streams_event(struct p2p_connection *c, const struct connection_event *event)
{
	struct p2p_stream *s = stream_of(c, event->stream);
	if (event->type == CONNECTION_OPENED) {
		on_opened(c, event);
		return;
	}
	if (s == NULL) {
		if (event->type == CONNECTION_DATA)
			c->link->verbs->consumed(c->link, event->stream, event->data.n);
		return;
	}
	switch (event->type) {
	case CONNECTION_AGREED:
		on_agreed(s, event);
		break;
	case CONNECTION_REFUSED:
		tell_gone(s, ERR_NOT_FOUND);
		break;
	case CONNECTION_DATA:
		on_data(s, event);
		break;
	case CONNECTION_ENDED:
		on_ended(s, event);
		break;
	case CONNECTION_RESET:
		tell_gone(s, ERR_CLOSED);
		break;
	case CONNECTION_WRITABLE:
		on_writable(s);
		break;
	case CONNECTION_NOTHING:
	case CONNECTION_READY:
	case CONNECTION_OPENED:
	case CONNECTION_GONE:
	default:
		break;
	}
}

void p2p_streams_lost(struct p2p_connection *c, int err)
{
	for (size_t i = 0; i < P2P_STREAMS_MAX; i++)
		if (c->streams[i] != NULL)
			tell_gone(c->streams[i], err);
}

/* --- opening --- */

int p2p_streams_open(struct p2p_connection *c, const char *const *names, size_t names_n,
		     const struct p2p_stream_user *user, void *context, struct p2p_stream **stream)
{
	uint32_t id;
	if (slot_of(c, NULL) == NULL)
		return ERR_LIMIT;
	const int err = c->link->verbs->open(c->link, names, names_n, p2p_identify_says(c, names[0]), &id);
	if (err != OK)
		return err;
	struct p2p_stream *s = stream_add(c, user, context);
	if (s == NULL) {
		c->link->verbs->reset(c->link, id, YAMUX_RESET_NONE);
		return ERR_NO_MEMORY;
	}
	s->id = id;
	*stream = s;
	return OK;
}

int p2p_stream_open(struct p2p_node *node, const struct peer_id *peer, const char *const *names, size_t names_n,
		    const struct p2p_stream_user *user, void *context, struct p2p_stream **stream)
{
	struct p2p_connection *c = p2p_connections_find(node, peer);
	return c == NULL ? ERR_NOT_FOUND : p2p_streams_open(c, names, names_n, user, context, stream);
}

struct p2p_node *p2p_stream_node(const struct p2p_stream *s)
{
	return s->connection->node;
}

const struct peer_id *p2p_stream_peer(const struct p2p_stream *s)
{
	return &s->connection->peer;
}

uint64_t p2p_stream_group(const struct p2p_stream *s)
{
	return s->connection->group;
}

void *p2p_stream_context(const struct p2p_stream *s)
{
	return s->context;
}

void p2p_stream_set_context(struct p2p_stream *s, void *context)
{
	s->context = context;
}
