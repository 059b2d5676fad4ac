#include "kad/values.h"

#include "kad_peers.h"

#define ROOM 64
#define BYTES 16384
#define KEY BYTES_LITERAL("/x/key")

static struct kad_slot slots[ROOM];
static struct kad_values_entry entries[ROOM];
static uint8_t bytes[BYTES];
static struct kad_values values;

/* "bad..." is none; what begins with the same letter replaces the lesser; the rest is beside each other. */
static int check(struct bytes key, struct bytes value, enum kad_scope least, struct wall now, uint64_t *left_s)
{
	(void)key;
	*left_s = 1000;
	return bytes_starts(value, "bad") || least == KAD_SCOPE_NONE || now.s != 77 ? ERR_VALUE : OK;
}

static enum kad_meeting meet(struct bytes key, struct bytes there, struct bytes fresh, struct wall now)
{
	(void)key;
	CHECK(now.s == 77);
	if (there.p[0] != fresh.p[0])
		return KAD_BESIDE;
	return bytes_compare(fresh, there) < 0 ? KAD_OLDER : KAD_REPLACES;
}

static const struct kad_rules test_rules = {.check = check, .meet = meet};

static void begin(void)
{
	kad_values_init(&values, &test_rules, slots, entries, ROOM, bytes, sizeof bytes);
}

static int put_from(struct bytes key, const char *value, unsigned peer, const char *address, uint64_t now_ms)
{
	struct kad_owner owner;
	const struct peer_id id = test_peer_id(peer);
	kad_owner_of(&owner, &id, test_address(address));
	return kad_values_put(&values, key, bytes_text(value), &owner, KAD_SCOPE_PUBLIC, 0,
			      (struct kad_now){now_ms, {77}});
}

/* From peer n, in a network of its own when net is 0; each on a machine of its own. */
static int put_at(struct bytes key, const char *value, unsigned peer, unsigned net, uint64_t now_ms)
{
	char text[64];
	(void)snprintf(text, sizeof text, "/ip4/20.%u.0.%u/tcp/1", net == 0 ? peer : net, peer);
	return put_from(key, value, peer, text, now_ms);
}

static int put(const char *value, unsigned peer)
{
	return put_at(KEY, value, peer, 0, 1000);
}

static bool has(struct bytes key, const char *value, uint64_t now_ms)
{
	struct kad_value all[KAD_VALUES_PER_KEY];
	const unsigned n = kad_values_of(&values, key, now_ms, all);
	bool found = false;
	for (unsigned i = 0; i < n; i++)
		found |= bytes_is(all[i].value, value);
	return found;
}

TEST(newer_replaces_older_and_others_stay_beside)
{
	begin();
	CHECK(put("a1", 1) == OK && put("b1", 2) == OK && values.n == 2);
	CHECK(put("a2", 1) == OK && values.n == 2 && has(KEY, "a2", 1000) && !has(KEY, "a1", 1000));
	CHECK(put("a1", 1) == ERR_EXPIRED && put("a2", 1) == OK && values.n == 2 && has(KEY, "a2", 1000));
	CHECK(put("bad", 1) == ERR_VALUE);
	CHECK(has(KEY, "b1", 1000) && !has(BYTES_LITERAL("/x/other"), "b1", 1000));
}

/* Neither by what would replace it, nor by what it would be older than. */
TEST(a_stranger_neither_replaces_nor_refuses)
{
	begin();
	CHECK(put("a5", 1) == OK && put("a9", 2) == OK && has(KEY, "a5", 1000) && has(KEY, "a9", 1000));
	CHECK(put("a6", 1) == OK && has(KEY, "a6", 1000) && !has(KEY, "a5", 1000) && has(KEY, "a9", 1000));
	/* Nor does a neighbour: in a network of this size is anybody. */
	CHECK(put_at(KEY, "a7", 3, 1, 1000) == OK && has(KEY, "a6", 1000));
	CHECK(values.n == 3);
}

TEST(a_machine_with_a_new_id_replaces_what_it_put)
{
	static const struct {
		const char *first, *then;
		bool replaces;
	} cases[] = {
		{"/ip4/20.1.0.1/tcp/1", "/ip4/20.1.0.1/udp/9/quic-v1", true},
		{"/ip4/20.1.0.1/tcp/1", "/ip4/20.1.0.2/tcp/1", false},
		{"/ip4/10.1.0.1/tcp/1", "/ip4/10.1.0.1/tcp/2", true},
		{"/ip4/10.1.0.1/tcp/1", "/ip4/10.1.0.2/tcp/1", false},
		{"/ip6/2a00:1:2:3::1/tcp/1", "/ip6/2a00:1:2:3:f:f:f:f/tcp/1", true},
		{"/ip6/2a00:1:2:3::1/tcp/1", "/ip6/2a00:1:2:4::1/tcp/1", false},
		{"/ip6/fd00::1/tcp/1", "/ip6/fd00::2/tcp/1", false},
		{"/ip4/20.1.0.1/tcp/1", "/ip6/::ffff:20.1.0.1/tcp/1", true},
		{"/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/1", false}, /* different machines in a trial */
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		begin();
		CHECK(put_from(KEY, "a1", 1, cases[i].first, 1000) == OK);
		CHECK(put_from(KEY, "a2", 2, cases[i].then, 2000) == OK && has(KEY, "a2", 2000));
		CHECK(has(KEY, "a1", 2000) == !cases[i].replaces);
		/* Wherever it is, a peer is itself. */
		CHECK(put_from(KEY, "a3", 2, "/ip4/30.0.0.1/tcp/1", 3000) == OK && !has(KEY, "a2", 3000));
	}
}

/* A machine that puts again and again, as another peer each time, has one place; others of its network have theirs. */
TEST(a_new_id_each_time_fills_nothing)
{
	char text[8];
	begin();
	for (unsigned i = 0; i < 3 * ROOM; i++) {
		(void)snprintf(text, sizeof text, "a%03u", i);
		CHECK(put_from(KEY, text, i, "/ip4/20.1.0.1/tcp/1", 1000 + i) == OK && values.n == 1);
	}
	CHECK(has(KEY, text, 2000));
}

/* Who puts first what an honest one is about to put, and then takes its own back, takes away nothing. */
TEST(the_same_value_is_of_each_who_put_it)
{
	struct kad_value all[KAD_VALUES_PER_KEY];
	begin();
	CHECK(put("a1", 9) == OK && put("a1", 1) == OK);
	CHECK(kad_values_of(&values, KEY, 1000, all) == 1 && bytes_is(all[0].value, "a1"));
	CHECK(put("a2", 9) == OK && has(KEY, "a1", 1000) && has(KEY, "a2", 1000));
	CHECK(kad_values_of(&values, KEY, 1000, all) == 2);
	/* Where there is no place for one more, what is there is kept for longer. */
	begin();
	for (unsigned i = 0; i < KAD_VALUES_PER_KEY; i++)
		CHECK(put_at(KEY, "a1", i, i + 1, 1000) == OK);
	CHECK(put_at(KEY, "a1", 99, 0, 500000) == OK && values.n == KAD_VALUES_PER_KEY && has(KEY, "a1", 1400000));
	CHECK(put_at(KEY, "b1", 98, 0, 500000) == ERR_LIMIT);
}

TEST(the_order_of_values_is_the_same_whenever_they_came)
{
	static const char *const texts[][5] = {{"e", "b", "d", "a", "cc"}, {"a", "cc", "b", "d", "e"}};
	struct kad_value all[KAD_VALUES_PER_KEY];
	for (unsigned k = 0; k < 2; k++) {
		begin();
		for (unsigned i = 0; i < 5; i++)
			CHECK(put(texts[k][i], i + 1) == OK);
		CHECK(put_at(BYTES_LITERAL("/x/other"), "b", 9, 0, 1000) == OK);
		CHECK(kad_values_of(&values, KEY, 1000, all) == 5);
		for (unsigned i = 0; i < 5; i++)
			CHECK(all[i].value.p[0] == 'a' + i && bytes_equal(all[i].key, KEY));
	}
	CHECK(kad_values_of(&values, BYTES_LITERAL("/x/none"), 1000, all) == 0);
}

TEST(nothing_lives_for_ever)
{
	struct kad_value v;
	struct kad_owner ours;
	begin();
	kad_owner_ours(&ours);
	CHECK(put("a", 1) == OK && has(KEY, "a", 1000 + 999999) && !has(KEY, "a", 1000 + 1000000));
	CHECK(put_at(KEY, "a", 1, 0, 500000) == OK && has(KEY, "a", 1400000)); /* sent again */
	CHECK(kad_values_put(&values, KEY, BYTES_LITERAL("b"), &ours, KAD_SCOPE_PUBLIC, 5,
			     (struct kad_now){1000, {77}}) == OK);
	CHECK(has(KEY, "b", 5999) && !has(KEY, "b", 6000));
	unsigned at = 0;
	CHECK(kad_values_next(&values, &at, 7000, &v) && bytes_is(v.value, "a") && bytes_equal(v.key, KEY));
	CHECK(v.until_ms == 1500000 && !kad_values_next(&values, &at, 7000, &v));
	CHECK(put_at(KEY, "c", 1, 0, 2000000) == OK && values.n == 1 && values.bytes_n == 7);
}

TEST(a_key_has_room_for_several_and_not_for_a_flood)
{
	char text[3] = {0};
	begin();
	CHECK(put("good", 1) == OK && put("honest", 2) == OK);
	for (unsigned i = 0; i < 100; i++) {
		text[0] = (char)(i % 26 + 'A');
		text[1] = (char)(i + 1);
		(void)!put_at(KEY, text, 100 + i, 66, 2000 + i);
	}
	CHECK(values.n == KAD_VALUES_PER_KEY && has(KEY, "good", 3000) && has(KEY, "honest", 3000));
	CHECK(put("third", 3) == OK && values.n == KAD_VALUES_PER_KEY && has(KEY, "third", 3000));
}

TEST(a_peer_has_its_share)
{
	char key[32];
	begin();
	for (unsigned i = 0; i < ROOM; i++) {
		(void)snprintf(key, sizeof key, "/x/%u", i);
		CHECK(put_at(bytes_text(key), "v", 1, 0, 1000) == (i < KAD_VALUES_PER_PEER ? OK : ERR_LIMIT));
	}
	CHECK(put("v", 2) == OK);
}

/* Bytes come back when values go, and what stays is what was put. */
TEST(bytes_are_all_accounted_for)
{
	char key[32];
	static char value[2048];
	size_t n = 0;
	struct kad_value v;
	begin();
	for (unsigned i = 0; i < 400; i++) {
		const size_t length = 1 + i * 7919 % 900;
		memset(value, (int)('a' + i % 26), length);
		value[length] = 0;
		(void)snprintf(key, sizeof key, "/x/%u", i % 40);
		(void)!put_at(bytes_text(key), value, i % 7 + 1, i % 3 == 0 ? 66 : 0, 1000 + i * 9000ULL);
		n = 0;
		for (unsigned at = 0; kad_values_next(&values, &at, 0, &v);) {
			n += v.key.n + v.value.n;
			CHECK(bytes_starts(v.key, "/x/"));
			for (size_t j = 1; j < v.value.n; j++)
				if (v.value.p[j] != v.value.p[0])
					CHECK(!"mixed up");
		}
		CHECK(n == values.bytes_n && n <= BYTES);
	}
	CHECK(n > BYTES / 4);
}

TEST(limits)
{
	static char large[KAD_VALUE_BYTES_MAX + 2];
	static uint8_t key[KAD_RECORD_KEY_BYTES_MAX + 1];
	begin();
	memset(large, 'x', sizeof large - 1);
	CHECK(put(large, 1) == ERR_LIMIT && put("", 1) == ERR_LIMIT);
	CHECK(put_at(BYTES_NONE, "x", 1, 0, 1) == ERR_LIMIT &&
	      put_at(bytes_of(key, sizeof key), "x", 1, 0, 1) == ERR_LIMIT);
	large[KAD_VALUE_BYTES_MAX] = 0;
	CHECK(put(large, 1) == OK && put_at(BYTES_LITERAL("/x/2"), large, 2, 0, 1000) == ERR_LIMIT);
	CHECK(has(KEY, large, 1000));
}

int main(void)
{
	RUN(newer_replaces_older_and_others_stay_beside);
	RUN(a_stranger_neither_replaces_nor_refuses);
	RUN(a_machine_with_a_new_id_replaces_what_it_put);
	RUN(a_new_id_each_time_fills_nothing);
	RUN(the_same_value_is_of_each_who_put_it);
	RUN(the_order_of_values_is_the_same_whenever_they_came);
	RUN(nothing_lives_for_ever);
	RUN(a_key_has_room_for_several_and_not_for_a_flood);
	RUN(a_peer_has_its_share);
	RUN(bytes_are_all_accounted_for);
	RUN(limits);
	return test_end();
}
