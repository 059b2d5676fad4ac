/* How often one address may come, and who is one. */
#include "host/p2p_rate.h"

#include "p2p/multiaddr.h"
#include "test.h"

#define EVERY_MS 500

static uint64_t group(const char *text)
{
	uint8_t address[MULTIADDR_BYTES_MAX];
	struct writer w = writer_of(address, sizeof address);
	CHECK(multiaddr_parse(&w, bytes_text(text)) == 0);
	return p2p_rate_group(writer_view(&w));
}

TEST(groups)
{
	CHECK(group("/ip4/192.0.2.1/tcp/1") == group("/ip4/192.0.2.1/tcp/2"));
	CHECK(group("/ip4/192.0.2.1/tcp/1") != group("/ip4/192.0.2.2/tcp/1"));
	CHECK(group("/ip6/2001:db8:0:a1::1/tcp/1") == group("/ip6/2001:db8:0:a2:9::1/tcp/1"));
	CHECK(group("/ip6/2001:db8:0:a1::1/tcp/1") != group("/ip6/2001:db8:0:1a1::1/tcp/1"));
	CHECK(group("/ip6/::/tcp/1") != group("/ip4/0.0.0.0/tcp/1"));
	CHECK(group("/dns4/a/tcp/1") != group("/dns4/b/tcp/1") && p2p_rate_group(BYTES_NONE) == 0);
}

TEST(a_burst_and_then_one_by_one)
{
	static struct p2p_rates rates = {.seed = 7};
	const uint64_t one = group("/ip4/192.0.2.1/tcp/1"), other = group("/ip4/192.0.2.2/tcp/1");
	for (unsigned i = 0; i < 3; i++)
		CHECK(p2p_rates_allow(&rates, one, 3, EVERY_MS, 1000));
	CHECK(!p2p_rates_allow(&rates, one, 3, EVERY_MS, 1000));
	CHECK(p2p_rates_allow(&rates, other, 3, EVERY_MS, 1000));
	CHECK(!p2p_rates_allow(&rates, one, 3, EVERY_MS, 1000 + EVERY_MS - 1));
	CHECK(p2p_rates_allow(&rates, one, 3, EVERY_MS, 1000 + EVERY_MS));
	CHECK(!p2p_rates_allow(&rates, one, 3, EVERY_MS, 1000 + EVERY_MS));
	for (unsigned i = 0; i < 3; i++) /* no more than the burst is saved */
		CHECK(p2p_rates_allow(&rates, one, 3, EVERY_MS, 1000000));
	CHECK(!p2p_rates_allow(&rates, one, 3, EVERY_MS, 1000000));
}

int main(void)
{
	RUN(groups);
	RUN(a_burst_and_then_one_by_one);
	return test_end();
}
