/* What the peers of one address get together. */
#include "swarm/shares.h"

#include "test.h"

#define EACH (SHARES_PEERS * (uint64_t)PRICE_FULL_THRESHOLD / PRICE_MAX)

static struct shares s = {.seed = 7};

static uint64_t taken(uint64_t group, uint64_t times, uint64_t now_ms)
{
	uint64_t n = 0;
	while (shares_take(&s, group, PRICE_MAX, times, now_ms))
		n++;
	return n;
}

TEST(no_more_than_some_full_nodes)
{
	CHECK(taken(1, 1, 1000) == EACH && taken(2, 1, 1000) == EACH && taken(1, 1, 1000) == 0);
	/* forgiven by time */
	const uint64_t of_a_second = taken(1, 1, 2000);
	CHECK(of_a_second == SHARES_PEERS * (uint64_t)PRICE_FULL_PER_S / PRICE_MAX ||
	      of_a_second == SHARES_PEERS * (uint64_t)PRICE_FULL_PER_S / PRICE_MAX + 1);
	CHECK(taken(1, 1, 2000) == 0 && taken(1, 1, UINT64_MAX) == EACH);
}

TEST(as_many_times_as_each_of_them)
{
	CHECK(taken(3, 10000, 1000) == 10000 * SHARES_PEERS * (uint64_t)PRICE_FULL_THRESHOLD / PRICE_MAX);
	CHECK(taken(3, 10000, 1000) == 0);
}

int main(void)
{
	RUN(no_more_than_some_full_nodes);
	RUN(as_many_times_as_each_of_them);
	return test_end();
}
