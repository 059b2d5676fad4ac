/* bee's thresholds, as its own accounting was seen to keep them. */
#include "swarm/credit.h"

#include "core/err.h"
#include "test.h"

#define NOW ((struct wall){1700000000})
#define GROWTH 100 /* seconds of forgiveness, for each step */

static int deliver(struct credit *c, uint64_t price, struct wall now)
{
	credit_prepare(c, price);
	return credit_deliver(c, price, now);
}

TEST(six_chunks_and_not_seven)
{
	struct credit c;
	credit_init(&c, false, 0);
	for (unsigned i = 0; i < 6; i++)
		CHECK(deliver(&c, 320000, NOW) == OK);
	CHECK(deliver(&c, 320000, NOW) == ERR_LIMIT && credit_block_s(&c) == 4);
	/* in a second that had a settlement there is less */
	uint64_t accepted = 7;
	bool grown = true;
	credit_init(&c, false, 0);
	CHECK(credit_settle(&c, 1000, NOW, &accepted, &grown) == OK && accepted == 0 && !grown);
	for (unsigned i = 0; i < 5; i++)
		CHECK(deliver(&c, 320000, NOW) == OK);
	CHECK(deliver(&c, 87499, NOW) == OK && c.balance == 1687499);
	CHECK(deliver(&c, 1, NOW) == ERR_LIMIT);
}

TEST(forgiven_by_time)
{
	struct credit c;
	uint64_t accepted;
	bool grown;
	credit_init(&c, false, NOW.s - 2);
	for (unsigned i = 0; i < 4; i++)
		CHECK(deliver(&c, 320000, NOW) == OK);
	/* two seconds' worth, though more is owed and asked for; once a second */
	CHECK(credit_settle(&c, 1280000, NOW, &accepted, &grown) == OK && accepted == 900000 && c.balance == 380000);
	CHECK(credit_settle(&c, 380000, NOW, &accepted, &grown) == ERR_LIMIT && c.balance == 380000);
	CHECK(credit_settle(&c, 380000, (struct wall){NOW.s - 5}, &accepted, &grown) == ERR_LIMIT);
	/* what is being delivered counts, and no more than is owed with it */
	credit_prepare(&c, 10000);
	CHECK(credit_settle(&c, 1280000, (struct wall){NOW.s + 1}, &accepted, &grown) == OK && accepted == 390000);
	CHECK(c.balance == -10000 && credit_deliver(&c, 10000, NOW) == OK && c.balance == 0);
	/* a first one is forgiven all, and no more than was asked */
	credit_init(&c, false, 0);
	CHECK(deliver(&c, 320000, NOW) == OK && credit_settle(&c, 5, NOW, &accepted, &grown) == OK && accepted == 5);
	credit_init(&c, false, INT64_MIN);
	CHECK(deliver(&c, 320000, NOW) == OK);
	CHECK(credit_settle(&c, UINT64_MAX, (struct wall){INT64_MAX}, &accepted, &grown) == OK && accepted == 320000);
}

TEST(ghosts)
{
	struct credit c;
	credit_init(&c, false, 0);
	for (unsigned i = 0; i < 6; i++) {
		credit_prepare(&c, 320000);
		CHECK(credit_abort(&c, 320000) == (i < 5 ? OK : ERR_LIMIT));
	}
	CHECK(c.balance == 0 && c.shadow == 0);
}

/* Who repays much may owe more, by steps. */
TEST(growth)
{
	struct credit c;
	uint64_t accepted, repaid = 0;
	bool grown;
	unsigned steps = 0;
	struct wall now = NOW;
	credit_init(&c, false, 0);
	while (repaid < 2000 * (uint64_t)PRICE_LIGHT_PER_S) {
		now.s++;
		while (c.balance < PRICE_LIGHT_PER_S)
			CHECK(deliver(&c, 10000, now) == OK);
		CHECK(credit_settle(&c, PRICE_LIGHT_PER_S, now, &accepted, &grown) == OK);
		repaid += accepted;
		steps += grown;
		CHECK(!grown || c.threshold == PRICE_LIGHT_THRESHOLD + steps * (uint64_t)PRICE_LIGHT_PER_S);
		CHECK(c.limit == c.threshold * 5 / 4);
		CHECK(!grown || repaid == (steps * (uint64_t)GROWTH + 1) * PRICE_LIGHT_PER_S);
	}
	CHECK(steps == 18);
	credit_init(&c, true, 0);
	CHECK(c.threshold == 13500000 && c.per_s == 4500000 && c.limit == 16875000);
}

TEST(a_hundred_times_as_much)
{
	struct credit c;
	uint64_t accepted;
	bool grown;
	credit_init(&c, false, NOW.s - 1);
	credit_extend(&c, 100, 200000000);
	CHECK(c.threshold == 135000000 && c.limit == 168750000);
	for (unsigned i = 0; i < 667; i++)
		CHECK(deliver(&c, 320000, NOW) == OK);
	CHECK(credit_settle(&c, 213440000, NOW, &accepted, &grown) == OK && accepted == 45000000 && !grown);
	CHECK(c.balance == 168440000 && deliver(&c, 320000, NOW) == ERR_LIMIT && credit_block_s(&c) == 4);
	/* no more than the most, and it does not grow over that */
	credit_init(&c, true, 0);
	credit_extend(&c, 100, 40000000);
	CHECK(c.threshold == 40000000 && c.limit == 50000000 && c.per_s == 450000000);
	c.balance = 100000000000000;
	CHECK(credit_settle(&c, UINT64_MAX, NOW, &accepted, &grown) == OK && accepted == 100000000000000 && !grown);
	credit_init(&c, true, 0);
	credit_extend(&c, 1, 17000000);
	c.balance = 100000000000000;
	CHECK(credit_settle(&c, UINT64_MAX, NOW, &accepted, &grown) == OK && !grown && c.threshold == 13500000);
}

int main(void)
{
	RUN(six_chunks_and_not_seven);
	RUN(forgiven_by_time);
	RUN(ghosts);
	RUN(growth);
	RUN(a_hundred_times_as_much);
	return test_end();
}
