/* Whose question a bridge's readers take next. */
#include "host/bzz_bridge_parts.h"
#include "test.h"

#define CLIENTS 32
#define READERS 4

static struct bridge_client clients[CLIENTS];
static struct bridge_lane lane;
static size_t clients_n;

static void begin(size_t readers_n)
{
	lane = (struct bridge_lane){.readers_n = readers_n};
	clients_n = 0;
}

static struct bridge_client *join(uint64_t group)
{
	struct bridge_client *c = &clients[clients_n++];
	c->group = group;
	c->reader = NULL;
	bridge_lane_join(&lane, c);
	return c;
}

/* The group of who is next; 0: nobody. */
static uint64_t next(void)
{
	const struct bridge_client *c = bridge_lane_next(&lane);
	CHECK(c == NULL || c->reader->client == c);
	return c == NULL ? 0 : c->group;
}

/* Whether these groups come next, a digit each; 0: nobody. */
static bool order(const char *groups)
{
	for (; *groups != '\0'; groups++)
		if (next() != (uint64_t)(*groups - '0'))
			return false;
	return true;
}

static void end(uint64_t group)
{
	size_t i = 0;
	while (lane.readers[i].client == NULL || lane.readers[i].client->group != group)
		i++;
	lane.readers[i].client = NULL;
}

TEST(one_address_has_half_of_the_readers)
{
	begin(READERS);
	for (size_t i = 0; i < 2 * READERS; i++)
		join(1);
	CHECK(order("110"));
	join(2);
	CHECK(order("20"));
	join(3);
	join(3);
	CHECK(order("30")); /* all are busy */
	end(1);
	CHECK(order("10"));
	end(1);
	CHECK(order("3"));
}

TEST(one_address_after_the_other)
{
	begin(2);
	for (size_t i = 0; i < 8; i++)
		join(1);
	join(2);
	join(2);
	join(3);
	CHECK(order("120"));
	end(1);
	CHECK(order("3")); /* not those that came before */
	end(2);
	CHECK(order("1"));
	end(3);
	CHECK(order("2"));
	end(1);
	CHECK(order("1"));
}

TEST(those_of_an_address_in_the_order_in_which_they_came)
{
	begin(2);
	const struct bridge_client *a = join(1), *b = join(1), *other = join(2), *c = join(1);
	CHECK(bridge_lane_next(&lane) == a && bridge_lane_next(&lane) == other);
	end(1);
	CHECK(bridge_lane_next(&lane) == b);
	end(1);
	CHECK(bridge_lane_next(&lane) == c);
	end(1);
	CHECK(bridge_lane_next(&lane) == NULL);
}

TEST(who_goes_is_not_read_for)
{
	begin(READERS);
	join(1);
	struct bridge_client *gone = join(2);
	join(3);
	bridge_lane_leave(&lane, gone);
	CHECK(order("130"));
}

int main(void)
{
	RUN(one_address_has_half_of_the_readers);
	RUN(one_address_after_the_other);
	RUN(those_of_an_address_in_the_order_in_which_they_came);
	RUN(who_goes_is_not_read_for);
	return test_end();
}
