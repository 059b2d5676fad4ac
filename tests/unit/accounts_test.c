/* Who comes back owing, and who is remembered when there are too many. */
#include "swarm/accounts.h"

#include <string.h>

#include "core/err.h"
#include "test.h"

static struct accounts a;

static struct peer_id peer(unsigned i)
{
	struct peer_id id = {.n = 34, .bytes = {0x12, 0x20}};
	memcpy(id.bytes + 2, &i, sizeof i);
	return id;
}

static struct credit owing(uint64_t owed, int64_t settled_s)
{
	struct credit c;
	credit_init(&c, false, settled_s);
	c.balance = (int64_t)owed;
	return c;
}

static void leave(unsigned i, const struct credit *c, bool over, uint64_t now_ms)
{
	const struct peer_id id = peer(i);
	accounts_leave(&a, &id, c, over, now_ms);
}

static bool admits(unsigned i, uint64_t now_ms, int64_t *settled_s)
{
	const struct peer_id id = peer(i);
	int64_t s = -1;
	const bool yes = accounts_admit(&a, &id, now_ms, &s);
	if (settled_s != NULL)
		*settled_s = s;
	return yes;
}

TEST(who_owes_nothing_comes_back_at_once)
{
	const struct credit c = owing(0, 77), forgiven_too_much = {.balance = -5, .per_s = PRICE_LIGHT_PER_S};
	int64_t settled_s;
	accounts_init(&a);
	CHECK(admits(1, 0, &settled_s) && settled_s == 0);
	leave(1, &c, false, 1000);
	CHECK(admits(1, 1000, &settled_s) && settled_s == 77);
	leave(1, &forgiven_too_much, false, 1000);
	CHECK(admits(1, 1000, &settled_s) && settled_s == 77); /* what is older does not undo it */
}

TEST(who_owes_waits_until_it_is_forgiven)
{
	struct credit c = owing(900000, 7);
	accounts_init(&a);
	leave(1, &c, false, 1000);
	CHECK(!admits(1, 2999, NULL) && admits(1, 3000, NULL) && admits(2, 1000, NULL));
	/* what was on its way, and what nobody took, is owed as well */
	c = owing(0, 7);
	c.shadow = 450000;
	c.ghost = 225000;
	leave(2, &c, false, 1000);
	CHECK(!admits(2, 2499, NULL) && admits(2, 2500, NULL));
	/* a full node is forgiven ten times as fast */
	credit_init(&c, true, 0);
	c.balance = 900000;
	leave(3, &c, false, 1000);
	CHECK(!admits(3, 1199, NULL) && admits(3, 1200, NULL));
}

TEST(who_went_too_far_waits_longer)
{
	const struct credit c = owing(2140000, 7), nothing = owing(0, 7);
	accounts_init(&a);
	leave(1, &c, true, 1000);
	leave(1, &nothing, false, 1500); /* another connection of it */
	CHECK(credit_block_s(&c) == 4 && !admits(1, 4999, NULL) && admits(1, 5000, NULL));
}

TEST(the_oldest_is_forgotten_and_the_blocked_last)
{
	const struct credit c = owing(900000, 7), nothing = owing(0, 9);
	int64_t settled_s;
	accounts_init(&a);
	leave(0, &c, false, 100000); /* until 102000 */
	for (unsigned i = 1; i < ACCOUNTS_MAX; i++)
		leave(i, &nothing, false, 100000 + i);
	CHECK(a.n == ACCOUNTS_MAX);
	leave(ACCOUNTS_MAX, &nothing, false, 101999);
	CHECK(!admits(0, 101999, NULL) && admits(1, 110000, &settled_s) && settled_s == 0);
	CHECK(admits(2, 110000, &settled_s) && settled_s == 9);
	CHECK(admits(ACCOUNTS_MAX, 110000, &settled_s) && settled_s == 9);
	/* All blocked: the one whose time is the first to end. */
	accounts_init(&a);
	for (unsigned i = 0; i < ACCOUNTS_MAX; i++)
		leave(i, &c, false, 100000 - (i == 5));
	leave(ACCOUNTS_MAX, &c, false, 100001);
	CHECK(a.n == ACCOUNTS_MAX && admits(5, 100001, NULL) && !admits(4, 100001, NULL) && !admits(6, 100001, NULL) &&
	      !admits(ACCOUNTS_MAX, 100001, NULL));
}

int main(void)
{
	RUN(who_owes_nothing_comes_back_at_once);
	RUN(who_owes_waits_until_it_is_forgiven);
	RUN(who_went_too_far_waits_longer);
	RUN(the_oldest_is_forgotten_and_the_blocked_last);
	return test_end();
}
