/* Dialing: of several addresses the one that answers, names by a name server of the test's own, limits and back-off. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/p2p_address.h"
#include "host/p2p_resolve.h"
#include "name_server.h"
#include "p2p_pair.h"

static struct pair_side one, two;
static bool done;
static int done_err;

/* --- two nodes --- */

static void begin(void)
{
	CHECK(uv_loop_init(&pair_loop) == 0);
	begin_server(&pair_loop);
	pair_name_servers = server.address;
	pair_side_begin(&one, 1, "one/1", NULL);
	pair_side_begin(&two, 2, "two/2", NULL);
}

static void end(void)
{
	pair_side_end(&one);
	pair_side_end(&two);
	end_server();
	CHECK(uv_run(&pair_loop, UV_RUN_DEFAULT) == 0 && uv_loop_close(&pair_loop) == 0);
	(void)close(server.fd);
}

static unsigned port_of_two(void)
{
	return (unsigned)two.address[two.address_n - 2] << 8 | two.address[two.address_n - 1];
}

static void on_connected(struct p2p_node *node, const struct peer_id *peer, int err, void *context)
{
	(void)node, (void)peer, (void)context;
	done = true;
	done_err = err;
}

static int dial_all(const struct bytes *addresses, size_t n, bool insist)
{
	done = false;
	CHECK(p2p_node_connect(one.node, &two.id, addresses, n, insist, on_connected, NULL) == OK);
	CHECK(pair_until(&done));
	return done_err;
}

/* An address in text; "PORT" is two's. */
static struct bytes parse(uint8_t *to, const char *text)
{
	char all[400];
	const char *port = strstr(text, "PORT");
	struct writer w = writer_of(to, MULTIADDR_BYTES_MAX);
	if (port != NULL)
		(void)snprintf(all, sizeof all, "%.*s%u%s", (int)(port - text), text, port_of_two(), port + 4);
	else
		(void)snprintf(all, sizeof all, "%s", text);
	CHECK(multiaddr_parse(&w, bytes_text(all)) == OK);
	return writer_view(&w);
}

static int dial_text(const char *text)
{
	uint8_t bytes[MULTIADDR_BYTES_MAX];
	const struct bytes address = parse(bytes, text);
	return dial_all(&address, 1, true);
}

/* A socket that takes connections and never says a word. */
static int silent_listener(uint8_t *to, struct bytes *address)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;
	char text[64];
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 8) == 0 &&
	      getsockname(fd, (struct sockaddr *)&a, &n) == 0);
	(void)snprintf(text, sizeof text, "/ip4/127.0.0.1/tcp/%u", ntohs(a.sin_port));
	*address = parse(to, text);
	return fd;
}

/* --- addresses --- */

TEST(the_address_that_answers_is_taken)
{
	uint8_t silent[MULTIADDR_BYTES_MAX], closed[MULTIADDR_BYTES_MAX], relayed[MULTIADDR_BYTES_MAX],
		other[MULTIADDR_BYTES_MAX];
	struct bytes all[5];
	begin();
	const int fd = silent_listener(silent, &all[0]);
	all[1] = parse(closed, "/ip4/127.0.0.1/tcp/1");
	all[2] = parse(relayed, "/ip4/127.0.0.1/tcp/PORT/p2p/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5/"
				"p2p-circuit");
	all[3] = parse(other, "/ip4/127.0.0.1/tcp/PORT/p2p/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5");
	all[4] = bytes_of(two.address, two.address_n);
	CHECK(dial_all(all + 1, 3, false) != OK); /* none of these is it */
	CHECK(dial_all(all, 5, true) == OK && one.connected_n == 1);
	(void)close(fd);
	end();
}

TEST(several_who_ask_for_one_peer_get_one_connection)
{
	const struct bytes address = bytes_of(two.address, two.address_n);
	begin();
	for (unsigned i = 0; i < 5; i++)
		CHECK(p2p_node_connect(one.node, &two.id, &address, 1, false, on_connected, NULL) == OK);
	CHECK(pair_until_n(&one.connected_n, 1) && pair_until_n(&two.connected_n, 1));
	for (unsigned i = 0; i < 10; i++)
		pair_turn();
	CHECK(one.connected_n == 1 && two.connected_n == 1);
	end();
}

TEST(an_address_that_failed_is_left_alone_for_some_time)
{
	uint8_t bytes[MULTIADDR_BYTES_MAX];
	struct bytes address;
	struct sockaddr_in from;
	socklen_t n = sizeof from;
	begin();
	const int fd = silent_listener(bytes, &address);
	/* It closes at once. */
	done = false;
	CHECK(p2p_node_connect(one.node, &two.id, &address, 1, false, on_connected, NULL) == OK);
	CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	for (int taken = -1; taken < 0 && !done; pair_turn())
		if ((taken = accept(fd, (struct sockaddr *)&from, &n)) >= 0)
			(void)close(taken);
	CHECK(pair_until(&done) && done_err == ERR_CLOSED);
	CHECK(dial_all(&address, 1, false) == ERR_CLOSED); /* the same, without being tried */
	CHECK(accept(fd, (struct sockaddr *)&from, &n) < 0);
	done = false;
	CHECK(p2p_node_connect(one.node, &two.id, &address, 1, true, on_connected, NULL) == OK);
	int taken = -1;
	while (taken < 0 && !done) {
		taken = accept(fd, (struct sockaddr *)&from, &n);
		pair_turn();
	}
	CHECK(taken >= 0); /* who insists tries it */
	(void)close(taken);
	CHECK(pair_until(&done));
	(void)close(fd);
	end();
}

/* --- names --- */

#define FIRST "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5"  /* one */
#define SECOND "12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq" /* two */

TEST(names_of_hosts)
{
	static const char *const good[] = {"/dns4/host.test/tcp/PORT", "/dns/host.test/tcp/PORT/p2p/" SECOND};
	begin();
	add_record("host.test", DNS_A, "127.0.0.1");
	add_record("host.test", DNS_AAAA, "::1"); /* where nobody listens: the other family is tried then */
	for (unsigned i = 0; i < 2; i++) {
		CHECK(dial_text(good[i]) == OK);
		p2p_node_disconnect(one.node, &two.id);
		CHECK(pair_until_n(&one.disconnected_n, i + 1));
	}
	CHECK(dial_text("/dns6/host.test/tcp/PORT") != OK);
	CHECK(dial_text("/dns4/no-such-host.test/tcp/PORT") == ERR_NOT_FOUND);
	end();
}

TEST(dnsaddr_leads_to_addresses)
{
	char text[300];
	begin();
	/* Through two names, past others' addresses and what is none; one record is longer than a string can be. */
	add_record("_dnsaddr.net.test", DNS_TXT, "dnsaddr=/dnsaddr/a.net.test/p2p/" FIRST);
	add_record("_dnsaddr.net.test", DNS_TXT, "v=spf1 -all");
	add_record("_dnsaddr.net.test", DNS_TXT, "dnsaddr=no address");
	add_record("_dnsaddr.net.test", DNS_TXT, "dnsaddr=/dnsaddr/b.net.test/p2p/" SECOND);
	(void)snprintf(text, sizeof text, "dnsaddr=/ip4/127.0.0.1/tcp/%u/p2p/" SECOND, port_of_two());
	add_record("_dnsaddr.b.net.test", DNS_TXT, text);
	add_record("_dnsaddr.b.net.test", DNS_TXT, "dnsaddr=/ip4/127.0.0.1/tcp/1/p2p/" SECOND);
	CHECK(dial_text("/dnsaddr/net.test/p2p/" SECOND) == OK);
	CHECK(server.asked_n == 2); /* nobody looked where another peer's addresses are */
	end();
}

TEST(dnsaddr_in_a_circle_ends)
{
	begin();
	add_record("_dnsaddr.circle.test", DNS_TXT, "dnsaddr=/dnsaddr/circle.test/p2p/" SECOND);
	add_record("_dnsaddr.circle.test", DNS_TXT, "dnsaddr=/dnsaddr/circle.test");
	CHECK(dial_text("/dnsaddr/circle.test") == ERR_NOT_FOUND);
	CHECK(server.asked_n <= P2P_RESOLVE_LOOKUPS_MAX);
	end();
}

TEST(a_name_server_that_says_nothing)
{
	begin();
	server.silent = true;
	/* Its question ends with the node, and nothing is left of it. */
	uint8_t bytes[MULTIADDR_BYTES_MAX];
	const struct bytes address = parse(bytes, "/dns4/host.test/tcp/PORT");
	done = false;
	CHECK(p2p_node_connect(one.node, &two.id, &address, 1, false, on_connected, NULL) == OK);
	CHECK(pair_until_n(&server.asked_n, 1));
	pair_side_end(&one);
	CHECK(done && done_err == ERR_INTERRUPTED);
	end();
}

int main(void)
{
	RUN(the_address_that_answers_is_taken);
	RUN(several_who_ask_for_one_peer_get_one_connection);
	RUN(an_address_that_failed_is_left_alone_for_some_time);
	RUN(names_of_hosts);
	RUN(dnsaddr_leads_to_addresses);
	RUN(dnsaddr_in_a_circle_ends);
	RUN(a_name_server_that_says_nothing);
	return test_end();
}
