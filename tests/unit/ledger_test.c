/* What we owe against what a node counts: the two sides driven together with every delay between them. */
#include "swarm/ledger.h"

#include "core/err.h"
#include "swarm/credit.h"
#include "test.h"

#define PRICE ((uint64_t)320000)

TEST(no_more_than_is_allowed)
{
	struct ledger l;
	ledger_init(&l, 5000);
	for (unsigned i = 0; i < 4; i++)
		CHECK(ledger_reserve(&l, PRICE, 5000));
	CHECK(!ledger_reserve(&l, PRICE, 5000) && l.reserved == 4 * PRICE && ledger_room(&l, 5000) >= 70000);
	CHECK(ledger_room(&l, 5000) < 70001 && ledger_deadline(&l, 5000) == 6001);
	/* a second without a settlement: some more */
	CHECK(ledger_room(&l, 6000) < 70001 && ledger_room(&l, 6001) >= 520000 && ledger_room(&l, 6001) < 520001);
	CHECK(ledger_settle(&l, 7000) == 0); /* nothing has come */
	ledger_apply(&l, PRICE);
	ledger_release(&l, PRICE);
	CHECK(l.debt == PRICE && l.reserved == 2 * PRICE && ledger_settle(&l, 7000) == 0);
	ledger_apply(&l, PRICE);
	ledger_apply(&l, PRICE);
	CHECK(l.debt == 3 * PRICE && ledger_deadline(&l, 7000) <= 7000);
	CHECK(ledger_settle(&l, 7000) == 3 * PRICE && ledger_settle(&l, 9000) == 0); /* on its way */
	/* an announcement counts at once, also a lower one */
	ledger_announced(&l, 900000);
	CHECK(ledger_room(&l, 6000) < 1 && ledger_room(&l, 7000) >= 390000);
	ledger_announced(&l, UINT64_MAX);
	CHECK(ledger_room(&l, 9000) >= UINT64_MAX - 3 * PRICE);
}

TEST(what_is_forgiven)
{
	struct ledger l;
	struct pseudosettle_ack ack = {.amount = 450000, .at_s = 100};
	ledger_init(&l, 0);
	for (unsigned i = 0; i < 4; i++) {
		CHECK(ledger_reserve(&l, PRICE, 0));
		ledger_apply(&l, PRICE);
	}
	ledger_settled(&l, &ack, 0); /* which nobody asked for */
	CHECK(l.debt == 4 * PRICE && ledger_settle(&l, 10) == 4 * PRICE);
	ledger_settled(&l, &ack, 20);
	CHECK(l.debt == 4 * PRICE - 450000);
	CHECK(ledger_settle(&l, 20 + LEDGER_SETTLE_MS - 1) == 0 && ledger_settle(&l, 20 + LEDGER_SETTLE_MS) == 830000);
	/* refused: nothing changes but the time */
	ledger_settled(&l, NULL, 2000);
	CHECK(l.debt == 830000 && ledger_deadline(&l, 2000) == 2000 + LEDGER_SETTLE_MS);
	CHECK(ledger_settle(&l, 4000) == 830000);
	/* more than was asked */
	ack = (struct pseudosettle_ack){.amount = UINT64_MAX, .at_s = 104};
	ledger_settled(&l, &ack, 4100);
	CHECK(l.debt == 0);
	/* less than three seconds allow: the node does not count what we do */
	for (unsigned i = 0; i < 3; i++) {
		CHECK(ledger_reserve(&l, PRICE, 4100));
		ledger_apply(&l, PRICE);
	}
	CHECK(ledger_settle(&l, 9000) == 3 * PRICE);
	ack = (struct pseudosettle_ack){.amount = PRICE, .at_s = 107};
	ledger_settled(&l, &ack, 9010);
	CHECK(l.debt == 0);
	/* a node whose clock stands still, or runs back, or is out of this world */
	static const int64_t clocks[] = {107, 0, INT64_MAX};
	for (size_t i = 0; i < 3; i++) {
		const uint64_t at = 20000 + 5000 * i;
		while (l.debt < 900000 && ledger_reserve(&l, PRICE, at))
			ledger_apply(&l, PRICE);
		const uint64_t debt = l.debt;
		CHECK(ledger_settle(&l, at) == debt);
		ack = (struct pseudosettle_ack){.amount = 1, .at_s = clocks[i]};
		ledger_settled(&l, &ack, at);
		CHECK(l.debt == debt - 1);
	}
}

/* The two sides, and what is on its way between them. */
static struct {
	struct ledger l;
	struct credit c;
	uint64_t rtt, price, phase, now, got;
	uint64_t arrives[16];
	unsigned arrives_n, random;
	uint64_t settle_at, amount, ack_at;
	struct pseudosettle_ack ack;
	bool acked;
} run;

static struct wall wall(void)
{
	return (struct wall){(int64_t)(1700000000 + (run.now + run.phase) / 1000)};
}

static void ask(void)
{
	while (run.arrives_n < 16 && ledger_reserve(&run.l, run.price, run.now)) {
		run.random = run.random * 1103515245 + 12345;
		run.arrives[run.arrives_n++] = run.now + 1 + run.rtt * (run.random >> 16 & 1023) / 1024;
		credit_prepare(&run.c, run.price);
	}
}

static void arrive(void)
{
	for (unsigned i = 0; i < run.arrives_n; i++)
		if (run.arrives[i] == run.now) {
			CHECK(credit_deliver(&run.c, run.price, wall()) == OK);
			ledger_apply(&run.l, run.price);
			run.got++;
			run.arrives[i--] = run.arrives[--run.arrives_n];
		}
}

static void settle(void)
{
	const uint64_t amount = ledger_settle(&run.l, run.now);
	bool grown = false;
	if (amount > 0) {
		run.settle_at = run.now + run.rtt / 2;
		run.amount = amount;
	}
	if (run.amount > 0 && run.now >= run.settle_at) {
		run.ack.at_s = wall().s;
		run.acked = credit_settle(&run.c, run.amount, wall(), &run.ack.amount, &grown) == OK;
		run.ack_at = run.now + run.rtt / 2 + 1;
		run.amount = 0;
	}
	if (grown)
		ledger_announced(&run.l, run.c.threshold);
	if (run.ack_at == run.now && run.now > 0)
		ledger_settled(&run.l, run.acked ? &run.ack : NULL, run.now);
}

/* Our rules against bee's for three minutes, as fast as they go, with an answer that takes up to rtt. The node never
 * has a reason to block us, and gives nine tenths of what it could. */
static void drive(uint64_t rtt, uint64_t price, uint64_t phase)
{
	memset(&run, 0, sizeof run);
	run.rtt = rtt;
	run.price = price;
	run.phase = phase;
	credit_init(&run.c, false, 0);
	ledger_init(&run.l, 0);
	for (; run.now < 180000; run.now++) {
		ask();
		arrive();
		settle();
	}
	const uint64_t bound = (uint64_t)180 * PRICE_LIGHT_PER_S;
	CHECK(run.got * price * 10 >= 9 * bound);
	/* the first settlement forgives all there is, and at the end is owed what may be, which has grown */
	CHECK(run.got * price <= bound + 2 * run.l.threshold + PRICE_LIGHT_PER_S);
}

TEST(against_a_node_that_counts)
{
	static const uint64_t rtts[] = {1, 40, 150, 400}, prices[] = {10000, 160000, 240000, 320000};
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 1; k < 4; k++)
			for (uint64_t phase = 0; phase < 1000; phase += 333)
				drive(rtts[i], prices[k], phase);
	drive(1, prices[0], 0);
}

int main(void)
{
	RUN(no_more_than_is_allowed);
	RUN(what_is_forgiven);
	RUN(against_a_node_that_counts);
	return test_end();
}
