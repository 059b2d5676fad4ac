#include "efi/bridge.h"

#include <string.h>

#include "crypto/secret.h"
#include "efi/target.h"
#include "p2p/connection.h"
#include "p2p/multiaddr.h"
#include "p2p/ping.h"
#include "swarm/bridge.h"

#define BUDGET_BYTES (8U << 20) /* of windows beyond the first: some streams at the speed of a network */

static const char *const protocols[] = {BRIDGE_PROTOCOL};
static const char *const served[] = {PING_PROTOCOL}; /* others look by it whether we are still there */

enum bridge_stage { BRIDGE_DOWN, BRIDGE_NAMED, BRIDGE_CONNECTING, BRIDGE_SPEAKING };

struct bridge_link {
	struct bridges *bridges;
	enum bridge_stage stage;
	bool ready;  /* who it is, is proven */
	bool speaks; /* the protocol: what is said need not wait for an answer to that */
	size_t text_n, address_n;
	uint8_t text[MULTIADDR_TEXT_MAX], address[MULTIADDR_BYTES_MAX];
	struct target target; /* of address */
	struct resolved to;
	size_t to_at; /* the address that is tried */
	uint64_t began_ms;
	uint32_t c;
	struct bridge_stream *streams[BRIDGE_STREAMS_MAX];
	/* What has arrived for a stream, in the buffer, which stays as it is until it is taken. */
	uint32_t data_id;
	struct bytes data;
	size_t in_n;
	size_t taken; /* of it, with data: no longer needed when that is taken */
	struct connection connection;
	uint8_t in[NOISE_FRAME_BYTES_MAX];
};

struct bridges {
	struct report *report;
	struct net *net;
	struct web *web;
	struct bridge_link *links[BRIDGES_MAX]; /* owned: pages */
	size_t n;
};

int bridges_open(struct bridges **bridges, struct report *r, struct net *net, struct web *web)
{
	uint8_t *pages;
	if (platform_pages(r->platform, sizeof(struct bridges), &pages) != OK)
		return ERR_NO_MEMORY;
	struct bridges *b = (struct bridges *)(void *)pages; /* pages are aligned for anything */
	*b = (struct bridges){.report = r, .net = net, .web = web};
	*bridges = b;
	return OK;
}

/* --- a connection --- */

/* It is over: whoever was on it hears of it. */
static void lose(struct bridge_link *l, int err, const char *where)
{
	if (l->stage == BRIDGE_SPEAKING)
		connection_end(&l->connection);
	if (l->c != NET_NONE)
		net_end(l->bridges->net, l->c);
	l->c = NET_NONE;
	l->stage = BRIDGE_DOWN;
	l->data = BYTES_NONE;
	for (size_t i = 0; i < BRIDGE_STREAMS_MAX; i++) {
		struct bridge_stream *s = l->streams[i];
		if (s == NULL)
			continue;
		s->id = 0; /* on the next connection it would be another one's */
		if (s->err != OK)
			continue;
		s->err = err;
		s->where = where;
	}
}

/* Begins a connection to the next address that can be tried. */
static void connect_next(struct bridge_link *l, uint64_t now_ms, int last)
{
	for (; l->to_at < l->to.n; l->to_at++) {
		const struct net_address *to = &l->to.v[l->to_at];
		if (to->six ? l->target.no_six : l->target.no_four)
			continue;
		l->c = web_dial(l->bridges->web, to, l->target.port);
		l->began_ms = now_ms;
		l->stage = BRIDGE_CONNECTING;
		if (l->c != NET_NONE)
			return;
	}
	lose(l, last, last == ERR_CLOSED ? "refused" : "connection");
}

static void dial(struct bridge_link *l, uint64_t now_ms)
{
	l->ready = l->speaks = false;
	l->in_n = 0;
	l->data = BYTES_NONE;
	l->to.v[0] = l->target.ip;
	l->to.n = l->target.named ? 0 : 1;
	l->to_at = 0;
	l->began_ms = now_ms;
	l->stage = BRIDGE_NAMED;
	if (!l->target.named)
		connect_next(l, now_ms, ERR_NOT_FOUND);
}

static void find_name(struct bridge_link *l, uint64_t now_ms)
{
	const int err = resolver_find(&l->bridges->web->resolver, l->target.name, now_ms, &l->to);
	if (err == OK)
		connect_next(l, now_ms, ERR_NOT_FOUND);
	else if (err != RESOLVE_WAIT)
		lose(l, err, "name");
	else if (now_ms >= l->began_ms + RESOLVE_GIVE_UP_MS)
		lose(l, ERR_TIMEOUT, "name");
}

static void speak(struct bridge_link *l, uint64_t now_ms)
{
	struct noise_secrets secrets;
	(void)platform_random(l->bridges->report->platform, (uint8_t *)&secrets, sizeof secrets);
	connection_init(&l->connection, CONNECTION_DIALER, &secrets, l->target.has_peer ? &l->target.peer : NULL,
			served, 1, BUDGET_BYTES, now_ms);
	secret_wipe(&secrets, sizeof secrets);
	l->stage = BRIDGE_SPEAKING;
}

static void await_connection(struct bridge_link *l, uint64_t now_ms)
{
	const enum net_state state = net_state(l->bridges->net, l->c);
	if (state == NET_OPEN || state == NET_ENDED) {
		speak(l, now_ms);
		return;
	}
	if (state == NET_CONNECTING && now_ms < l->began_ms + BRIDGE_CONNECT_MS)
		return;
	net_end(l->bridges->net, l->c);
	l->c = NET_NONE;
	l->to_at++;
	connect_next(l, now_ms, state == NET_CONNECTING ? ERR_TIMEOUT : ERR_CLOSED);
}

static struct bridge_stream *stream_of(const struct bridge_link *l, uint32_t id)
{
	for (size_t i = 0; i < BRIDGE_STREAMS_MAX && id != 0; i++)
		if (l->streams[i] != NULL && l->streams[i]->id == id)
			return l->streams[i];
	return NULL;
}

static void took(struct bridge_link *l, size_t n)
{
	connection_consumed(&l->connection, l->data_id, n);
	l->data = bytes_skip(l->data, n);
	if (l->data.n > 0)
		return;
	memmove(l->in, l->in + l->taken, l->in_n - l->taken);
	l->in_n -= l->taken;
}

/* Nothing more comes of it: what has arrived for it must not wait for somebody to take it, in the way of the others. */
static void stop(struct bridge_stream *s, int err, const char *where)
{
	if (s->id != 0 && s->link->data.n > 0 && s->link->data_id == s->id)
		took(s->link, s->link->data.n);
	s->err = err;
	s->where = where;
	s->id = 0; /* it is no more */
}

/* On a stream of theirs, which is a ping: what comes goes back, while there is room for it. */
static void on_ping(struct bridge_link *l, const struct connection_event *e)
{
	size_t n;
	if (e->type == CONNECTION_DATA) {
		(void)!connection_write(&l->connection, e->stream, e->data, &n); /* a ping that is gone needs nothing */
		connection_consumed(&l->connection, e->stream, e->data.n);
	} else if (e->type == CONNECTION_ENDED) {
		connection_close(&l->connection, e->stream);
	}
}

static void on_event(struct bridge_link *l, const struct connection_event *e)
{
	struct bridge_stream *s = stream_of(l, e->stream);
	l->ready |= e->type == CONNECTION_READY;
	if (e->type == CONNECTION_DATA && s != NULL) {
		l->data_id = e->stream;
		l->data = e->data;
		return;
	}
	if (s == NULL) {
		on_ping(l, e);
		return;
	}
	if (e->type == CONNECTION_AGREED)
		l->speaks = s->agreed = true;
	else if (e->type == CONNECTION_REFUSED)
		stop(s, ERR_PROTOCOL, "it does not speak " BRIDGE_PROTOCOL);
	else if (e->type == CONNECTION_ENDED)
		s->ended = true;
	else if (e->type == CONNECTION_RESET)
		stop(s, ERR_CLOSED, "answer");
}

/* Into the room that the connection opens frames in. */
static void receive(struct bridge_link *l)
{
	const struct bytes arrived = net_received(l->bridges->net, l->c);
	const size_t room = sizeof l->in - l->in_n, take = arrived.n < room ? arrived.n : room;
	if (take == 0)
		return;
	memcpy(l->in + l->in_n, arrived.p, take);
	l->in_n += take;
	net_took(l->bridges->net, l->c, take);
}

/* Looks at what has arrived, up to the next bytes of a stream. */
static int take(struct bridge_link *l, uint64_t now_ms)
{
	struct connection_event e = {.type = CONNECTION_READY};
	int err = OK;
	while (err == OK && l->data.n == 0 && e.type != CONNECTION_NOTHING) {
		size_t used = 0;
		receive(l);
		err = connection_take(&l->connection, l->in, l->in_n, &used, &e, now_ms);
		if (err != OK)
			break;
		on_event(l, &e);
		if (used > 0 && l->data.n == 0) {
			memmove(l->in, l->in + used, l->in_n - used);
			l->in_n -= used;
		} else {
			l->taken = used;
		}
	}
	return err;
}

static void give(struct bridge_link *l)
{
	for (;;) {
		const struct bytes out = connection_out(&l->connection);
		const size_t sent = out.n == 0 ? 0 : net_send(l->bridges->net, l->c, out);
		if (sent == 0)
			return;
		connection_sent(&l->connection, sent);
	}
}

static void step(struct bridge_link *l, uint64_t now_ms)
{
	int err = OK;
	if (l->stage == BRIDGE_NAMED)
		find_name(l, now_ms);
	if (l->stage == BRIDGE_CONNECTING)
		await_connection(l, now_ms);
	if (l->stage != BRIDGE_SPEAKING)
		return;
	if (connection_deadline(&l->connection) <= now_ms)
		err = connection_tick(&l->connection, now_ms);
	if (err == OK)
		err = take(l, now_ms);
	if (err != OK) {
		lose(l, err, l->ready ? "answer" : "handshake");
		return;
	}
	give(l);
	const enum net_state state = net_state(l->bridges->net, l->c);
	if ((state == NET_ENDED || state == NET_FAILED) && l->data.n == 0 && net_received(l->bridges->net, l->c).n == 0)
		lose(l, ERR_CLOSED, l->ready ? "answer" : "handshake");
}

void bridges_close(struct bridges *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < b->n; i++) {
		lose(b->links[i], ERR_INTERRUPTED, "");
		platform_give_pages(b->report->platform, (uint8_t *)b->links[i], sizeof(struct bridge_link));
	}
	platform_give_pages(b->report->platform, (uint8_t *)b, sizeof(struct bridges));
}

/* --- streams --- */

static struct bridge_link *link_new(struct bridges *b, struct bytes text)
{
	struct writer w;
	uint8_t *pages;
	if (b->n == BRIDGES_MAX || text.n > MULTIADDR_TEXT_MAX ||
	    platform_pages(b->report->platform, sizeof(struct bridge_link), &pages) != OK)
		return NULL;
	struct bridge_link *l = (struct bridge_link *)(void *)pages; /* pages are aligned for anything */
	memset(l, 0, sizeof *l);
	l->bridges = b;
	l->c = NET_NONE;
	l->text_n = text.n;
	memcpy(l->text, text.p, text.n);
	w = writer_of(l->address, sizeof l->address);
	if (multiaddr_parse(&w, text) == OK)
		l->address_n = w.n;
	if (!target_read(bytes_of(l->address, l->address_n), &l->target))
		l->address_n = 0;
	b->links[b->n++] = l;
	return l;
}

static struct bridge_link *link_of(struct bridges *b, struct bytes text)
{
	for (size_t i = 0; i < b->n; i++)
		if (bytes_equal(bytes_of(b->links[i]->text, b->links[i]->text_n), text))
			return b->links[i];
	return link_new(b, text);
}

void bridge_open(struct bridges *b, struct bridge_stream *s, struct bytes address, uint64_t now_ms)
{
	*s = (struct bridge_stream){.err = ERR_LIMIT, .where = "more bridges or questions than can be asked at once"};
	struct bridge_link *l = link_of(b, address);
	if (l == NULL)
		return;
	for (size_t i = 0; i < BRIDGE_STREAMS_MAX && s->link == NULL; i++) {
		if (l->streams[i] != NULL)
			continue;
		l->streams[i] = s;
		s->link = l;
	}
	if (s->link == NULL)
		return;
	s->err = OK;
	if (l->address_n == 0) {
		stop(s, ERR_VALUE, "no address of a bridge, as in /ip4/10.0.2.2/tcp/4001");
		return;
	}
	if (l->stage == BRIDGE_SPEAKING) /* it may have gone while nobody asked it */
		step(l, now_ms);
	s->err = OK;
	if (l->stage == BRIDGE_DOWN)
		dial(l, now_ms);
}

void bridge_step(struct bridge_stream *s, uint64_t now_ms)
{
	struct bridge_link *l = s->link;
	if (l == NULL || s->err != OK)
		return;
	step(l, now_ms);
	if (s->err != OK || s->id != 0 || l->stage != BRIDGE_SPEAKING || !l->ready)
		return;
	const int err = connection_open(&l->connection, protocols, 1, l->speaks, &s->id);
	if (err != OK)
		stop(s, err, "stream");
	else
		s->agreed = l->speaks;
	if (!s->agreed) /* else what is said goes with it */
		give(l);
}

size_t bridge_send(struct bridge_stream *s, struct bytes data)
{
	size_t n = 0;
	if (s->err != OK || s->id == 0 || !s->agreed)
		return 0;
	if (connection_write(&s->link->connection, s->id, data, &n) != OK)
		stop(s, ERR_CLOSED, "answer");
	return n;
}

void bridge_send_no_more(struct bridge_stream *s)
{
	if (s->err != OK || s->id == 0)
		return;
	connection_close(&s->link->connection, s->id);
	give(s->link);
}

struct bytes bridge_received(struct bridge_stream *s)
{
	struct bridge_link *l = s->link;
	if (l == NULL || l->stage != BRIDGE_SPEAKING)
		return BYTES_NONE;
	if (l->data.n == 0)
		step(l, platform_now_ms(l->bridges->report->platform));
	return l->data.n > 0 && l->data_id == s->id && s->id != 0 ? l->data : BYTES_NONE;
}

void bridge_took(struct bridge_stream *s, size_t n)
{
	took(s->link, n);
}

void bridge_end(struct bridge_stream *s)
{
	struct bridge_link *l = s->link;
	if (l == NULL)
		return;
	if (l->stage == BRIDGE_SPEAKING && s->id != 0) {
		if (l->data.n > 0 && l->data_id == s->id)
			took(l, l->data.n);
		if (!s->ended)
			connection_reset(&l->connection, s->id, YAMUX_RESET_NONE);
		give(l);
	}
	for (size_t i = 0; i < BRIDGE_STREAMS_MAX; i++)
		if (l->streams[i] == s)
			l->streams[i] = NULL;
	s->link = NULL;
}

void bridge_tell(const struct bridge_stream *s, struct bytes text)
{
	if (s->link != NULL)
		report_detail(s->link->bridges->report, "%.*s says: %.*s", (int)s->link->text_n,
			      (const char *)s->link->text, REPORT_BYTES(text));
}
