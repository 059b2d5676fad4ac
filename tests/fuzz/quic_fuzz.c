/* A hostile network, and a hostile peer that has a good key, at an endpoint of QUIC. Two endpoints on virtual time: one
 * of them is the victim, the other one says in its packets, under the right keys, whatever the input wants said instead
 * of its own frames. What is random is a fixed sequence, but for keys of TLS, whose values nothing here depends on.
 *
 * The first byte says who dials, and whether both have shaken hands before it begins; steps follow, each a byte for
 * what it is and then what it needs. */
#include <assert.h>
#include <gnutls/crypto.h>
#include <netinet/in.h>
#include <sanitizer/allocator_interface.h>
#include <string.h>

#include "core/err.h"
#include "host/quic_parts.h"
#include "host/random.h"

#define MS QUIC_NS_PER_MS
#define US (MS / 1000)
#define KNOWN_MAX 64
#define STEPS_MAX 100                /* of an input: each may be a handshake, which takes milliseconds */
#define ROUNDS_MAX 1000              /* of datagrams at one time: then it would not end */
#define WINDOW_BYTES (64U << 10)     /* of a connection */
#define MEMORY_BYTES_MAX (32U << 20) /* of both endpoints, whatever was said */
#define AMPLIFIED_MAX 3              /* times what came from an address that has proven nothing (RFC 9000, 8.1) */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum flags { VICTIM_DIALS = 1, SHAKEN_HANDS = 2 };
enum step { STEP_TIME, STEP_SAY, STEP_RAW, STEP_MANGLE, STEP_DIAL, STEP_HOSTILE_STREAM, STEP_VICTIM_STREAM, STEPS };
enum mangled { MANGLED_FLIPPED, MANGLED_CUT, MANGLED_LOST, MANGLED_TWICE, MANGLED_FROM_ELSEWHERE, MANGLED };

struct side {
	struct quic_config config;
	struct quic_endpoint *e;
	struct sockaddr_storage address;
	struct quic_connection *known[KNOWN_MAX];
	bool holds; /* consumes nothing */
	bool ready; /* somebody has shaken hands with it */
	uint8_t seed[ED25519_SEED_BYTES];
	uint64_t sent_bytes, got_bytes;
};

static const char *const names[] = {"/echo/1", "/sink/1"};
static struct side victim, hostile;
static uint64_t now_ns, random_state;
static bool hostile_speaks;
static struct bytes said; /* what its next packet says */
static struct {
	bool due;
	enum mangled how;
	uint8_t where, what;
} mangle;
static struct quic_out out;

/* --- chance that is none, and the frames that are exchanged --- */

int random_fill(void *p, size_t n)
{
	uint8_t *to = p;
	for (size_t i = 0; i < n; i++) {
		random_state = random_state * 6364136223846793005U + 1442695040888963407U;
		to[i] = (uint8_t)(random_state >> 56);
	}
	return OK;
}

int gnutls_rnd(gnutls_rnd_level_t level, void *p, size_t n)
{
	(void)level;
	return random_fill(p, n);
}

int ngtcp2_crypto_encrypt_cb(uint8_t *to, const ngtcp2_crypto_aead *aead, const ngtcp2_crypto_aead_ctx *context,
			     const uint8_t *text, size_t n, const uint8_t *nonce, size_t nonce_n, const uint8_t *head,
			     size_t head_n)
{
	static uint8_t instead[QUIC_DATAGRAM_BYTES_MAX];
	if (hostile_speaks && said.n > 0 && n <= sizeof instead) {
		memset(instead, 0, n); /* PADDING */
		memcpy(instead, said.p, said.n < n ? said.n : n);
		said = BYTES_NONE;
		text = instead;
	}
	return ngtcp2_crypto_encrypt(to, aead, context, text, n, nonce, nonce_n, head, head_n) == 0
		       ? 0
		       : NGTCP2_ERR_CALLBACK_FAILURE;
}

/* --- two sides --- */

static void side_begin(struct side *s, uint8_t who)
{
	*s = (struct side){.config = {.identity_seed = s->seed,
				      .protocols = names,
				      .protocols_n = 2,
				      .window_bytes_max = WINDOW_BYTES,
				      .listens = true}};
	memset(s->seed, who, sizeof s->seed);
	struct sockaddr_in *in = (struct sockaddr_in *)&s->address;
	in->sin_family = AF_INET;
	in->sin_port = htons(4000);
	in->sin_addr.s_addr = htonl(0x0a000000U + who);
	if (quic_endpoint_new(&s->e, &s->config) != OK)
		abort();
}

static void side_end(struct side *s)
{
	for (size_t i = 0; i < KNOWN_MAX; i++)
		if (s->known[i] != NULL)
			quic_connection_end(s->known[i], 0);
	quic_endpoint_free(s->e);
}

static bool know(struct side *s, struct quic_connection *c)
{
	size_t i = 0;
	while (i < KNOWN_MAX && s->known[i] != NULL)
		i++;
	if (i == KNOWN_MAX) {
		quic_connection_end(c, 1);
		return false;
	}
	s->known[i] = c;
	quic_connection_own(c, &s->known[i]);
	return true;
}

static void dial(struct side *from, const struct side *to, uint8_t port)
{
	struct quic_path path = {.local = from->address, .remote = to->address};
	struct quic_connection *c;
	((struct sockaddr_in *)&path.local)->sin_port = htons((uint16_t)(4000 + port));
	if (quic_endpoint_dial(from->e, &path, NULL, now_ns, &c) == OK)
		(void)know(from, c);
}

static void on_event(struct side *s, struct quic_connection *c, const struct connection_event *e)
{
	size_t n;
	s->ready |= e->type == CONNECTION_READY;
	if (e->type == CONNECTION_DATA) {
		assert(e->data.n > 0 && e->data.n <= WINDOW_BYTES);
		if (s == &victim) /* an echo, as far as there is room */
			(void)!quic_connection_write(c, e->stream, e->data, &n);
		if (!s->holds)
			quic_connection_consumed(c, e->stream, e->data.n);
	}
	if (e->type == CONNECTION_ENDED)
		quic_connection_close(c, e->stream);
}

static void hear(struct side *s)
{
	struct quic_connection *c;
	struct connection_event e;
	while ((c = quic_endpoint_next(s->e)) != NULL) {
		int err;
		if (quic_connection_owner(c) == NULL && !know(s, c))
			continue;
		struct quic_connection **place = quic_connection_owner(c);
		while ((err = quic_connection_take(c, &e)) == OK && e.type != CONNECTION_NOTHING)
			on_event(s, c, &e);
		if (err != OK) {
			*place = NULL;
			quic_connection_end(c, 0);
		}
	}
}

/* --- limits --- */

static void check_connection(const struct quic_connection *c)
{
	size_t streams_n = 0, ours_n = 0;
	uint64_t unconsumed = 0, held = 0;
	for (size_t i = 0; i < QUIC_STREAM_BUCKETS; i++)
		for (const struct quic_stream *s = c->streams[i]; s != NULL; s = s->bucket_next) {
			streams_n++;
			ours_n += s->ours;
			unconsumed += s->unconsumed;
			held += s->held_n;
		}
	assert(ours_n == c->ours_n && ours_n <= QUIC_STREAMS_MAX && streams_n <= 2 * QUIC_STREAMS_MAX);
	assert(held == c->held_n && held <= QUIC_SEND_BYTES_MAX && unconsumed <= WINDOW_BYTES);
}

static void check(const struct side *s, size_t memory)
{
	size_t half_open_n = 0, ended_n = 0;
	for (const struct quic_connection *c = s->e->connections; c != NULL; c = c->next) {
		half_open_n += c->half_open;
		ended_n += c->ended;
		check_connection(c);
	}
	assert(half_open_n == s->e->half_open_n && half_open_n <= QUIC_HALF_OPEN_MAX);
	assert(ended_n == s->e->closing_n && ended_n <= QUIC_CLOSING_MAX);
	assert(s->e->answers_n <= QUIC_ANSWERS_MAX);
	assert(__sanitizer_get_current_allocated_bytes() <= memory + MEMORY_BYTES_MAX);
}

/* --- the network --- */

static void arrive(struct side *to, const struct quic_path *from_to, struct bytes datagram)
{
	const struct quic_path path = {.local = from_to->remote, .remote = from_to->local};
	to->got_bytes += datagram.n;
	quic_endpoint_take(to->e, &path, datagram, now_ns);
	hear(to);
}

static void arrive_mangled(struct side *to, struct quic_path path, uint8_t *p, size_t n)
{
	const size_t where = (size_t)mangle.where * n / 256;
	mangle.due = false;
	if (mangle.how == MANGLED_FLIPPED)
		p[where] ^= (uint8_t)(mangle.what | 1U);
	else if (mangle.how == MANGLED_FROM_ELSEWHERE)
		((struct sockaddr_in *)&path.local)->sin_port = htons((uint16_t)(5000 + mangle.what));
	else if (mangle.how == MANGLED_TWICE)
		arrive(to, &path, bytes_of(p, n));
	if (mangle.how != MANGLED_LOST)
		arrive(to, &path, bytes_of(p, mangle.how == MANGLED_CUT ? where : n));
}

static bool flow(struct side *from, struct side *to)
{
	hostile_speaks = from == &hostile;
	const bool any = quic_endpoint_out(from->e, &out, now_ns);
	hostile_speaks = false;
	for (size_t at = 0; any && at < out.n; at += out.segment) {
		const size_t left = out.n - at, n = left < out.segment ? left : out.segment;
		assert(out.segment > 0 && out.segment <= QUIC_DATAGRAM_BYTES_MAX);
		from->sent_bytes += n;
		if (mangle.due && from == &hostile)
			arrive_mangled(to, out.path, out.bytes + at, n);
		else
			arrive(to, &out.path, bytes_of(out.bytes + at, n));
	}
	return any;
}

/* All that is to be done now. */
static void settle(void)
{
	bool went = true;
	for (unsigned round = 0; went; round++) {
		assert(round < ROUNDS_MAX);
		hear(&hostile);
		hear(&victim);
		went = flow(&hostile, &victim);
		went |= flow(&victim, &hostile);
		/* No more than three times what somebody sent who has not shown where it is. */
		assert(victim.ready || victim.config.listens == false ||
		       victim.sent_bytes <= AMPLIFIED_MAX * victim.got_bytes);
	}
}

static uint64_t next_ns(void)
{
	const uint64_t a = quic_endpoint_deadline(victim.e), b = quic_endpoint_deadline(hostile.e);
	return a < b ? a : b;
}

static void pass_time(uint64_t ns)
{
	const uint64_t until = now_ns + ns;
	settle();
	for (unsigned round = 0;; round++) {
		assert(round < 10 * ROUNDS_MAX); /* nobody wants to be woken again and again */
		const uint64_t next = next_ns();
		now_ns = next > until ? until : next > now_ns ? next : now_ns + US; /* no clock stands still */
		quic_endpoint_tick(victim.e, now_ns);
		quic_endpoint_tick(hostile.e, now_ns);
		settle();
		if (next > until)
			return;
	}
}

/* --- steps --- */

static struct quic_connection *one_of(const struct side *s, uint8_t which)
{
	for (size_t i = 0; i < KNOWN_MAX; i++)
		if (s->known[(which + i) % KNOWN_MAX] != NULL)
			return s->known[(which + i) % KNOWN_MAX];
	return NULL;
}

/* Its next packet says this; and it has one to send, of that size at least, when it may. */
static void say(struct bytes what)
{
	static const uint8_t nothing[QUIC_DATAGRAM_BYTES_MAX];
	struct quic_connection *c = one_of(&hostile, 0);
	uint32_t stream;
	size_t n;
	said = what;
	const bool opened = c != NULL && quic_connection_open(c, names, 1, true, &stream) == OK;
	if (opened)
		(void)!quic_connection_write(c, stream, bytes_of(nothing, what.n), &n);
	settle();
	said = BYTES_NONE;
	if (opened && one_of(&hostile, 0) == c) { /* so that there is room for the next */
		quic_connection_reset(c, stream, 0);
		settle();
	}
}

/* A datagram as it stands, or with an id that the victim knows before it. */
static void raw(struct bytes what, bool known)
{
	static uint8_t datagram[QUIC_DATAGRAM_BYTES_MAX];
	const struct quic_path path = {.local = hostile.address, .remote = victim.address};
	const struct quic_connection *c = victim.e->connections;
	const size_t n = what.n < sizeof datagram ? what.n : sizeof datagram;
	if (n > 0)
		memcpy(datagram, what.p, n);
	if (known && c != NULL && c->cids != NULL && n >= 1 + c->cids->cid.datalen)
		memcpy(datagram + 1, c->cids->cid.data, c->cids->cid.datalen);
	arrive(&victim, &path, bytes_of(datagram, n));
	settle();
}

static void use_stream(struct side *s, uint8_t which, uint8_t verb)
{
	static const uint8_t text[4096];
	struct quic_connection *c = one_of(s, which);
	uint32_t stream = (uint32_t)(verb >> 3) + 1;
	size_t n;
	if (c == NULL)
		return;
	switch (verb & 7) {
	case 0:
	case 1:
		(void)!quic_connection_open(c, names, 2, (verb & 1) != 0, &stream);
		break;
	case 2:
		quic_connection_close(c, stream);
		break;
	case 3:
		quic_connection_reset(c, stream, verb);
		break;
	case 4:
		s->holds = !s->holds;
		break;
	case 5:
		*(struct quic_connection **)quic_connection_owner(c) = NULL;
		quic_connection_end(c, verb);
		break;
	default:
		(void)!quic_connection_write(c, stream, bytes_of(text, sizeof text), &n);
		break;
	}
	settle();
}

static void take_step(struct reader *r)
{
	const uint8_t step = read_u8(r), first = read_u8(r);
	struct bytes what;
	switch ((enum step)(step % STEPS)) {
	case STEP_TIME:
		pass_time(first * 50 * MS);
		return;
	case STEP_SAY:
		what = read_bytes(r, first < r->left.n ? first : r->left.n);
		say(what);
		return;
	case STEP_RAW:
		what = read_bytes(r, first * 8U < r->left.n ? first * 8U : r->left.n);
		raw(what, step >= 128);
		return;
	case STEP_MANGLE:
		mangle.due = true;
		mangle.how = (enum mangled)(first % MANGLED);
		mangle.where = read_u8(r);
		mangle.what = read_u8(r);
		return;
	case STEP_DIAL:
		dial(&hostile, &victim, first);
		settle();
		return;
	case STEP_HOSTILE_STREAM:
		use_stream(&hostile, first, read_u8(r));
		return;
	case STEP_VICTIM_STREAM:
		use_stream(&victim, first, read_u8(r));
		return;
	case STEPS:
	default:
		return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(bytes_of(data, size));
	const uint8_t flags = read_u8(&r);
	if (r.dead)
		return 0;
	const size_t memory = __sanitizer_get_current_allocated_bytes();
	now_ns = 1000000 * MS;
	random_state = 1;
	said = BYTES_NONE;
	memset(&mangle, 0, sizeof mangle);
	side_begin(&victim, 1);
	side_begin(&hostile, 2);
	victim.config.listens = (flags & VICTIM_DIALS) == 0;
	if ((flags & VICTIM_DIALS) != 0)
		dial(&victim, &hostile, 0);
	else
		dial(&hostile, &victim, 0);
	if ((flags & SHAKEN_HANDS) != 0) {
		settle();
		assert(victim.ready && hostile.ready);
	}
	for (unsigned i = 0; i < STEPS_MAX && r.left.n > 0; i++) {
		take_step(&r);
		check(&victim, memory);
		check(&hostile, memory);
	}
	side_end(&hostile);
	side_end(&victim);
	return 0;
}
