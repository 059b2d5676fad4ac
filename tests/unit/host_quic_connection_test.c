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

int main(void)
{
	RUN(who_they_are);
	RUN(a_conversation);
	return test_end();
}
