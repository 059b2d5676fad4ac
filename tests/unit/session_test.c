/* Two sessions against each other, over pipes that cut what goes through them anywhere; and one against a
 * connection that says what no session would. */
#include "swarm/session.h"

#include "p2p/peer_key.h"
#include "swarm/pricing.h"
#include "swarm_fixture.h"

struct side {
	struct session s;
	uint8_t in[2 * NOISE_FRAME_BYTES_MAX];
	size_t in_n;
	int err;
	char told[512];
	size_t told_n;
	bool refuses;    /* forgives nothing */
	bool silent;     /* answers nothing */
	uint32_t wanted; /* the stream on which a question came last */
};

static struct side a, b;
static struct identity identity;
static struct session_config config[2];
static uint64_t now;
static const uint8_t foo[] = {3, 0, 0, 0, 0, 0, 0, 0, 'f', 'o', 'o'}, address[] = {4, 127, 0, 0, 1, 6, 6, 0x62};
static const struct bytes addresses[] = {{address, sizeof address}};
static const uint8_t here[32] = {1}, elsewhere[32] = {2};

static void begin_sides(void)
{
	struct noise_secrets secrets;
	static uint8_t keys[2][PEER_KEY_ED25519_BYTES];
	fixture_identity(&identity, 0);
	memset(&a, 0, sizeof a);
	memset(&b, 0, sizeof b);
	now = 5000;
	for (unsigned i = 0; i < 2; i++) {
		uint8_t public[32];
		const struct session_start start = {.secrets = &secrets, .remote = addresses[0], .now = FIXTURE_NOW};
		memset(&secrets, (int)i + 1, sizeof secrets);
		ed25519_public(secrets.identity_seed, public);
		peer_key_ed25519(public, keys[i]);
		config[i] = (struct session_config){.identity = &identity,
						    .key = bytes_of(keys[i], sizeof keys[i]),
						    .addresses = addresses,
						    .addresses_n = 1,
						    .agent = BYTES_LITERAL("test"),
						    .serves = i == 1,
						    .status = {.mode = "light"}};
		session_init(i == 0 ? &a.s : &b.s, i == 0 ? CONNECTION_DIALER : CONNECTION_LISTENER, &config[i], &start,
			     now);
	}
}

/* Notes what happened as letters, and answers as a node would that has one chunk. */
static void on_event(struct side *s, const struct session_event *e)
{
	static const char letters[] = "-!nrDFSUWP";
	const struct pseudosettle_ack ack = {.amount = e->amount / 2, .at_s = 17};
	struct retrieval_delivery d = {.error = BYTES_LITERAL("not here")};
	CHECK(s->told_n < sizeof s->told - 1);
	s->told[s->told_n++] = letters[e->type];
	s->wanted = e->stream;
	if (e->type == SESSION_WANTED) {
		if (memcmp(e->address, here, 32) == 0)
			d = (struct retrieval_delivery){.data = bytes_of(foo, sizeof foo)};
		if (!s->silent)
			CHECK(session_deliver(&s->s, e->stream, &d) && !session_deliver(&s->s, e->stream, &d));
	} else if (e->type == SESSION_PAYMENT) {
		if (!s->silent)
			CHECK(session_acknowledge(&s->s, e->stream, s->refuses ? NULL : &ack));
	} else if (e->type == SESSION_SETTLED) {
		CHECK(e->ack.amount == 225000 && e->ack.at_s == 17);
	} else if (e->type == SESSION_DELIVERED) {
		CHECK(e->tag == 7 && bytes_equal(e->data, bytes_of(foo, sizeof foo)));
	} else if (e->type == SESSION_FAILED) {
		CHECK(e->tag == 8 && (bytes_is(e->data, "not here") || e->data.n == 0));
	} else if (e->type == SESSION_ANNOUNCED) {
		CHECK(e->amount == 13500000);
	}
}

static bool take(struct side *s)
{
	struct session_event e;
	size_t used, at = 0;
	bool went = false;
	if (s->err != OK)
		return false;
	do {
		s->err = session_take(&s->s, s->in + at, s->in_n - at, &used, &e, now);
		CHECK(used <= s->in_n - at);
		at += used;
		went = went || used > 0 || e.type != SESSION_NOTHING;
		if (s->err == OK && e.type != SESSION_NOTHING)
			on_event(s, &e);
	} while (s->err == OK && e.type != SESSION_NOTHING);
	memmove(s->in, s->in + at, s->in_n - at);
	s->in_n -= at;
	return went;
}

static bool carry(struct side *from, struct side *to, size_t step)
{
	const struct bytes out = session_out(&from->s);
	size_t n = out.n < step ? out.n : step;
	n = n < sizeof to->in - to->in_n ? n : sizeof to->in - to->in_n;
	if (n > 0)
		memcpy(to->in + to->in_n, out.p, n);
	to->in_n += n;
	session_sent(&from->s, n);
	return take(to) || n > 0;
}

static void settle(size_t step)
{
	while (carry(&a, &b, step) | carry(&b, &a, step))
		;
}

static bool said(struct side *s, const char *text)
{
	const bool same = s->told_n == strlen(text) && memcmp(s->told, text, s->told_n) == 0;
	if (!same)
		printf("# %.*s, not %s\n", (int)s->told_n, s->told, text);
	s->told_n = 0;
	return same;
}

static size_t streams_in_use(const struct session *s)
{
	size_t n = 0;
	for (size_t i = 0; i < SESSION_STREAMS_MAX; i++)
		n += s->streams[i].use != SESSION_FREE;
	return n;
}

TEST(everything_in_pieces_of_every_size)
{
	for (size_t step = 1; step < 3000; step += step < 4 ? 1 : step) {
		begin_sides();
		CHECK(session_ask(&a.s, here, 7, now) == ERR_LIMIT); /* not ready */
		settle(step);
		CHECK(said(&a, "!") && said(&b, "!") && a.s.ready && b.s.ready);
		CHECK(bytes_equal(session_record(&a.s)->overlay, bytes_of(identity.overlay, 32)));
		CHECK(session_generation(&a.s) == BZZ_15 && !session_full_node(&b.s));
		CHECK(session_announce(&b.s, 13500000, now) == OK);
		settle(step);
		CHECK(said(&a, "n") && said(&b, ""));
		CHECK(session_ask(&a.s, here, 7, now) == OK);
		settle(step);
		CHECK(said(&a, "D") && said(&b, "W"));
		CHECK(session_ask(&a.s, elsewhere, 8, now) == OK);
		settle(step);
		CHECK(said(&a, "F") && said(&b, "W"));
		CHECK(session_settle(&a.s, 450000, now) == OK);
		settle(step);
		CHECK(said(&a, "S") && said(&b, "P"));
		b.refuses = true;
		CHECK(session_settle(&a.s, 450000, now) == OK);
		settle(step);
		CHECK(said(&a, "U") && said(&b, "P"));
		CHECK(session_ask(&b.s, here, 8, now) == OK); /* which a does not speak */
		settle(step);
		CHECK(said(&b, "F") && said(&a, ""));
		CHECK(streams_in_use(&a.s) == 0 && streams_in_use(&b.s) == 0);
	}
}

/* As many as there may be, at once; each gets an answer, and the slots are free again. */
TEST(many_at_once)
{
	begin_sides();
	settle(100000);
	CHECK(said(&a, "!") && said(&b, "!"));
	for (unsigned i = 0; i < SESSION_ASKS_MAX; i++)
		CHECK(session_ask(&a.s, here, 7, now) == OK);
	CHECK(session_ask(&a.s, here, 7, now) == ERR_LIMIT && session_settle(&a.s, 450000, now) == OK);
	settle(100);
	CHECK(a.told_n == SESSION_ASKS_MAX + 1 && b.told_n == SESSION_ASKS_MAX + 1);
	CHECK(streams_in_use(&a.s) == 0 && streams_in_use(&b.s) == 0);
}

/* Who never answers: the stream is reset in the end, and that is told. */
TEST(silence)
{
	begin_sides();
	CHECK(session_deadline(&a.s) == now + CONNECTION_HANDSHAKE_MS);
	settle(1000);
	a.told_n = b.told_n = 0;
	b.silent = true;
	CHECK(session_ask(&a.s, here, 8, now) == OK);
	settle(1000);
	CHECK(said(&a, "") && said(&b, "W"));
	for (now += SESSION_STREAM_MS; session_deadline(&a.s) <= now || session_deadline(&b.s) <= now;) {
		CHECK(session_tick(&a.s, now) == OK && session_tick(&b.s, now) == OK);
		take(&a);
		take(&b);
		settle(1000);
	}
	CHECK(said(&a, "F") && streams_in_use(&a.s) == 0 && streams_in_use(&b.s) == 0);
	/* who connects and does not shake hands is let go */
	begin_sides();
	for (unsigned i = 0; i < 3; i++)
		carry(&a, &b, 100000), carry(&b, &a, 100000);
	CHECK(a.err == OK && b.err == OK);
	now += CONNECTION_HANDSHAKE_MS + HANDSHAKE_MS;
	CHECK(session_deadline(&b.s) <= now && session_tick(&b.s, now) == ERR_TIMEOUT);
	CHECK(session_out(&b.s).n == 0 && session_ask(&b.s, here, 1, now) == ERR_TIMEOUT);
}

TEST(refused_hands)
{
	begin_sides();
	struct identity other;
	fixture_identity(&other, 1);
	config[1].identity = &other;
	settle(100);
	CHECK(a.err == ERR_NETWORK && !a.s.ready && !b.s.ready &&
	      session_take(&a.s, a.in, 0, &(size_t){0}, &(struct session_event){.tag = 0}, now) == ERR_NETWORK);
	begin_sides();
	b.s.now.s -= 61; /* what is the other side's future; it is found by who listens, who ends it */
	settle(100);
	CHECK(b.err == ERR_NOT_YET && !a.s.ready && a.err == OK);
}

/* Who listens speaks only the handshake before: it is taken, on the same connection. */
TEST(the_generation_before)
{
	static const char *names[16];
	begin_sides();
	CHECK(b.s.connection.protocols_n <= 16 && strcmp(b.s.connection.protocols[3], HANDSHAKE_15_PROTOCOL) == 0);
	memcpy(names, b.s.connection.protocols, b.s.connection.protocols_n * sizeof names[0]);
	names[3] = "/not/spoken/1.0.0";
	b.s.connection.protocols = names;
	settle(50);
	CHECK(said(&a, "!") && said(&b, "!"));
	CHECK(session_generation(&a.s) == BZZ_14 && session_generation(&b.s) == BZZ_14);
	CHECK(session_record(&a.s)->nonce.n == OVERLAY_NONCE_BYTES && session_record(&a.s)->timestamp == 0);
	CHECK(session_ask(&a.s, here, 7, now) == OK);
	settle(50);
	CHECK(said(&a, "D") && said(&b, "W"));
	/* and one that speaks neither lets us know */
	begin_sides();
	names[4] = names[3];
	b.s.connection.protocols = names;
	settle(50);
	CHECK(a.err == ERR_CLOSED && !a.s.ready && b.err == OK);
}

/* A stream with these bytes from a, which goes round its session. */
static uint32_t raw(const char *const *name, struct bytes text)
{
	uint32_t id = 0;
	size_t n;
	CHECK(connection_open(&a.s.connection, name, 1, true, &id) == OK);
	CHECK(connection_write(&a.s.connection, id, text, &n) == OK && n == text.n);
	return id;
}

TEST(gossip)
{
	static const char *const name[] = {HIVE_2_PROTOCOL}, *const old[] = {HIVE_1_PROTOCOL};
	static uint8_t wire[8000];
	begin_sides();
	settle(1000);
	a.told_n = b.told_n = 0;
	const struct bzz_record record = identity_record(&identity, BZZ_15);
	for (unsigned round = 0; round < 6; round++) {
		struct writer w = writer_of(wire, sizeof wire);
		write_u8(&w, 0);
		const size_t begun = frame_begin(&w);
		for (unsigned i = 0; i < HIVE_RECORDS_MAX; i++)
			hive_write(&w, &record, BZZ_15);
		frame_end(&w, begun);
		(void)raw(round % 2 ? old : name, writer_view(&w));
		settle(round * 300 + 1);
	}
	CHECK(b.told_n == HIVE_BURST); /* what is more is cut off */
	for (size_t i = 0; i < b.told_n; i++)
		CHECK(b.told[i] == 'r');
	CHECK(a.err == OK && b.err == OK);
	/* those that were whole wait for our end of the stream, which never comes */
	CHECK(streams_in_use(&b.s) == 4);
	now += SESSION_STREAM_MS;
	CHECK(session_tick(&b.s, now) == OK);
	take(&b);
	CHECK(streams_in_use(&b.s) == 0);
}

/* Junk on each kind of stream: the stream goes, the session stays; and not more streams than there are slots. */
TEST(junk)
{
	static const char *const names[][1] = {{HIVE_2_PROTOCOL},
					       {PRICING_PROTOCOL},
					       {RETRIEVAL_PROTOCOL},
					       {PSEUDOSETTLE_PROTOCOL},
					       {STATUS_PINGPONG_PROTOCOL}};
	const struct bytes texts[] = {BYTES_LITERAL("\0\x02\x08\x01"), BYTES_LITERAL("\0\x81\x80\x08"),
				      BYTES_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")};
	begin_sides();
	settle(1000);
	a.told_n = b.told_n = 0;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
			(void)raw(names[i], texts[k]);
			settle(1000);
			CHECK(streams_in_use(&b.s) == 0 && b.err == OK && a.err == OK);
		}
	CHECK(said(&b, ""));
	for (unsigned i = 0; i < 2 * SESSION_TAKEN_MAX; i++) {
		(void)raw(names[2], BYTES_LITERAL("\0"));
		settle(1000);
	}
	CHECK(streams_in_use(&b.s) == SESSION_TAKEN_MAX && b.err == OK);
	CHECK(session_ask(&b.s, here, 1, now) == OK); /* which it still can */
}

/* An answer that is none is told as the lack of one. */
/* One that does not serve uses the first of its rooms only, and needs no memory for the others. */
TEST(a_client_needs_no_more_than_it_says)
{
	static const char *const name[] = {PING_PROTOCOL};
	const uint8_t *p = (const uint8_t *)&a.s;
	uint32_t stream;
	size_t n, touched = 0;
	begin_sides();
	memset((uint8_t *)&a.s + SESSION_CLIENT_BYTES, 0x5a, sizeof a.s - SESSION_CLIENT_BYTES);
	settle(1000);
	for (unsigned i = 0; i < 2 * SESSION_CLIENT_STREAMS_MAX; i++) {
		CHECK(connection_open(&b.s.connection, name, 1, true, &stream) == OK);
		CHECK(connection_write(&b.s.connection, stream, BYTES_LITERAL("0123456789"), &n) == OK);
		settle(1000);
	}
	CHECK(streams_in_use(&a.s) == SESSION_CLIENT_TAKEN_MAX && a.err == OK);
	a.told_n = 0;
	for (unsigned i = 0; i < SESSION_ASKS_MAX; i++)
		CHECK(session_ask(&a.s, here, 7, now) == OK);
	CHECK(session_settle(&a.s, 450000, now) == OK);
	settle(1000);
	CHECK(said(&a, "DDDDDDDDDDDDS"));
	for (size_t i = SESSION_CLIENT_BYTES; i < sizeof a.s; i++)
		touched += p[i] != 0x5a;
	CHECK(touched == 0);
}

TEST(junk_for_an_answer)
{
	size_t n;
	begin_sides();
	settle(1000);
	a.told_n = b.told_n = 0;
	b.silent = true;
	CHECK(session_ask(&a.s, here, 8, now) == OK);
	settle(1000);
	CHECK(connection_write(&b.s.connection, b.wanted, BYTES_LITERAL("\x02\xff\xff"), &n) == OK && n == 3);
	settle(1000);
	CHECK(said(&a, "F") && said(&b, "W") && streams_in_use(&a.s) == 0);
	CHECK(session_settle(&a.s, 450000, now) == OK);
	settle(1000);
	CHECK(connection_write(&b.s.connection, b.wanted, BYTES_LITERAL("\x02\xff\xff"), &n) == OK && n == 3);
	settle(1000);
	CHECK(said(&a, "U") && said(&b, "P") && streams_in_use(&a.s) == 0);
}

/* Nothing of Swarm is heard from who did not shake hands. */
TEST(too_early)
{
	static const char *const name[] = {RETRIEVAL_PROTOCOL};
	begin_sides();
	while (!a.s.handshake.out_n)
		carry(&a, &b, 1), carry(&b, &a, 1);
	const uint32_t id = raw(name, BYTES_LITERAL("\0"));
	for (unsigned i = 0; i < 5000 && !b.s.ready; i++)
		carry(&a, &b, 7), carry(&b, &a, 7);
	CHECK(b.s.ready && streams_in_use(&b.s) <= 2 && !yamux_has(&b.s.connection.yamux, id));
}

TEST(remote_too_long)
{
	static const uint8_t text[SESSION_REMOTE_BYTES_MAX + 1];
	const struct noise_secrets secrets = {{1}, {1}, {1}};
	const struct session_start start = {.secrets = &secrets, .remote = bytes_of(text, sizeof text)};
	begin_sides();
	session_init(&a.s, CONNECTION_DIALER, &config[0], &start, 0);
	CHECK(session_tick(&a.s, 0) == ERR_LIMIT && session_out(&a.s).n == 0);
	session_end(&a.s);
}

int main(void)
{
	RUN(everything_in_pieces_of_every_size);
	RUN(many_at_once);
	RUN(silence);
	RUN(refused_hands);
	RUN(the_generation_before);
	RUN(gossip);
	RUN(junk);
	RUN(a_client_needs_no_more_than_it_says);
	RUN(junk_for_an_answer);
	RUN(too_early);
	RUN(remote_too_long);
	return fixture_end();
}
