/* Two connections against each other, over pipes that cut what goes through them anywhere. */
#include "p2p/connection.h"

#include "core/err.h"
#include "test.h"

static const char *const served[] = {"/echo/1", "/sink/1"};
static const char *const echo[] = {"/echo/1"}, *const other[] = {"/none/1", "/sink/1"}, *const none[] = {"/none/1"};

struct side {
	struct connection c;
	uint8_t in[2 * NOISE_FRAME_BYTES_MAX];
	size_t in_n;
	int err;
	char told[2048]; /* what happened but data */
	size_t told_n;
	uint64_t got[64], sum[64];
	uint8_t first[64][64]; /* of what each stream got */
	bool holds;            /* consumes nothing */
	uint64_t held;
};

static struct side a, b;
static uint64_t now;

static void begin_sides(void)
{
	struct noise_secrets secrets;
	memset(&a, 0, sizeof a);
	memset(&b, 0, sizeof b);
	now = 5000;
	memset(&secrets, 1, sizeof secrets);
	connection_init(&a.c, CONNECTION_DIALER, &secrets, NULL, served, 2, 1 << 20, now);
	memset(&secrets, 2, sizeof secrets);
	connection_init(&b.c, CONNECTION_LISTENER, &secrets, NULL, served, 2, 1 << 20, now);
}

static void on_event(struct side *s, const struct connection_event *e)
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
			connection_consumed(&s->c, e->stream, e->data.n);
		return;
	}
	s->told_n +=
		(size_t)snprintf(s->told + s->told_n, sizeof s->told - s->told_n, "%c%u", letters[e->type], e->stream);
	if (e->type == CONNECTION_OPENED || e->type == CONNECTION_AGREED)
		s->told_n += (size_t)snprintf(s->told + s->told_n, sizeof s->told - s->told_n, ":%zu", e->protocol);
	CHECK(s->told_n < sizeof s->told - 32);
}

/* Takes all that can be taken; whether anything happened. */
static bool take(struct side *s)
{
	struct connection_event e;
	size_t used, at = 0;
	bool went = false;
	if (s->err != OK)
		return false;
	do {
		s->err = connection_take(&s->c, s->in + at, s->in_n - at, &used, &e, now);
		CHECK(used <= s->in_n - at);
		at += used;
		went = went || used > 0 || e.type != CONNECTION_NOTHING;
		if (s->err == OK && e.type != CONNECTION_NOTHING)
			on_event(s, &e);
	} while (s->err == OK && e.type != CONNECTION_NOTHING);
	memmove(s->in, s->in + at, s->in_n - at);
	s->in_n -= at;
	return went;
}

/* At most step bytes from one to the other, and what they make of it. */
static bool carry(struct side *from, struct side *to, size_t step)
{
	const struct bytes out = connection_out(&from->c);
	size_t n = out.n < step ? out.n : step;
	if (n > sizeof to->in - to->in_n)
		n = sizeof to->in - to->in_n;
	if (n > 0)
		memcpy(to->in + to->in_n, out.p, n);
	to->in_n += n;
	connection_sent(&from->c, n);
	return take(to) || n > 0;
}

static void settle(size_t step)
{
	while (carry(&a, &b, step) | carry(&b, &a, step))
		;
}

static size_t write_some(struct side *s, uint32_t stream, struct bytes data)
{
	size_t n = 0;
	CHECK(connection_write(&s->c, stream, data, &n) == OK);
	return n;
}

static uint32_t open_stream(struct side *s, const char *const *names, size_t n, bool lazy)
{
	uint32_t stream = 0;
	CHECK(connection_open(&s->c, names, n, lazy, &stream) == OK);
	return stream;
}

/* One conversation; inlined: Noise agrees on the muxer. */
static void talk(size_t step, bool inlined)
{
	begin_sides();
	if (!inlined)
		b.c.noise.muxer = NULL; /* as rust-libp2p, which lists none */
	settle(step);
	CHECK(a.c.stage == CONNECTION_STREAMS && b.c.stage == CONNECTION_STREAMS);
	const uint32_t one = open_stream(&a, echo, 1, false), two = open_stream(&a, other, 2, false);
	const uint32_t three = open_stream(&a, none, 1, false), four = open_stream(&b, echo, 1, true);
	CHECK(one == 1 && two == 3 && three == 5 && four == 2);
	CHECK(write_some(&a, one, BYTES_LITERAL("early")) == 0); /* nobody knows yet */
	CHECK(write_some(&b, four, BYTES_LITERAL("at once")) == 7);
	settle(step);
	CHECK(write_some(&a, one, BYTES_LITERAL("hello")) == 5);
	CHECK(write_some(&b, one, BYTES_LITERAL("answer")) == 6);
	connection_close(&a.c, one);
	settle(step);
	connection_close(&b.c, one);
	connection_reset(&b.c, two, 0x1003);
	settle(step);
	size_t n;
	CHECK(connection_write(&a.c, one, BYTES_LITERAL("x"), &n) == ERR_NOT_FOUND);
	CHECK(connection_write(&a.c, two, BYTES_LITERAL("x"), &n) == ERR_NOT_FOUND);
	CHECK(connection_write(&a.c, three, BYTES_LITERAL("x"), &n) == ERR_NOT_FOUND);
}

TEST(a_conversation_in_pieces_of_every_size)
{
	for (size_t step = 1; step < 400; step += step < 40 ? 1 : 23)
		for (unsigned inlined = 0; inlined < 2; inlined++) {
			talk(step, inlined == 1);
			/* which stream's negotiation ends first depends on the pieces: all do end */
			const char *const of_a[] = {"!0", "A1:0", "A3:1", "X5", "O2:0", "E1", "R3"};
			const char *const of_b[] = {"!0", "O1:0", "O3:1", "A2:0", "E1"};
			bool right = true;
			for (size_t i = 0; i < sizeof of_a / sizeof of_a[0]; i++)
				right = CHECK(strstr(a.told, of_a[i]) != NULL) && right;
			for (size_t i = 0; i < sizeof of_b / sizeof of_b[0]; i++)
				right = CHECK(strstr(b.told, of_b[i]) != NULL) && right;
			right = CHECK(a.told_n == 20 && b.told_n == 16) && right;
			if (!right)
				printf("# step %zu: %s; %s\n", step, a.told, b.told);
			CHECK(a.got[1] == 6 && memcmp(a.first[1], "answer", 6) == 0);
			CHECK(b.got[1] == 5 && memcmp(b.first[1], "hello", 5) == 0);
			CHECK(a.got[2] == 7 && memcmp(a.first[2], "at once", 7) == 0);
			CHECK(a.c.noise.muxer_agreed == (inlined == 1));
		}
}

TEST(who_they_are)
{
	struct noise_secrets secrets;
	struct peer_id first;
	talk(1000, true);
	first = *connection_peer(&b.c);
	CHECK(!peer_id_equal(&first, connection_peer(&a.c)));
	/* another than expected: the dialer ends it before it says who it is itself */
	begin_sides();
	memset(&secrets, 1, sizeof secrets);
	connection_init(&a.c, CONNECTION_DIALER, &secrets, &first, served, 2, 0, now);
	settle(1000);
	CHECK(a.err == ERR_KEY && b.err == OK && b.told_n == 0 && a.told_n == 0);
	CHECK(connection_out(&a.c).n == 0 && connection_deadline(&a.c) == UINT64_MAX);
	CHECK(connection_tick(&a.c, now) == ERR_KEY);
}

/* Much data both ways at once, in pieces that no frame begins or ends with. */
TEST(much_data)
{
	static uint8_t data[1 << 20];
	static const size_t steps[] = {1000003, 65537, 7001, 997};
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 131 + (i >> 9));
	uint64_t sum = 0;
	for (size_t i = 0; i < sizeof data; i++)
		sum = sum * 31 + data[i];
	for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
		begin_sides();
		settle(500);
		const uint32_t stream = open_stream(&a, echo, 1, false);
		settle(500);
		size_t sent_a = 0, sent_b = 0;
		for (unsigned idle = 0; idle < 3;) {
			const size_t n = write_some(&a, stream, bytes_of(data + sent_a, sizeof data - sent_a));
			const size_t m = write_some(&b, stream, bytes_of(data + sent_b, sizeof data - sent_b));
			sent_a += n;
			sent_b += m;
			const bool went = carry(&a, &b, steps[k]) | carry(&b, &a, steps[k]);
			idle = n + m > 0 || went ? 0 : idle + 1;
		}
		CHECK(a.got[1] == sizeof data && a.sum[1] == sum && b.got[1] == sizeof data && b.sum[1] == sum);
	}
}

/* A caller that consumes nothing holds a window, and the other one is told when it may go on. */
TEST(back_pressure_by_credit)
{
	static uint8_t data[1 << 20];
	begin_sides();
	settle(5000);
	const uint32_t stream = open_stream(&a, echo, 1, true);
	size_t sent = 0;
	b.holds = true;
	for (unsigned i = 0; i < 100; i++) {
		sent += write_some(&a, stream, bytes_of(data, sizeof data));
		settle(100000);
	}
	/* the lines of the negotiation have credit, too */
	CHECK(sent <= YAMUX_WINDOW_BYTES && sent > YAMUX_WINDOW_BYTES - 64 && b.held == sent);
	CHECK(strstr(a.told, "W") == NULL);
	connection_consumed(&b.c, stream, b.held);
	settle(100000);
	CHECK(strstr(a.told, "W1") != NULL && write_some(&a, stream, bytes_of(data, 1)) == 1);
}

/* All that from says, whose at-th byte, when it is among them, is flipped; how many bytes. */
static size_t carry_flipped(struct side *from, struct side *to, size_t at)
{
	const size_t before = to->in_n;
	const struct bytes out = connection_out(&from->c);
	if (out.n > 0)
		memcpy(to->in + before, out.p, out.n);
	if (at < out.n)
		to->in[before + at] ^= 1;
	to->in_n += out.n;
	connection_sent(&from->c, out.n);
	(void)take(to);
	return out.n;
}

/* Whatever is flipped between them, neither believes it: one ends, or they wait for ever. */
TEST(each_flipped_byte)
{
	for (size_t at = 0; at < 1200; at += at < 60 ? 1 : 13) {
		size_t passed = 0;
		begin_sides();
		for (unsigned round = 0; round < 40; round++) {
			passed += carry_flipped(&a, &b, at - passed); /* beyond the end when it has passed */
			passed += carry_flipped(&b, &a, at - passed);
		}
		/* in the handshake: never ready on both sides; later: it ends one, or, in a length, has it wait */
		const bool ended = a.err != OK || b.err != OK, waits = a.in_n > 0 || b.in_n > 0;
		CHECK(at >= passed || ended || waits || a.told_n == 0 || b.told_n == 0);
	}
}

TEST(deadlines)
{
	begin_sides();
	CHECK(connection_deadline(&a.c) == now + CONNECTION_HANDSHAKE_MS);
	CHECK(connection_tick(&a.c, now + CONNECTION_HANDSHAKE_MS - 1) == OK);
	CHECK(connection_tick(&a.c, now + CONNECTION_HANDSHAKE_MS) == ERR_TIMEOUT);
	begin_sides();
	settle(1000);
	const uint32_t stream = open_stream(&a, echo, 1, false);
	CHECK(connection_tick(&a.c, now) == OK);
	CHECK(stream == 1 && connection_deadline(&a.c) == now + CONNECTION_NEGOTIATION_MS);
	now += CONNECTION_NEGOTIATION_MS;
	CHECK(connection_tick(&a.c, now) == OK);
	take(&a);
	CHECK(strcmp(a.told, "!0X1") == 0);
	settle(1000);
	CHECK(strcmp(b.told, "!0O1:0R1") == 0 && a.err == OK && b.err == OK);
}

TEST(a_stream_after_a_long_silence)
{
	begin_sides();
	settle(SIZE_MAX);
	now += 2ULL * CONNECTION_NEGOTIATION_MS;
	(void)open_stream(&a, echo, 1, false);
	CHECK(connection_deadline(&a.c) <= now);
	CHECK(connection_tick(&a.c, now) == OK); /* its time begins now, and not when something was last heard */
	CHECK(connection_deadline(&a.c) == now + CONNECTION_NEGOTIATION_MS);
	settle(SIZE_MAX);
	CHECK(strstr(a.told, "A1:0") != NULL);
}

/* Slots are given back: more streams one after the other than there are at once. */
TEST(streams_without_end)
{
	begin_sides();
	settle(1000);
	for (unsigned i = 0; i < 3 * YAMUX_STREAMS_MAX; i++) {
		const uint32_t stream = open_stream(&a, i % 3 == 0 ? none : echo, 1, i % 2 == 0);
		settle(1000);
		connection_close(&a.c, stream);
		connection_close(&b.c, stream);
		settle(1000);
		a.told_n = b.told_n = 0;
	}
	uint32_t stream;
	unsigned open = 0;
	while (connection_open(&a.c, echo, 1, false, &stream) == OK)
		open++;
	CHECK(open == YAMUX_STREAMS_MAX);
	settle(1000);
	CHECK(a.err == OK && b.err == OK);
	unsigned refused = 0;
	for (const char *p = a.told; *p != '\0'; p++)
		refused += *p == 'X';
	CHECK(refused == YAMUX_STREAMS_MAX - YAMUX_STREAMS_TAKEN_MAX);
}

TEST(the_end_wipes)
{
	struct connection_event e;
	size_t used, n;
	uint32_t stream;
	static const uint8_t zeros[32];
	talk(1000, true);
	connection_end(&a.c);
	CHECK(memcmp(a.c.noise.send_key, zeros, 32) == 0 && connection_out(&a.c).n == 0);
	CHECK(connection_take(&a.c, a.in, 0, &used, &e, now) == ERR_CLOSED && used == 0);
	CHECK(connection_open(&a.c, echo, 1, false, &stream) == ERR_CLOSED);
	CHECK(connection_write(&a.c, 1, BYTES_LITERAL("x"), &n) == ERR_CLOSED && n == 0);
}

/* A frame that cannot be, from somebody with a good key: it hears what was said before and why it ends, and nothing
 * more. */
TEST(the_last_word)
{
	static const uint8_t bad[] = {1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}, zeros[32];
	struct connection_event e;
	size_t frame_n, used;
	talk(1000, true);
	CHECK(write_some(&b, 2, BYTES_LITERAL("before")) == 6);
	memcpy(b.in + NOISE_HEAD_BYTES, bad, sizeof bad);
	CHECK(noise_seal(&a.c.noise, b.in, sizeof bad, &frame_n) == OK);
	b.in_n = frame_n;
	a.told_n = 0;
	const uint64_t got = a.got[2];
	(void)take(&b);
	CHECK(b.err == ERR_PROTOCOL && memcmp(b.c.noise.send_key, zeros, sizeof zeros) == 0);
	CHECK(connection_out(&b.c).n > 0 && connection_deadline(&b.c) == UINT64_MAX);
	CHECK(connection_tick(&b.c, now) == ERR_PROTOCOL);
	CHECK(connection_take(&b.c, b.in, 0, &used, &e, now) == ERR_PROTOCOL && used == 0);
	while (carry(&b, &a, 7))
		;
	CHECK(a.err == OK && strcmp(a.told, "G0") == 0 && a.c.yamux.frame_code == YAMUX_END_PROTOCOL &&
	      a.got[2] == got + 6);
	CHECK(connection_out(&b.c).n == 0);
}

/* Strangers that speak something else. */
TEST(what_is_no_peer)
{
	static const char *const rows[] = {
		"GET / HTTP/1.1\r\nHost: a.host.with.quite.a.long.name.example.org\r\nAccept: */*\r\n\r\n",
		"\x13/multistream/1.0.0\n\x0b/tls/1.0.0\n", "\x13/multistream/1.0.0\n\x07/noise\n\xff\xff", ""};
	for (size_t i = 0; i < 4; i++) {
		begin_sides();
		const struct bytes said = bytes_text(rows[i]);
		memcpy(b.in, said.p, said.n);
		b.in_n = said.n;
		(void)take(&b);
		CHECK(b.err == (i == 0 ? ERR_PROTOCOL : i == 2 ? ERR_LIMIT : OK));
		CHECK(i != 1 || bytes_is(connection_out(&b.c), "\x13/multistream/1.0.0\n\x03na\n"));
	}
}

int main(void)
{
	RUN(a_conversation_in_pieces_of_every_size);
	RUN(who_they_are);
	RUN(much_data);
	RUN(back_pressure_by_credit);
	RUN(each_flipped_byte);
	RUN(deadlines);
	RUN(a_stream_after_a_long_silence);
	RUN(streams_without_end);
	RUN(the_end_wipes);
	RUN(the_last_word);
	RUN(what_is_no_peer);
	return test_end();
}
