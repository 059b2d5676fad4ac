#include "kad/table.h"

#include "kad_peers.h"

static struct kad_table table;
static struct kad_table_entry entries[KAD_TABLE_ROOM];
static unsigned serial; /* of peers that were looked at */

static void begin(void)
{
	const struct peer_id self = test_peer_id(0);
	kad_table_init(&table, &self, entries, KAD_TABLE_ROOM, 1000);
	serial = 0;
}

/* The next peer that belongs into this bucket, at a private address. */
static struct kad_contact next_of_bucket(unsigned bucket)
{
	for (;;) {
		struct kad_contact c = test_contact(++serial, "/ip4/10.0.0.1/tcp/1");
		if (kad_key_common(&table.self, &c.key) == bucket)
			return c;
	}
}

static void fill_bucket(unsigned bucket, uint64_t now_ms)
{
	for (unsigned i = 0; i < KAD_K; i++) {
		const struct kad_contact c = next_of_bucket(bucket);
		CHECK(kad_table_heard(&table, &c, now_ms + i) == OK);
	}
}

static bool has(const struct kad_contact *c)
{
	return kad_table_find(&table, &c->key) != NULL;
}

/* Runs until nothing but waiting is wanted. Gives the first ping; others are counted. */
static const struct kad_contact *wants(uint64_t now_ms, unsigned *pings, unsigned *lookups)
{
	struct kad_table_want w;
	const struct kad_contact *first = NULL;
	*pings = *lookups = 0;
	for (kad_table_next(&table, now_ms, &w); w.kind != KAD_TABLE_WAIT; kad_table_next(&table, now_ms, &w)) {
		if (w.kind == KAD_TABLE_PING) {
			first = first == NULL ? w.contact : first;
			++*pings;
		} else if (w.kind == KAD_TABLE_LOOKUP) {
			++*lookups;
		}
	}
	CHECK(w.at_ms > now_ms);
	return first;
}

TEST(closest_is_what_sorting_says)
{
	begin();
	for (unsigned i = 1; i <= 1000; i++) {
		const struct kad_contact c = test_contact(i, "/ip4/10.0.0.1/tcp/1");
		(void)!kad_table_heard(&table, &c, i);
	}
	CHECK(table.n > 100 && table.n <= KAD_TABLE_ROOM);
	for (unsigned i = 2000; i < 2050; i++) {
		const struct kad_contact *out[KAD_K];
		const struct kad_contact target = test_contact(i, NULL);
		const struct peer_id *except = &table.entries[i % 50].contact.id;
		const unsigned n = kad_table_closest(&table, &target.key, except, out, KAD_K);
		CHECK(n == KAD_K);
		unsigned nearer = 0;
		for (unsigned j = 0; j < KAD_TABLE_ROOM; j++)
			nearer += table.entries[j].used && !peer_id_equal(&table.entries[j].contact.id, except) &&
				  kad_key_order(&target.key, &table.entries[j].contact.key, &out[n - 1]->key) < 0;
		CHECK(nearer == KAD_K - 1);
		for (unsigned j = 1; j < n; j++)
			CHECK(kad_key_order(&target.key, &out[j - 1]->key, &out[j]->key) < 0);
	}
	CHECK(kad_table_closest(&table, &table.self, NULL, NULL, 0) == 0);
}

TEST(ourselves_and_peers_without_address)
{
	begin();
	const struct kad_contact self = test_contact(0, "/ip4/10.0.0.1/tcp/1"), nowhere = test_contact(1, NULL);
	CHECK(kad_table_heard(&table, &self, 1) == ERR_VALUE && kad_table_heard(&table, &nowhere, 1) == ERR_VALUE);
	CHECK(table.n == 0);
}

/* However many come: who answers stays. */
TEST(newcomers_push_out_nobody_who_answers)
{
	struct kad_contact olds[KAD_K];
	unsigned pings, lookups;
	begin();
	fill_bucket(0, 1000);
	for (unsigned i = 0, n = 0; i < KAD_TABLE_ROOM; i++)
		if (entries[i].used)
			olds[n++] = entries[i].contact;
	uint64_t now = 2000;
	for (unsigned i = 0; i < 500; i++, now += 60000) {
		const struct kad_contact c = next_of_bucket(0);
		CHECK(kad_table_heard(&table, &c, now) == ERR_LIMIT);
		const struct kad_contact *pinged = wants(now, &pings, &lookups);
		if (pinged != NULL) {
			const struct kad_contact answered = *pinged;
			CHECK(kad_table_heard(&table, &answered, now) == OK);
		}
	}
	for (unsigned i = 0; i < KAD_K; i++)
		CHECK(has(&olds[i]));
	CHECK(table.n == KAD_K);
}

TEST(a_silent_one_gives_its_place)
{
	unsigned pings, lookups;
	begin();
	fill_bucket(0, 1000);
	const struct kad_contact newcomer = next_of_bucket(0), second = next_of_bucket(0);
	CHECK(kad_table_heard(&table, &newcomer, 2000) == ERR_LIMIT);
	CHECK(wants(2000, &pings, &lookups) == NULL && pings == 0); /* all were heard of just now */
	const uint64_t later = 2000 + KAD_TABLE_FRESH_MS;
	CHECK(kad_table_heard(&table, &newcomer, later) == ERR_LIMIT && !has(&newcomer));
	CHECK(kad_table_heard(&table, &second, later) == ERR_LIMIT); /* the same one is pinged already */
	const struct kad_contact oldest = *wants(later, &pings, &lookups);
	CHECK(pings == 1 && has(&oldest));
	kad_table_failed(&table, &oldest.id, later + 10);
	CHECK(!has(&oldest) && has(&newcomer) && !has(&second) && table.n == KAD_K);
	/* No report at all is a failure, too. */
	CHECK(kad_table_heard(&table, &second, later) == ERR_LIMIT);
	const struct kad_contact next = *wants(later, &pings, &lookups);
	(void)wants(later + KAD_TABLE_PING_MS - 1, &pings, &lookups);
	CHECK(has(&next));
	(void)wants(later + KAD_TABLE_PING_MS, &pings, &lookups);
	CHECK(!has(&next) && has(&second) && table.n == KAD_K);
}

TEST(failures)
{
	const struct kad_contact *out[KAD_K];
	begin();
	const struct kad_contact a = test_contact(1, "/ip4/10.0.0.1/tcp/1"), b = test_contact(2, "/ip4/10.0.0.2/tcp/1");
	CHECK(kad_table_heard(&table, &a, 1000) == OK && kad_table_heard(&table, &b, 1000) == OK);
	kad_table_failed(&table, &a.id, 2000);
	CHECK(has(&a) && kad_table_closest(&table, &a.key, NULL, out, KAD_K) == 1 && out[0] != NULL);
	/* As long as nobody answers it is our own network. */
	for (unsigned i = 0; i < 10; i++) {
		kad_table_failed(&table, &a.id, 3000 + i);
		kad_table_failed(&table, &b.id, 3000 + i);
	}
	CHECK(table.n == 2 && kad_table_closest(&table, &a.key, NULL, out, KAD_K) == 0);
	CHECK(kad_table_heard(&table, &b, 4000) == OK);
	CHECK(kad_table_closest(&table, &a.key, NULL, out, KAD_K) == 1);
	kad_table_failed(&table, &a.id, 5000);
	CHECK(!has(&a) && has(&b));
	kad_table_remove(&table, &b.id);
	kad_table_remove(&table, &b.id);
	CHECK(table.n == 0);
}

TEST(a_failed_one_is_replaced_at_once)
{
	begin();
	fill_bucket(0, 1000);
	const struct peer_id victim = entries[7].contact.id;
	kad_table_failed(&table, &victim, 2000);
	const struct kad_contact newcomer = next_of_bucket(0);
	CHECK(kad_table_heard(&table, &newcomer, 2001) == OK && has(&newcomer) && table.n == KAD_K);
}

TEST(few_of_one_network)
{
	char text[64];
	begin();
	for (unsigned i = 1; i <= 200; i++) {
		(void)snprintf(text, sizeof text, "/ip4/9.9.%u.1/tcp/1", i);
		const struct kad_contact c = test_contact(i, text);
		(void)!kad_table_heard(&table, &c, 1000);
	}
	CHECK(table.n == KAD_TABLE_GROUP_MAX);
	begin();
	for (unsigned i = 1; i <= 200; i++) {
		const struct kad_contact c = test_contact(i, "/ip4/9.9.1.1/tcp/1");
		if (kad_key_common(&table.self, &c.key) == 0)
			(void)!kad_table_heard(&table, &c, 1000);
	}
	CHECK(table.n == KAD_TABLE_GROUP_BUCKET_MAX);
	/* One from elsewhere does not come in by moving there. */
	const struct kad_contact moved = test_contact(201, "/ip4/9.9.1.1/tcp/1");
	struct kad_contact c = test_contact(201, "/ip4/8.8.8.8/tcp/1");
	CHECK(kad_table_heard(&table, &c, 1000) == OK);
	const bool room = kad_key_common(&table.self, &c.key) != 0;
	CHECK(kad_table_heard(&table, &moved, 1000) == OK);
	const struct kad_contact *kept = kad_table_find(&table, &c.key);
	CHECK(kept != NULL && (memcmp(kept->bytes, moved.bytes, moved.n) == 0) == room);
}

/* Whatever they say of themselves, and in whatever order. */
TEST(few_of_one_network_whatever_they_tell)
{
	for (unsigned turn = 0; turn < 2; turn++) {
		begin();
		for (unsigned i = 11; i <= 99; i++) {
			struct kad_contact c = test_contact(i, test_numbered("/ip4/#.1.0.1/tcp/1", i));
			const struct bytes true_one = test_address("/ip4/129.9.1.1/tcp/1");
			if (turn == 0)
				c.from_group = kad_group_of(true_one);
			else
				CHECK(kad_contact_add(&c, true_one, KAD_SCOPE_PUBLIC, KAD_CONTACT_BYTES));
			(void)!kad_table_heard(&table, &c, 1000);
		}
		CHECK(table.n == KAD_TABLE_GROUP_MAX);
	}
}

/* Not by waiting for another's place while others come from there, or move there. */
TEST(nobody_comes_in_late)
{
	unsigned pings, lookups;
	begin();
	fill_bucket(0, 1000);
	const uint64_t later = 2000 + KAD_TABLE_FRESH_MS;
	struct kad_contact newcomer = next_of_bucket(0);
	newcomer.from_group = kad_group_of(test_address("/ip4/9.9.1.1/tcp/1"));
	CHECK(kad_table_heard(&table, &newcomer, later) == ERR_LIMIT);
	const struct kad_contact oldest = *wants(later, &pings, &lookups);
	CHECK(pings == 1);
	for (unsigned i = 0; i <= KAD_TABLE_GROUP_MAX; i++) {
		struct kad_contact c = next_of_bucket(i + 1);
		CHECK(kad_table_heard(&table, &c, later) == OK);
		c.from_group = newcomer.from_group;
		CHECK(kad_table_heard(&table, &c, later) == OK);
		const struct kad_contact *kept = kad_table_find(&table, &c.key);
		CHECK(kept != NULL && (kept->from_group != 0) == (i < KAD_TABLE_GROUP_MAX));
	}
	kad_table_failed(&table, &oldest.id, later + 10);
	CHECK(!has(&oldest) && !has(&newcomer));
}

TEST(addresses_are_kept_up_to_date)
{
	begin();
	const struct kad_contact before = test_contact(1, "/ip4/10.0.0.1/tcp/1"),
				 after = test_contact(1, "/ip4/10.0.0.9/tcp/1");
	CHECK(kad_table_heard(&table, &before, 1000) == OK && kad_table_heard(&table, &after, 1000) == OK);
	const struct kad_contact *c = kad_table_find(&table, &before.key);
	CHECK(table.n == 1 && c != NULL && memcmp(c->bytes, after.bytes, after.n) == 0);
}

TEST(upkeep)
{
	struct kad_table_want w;
	unsigned pings, lookups;
	begin();
	kad_table_next(&table, 1000, &w);
	CHECK(w.kind == KAD_TABLE_BOOTSTRAP);
	kad_table_next(&table, 1000, &w);
	CHECK(w.kind == KAD_TABLE_WAIT && w.at_ms == 1000 + KAD_TABLE_ALONE_MS);
	const struct kad_contact one = next_of_bucket(5);
	CHECK(kad_table_heard(&table, &one, 1000) == OK);
	do
		kad_table_next(&table, 1000 + KAD_TABLE_ALONE_MS, &w);
	while (w.kind == KAD_TABLE_PING || w.kind == KAD_TABLE_LOOKUP);
	CHECK(w.kind == KAD_TABLE_BOOTSTRAP &&
	      table.bootstrap_ms == 1000 + KAD_TABLE_ALONE_MS + KAD_TABLE_BOOTSTRAP_MS);
	begin();
	kad_table_next(&table, 1000, &w);
	fill_bucket(0, 1000);
	const struct kad_contact deeper = next_of_bucket(3);
	CHECK(kad_table_heard(&table, &deeper, 1000) == OK);
	kad_table_next(&table, 2000, &w);
	CHECK(w.kind == KAD_TABLE_LOOKUP && w.self);
	(void)wants(2000, &pings, &lookups);
	CHECK(lookups == 3 && pings == 0); /* 1, 2, 3: bucket 0 is full */
	(void)wants(2000 + KAD_TABLE_REFRESH_MS, &pings, &lookups);
	CHECK(lookups == 5 && pings == 0); /* ourselves, 0 to 3: it has been a while */
	(void)wants(2000 + KAD_TABLE_QUIET_MS, &pings, &lookups);
	CHECK(pings == KAD_K + 1);
	(void)wants(2000 + KAD_TABLE_QUIET_MS, &pings, &lookups);
	CHECK(pings == 0 && lookups == 0);
}

int main(void)
{
	RUN(closest_is_what_sorting_says);
	RUN(ourselves_and_peers_without_address);
	RUN(newcomers_push_out_nobody_who_answers);
	RUN(a_silent_one_gives_its_place);
	RUN(failures);
	RUN(a_failed_one_is_replaced_at_once);
	RUN(few_of_one_network);
	RUN(few_of_one_network_whatever_they_tell);
	RUN(nobody_comes_in_late);
	RUN(addresses_are_kept_up_to_date);
	RUN(upkeep);
	return test_end();
}
