/* Two endpoints, and strangers with bad manners. */
#include "host/quic_endpoint.h"

#include "quic_network.h"

static struct seen *x;

/* A dial from an address at which nobody is: the answers go nowhere. */
static struct quic_connection *dial_from(uint32_t ip, uint16_t port)
{
	struct quic_connection *c = NULL;
	struct quic_path path = {.local = a.address, .remote = b.address};
	((struct sockaddr_in *)&path.local)->sin_addr.s_addr = htonl(ip);
	((struct sockaddr_in *)&path.local)->sin_port = htons(port);
	CHECK(quic_endpoint_dial(a.e, &path, NULL, now_ns, &c) == OK);
	seen_of(&a, c)->told_n = 0;
	return c;
}

/* Of the connections that a node has seen, those that live. */
static size_t living(const struct node *n)
{
	size_t k = 0;
	for (size_t i = 0; i < n->seen_n; i++)
		k += n->seen[i].c != NULL;
	return k;
}

static bool is_ready(const struct seen *s)
{
	return s->err == OK && was_told(s, "!0 ");
}

/* The datagram as from a to b, and what b says at once. */
static bool answer(const uint8_t *p, size_t n)
{
	const struct quic_path path = {.local = b.address, .remote = a.address};
	quic_endpoint_take(b.e, &path, bytes_of(p, n), now_ns);
	hear(&b);
	return quic_endpoint_out(b.e, &out_buffer, now_ns);
}

TEST(other_versions)
{
	static uint8_t first[1200];
	/* a long header of another version, with ids of 8 and 4 bytes; and what is said to it, but for the first byte
	 */
	static const uint8_t head[] = {0xc0, 0xfa, 0xce, 0xb0, 0x0c, 8,   '1', '2', '3', '4',
				       '5',  '6',  '7',  '8',  4,    'a', 'b', 'c', 'd'};
	static const uint8_t expected[] = {0,   0,   0,   0,   4,   'a', 'b', 'c', 'd', 8, '1',
					   '2', '3', '4', '5', '6', '7', '8', 0,   0,   0, 1};
	begin_nodes();
	memcpy(first, head, sizeof head);
	CHECK(answer(first, sizeof first));
	CHECK(out_buffer.n == 1 + sizeof expected && (out_buffer.bytes[0] & 0x80) != 0);
	CHECK(memcmp(out_buffer.bytes + 1, expected, sizeof expected) == 0);
	CHECK(!answer(first, sizeof first - 1)); /* too small to be answered */
	memset(first + 1, 0, 4);                 /* an answer of this kind is not answered */
	CHECK(!answer(first, sizeof first));
	memcpy(first, head, sizeof head);
	first[5] = 21; /* an id that long is another version's affair */
	CHECK(!answer(first, sizeof first) || out_buffer.n < 100);
	CHECK(b.seen_n == 0);
	end_nodes();
}

TEST(who_does_not_listen)
{
	begin_nodes();
	b.config.listens = false;
	x = dial(&a, &b, NULL);
	run_ms(5000);
	CHECK(b.sent_n == 0 && b.seen_n == 0 && x->err == OK);
	end_nodes();
}

static bool no_one(void *owner, const struct sockaddr_storage *from)
{
	CHECK(owner == &b && memcmp(from, &a.address, sizeof *from) == 0);
	return false;
}

TEST(who_is_not_admitted)
{
	begin_nodes();
	b.config.admits = no_one;
	b.config.owner = &b;
	x = dial(&a, &b, NULL);
	run_ms(1000);
	CHECK(x->err == ERR_CLOSED && b.seen_n == 0);
	end_nodes();
}

TEST(one_that_begins_and_never_ends)
{
	begin_nodes();
	for (uint16_t i = 0; i < 50; i++)
		(void)dial_from(0x0a000001, (uint16_t)(9000 + i));
	run_ms(1000);
	CHECK(b.seen_n == QUIC_HALF_OPEN_RETRY_PER_IP && b.retries_n > 0);
	/* a neighbour who can be reached comes in, by way of a Retry */
	const uint64_t before = b.retries_n;
	x = dial(&a, &b, &b.id);
	run_ms(1000);
	CHECK(is_ready(x) && b.retries_n > before);
	/* and another who is somewhere else without */
	run_ms(QUIC_HANDSHAKE_MS);
	CHECK(living(&b) == 1);
	end_nodes();
}

TEST(many_that_begin_and_never_end)
{
	begin_nodes();
	for (uint32_t i = 0; i < LINKS_MAX - 2; i++)
		(void)dial_from(0x0b000000 + i, 9000);
	run_ms(1000);
	CHECK(b.seen_n == QUIC_HALF_OPEN_RETRY && b.retries_n > 0);
	/* not one of them got more than three times what it has sent */
	CHECK(b.sent_bytes <= 3 * a.sent_bytes);
	x = dial(&a, &b, &b.id);
	run_ms(1000);
	CHECK(is_ready(x));
	run_ms(QUIC_HANDSHAKE_MS);
	CHECK(living(&b) == 1 && living(&a) == 1);
	end_nodes();
}

/* Who was here before need not prove again where it is. */
TEST(a_token_of_an_earlier_connection)
{
	begin_nodes();
	x = dial(&a, &b, &b.id);
	run_ms(1000);
	CHECK(is_ready(x) && b.retries_n == 0);
	quic_connection_end(x->c, 0);
	x->c = NULL;
	run_ms(1000);
	for (uint16_t i = 0; i < 2 * QUIC_HALF_OPEN_RETRY_PER_IP; i++)
		(void)dial_from(0x0a000001, (uint16_t)(9000 + i));
	run_ms(100);
	const uint64_t before = b.retries_n;
	CHECK(before > 0);
	x = dial(&a, &b, &b.id);
	run_ms(60); /* before those repeat themselves */
	CHECK(is_ready(x));
	end_nodes();
}

/* A host that has begun anew does not know its connections, and says so. */
TEST(a_restart)
{
	begin_nodes();
	x = dial(&a, &b, &b.id);
	run_ms(1000);
	CHECK(is_ready(x));
	weather.lost = 1000; /* its last word */
	quic_connection_end(b.seen[0].c, 0);
	b.seen[0].c = NULL;
	run_ms(0);
	quic_endpoint_free(b.e);
	CHECK(quic_endpoint_new(&b.e, &b.config) == OK);
	b.seen_n = 0;
	weather.lost = 0;
	CHECK(open_stream(x, echo, 1, false) == 1);
	run_ms(1000);
	CHECK(x->err == ERR_CLOSED);
	/* that word is shorter than what it answers, and there are not too many of them */
	static uint8_t stray[1200] = {0x40, 1, 2, 3};
	for (size_t n = 0; n < sizeof stray; n++)
		CHECK(!answer(stray, n) || (out_buffer.n < n && out_buffer.n >= 21));
	unsigned answers = 0;
	for (unsigned i = 0; i < 1000; i++)
		answers += answer(stray, sizeof stray);
	CHECK(answers <= 100);
	end_nodes();
}

TEST(nobody_there)
{
	begin_nodes();
	x = dial(&a, &b, &b.id);
	quic_endpoint_unreachable(a.e, &a.address);
	hear(&a);
	CHECK(x->err == OK);
	quic_endpoint_unreachable(a.e, &b.address);
	hear(&a);
	CHECK(x->err == ERR_CLOSED);
	/* a connection that stands is not moved by what anybody can say */
	x = dial(&a, &b, &b.id);
	run_ms(1000);
	CHECK(is_ready(x));
	quic_endpoint_unreachable(a.e, &b.address);
	run_ms(1000);
	CHECK(x->err == OK);
	end_nodes();
}

/* Every byte of the first datagrams, flipped; and cut anywhere: a connection comes about all the same, because
 * what is bad is as if it had never come, or both sides know that it does not. */
TEST(changed_and_cut)
{
	for (size_t at = 0; at < 1200; at += at < 80 ? 1 : 37)
		for (unsigned cut = 0; cut < 2; cut++) {
			begin_nodes();
			x = dial(&a, &b, &b.id);
			CHECK(quic_endpoint_out(a.e, &out_buffer, now_ns) && out_buffer.n >= 1200);
			struct quic_path back = {.local = out_buffer.path.remote, .remote = out_buffer.path.local};
			if (cut == 0)
				out_buffer.bytes[at] ^= 0x10;
			put(&back, out_buffer.bytes, cut == 0 ? out_buffer.segment : at + 1);
			run_ms(4000);
			if (!CHECK(is_ready(x) || x->err != OK))
				printf("# %zu %u\n", at, cut);
			CHECK(b.seen_n <= 2);
			end_nodes();
		}
}

/* Noise that looks like QUIC to a connection that stands: nothing of it counts. */
TEST(noise)
{
	static uint8_t noise[QUIC_DATAGRAM_BYTES_MAX];
	begin_nodes();
	x = dial(&a, &b, &b.id);
	run_ms(500);
	CHECK(is_ready(x));
	const uint32_t stream = open_stream(x, echo, 1, true);
	CHECK(write_some(x, stream, BYTES_LITERAL("hello")) == 5);
	run_ms(100);
	CHECK(a.last_n > 20);
	for (unsigned i = 0; i < 5000; i++) {
		/* the beginning of a good datagram, whose id is known, and then anything */
		const size_t n = chance(sizeof noise) + 1, kept = chance(20);
		for (size_t k = 0; k < n; k++)
			noise[k] = (uint8_t)chance(256);
		memcpy(noise, a.last, kept < n ? kept : n);
		const struct quic_path path = {.local = b.address, .remote = a.address};
		quic_endpoint_take(b.e, &path, bytes_of(noise, n), now_ns);
		if (i % 50 == 0)
			run_ms(1);
	}
	CHECK(write_some(x, stream, BYTES_LITERAL(" again")) == 6);
	run_ms(1000);
	CHECK(x->err == OK && b.seen[0].err == OK && b.seen[0].got[1] == 11);
	CHECK(memcmp(b.seen[0].first[1], "hello again", 11) == 0);
	end_nodes();
}

/* --- floods --- */

static size_t strangers_n; /* that b has */

static void hear_strangers(void)
{
	struct quic_connection *c;
	struct connection_event e;
	while ((c = quic_endpoint_next(b.e)) != NULL) {
		if (quic_connection_owner(c) == NULL)
			strangers_n++;
		quic_connection_own(c, &strangers_n);
		int err;
		do
			err = quic_connection_take(c, &e);
		while (err == OK && e.type != CONNECTION_NOTHING);
		if (err == OK)
			continue;
		quic_connection_end(c, 0);
		strangers_n--;
	}
}

enum flood { FLOOD_FIRST, FLOOD_TOKEN, FLOOD_SHORT, FLOOD_NOISE, FLOODS };

/* One datagram of a flood, from the first one of a client with an id of 18 bytes: of another id, so that nobody can
 * read it; with the token of a Retry that was none; one of a connection that there is not; anything. */
static void change(enum flood flood, uint8_t datagram[static 1200])
{
	static const uint8_t token[] = {0, 0x40, 0x40, 0xb6}; /* behind no id of the sender's */
	const size_t until = flood == FLOOD_FIRST ? 24 : 1200;
	for (size_t i = flood == FLOOD_NOISE ? 0 : 6; i < until; i++)
		datagram[i] = (uint8_t)chance(256);
	if (flood == FLOOD_SHORT)
		datagram[0] &= 0x7f;
	if (flood == FLOOD_TOKEN)
		memcpy(datagram + 24, token, sizeof token);
}

/* Many of them, from one host or from many. */
static void flood_with(enum flood flood, bool one_host)
{
	static uint8_t first[1200], datagram[1200];
	uint64_t in = 0, out = 0;
	begin_nodes();
	(void)dial(&a, &b, NULL);
	CHECK(quic_endpoint_out(a.e, &out_buffer, now_ns) && out_buffer.segment == sizeof first);
	memcpy(first, out_buffer.bytes, sizeof first);
	CHECK(first[5] == 18);
	strangers_n = 0;
	for (unsigned i = 0; i < 3000; i++) {
		struct quic_path path = {.local = b.address, .remote = a.address};
		struct sockaddr_in *from = (struct sockaddr_in *)&path.remote;
		from->sin_port = htons((uint16_t)(1 + i));
		from->sin_addr.s_addr = htonl(0x0b000000U + (one_host ? 0 : (uint32_t)chance(1U << 24)));
		memcpy(datagram, first, sizeof datagram);
		change(flood, datagram);
		quic_endpoint_take(b.e, &path, bytes_of(datagram, sizeof datagram), now_ns);
		in += sizeof datagram;
		hear_strangers();
		CHECK(strangers_n <= (one_host ? QUIC_HALF_OPEN_RETRY_PER_IP : QUIC_HALF_OPEN_RETRY));
		now_ns += MS / 10;
		while (i % 50 == 0 && quic_endpoint_out(b.e, &out_buffer, now_ns))
			out += out_buffer.n;
	}
	CHECK(out <= in / 2);
	/* All go in time, and then it is as if nothing had been. */
	for (const uint64_t until = now_ns + (QUIC_HANDSHAKE_MS + 1000) * MS; now_ns < until; now_ns += 100 * MS) {
		quic_endpoint_tick(b.e, now_ns);
		hear_strangers();
		while (quic_endpoint_out(b.e, &out_buffer, now_ns))
			;
	}
	CHECK(strangers_n == 0 && b.seen_n == 0);
	x = dial(&a, &b, &b.id);
	run_ms(1000);
	CHECK(is_ready(x) && b.retries_n == 0);
	end_nodes();
}

TEST(floods_of_datagrams)
{
	for (enum flood flood = FLOOD_FIRST; flood < FLOODS; flood++)
		for (unsigned one_host = 0; one_host < 2; one_host++)
			flood_with(flood, one_host == 1);
}

/* The same datagrams again and again, from elsewhere, too. */
TEST(replays)
{
	begin_nodes();
	x = dial(&a, &b, &b.id);
	weather.doubled = 1000;
	run_ms(500);
	CHECK(is_ready(x) && b.seen_n == 1);
	struct quic_path path = {.local = b.address, .remote = a.address};
	((struct sockaddr_in *)&path.remote)->sin_port = htons(7);
	for (unsigned i = 0; i < 100; i++)
		quic_endpoint_take(b.e, &path, bytes_of(a.last, a.last_n), now_ns);
	run_ms(1000);
	const uint32_t stream = open_stream(x, echo, 1, true);
	CHECK(write_some(x, stream, BYTES_LITERAL("hello")) == 5);
	run_ms(1000);
	CHECK(x->err == OK && b.seen[0].got[1] == 5 && b.seen_n == 1);
	end_nodes();
}

int main(void)
{
	RUN(other_versions);
	RUN(who_does_not_listen);
	RUN(who_is_not_admitted);
	RUN(one_that_begins_and_never_ends);
	RUN(many_that_begin_and_never_end);
	RUN(a_token_of_an_earlier_connection);
	RUN(a_restart);
	RUN(nobody_there);
	RUN(changed_and_cut);
	RUN(noise);
	RUN(floods_of_datagrams);
	RUN(replays);
	return test_end();
}
