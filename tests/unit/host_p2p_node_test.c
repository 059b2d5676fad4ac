#include "host/p2p_node.h"

#include "host/p2p_ping.h"
#include "host/p2p_stream.h"
#include "p2p_pair.h"

static struct pair_side one, two;
static bool done;
static int done_err;

static void begin(const struct p2p_limits *limits)
{
	CHECK(uv_loop_init(&pair_loop) == 0);
	pair_side_begin(&one, 1, "one/1", limits);
	pair_side_begin(&two, 2, "two/2", limits);
}

static void end(void)
{
	pair_side_end(&one);
	pair_side_end(&two);
	CHECK(uv_run(&pair_loop, UV_RUN_DEFAULT) == 0);
	CHECK(uv_loop_close(&pair_loop) == 0); /* nothing was left open */
}

static void on_connected(struct p2p_node *node, const struct peer_id *peer, int err, void *context)
{
	(void)node, (void)peer, (void)context;
	done = true;
	done_err = err;
}

static int connect_to(struct pair_side *from, const struct pair_side *to)
{
	const struct bytes address = bytes_of(to->address, to->address_n);
	done = false;
	CHECK(p2p_node_connect(from->node, &to->id, &address, 1, false, on_connected, NULL) == OK);
	CHECK(pair_until(&done));
	return done_err;
}

TEST(two_nodes_know_each_other)
{
	begin(NULL);
	CHECK(connect_to(&one, &two) == OK);
	CHECK(p2p_node_is_connected(one.node, &two.id));
	CHECK(pair_until_n(&one.identified_n, 1) && pair_until_n(&two.identified_n, 1));
	CHECK(one.connected_n == 1 && two.connected_n == 1);
	CHECK(strcmp(one.agent, "two/2") == 0 && strcmp(two.agent, "one/1") == 0);
	CHECK(one.protocols_n == 3 && one.addresses_n == 1);
	CHECK(connect_to(&one, &two) == OK); /* again: the same connection */
	CHECK(one.connected_n == 1);
	p2p_node_disconnect(one.node, &two.id);
	CHECK(pair_until_n(&one.disconnected_n, 1) && pair_until_n(&two.disconnected_n, 1));
	CHECK(!p2p_node_is_connected(two.node, &one.id));
	end();
}

static void on_pinged(const struct peer_id *peer, int err, uint64_t rtt_us, void *context)
{
	(void)peer, (void)context;
	CHECK(err != OK || rtt_us < 1000U * PAIR_PATIENCE_MS);
	done = true;
	done_err = err;
}

TEST(ping)
{
	begin(NULL);
	CHECK(p2p_ping(one.node, &two.id, on_pinged, NULL) == ERR_NOT_FOUND);
	CHECK(connect_to(&one, &two) == OK);
	done = false;
	CHECK(p2p_ping(one.node, &two.id, on_pinged, NULL) == OK);
	CHECK(pair_until(&done) && done_err == OK);
	done = false;
	CHECK(p2p_ping(two.node, &one.id, on_pinged, NULL) == OK); /* the other way on the same connection */
	CHECK(pair_until(&done) && done_err == OK);
	done = false;
	CHECK(p2p_ping(two.node, &one.id, on_pinged, NULL) == OK);
	p2p_node_disconnect(two.node, &one.id);
	CHECK(pair_until(&done) && done_err == ERR_CLOSED);
	end();
}

TEST(another_peer_than_was_meant_is_left_alone)
{
	begin(NULL);
	struct pair_side wrong = two;
	wrong.id = one.id;
	wrong.id.bytes[wrong.id.n - 1] ^= 1;
	CHECK(connect_to(&one, &wrong) == ERR_KEY);
	CHECK(one.connected_n == 0);
	/* The address is left alone for this peer, and tells the same again without being asked; for the right one it
	 * is not. */
	CHECK(connect_to(&one, &wrong) == ERR_KEY);
	CHECK(connect_to(&one, &two) == OK);
	end();
}

TEST(nobody_there)
{
	begin(NULL);
	const struct pair_side gone = two;
	pair_side_end(&two);
	CHECK(connect_to(&one, &gone) == ERR_CLOSED);
	CHECK(connect_to(&one, &one) == ERR_NOT_FOUND); /* nor oneself */
	end();
}

TEST(new_addresses_are_told)
{
	uint8_t address[32];
	struct writer w = writer_of(address, sizeof address);
	begin(NULL);
	CHECK(connect_to(&one, &two) == OK);
	CHECK(pair_until_n(&one.identified_n, 1) && pair_until_n(&two.identified_n, 1));
	CHECK(multiaddr_parse(&w, bytes_text("/ip4/192.0.2.1/tcp/4001")) == OK);
	CHECK(p2p_node_advertise(two.node, writer_view(&w)) == OK);
	CHECK(pair_until_n(&one.identified_n, 2) && one.addresses_n == 2 && one.protocols_n == 3);
	end();
}

TEST(an_idle_connection_is_closed)
{
	begin(&(struct p2p_limits){.idle_ms = 50});
	CHECK(connect_to(&one, &two) == OK);
	CHECK(pair_until_n(&one.disconnected_n, 1) && pair_until_n(&two.disconnected_n, 1));
	end();
}

TEST(a_node_ends_in_the_middle_of_everything)
{
	begin(NULL);
	const struct bytes address = bytes_of(two.address, two.address_n);
	done = false;
	CHECK(p2p_node_connect(one.node, &two.id, &address, 1, false, on_connected, NULL) == OK);
	pair_side_end(&one);
	CHECK(done && done_err == ERR_INTERRUPTED);
	end();
}

int main(void)
{
	RUN(two_nodes_know_each_other);
	RUN(ping);
	RUN(another_peer_than_was_meant_is_left_alone);
	RUN(nobody_there);
	RUN(new_addresses_are_told);
	RUN(an_idle_connection_is_closed);
	RUN(a_node_ends_in_the_middle_of_everything);
	return test_end();
}
