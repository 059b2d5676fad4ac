/* Two machines against each other: what streams tell, over good and bad networks. */
#include "host/quic_connection.h"

#include "quic_network.h"

/* Both, connected; the dialer's and the listener's view. */
static struct seen *x, *y;

static void connect_both(void)
{
	begin_nodes();
	x = dial(&a, &b, &b.id);
	run_ms(200);
	y = &b.seen[0];
}

TEST(who_they_are)
{
	connect_both();
	CHECK(was_told(x, "!0 ") && b.seen_n == 1 && was_told(y, "!0 "));
	CHECK(peer_id_equal(quic_connection_peer(x->c), &b.id) && peer_id_equal(quic_connection_peer(y->c), &a.id));
	CHECK(quic_connection_role(x->c) == CONNECTION_DIALER && quic_connection_role(y->c) == CONNECTION_LISTENER);
	end_nodes();
	/* somebody else answers */
	begin_nodes();
	x = dial(&a, &b, &a.id);
	run_ms(200);
	CHECK(x->err == ERR_KEY && x->told_n == 0);
	CHECK(b.seen_n == 1 && b.seen[0].err != OK && b.seen[0].told_n == 0);
	end_nodes();
	/* whoever is there */
	begin_nodes();
	x = dial(&a, &b, NULL);
	run_ms(200);
	CHECK(x->err == OK && peer_id_equal(quic_connection_peer(x->c), &b.id));
	end_nodes();
}

static void talk(void)
{
	const uint32_t one = open_stream(x, echo, 1, false), two = open_stream(x, other, 2, false);
	const uint32_t three = open_stream(x, none, 1, false), four = open_stream(y, echo, 1, true);
	CHECK(one == 1 && two == 3 && three == 5 && four == 2);
	CHECK(write_some(x, one, BYTES_LITERAL("early")) == 0); /* nobody knows yet */
	CHECK(write_some(y, four, BYTES_LITERAL("at once")) == 7);
	run_ms(5000);
	CHECK(write_some(x, one, BYTES_LITERAL("hello")) == 5);
	CHECK(write_some(y, one, BYTES_LITERAL("answer")) == 6);
	quic_connection_close(x->c, one);
	run_ms(5000);
	quic_connection_close(y->c, one);
	quic_connection_reset(y->c, two, 0x1003);
	run_ms(5000);
	size_t n;
	CHECK(quic_connection_write(x->c, one, BYTES_LITERAL("x"), &n) == ERR_NOT_FOUND);
	CHECK(quic_connection_write(x->c, two, BYTES_LITERAL("x"), &n) == ERR_NOT_FOUND);
	CHECK(quic_connection_write(x->c, three, BYTES_LITERAL("x"), &n) == ERR_NOT_FOUND);
	const char *const of_x[] = {"!0 ", "A1:0 ", "A3:1 ", "X5 ", "O2:0 ", "E1 ", "R3=4099 "};
	const char *const of_y[] = {"!0 ", "O1:0 ", "O3:1 ", "A2:0 ", "E1 "};
	bool right = true;
	for (size_t i = 0; i < sizeof of_x / sizeof of_x[0]; i++)
		right = CHECK(was_told(x, of_x[i])) && right;
	for (size_t i = 0; i < sizeof of_y / sizeof of_y[0]; i++)
		right = CHECK(was_told(y, of_y[i])) && right;
	right = CHECK(x->told_n == 32 && y->told_n == 21) && right;
	if (!right)
		printf("# %s; %s\n", x->told, y->told);
	CHECK(x->got[1] == 6 && memcmp(x->first[1], "answer", 6) == 0);
	CHECK(y->got[1] == 5 && memcmp(y->first[1], "hello", 5) == 0);
	CHECK(x->got[2] == 7 && memcmp(x->first[2], "at once", 7) == 0);
}

TEST(a_conversation)
{
	connect_both();
	talk();
	end_nodes();
}

/* Dials until both sides are ready: a handshake has its limit of time, and losses have none. */
static bool connect_in_bad_weather(void)
{
	for (unsigned tries = 0; tries < 8; tries++) {
		x = dial(&a, &b, &b.id);
		run_ms(QUIC_HANDSHAKE_MS + 1000);
		for (size_t i = 0; i < b.seen_n; i++)
			if (x->err == OK && b.seen[i].c != NULL && was_told(&b.seen[i], "!0 ")) {
				y = &b.seen[i];
				return was_told(x, "!0 ");
			}
	}
	return false;
}

/* The same over every kind of bad network. */
TEST(a_conversation_in_bad_weather)
{
	for (unsigned seed = 1; seed <= 40; seed++) {
		begin_nodes();
		random_state = seed * 0x9e3779b97f4a7c15U;
		weather.lost = seed % 4 * 15;
		weather.late = seed % 3 * 300;
		weather.cut = seed % 5 * 8;
		weather.doubled = seed % 2 * 200;
		weather.flipped = seed % 7 * 5;
		if (CHECK(connect_in_bad_weather()))
			talk();
		else
			printf("# seed %u: %d, %zu seen\n", seed, x->err, b.seen_n);
		end_nodes();
	}
}

static uint8_t data[3 << 20];

static uint64_t data_begin(void)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < sizeof data; i++) {
		data[i] = (uint8_t)(i * 131 + (i >> 9));
		sum = sum * 31 + data[i];
	}
	return sum;
}

/* Much data both ways at once, more than any window or buffer holds. */
TEST(much_data)
{
	const uint64_t sum = data_begin();
	for (unsigned bad = 0; bad < 3; bad++) {
		connect_both();
		weather.lost = bad * 20;
		weather.late = bad * 100;
		const uint32_t stream = open_stream(x, echo, 1, true);
		run_ms(1000);
		size_t sent_x = 0, sent_y = 0;
		for (unsigned i = 0; i < 100000 && (x->got[1] < sizeof data || y->got[1] < sizeof data); i++) {
			sent_x += write_some(x, stream, bytes_of(data + sent_x, sizeof data - sent_x));
			sent_y += write_some(y, stream, bytes_of(data + sent_y, sizeof data - sent_y));
			run_ms(10);
		}
		CHECK(x->got[1] == sizeof data && x->sum[1] == sum && y->got[1] == sizeof data && y->sum[1] == sum);
		CHECK(was_told(x, "W1 ") && was_told(y, "W1 "));
		end_nodes();
	}
}

/* Many streams share a connection; each gets its own data whole. */
TEST(many_streams)
{
	const uint64_t n = 60000;
	uint64_t sum = 0;
	(void)data_begin();
	for (size_t i = 0; i < n; i++)
		sum = sum * 31 + data[i];
	connect_both();
	weather.lost = 20;
	for (unsigned i = 0; i < 30; i++) {
		const uint32_t stream = open_stream(x, echo, 1, true);
		CHECK(write_some(x, stream, bytes_of(data, n)) == n);
		quic_connection_close(x->c, stream);
	}
	run_ms(30000);
	for (unsigned i = 1; i < 60; i += 2)
		CHECK(y->got[i] == n && y->sum[i] == sum);
	CHECK(was_told(y, "E59 "));
	end_nodes();
}

/* A caller that consumes nothing holds a window, and the other one is told when it may go on. */
TEST(back_pressure_by_credit)
{
	connect_both();
	const uint32_t stream = open_stream(x, echo, 1, true);
	size_t sent = 0;
	y->holds = true;
	for (unsigned i = 0; i < 50; i++) {
		sent += write_some(x, stream, bytes_of(data, sizeof data));
		run_ms(50);
	}
	/* the lines of the negotiation have credit, too */
	CHECK(sent > QUIC_STREAM_WINDOW_BYTES - 64 && sent <= QUIC_STREAM_WINDOW_BYTES && y->held == sent);
	x->told_n = 0;
	x->told[0] = 0;
	quic_connection_consumed(y->c, stream, y->held);
	run_ms(100);
	CHECK(was_told(x, "W1 ") && write_some(x, stream, bytes_of(data, 1)) == 1);
	end_nodes();
	/* all streams together hold the connection's */
	connect_both();
	y->holds = true;
	for (unsigned k = 0; k < 8; k++) {
		const uint32_t one = open_stream(x, echo, 1, true);
		for (unsigned i = 0; i < 5; i++) {
			(void)write_some(x, one, bytes_of(data, sizeof data));
			run_ms(50);
		}
	}
	CHECK(y->held <= QUIC_WINDOW_BYTES + 1024 && y->held > QUIC_STREAM_WINDOW_BYTES);
	/* a stream that goes gives back what was not consumed */
	const uint64_t before = y->held;
	quic_connection_reset(y->c, 1, 0);
	run_ms(200);
	CHECK(y->held > before);
	end_nodes();
}

/* What is written to somebody who reads nothing is bounded here, too: room comes back with acknowledgements. */
TEST(room_is_bounded)
{
	connect_both();
	const uint32_t stream = open_stream(x, echo, 1, true);
	run_ms(100);
	/* the listener reads, so that there is credit; then it is silent */
	for (unsigned i = 0; i < 400 && y->got[1] < sizeof data * 3; i++) {
		(void)write_some(x, stream, bytes_of(data, sizeof data));
		run_ms(20);
	}
	CHECK(y->got[1] >= sizeof data * 3);
	weather.lost = 1000;
	size_t sent = 0;
	for (unsigned i = 0; i < 20; i++) {
		sent += write_some(x, stream, bytes_of(data, sizeof data));
		run_ms(10);
	}
	CHECK(sent <= QUIC_STREAM_SEND_BYTES_MAX);
	end_nodes();
}

TEST(streams_without_end)
{
	connect_both();
	for (unsigned i = 0; i < 3 * QUIC_STREAMS_MAX; i++) {
		const uint32_t stream = open_stream(x, i % 3 == 0 ? none : echo, 1, i % 2 == 0);
		run_ms(60);
		quic_connection_close(x->c, stream);
		quic_connection_close(y->c, stream);
		run_ms(60);
		x->told_n = y->told_n = 0;
	}
	uint32_t stream;
	unsigned open = 0;
	while (quic_connection_open(x->c, echo, 1, false, &stream) == OK)
		open++;
	CHECK(open == QUIC_STREAMS_MAX);
	CHECK(quic_connection_open(x->c, echo, 1, false, &stream) == ERR_LIMIT);
	run_ms(1000);
	CHECK(x->err == OK && y->err == OK);
	end_nodes();
}

/* The other side's half ends, is reset, is not wanted. */
TEST(ends_of_streams)
{
	connect_both();
	const uint32_t one = open_stream(x, echo, 1, true), two = open_stream(x, echo, 1, true);
	CHECK(write_some(x, one, BYTES_LITERAL("all")) == 3 && write_some(x, two, BYTES_LITERAL("all")) == 3);
	quic_connection_close(x->c, one);
	run_ms(100);
	CHECK(was_told(y, "E1 ") && y->got[1] == 3);
	CHECK(write_some(y, one, BYTES_LITERAL("still")) == 5); /* half of it is open */
	quic_connection_reset(y->c, two, 77);
	run_ms(100);
	CHECK(x->got[1] == 5 && was_told(x, "R3=77 "));
	quic_connection_close(y->c, one);
	run_ms(100);
	CHECK(was_told(x, "E1 ") && !was_told(x, "R1"));
	/* nobody hears of a stream that it has reset itself */
	quic_connection_consumed(y->c, two, 3);
	quic_connection_close(y->c, two);
	quic_connection_reset(y->c, two, 0);
	run_ms(100);
	CHECK(!was_told(y, "R3") && x->err == OK && y->err == OK);
	end_nodes();
}

/* What is sent to who has ended its own half is not wanted any more. */
TEST(nobody_listens)
{
	connect_both();
	const uint32_t one = open_stream(x, echo, 1, true), two = open_stream(x, echo, 1, true);
	CHECK(write_some(x, one, BYTES_LITERAL("all")) == 3 && write_some(x, two, BYTES_LITERAL("all")) == 3);
	quic_connection_close(x->c, one);
	quic_connection_close(x->c, two);
	run_ms(100);
	CHECK(was_told(y, "E1 ") && was_told(y, "E3 "));
	CHECK(write_some(y, one, BYTES_LITERAL("some")) == 4 && write_some(y, two, BYTES_LITERAL("some")) == 4);
	run_ms(100);
	quic_connection_reset(x->c, one, 78);
	run_ms(200);
	CHECK(was_told(y, "R1=78 ") && !was_told(y, "R3"));
	/* nor is it told to who has said all */
	quic_connection_close(y->c, two);
	quic_connection_reset(x->c, two, 79);
	run_ms(200);
	CHECK(!was_told(y, "R3") && x->err == OK && y->err == OK);
	end_nodes();
}

TEST(deadlines)
{
	/* of a dial that nobody answers */
	begin_nodes();
	weather.lost = 1000;
	x = dial(&a, &b, &b.id);
	run_ms(QUIC_HANDSHAKE_MS - 100);
	CHECK(x->err == OK);
	run_ms(200);
	CHECK(x->err == ERR_TIMEOUT);
	end_nodes();
	/* of a silent peer */
	connect_both();
	weather.lost = 1000;
	run_ms(QUIC_IDLE_MS * 2);
	CHECK(x->err == ERR_TIMEOUT && y->err == ERR_TIMEOUT);
	end_nodes();
	/* of nothing but silence: both ask in time */
	connect_both();
	run_ms(QUIC_IDLE_MS * 10);
	CHECK(x->err == OK && y->err == OK);
	end_nodes();
	/* of a negotiation */
	connect_both();
	weather.lost = 1000;
	const uint32_t stream = open_stream(x, echo, 1, false);
	run_ms(CONNECTION_NEGOTIATION_MS + 100);
	CHECK(stream == 1 && was_told(x, "X1 "));
	end_nodes();
}

TEST(the_end_is_told)
{
	connect_both();
	quic_connection_end(x->c, 0x1006);
	x->c = NULL;
	run_ms(100);
	CHECK(y->err == ERR_CLOSED && y->c == NULL);
	end_nodes();
	/* also when the word is lost, by who is asked later */
	connect_both();
	weather.lost = 1000;
	quic_connection_end(x->c, 0);
	x->c = NULL;
	run_ms(10);
	weather.lost = 0;
	(void)open_stream(y, echo, 1, true);
	run_ms(2000);
	CHECK(y->err == ERR_CLOSED);
	end_nodes();
}

int main(void)
{
	RUN(who_they_are);
	RUN(a_conversation);
	RUN(a_conversation_in_bad_weather);
	RUN(much_data);
	RUN(many_streams);
	RUN(back_pressure_by_credit);
	RUN(room_is_bounded);
	RUN(streams_without_end);
	RUN(ends_of_streams);
	RUN(nobody_listens);
	RUN(deadlines);
	RUN(the_end_is_told);
	return test_end();
}
