#include "swarm/underlay.h"

#include "p2p/multiaddr.h"
#include "swarm_fixture.h"

static uint8_t wire[4096], made[4096];

TEST(bees_lists)
{
	const cJSON *row;
	int i;
	for (i = 0; (row = fixture_row("underlay_list", i)) != NULL; i++) {
		const struct bytes field = fixture_bytes(row, "hex", wire, sizeof wire);
		const cJSON *text, *texts = cJSON_GetObjectItem(row, "addrs");
		struct bytes addresses[4], address;
		size_t n = 0, found;
		struct writer w = writer_of(made, 1024), list = writer_of(made + 1024, 1024);
		struct underlay u = underlay_of(field);
		cJSON_ArrayForEach(text, texts)
		{
			const size_t begun = w.n;
			CHECK(multiaddr_parse(&w, bytes_text(text->valuestring)) == OK);
			addresses[n++] = bytes_of(made + begun, w.n - begun);
			CHECK(underlay_next(&u, &address) && bytes_equal(address, addresses[n - 1]));
		}
		CHECK(!underlay_next(&u, &address) && underlay_check(field, &found) == OK && found == n);
		underlay_write(&list, addresses, n);
		CHECK(bytes_equal(writer_view(&list), field));
	}
	CHECK(i == 3);
}

TEST(limits)
{
	static const uint8_t address[] = {4, 127, 0, 0, 1, 6, 6, 0x62};
	struct bytes addresses[UNDERLAY_ADDRESSES_MAX + 1];
	size_t n = 0;
	for (size_t i = 0; i <= UNDERLAY_ADDRESSES_MAX; i++)
		addresses[i] = bytes_of(address, sizeof address);
	struct writer w = writer_of(made, sizeof made);
	underlay_write(&w, addresses, UNDERLAY_ADDRESSES_MAX);
	CHECK(underlay_check(writer_view(&w), &n) == OK && n == UNDERLAY_ADDRESSES_MAX);
	for (size_t cut = 1; cut < w.n; cut++)
		CHECK(underlay_check(bytes_of(made, cut), &n) == (cut % 9 == 1 ? OK : ERR_VALUE));
	w = writer_of(made, sizeof made);
	underlay_write(&w, addresses, UNDERLAY_ADDRESSES_MAX + 1);
	CHECK(underlay_check(writer_view(&w), &n) == ERR_VALUE);
	CHECK(underlay_check(BYTES_NONE, &n) == ERR_VALUE);
	memset(made, 4, sizeof made);
	CHECK(underlay_check(bytes_of(made, UNDERLAY_BYTES_MAX), &n) == OK && n == 1);
	CHECK(underlay_check(bytes_of(made, UNDERLAY_BYTES_MAX + 1), &n) == ERR_VALUE);
}

/* A list with a protocol that nobody here knows, and one with junk: the others are found. */
TEST(unknown_addresses_are_passed_over)
{
	static const uint8_t list[] = {0x99, 3, 0x90, 0x03, 7, 8, 4, 127, 0, 0, 1, 6, 6, 0x62, 0, 2, 6, 1};
	struct underlay u = underlay_of(bytes_of(list, sizeof list));
	struct bytes address;
	size_t n;
	CHECK(underlay_check(bytes_of(list, sizeof list), &n) == OK && n == 4);
	CHECK(underlay_next(&u, &address) && address.p == list + 6 && address.n == 8);
	CHECK(!underlay_next(&u, &address));
}

#define PEER "/p2p/QmZinkYQmWaR1nUDamMQkZTgz6GN13jtnoUKSkoHgTtNxH"

/* The number of the one that is chosen of these; -1: none. */
static int choose(const char *const *texts, size_t n, enum p2p_scope least)
{
	struct bytes addresses[12], chosen;
	struct writer w = writer_of(made, sizeof made), list = writer_of(wire, sizeof wire);
	for (size_t i = 0; i < n; i++) {
		const size_t begun = w.n;
		CHECK(multiaddr_parse(&w, bytes_text(texts[i])) == OK);
		addresses[i] = bytes_of(made + begun, w.n - begun);
	}
	underlay_write(&list, addresses, n);
	if (!underlay_choose(writer_view(&list), least, &chosen))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (bytes_equal(chosen, addresses[i]))
			return (int)i;
	return -2;
}

TEST(the_one_to_dial)
{
	static const char *const mixed[] = {"/ip4/192.168.1.5/tcp/1634" PEER, "/ip6/2a00::1/tcp/1634" PEER,
					    "/dns4/node.example/tcp/1634" PEER, "/ip4/8.8.8.8/tcp/1634" PEER,
					    "/ip4/8.8.4.4/tcp/1634" PEER};
	static const char *const useless[] = {"/ip4/8.8.8.8/tcp/1634",
					      "/ip4/8.8.8.8/tcp/1635/tls/sni/x.example/ws" PEER,
					      "/ip4/8.8.8.8/udp/1634/quic-v1" PEER,
					      "/ip4/8.8.8.8/tcp/0" PEER,
					      "/ip4/8.8.8.8/tcp/1634" PEER "/p2p-circuit" PEER,
					      "/dnsaddr/x.example" PEER,
					      "/dns/x.example/tcp/1634" PEER,
					      "/dns4/127.0.0.1/tcp/1634" PEER,
					      "/dns4/169.254.169.254/tcp/80" PEER,
					      "/dns6/localhost/tcp/1634" PEER,
					      "/ip4/0.0.0.0/tcp/1634" PEER,
					      "/ip4/239.1.1.1/tcp/1634" PEER};
	CHECK(choose(mixed, 5, P2P_SCOPE_PUBLIC) == 3 && choose(mixed, 5, P2P_SCOPE_PRIVATE) == 0);
	CHECK(choose(mixed, 3, P2P_SCOPE_PUBLIC) == 1 && choose(mixed, 2, P2P_SCOPE_PUBLIC) == 1);
	CHECK(choose(mixed, 1, P2P_SCOPE_PUBLIC) == -1 && choose(mixed, 1, P2P_SCOPE_PRIVATE) == 0);
	CHECK(choose(useless, 12, P2P_SCOPE_LOOPBACK) == -1 && choose(useless, 12, P2P_SCOPE_PUBLIC) == -1);
}

/* Each scope tells of its own and of wider ones, and who is nowhere only of what is everybody's. */
TEST(what_strangers_may_name)
{
	static const struct {
		const char *text;
		enum p2p_scope scope;
	} cases[] = {{"/ip4/127.0.0.1/tcp/1" PEER, P2P_SCOPE_LOOPBACK},
		     {"/ip6/::1/tcp/1" PEER, P2P_SCOPE_LOOPBACK},
		     {"/ip4/169.254.169.254/tcp/80" PEER, P2P_SCOPE_LINK},
		     {"/ip6/fe80::1/tcp/1" PEER, P2P_SCOPE_LINK},
		     {"/ip4/10.1.2.3/tcp/1" PEER, P2P_SCOPE_PRIVATE},
		     {"/ip4/172.31.255.1/tcp/1" PEER, P2P_SCOPE_PRIVATE},
		     {"/ip4/100.64.0.1/tcp/1" PEER, P2P_SCOPE_PRIVATE},
		     {"/ip4/198.18.0.1/tcp/1" PEER, P2P_SCOPE_PRIVATE},
		     {"/ip4/203.0.113.1/tcp/1" PEER, P2P_SCOPE_PRIVATE},
		     {"/ip6/fd00::1/tcp/1" PEER, P2P_SCOPE_PRIVATE},
		     {"/ip6/2001:db8::1/tcp/1" PEER, P2P_SCOPE_PRIVATE},
		     {"/ip6/::ffff:10.0.0.1/tcp/1" PEER, P2P_SCOPE_PRIVATE},
		     {"/ip4/8.8.8.8/tcp/1" PEER, P2P_SCOPE_PUBLIC}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		for (int least = P2P_SCOPE_LOOPBACK; least <= P2P_SCOPE_PUBLIC; least++)
			CHECK(choose(&cases[i].text, 1, (enum p2p_scope)least) ==
			      ((int)cases[i].scope >= least ? 0 : -1));
		CHECK(choose(&cases[i].text, 1, P2P_SCOPE_NONE) == (cases[i].scope == P2P_SCOPE_PUBLIC ? 0 : -1));
	}
}

int main(void)
{
	RUN(bees_lists);
	RUN(limits);
	RUN(unknown_addresses_are_passed_over);
	RUN(the_one_to_dial);
	RUN(what_strangers_may_name);
	return fixture_end();
}
