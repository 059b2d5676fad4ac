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
	RUN(replays);
	return test_end();
}
