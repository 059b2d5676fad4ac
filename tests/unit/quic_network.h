/* Two QUIC endpoints and a network between them in memory: virtual time, datagrams that are lost, late, cut,
 * changed or doubled as a seeded generator says. A test includes it once. */
#ifndef UNIT_QUIC_NETWORK_H
#define UNIT_QUIC_NETWORK_H

#include <arpa/inet.h>
#include <netinet/in.h>

#include "core/err.h"
#include "host/quic_endpoint.h"
#include "p2p/peer_key.h"
#include "test.h"

#define MS 1000000ULL
#define WIRE_MAX 8192
#define LINKS_MAX 64

static const char *const served[] = {"/echo/1", "/sink/1"};
static const char *const echo[] = {"/echo/1"}, *const other[] = {"/none/1", "/sink/1"}, *const none[] = {"/none/1"};

/* What one side knows of a connection. */
struct seen {
	struct quic_connection *c;
	int err;
	char told[4096]; /* what happened but data */
	size_t told_n;
	uint64_t got[64], sum[64];
	uint8_t first[64][64]; /* of what each stream got */
	bool holds;            /* consumes nothing */
	uint64_t held;
};

struct node {
	struct quic_config config;
	struct quic_endpoint *e;
	struct sockaddr_storage address;
	uint8_t seed[32];
	struct peer_id id;
	struct seen seen[LINKS_MAX];
	size_t seen_n;
	uint64_t sent_n, sent_bytes, retries_n;
	size_t last_n; /* the last datagram that it has sent */
	uint8_t last[QUIC_DATAGRAM_BYTES_MAX];
};

struct flight {
	bool used;
	uint64_t at_ns;
	uint64_t order;
	struct quic_path path; /* as the receiver sees it */
	size_t n;
	uint8_t bytes[QUIC_DATAGRAM_BYTES_MAX];
};

static struct node a, b;
static uint64_t now_ns, flights_n;
static struct flight wire[WIRE_MAX];
static size_t wire_high; /* none is used from there on */
static uint64_t random_state;
/* In a thousand. */
static struct {
	unsigned lost, late, cut, doubled, flipped;
	uint64_t delay_ns;
} weather;
static struct quic_out out_buffer;

static uint64_t chance(uint64_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % n;
}

static void node_begin(struct node *n, uint8_t who)
{
	uint8_t key[32], protobuf[PEER_KEY_ED25519_BYTES];
	memset(n, 0, sizeof *n);
	memset(n->seed, who, sizeof n->seed);
	struct sockaddr_in *in = (struct sockaddr_in *)&n->address;
	in->sin_family = AF_INET;
	in->sin_port = htons((uint16_t)(4000 + who));
	in->sin_addr.s_addr = htonl(0x0a000000U + who);
	n->config =
		(struct quic_config){.identity_seed = n->seed, .protocols = served, .protocols_n = 2, .listens = true};
	CHECK(quic_endpoint_new(&n->e, &n->config) == OK);
	ed25519_public(n->seed, key);
	peer_key_ed25519(key, protobuf);
	peer_id_of_key(&n->id, bytes_of(protobuf, sizeof protobuf));
}

static void begin_nodes(void)
{
	node_begin(&a, 1);
	node_begin(&b, 2);
	now_ns = 5000 * MS;
	wire_high = 0;
	random_state = 0x9e3779b97f4a7c15U;
	memset(&weather, 0, sizeof weather);
	weather.delay_ns = 5 * MS;
}

static void end_nodes(void)
{
	struct node *const nodes[] = {&a, &b};
	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < nodes[k]->seen_n; i++)
			if (nodes[k]->seen[i].c != NULL)
				quic_connection_end(nodes[k]->seen[i].c, 0);
		quic_endpoint_free(nodes[k]->e);
	}
}

static struct seen *seen_of(struct node *n, struct quic_connection *c)
{
	struct seen *s = quic_connection_owner(c);
	if (s == NULL) {
		if (n->seen_n == LINKS_MAX)
			abort();
		s = &n->seen[n->seen_n++];
		s->c = c;
		quic_connection_own(c, s);
	}
	return s;
}

static void put(const struct quic_path *path, const uint8_t *p, size_t n)
{
	size_t i = 0;
	while (i < WIRE_MAX && wire[i].used)
		i++;
	if (i == WIRE_MAX || n > sizeof wire[i].bytes)
		abort();
	if (i >= wire_high)
		wire_high = i + 1;
	struct flight *f = &wire[i];
	f->used = true;
	f->at_ns = now_ns + weather.delay_ns + (chance(1000) < weather.late ? chance(weather.delay_ns * 3 + 1) : 0);
	f->order = flights_n++;
	f->path = *path;
	f->n = chance(1000) < weather.cut ? chance(n) + 1 : n;
	memcpy(f->bytes, p, n);
	if (chance(1000) < weather.flipped)
		f->bytes[chance(f->n)] ^= (uint8_t)(1U << chance(8));
}

static void send_all(struct node *n)
{
	while (quic_endpoint_out(n->e, &out_buffer, now_ns)) {
		struct quic_path back = {.local = out_buffer.path.remote, .remote = out_buffer.path.local};
		CHECK(out_buffer.n > 0 && out_buffer.segment > 0 && out_buffer.segment <= QUIC_DATAGRAM_BYTES_MAX);
		for (size_t at = 0; at < out_buffer.n; at += out_buffer.segment) {
			const size_t left = out_buffer.n - at;
			const size_t one = left < out_buffer.segment ? left : out_buffer.segment;
			n->sent_n++;
			n->sent_bytes += one;
			n->retries_n += (out_buffer.bytes[at] & 0xf0) == 0xf0;
			n->last_n = one;
			memcpy(n->last, out_buffer.bytes + at, one);
			if (chance(1000) >= weather.lost)
				put(&back, out_buffer.bytes + at, one);
			if (chance(1000) < weather.doubled)
				put(&back, out_buffer.bytes + at, one);
		}
	}
}

static void on_event(struct seen *s, const struct connection_event *e)
{
	static const char letters[] = "-!OAXDERWG";
	if (e->type == CONNECTION_DATA) {
		const size_t i = e->stream % 64;
		for (size_t k = 0; k < e->data.n; k++) {
			if (s->got[i] + k < sizeof s->first[i])
				s->first[i][s->got[i] + k] = e->data.p[k];
			s->sum[i] = s->sum[i] * 31 + e->data.p[k];
		}
		s->got[i] += e->data.n;
		if (s->holds)
			s->held += e->data.n;
		else
			quic_connection_consumed(s->c, e->stream, e->data.n);
		return;
	}
	if (s->told_n + 32 > sizeof s->told)
		return;
	s->told_n +=
		(size_t)snprintf(s->told + s->told_n, sizeof s->told - s->told_n, "%c%u", letters[e->type], e->stream);
	if (e->type == CONNECTION_OPENED || e->type == CONNECTION_AGREED)
		s->told_n += (size_t)snprintf(s->told + s->told_n, sizeof s->told - s->told_n, ":%zu", e->protocol);
	if (e->type == CONNECTION_RESET)
		s->told_n += (size_t)snprintf(s->told + s->told_n, sizeof s->told - s->told_n, "=%u", e->code);
	s->told_n += (size_t)snprintf(s->told + s->told_n, sizeof s->told - s->told_n, " ");
}

static void hear(struct node *n)
{
	struct quic_connection *c;
	struct connection_event e;
	while ((c = quic_endpoint_next(n->e)) != NULL) {
		struct seen *s = seen_of(n, c);
		do {
			s->err = quic_connection_take(c, &e);
			if (s->err == OK && e.type != CONNECTION_NOTHING)
				on_event(s, &e);
		} while (s->err == OK && e.type != CONNECTION_NOTHING);
		if (s->err != OK) {
			quic_connection_end(c, 0);
			s->c = NULL;
		}
	}
}

static struct node *node_at(const struct sockaddr_storage *address)
{
	return memcmp(address, &a.address, sizeof a.address) == 0   ? &a
	       : memcmp(address, &b.address, sizeof b.address) == 0 ? &b
								    : NULL;
}

/* Sends what is to be sent now, and goes to the next moment at which something happens, at most until. False: there
 * is none. */
static bool step(uint64_t until_ns)
{
	hear(&a);
	hear(&b);
	send_all(&a);
	send_all(&b);
	struct flight *next = NULL;
	for (size_t i = 0; i < wire_high; i++)
		if (wire[i].used && (next == NULL || wire[i].at_ns < next->at_ns ||
				     (wire[i].at_ns == next->at_ns && wire[i].order < next->order)))
			next = &wire[i];
	const uint64_t da = quic_endpoint_deadline(a.e), db = quic_endpoint_deadline(b.e), timer = da < db ? da : db;
	const uint64_t at = next != NULL && next->at_ns <= timer ? next->at_ns : timer;
	if (at > until_ns) {
		now_ns = until_ns;
		quic_endpoint_tick(a.e, now_ns);
		quic_endpoint_tick(b.e, now_ns);
		return false;
	}
	if (at > now_ns)
		now_ns = at;
	if (next != NULL && next->at_ns <= now_ns) {
		struct node *to = node_at(&next->path.local);
		next->used = false;
		if (to != NULL)
			quic_endpoint_take(to->e, &next->path, bytes_of(next->bytes, next->n), now_ns);
	}
	quic_endpoint_tick(a.e, now_ns);
	quic_endpoint_tick(b.e, now_ns);
	return true;
}

static void run_ms(uint64_t ms)
{
	const uint64_t until = now_ns + ms * MS;
	while (step(until))
		;
}

static struct seen *dial(struct node *from, struct node *to, const struct peer_id *expected)
{
	struct quic_connection *c = NULL;
	const struct quic_path path = {.local = from->address, .remote = to->address};
	CHECK(quic_endpoint_dial(from->e, &path, expected, now_ns, &c) == OK);
	return c == NULL ? NULL : seen_of(from, c);
}

static bool was_told(const struct seen *s, const char *what)
{
	return strstr(s->told, what) != NULL;
}

static uint32_t open_stream(struct seen *s, const char *const *names, size_t n, bool lazy)
{
	uint32_t stream = 0;
	CHECK(quic_connection_open(s->c, names, n, lazy, &stream) == OK);
	return stream;
}

static size_t write_some(struct seen *s, uint32_t stream, struct bytes data)
{
	size_t n = 0;
	CHECK(quic_connection_write(s->c, stream, data, &n) == OK);
	return n;
}

#endif
