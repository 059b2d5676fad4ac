#include "kad/lookup.h"

#include "kad_peers.h"

#define NET 400
#define LATENCY_MS 100

/* A network in which everybody knows everybody, and what is wrong with each of them. */
enum fault { FINE, DEAD, MUTE, JUNK, OTHER_TYPE };

static struct kad_contact net[NET];
static enum fault fault[NET];
static const char *value_of[NET]; /* what GET_VALUE gives; NULL: nothing */
static unsigned sorted[NET];      /* nearest to the target first, the dead ones too */
static struct kad_lookup l;
static struct peer_id self;
static uint8_t values[4096];
static struct kad_contact providers[64];
static unsigned under_way_most, asked_of[NET], stores_n;

static int any_check(struct bytes key, struct bytes value, enum kad_scope least, struct wall now, uint64_t *left_s)
{
	(void)key;
	(void)least;
	(void)now;
	*left_s = 1;
	return bytes_starts(value, "bad") ? ERR_VALUE : OK;
}

static const struct kad_rules any = {.check = any_check};

static void begin(enum kad_lookup_kind kind, struct bytes key, unsigned quorum)
{
	const struct kad_lookup_room room = {.rules = &any,
					     .values = values,
					     .values_bytes = sizeof values,
					     .providers = providers,
					     .providers_max = 64,
					     .quorum = quorum};
	self = test_peer_id(100000);
	memset(fault, 0, sizeof fault);
	memset(value_of, 0, sizeof value_of);
	memset(asked_of, 0, sizeof asked_of);
	under_way_most = stores_n = 0;
	kad_lookup_init(&l, kind, key, &self, &room);
	for (unsigned i = 0; i < NET; i++) {
		char text[64];
		(void)snprintf(text, sizeof text, "/ip4/%u.%u.0.1/tcp/1", 20 + i / 200, 1 + i % 200);
		net[i] = test_contact(i, text);
		unsigned at = i;
		for (; at > 0 && kad_key_order(&l.target, &net[i].key, &net[sorted[at - 1]].key) < 0; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = i;
	}
	/* Known at first: some of the farther ones. */
	for (unsigned i = 0; i < 8; i++)
		kad_lookup_seed(&l, &net[sorted[NET - 1 - 11 * i]]);
}

static unsigned number_of(const struct kad_contact *c)
{
	for (unsigned i = 0; i < NET; i++)
		if (kad_key_equal(&net[i].key, &c->key))
			return i;
	return NET;
}

/* Everybody tells twenty of those that are half as far as itself, so that there are hops. */
static struct bytes answer_of(unsigned who, uint8_t room[static 16384])
{
	static const enum kad_type types[] = {KAD_FIND_NODE, KAD_GET_VALUE, KAD_GET_PROVIDERS};
	struct writer w = writer_of(room, 16384);
	unsigned rank = 0;
	if (fault[who] == JUNK)
		return BYTES_LITERAL("\xff\xff");
	kad_message_begin(&w, fault[who] == OTHER_TYPE ? KAD_PING : types[l.kind], l.key);
	if (l.kind == KAD_LOOKUP_VALUES && value_of[who] != NULL)
		kad_message_write_record(&w, l.key, bytes_text(value_of[who]), BYTES_NONE);
	if (l.kind == KAD_LOOKUP_PROVIDERS && value_of[who] != NULL)
		kad_message_write_peer(&w, KAD_PROVIDERS, &net[(unsigned)(value_of[who][0])]);
	while (sorted[rank] != who)
		rank++;
	const unsigned from = rank > 40 ? rank / 2 : 0;
	for (unsigned i = from; i < from + KAD_K; i++)
		if (sorted[i] != who)
			kad_message_write_peer(&w, KAD_CLOSER, &net[sorted[i]]);
	return writer_view(&w);
}

struct question {
	bool used, store;
	unsigned peer, who;
	uint64_t at_ms;
};

static void report(const struct question *q, uint64_t now_ms, struct bytes stored)
{
	static uint8_t room[16384];
	struct writer w = writer_of(room, sizeof room);
	if (fault[q->who] == DEAD) {
		kad_lookup_failed(&l, q->peer);
	} else if (!q->store) {
		const bool good = fault[q->who] == FINE;
		CHECK((kad_lookup_answered(&l, q->peer, answer_of(q->who, room), (struct kad_now){now_ms, {0}}) ==
		       OK) == good);
	} else {
		kad_message_begin(&w, KAD_PUT_VALUE, l.key);
		if (fault[q->who] == FINE)
			kad_message_write_record(&w, l.key, stored, BYTES_NONE);
		kad_lookup_put_answered(&l, q->peer, writer_view(&w), stored);
	}
}

/* Runs to the end on virtual time; gives how long it took. */
static uint64_t run(uint64_t now_ms, struct bytes stored)
{
	static struct question questions[KAD_LOOKUP_PEERS_MAX];
	const uint64_t began_ms = now_ms;
	unsigned steps = 0;
	memset(questions, 0, sizeof questions);
	for (;;) {
		struct kad_lookup_want want;
		kad_lookup_next(&l, now_ms, &want);
		if (want.kind == KAD_LOOKUP_DONE || !CHECK(++steps < 5000))
			return now_ms - began_ms;
		if (want.kind == KAD_LOOKUP_ASK || want.kind == KAD_LOOKUP_STORE) {
			struct question *q = questions;
			while (q->used)
				q++;
			*q = (struct question){true, want.kind == KAD_LOOKUP_STORE, want.peer, number_of(want.contact),
					       now_ms + LATENCY_MS};
			CHECK(q->who < NET);
			asked_of[q->who] += !q->store;
			stores_n += q->store;
		}
		struct question *next = NULL;
		unsigned n = 0;
		for (struct question *q = questions; q < questions + KAD_LOOKUP_PEERS_MAX; q++) {
			n += q->used && !q->store && fault[q->who] != MUTE;
			if (q->used && fault[q->who] != MUTE && (next == NULL || q->at_ms < next->at_ms))
				next = q;
		}
		under_way_most = n > under_way_most ? n : under_way_most;
		if (want.kind != KAD_LOOKUP_WAIT)
			continue;
		CHECK(want.at_ms > now_ms);
		if (next == NULL || next->at_ms > want.at_ms) {
			now_ms = want.at_ms;
			continue;
		}
		now_ms = next->at_ms;
		next->used = false;
		report(next, now_ms, stored);
	}
}

/* Whether the nearest of those without a fault were found, in order. */
static bool found_nearest(void)
{
	const struct kad_contact *out[KAD_K];
	const unsigned n = kad_lookup_closest(&l, out, KAD_K);
	unsigned at = 0;
	for (unsigned i = 0; i < NET && at < n; i++)
		if (fault[sorted[i]] == FINE && !kad_key_equal(&out[at++]->key, &net[sorted[i]].key))
			return false;
	return n == KAD_K;
}

TEST(finds_the_nearest)
{
	begin(KAD_LOOKUP_NODES, BYTES_LITERAL("key"), 0);
	const uint64_t took_ms = run(5000, BYTES_NONE);
	CHECK(found_nearest() && took_ms <= 10 * LATENCY_MS && under_way_most == KAD_ALPHA);
	CHECK(l.asked_n < 80 && l.failed_n == 0 && kad_lookup_hops(&l) >= 3 && kad_lookup_hops(&l) <= 8);
	for (unsigned i = 0; i < NET; i++)
		CHECK(asked_of[i] <= 1);
	uint8_t room[64];
	struct writer w = writer_of(room, sizeof room);
	struct kad_message m;
	kad_lookup_request(&l, &w);
	CHECK(kad_message_read(&m, writer_view(&w)) == OK && m.type == KAD_FIND_NODE && bytes_is(m.key, "key"));
}

TEST(nobody_to_ask)
{
	struct kad_lookup_want want;
	const struct kad_lookup_room room = {.quorum = 0};
	const struct kad_contact own = test_contact(100000, "/ip4/8.8.8.8/tcp/1"), nowhere = test_contact(1, NULL);
	self = own.id;
	kad_lookup_init(&l, KAD_LOOKUP_NODES, BYTES_LITERAL("key"), &self, &room);
	kad_lookup_seed(&l, &own);
	kad_lookup_seed(&l, &nowhere);
	kad_lookup_next(&l, 1, &want);
	CHECK(want.kind == KAD_LOOKUP_DONE && kad_lookup_closest(&l, NULL, 0) == 0 && kad_lookup_hops(&l) == 0);
	/* All are silent: that takes as long as a question may, no longer. */
	begin(KAD_LOOKUP_NODES, BYTES_LITERAL("key"), 0);
	for (unsigned i = 0; i < NET; i++)
		fault[i] = MUTE;
	CHECK(run(1, BYTES_NONE) == KAD_LOOKUP_FAILED_MS && l.failed_n == 8 && l.answered_n == 0);
}

TEST(dead_mute_and_lying_peers)
{
	static const enum fault faults[] = {DEAD, MUTE, JUNK, OTHER_TYPE};
	for (size_t f = 0; f < 4; f++) {
		begin(KAD_LOOKUP_NODES, BYTES_LITERAL("another key"), 0);
		for (unsigned i = 0; i < NET; i++)
			fault[i] = i % 3 == 0 ? faults[f] : FINE;
		const uint64_t took_ms = run(5000, BYTES_NONE);
		CHECK(found_nearest());
		CHECK(took_ms <= (faults[f] == MUTE ? 60 : 20) * LATENCY_MS);
	}
}

/* One that is slow is heard when it speaks at last. */
TEST(the_slow_are_not_given_up)
{
	struct kad_lookup_want want;
	uint8_t room[16384];
	unsigned slow;
	begin(KAD_LOOKUP_VALUES, BYTES_LITERAL("key"), 0);
	kad_lookup_next(&l, 1000, &want);
	slow = want.peer;
	const unsigned who = number_of(want.contact);
	value_of[who] = "late";
	while (kad_lookup_next(&l, 1000, &want), want.kind == KAD_LOOKUP_ASK)
		CHECK(want.peer != slow);
	CHECK(want.kind == KAD_LOOKUP_WAIT && want.at_ms == 1000 + KAD_LOOKUP_SLOW_MAX_MS);
	CHECK(kad_lookup_answered(&l, slow, answer_of(who, room), (struct kad_now){9000, {0}}) == OK);
	CHECK(l.values_n == 1 && l.answered_n == 1);
	/* Twice is once. */
	CHECK(kad_lookup_answered(&l, slow, answer_of(who, room), (struct kad_now){9001, {0}}) == OK);
	kad_lookup_failed(&l, slow);
	kad_lookup_failed(&l, KAD_LOOKUP_PEERS_MAX + 7);
	CHECK(l.answered_n == 1 && l.failed_n == 0 && l.values[0].told_n == 1);
}

TEST(all_distinct_values)
{
	struct bytes value;
	unsigned told_n, total = 0, i = 0;
	begin(KAD_LOOKUP_VALUES, BYTES_LITERAL("key"), 0);
	for (unsigned rank = 0; rank < KAD_K; rank++)
		value_of[sorted[rank]] = rank % 5 == 0 ? "bad" : rank % 5 == 1 ? NULL : rank % 5 == 2 ? "a" : "b";
	(void)run(5000, BYTES_NONE);
	CHECK(l.values_n == 2 && l.refused_n == 4 && l.told_n == 12);
	for (; kad_lookup_value(&l, i, &value, &told_n); i++) {
		CHECK(told_n == (bytes_is(value, "a") ? 4 : 8));
		total += told_n;
	}
	CHECK(i == 2 && total == 12);
}

TEST(quorum)
{
	begin(KAD_LOOKUP_VALUES, BYTES_LITERAL("key"), 3);
	for (unsigned i = 0; i < NET; i++)
		value_of[i] = "v";
	(void)run(5000, BYTES_NONE);
	CHECK(l.told_n == 3 && l.asked_n <= KAD_ALPHA + 2 && l.values_n == 1);
}

TEST(records_of_another_key_are_none)
{
	uint8_t room[512];
	struct kad_lookup_want want;
	begin(KAD_LOOKUP_VALUES, BYTES_LITERAL("key"), 0);
	kad_lookup_next(&l, 1000, &want);
	struct writer w = writer_of(room, sizeof room);
	kad_message_begin(&w, KAD_GET_VALUE, BYTES_LITERAL("key"));
	kad_message_write_record(&w, BYTES_LITERAL("kez"), BYTES_LITERAL("v"), BYTES_NONE);
	CHECK(kad_lookup_answered(&l, want.peer, writer_view(&w), (struct kad_now){1001, {0}}) == OK);
	CHECK(l.values_n == 0 && l.refused_n == 1);
}

TEST(providers_of_all)
{
	begin(KAD_LOOKUP_PROVIDERS, BYTES_LITERAL("key"), 0);
	value_of[sorted[0]] = "\x05";
	value_of[sorted[1]] = "\x05";
	value_of[sorted[2]] = "\x09";
	(void)run(5000, BYTES_NONE);
	CHECK(l.providers_n == 2);
	CHECK(number_of(&providers[0]) + number_of(&providers[1]) == 14);
}

/* It is found, but says nothing about what others have. */
TEST(what_is_ours)
{
	const struct kad_contact us = test_contact(100000, "/ip4/9.9.9.9/tcp/1");
	static const uint8_t large[sizeof values + 1];
	struct bytes value;
	unsigned told_n;
	begin(KAD_LOOKUP_VALUES, BYTES_LITERAL("key"), 1);
	kad_lookup_own_value(&l, BYTES_LITERAL("ours"));
	kad_lookup_own_value(&l, bytes_of(large, sizeof large));
	CHECK(l.values_n == 1 && l.told_n == 0);
	for (unsigned i = 0; i < NET; i++)
		value_of[i] = i % 2 == 0 ? "ours" : "other";
	(void)run(5000, BYTES_NONE);
	CHECK(l.told_n > 0 && kad_lookup_value(&l, 0, &value, &told_n) && bytes_is(value, "ours"));
	CHECK(l.values_n > 1 || told_n == l.told_n + 1);
	kad_lookup_store(&l, BYTES_LITERAL("ours"), 50000);
	(void)run(50000, BYTES_LITERAL("ours"));
	CHECK(l.stored_n == l.answered_n);
	/* Nobody is known. */
	const struct kad_lookup_room room = {.rules = &any,
					     .values = values,
					     .values_bytes = sizeof values,
					     .providers = providers,
					     .providers_max = 1};
	kad_lookup_init(&l, KAD_LOOKUP_PROVIDERS, BYTES_LITERAL("key"), &us.id, &room);
	kad_lookup_own_provider(&l, &us);
	kad_lookup_own_provider(&l, &us);
	kad_lookup_own_provider(&l, &net[1]);
	CHECK(run(5000, BYTES_NONE) == 0 && l.providers_n == 1 && peer_id_equal(&providers[0].id, &us.id));
	CHECK(providers[0].n == us.n);
}

TEST(storing)
{
	begin(KAD_LOOKUP_VALUES, BYTES_LITERAL("key"), 0);
	value_of[sorted[3]] = "new";
	value_of[sorted[4]] = "old";
	(void)run(5000, BYTES_NONE);
	fault[sorted[5]] = DEAD;
	fault[sorted[6]] = JUNK; /* it sends back something else */
	fault[sorted[7]] = MUTE;
	kad_lookup_store(&l, BYTES_LITERAL("new"), 50000);
	const uint64_t took_ms = run(50000, BYTES_LITERAL("new"));
	CHECK(stores_n == KAD_K - 1 && l.stored_n == KAD_K - 3 && took_ms == KAD_LOOKUP_SILENT_MAX_MS);
	for (unsigned i = 0; i < l.peers_n; i++)
		kad_lookup_stored(&l, i);
	CHECK(l.stored_n == KAD_K - 2); /* the mute one spoke at last */
}

/* A liar tells of a thousand peers, of one network, nearer than all others; and of addresses within. */
TEST(liars_have_little_to_say)
{
	static uint8_t room[65536];
	static const char *const address[] = {"/ip4/66.6.1.1/tcp/1", "/ip4/192.168.0.1/tcp/1", "/ip4/127.0.0.1/tcp/1"};
	for (unsigned kind = 0; kind < 3; kind++) {
		struct kad_lookup_want want;
		unsigned liars = 0;
		begin(KAD_LOOKUP_NODES, BYTES_LITERAL("key"), 0);
		kad_lookup_next(&l, 1000, &want);
		const unsigned before = l.peers_n;
		for (unsigned i = 0, tell = want.peer; i < 3; i++, tell = want.peer) {
			struct writer w = writer_of(room, sizeof room);
			kad_message_begin(&w, KAD_FIND_NODE, BYTES_LITERAL("key"));
			for (unsigned j = 0; j < 1000 && !w.full; j++) {
				const struct kad_contact c = test_contact(200000 + 1000 * i + j, address[kind]);
				kad_message_write_peer(&w, KAD_CLOSER, &c);
			}
			CHECK(kad_lookup_answered(&l, tell, writer_view(&w), (struct kad_now){1001 + i, {0}}) == OK);
			kad_lookup_next(&l, 1002 + i, &want);
		}
		for (unsigned i = 0; i < l.peers_n; i++)
			liars += l.peers[i].contact.bytes[2] == 66;
		CHECK(liars <= KAD_LOOKUP_GROUP_MAX && l.peers_n - before == liars);
		CHECK((liars > 0) == (kind == 0));
	}
}

/* An answer with twenty peers, each with this address; true_one: and with this. They provide the key, too. */
static void answer_with_liars(unsigned peer, unsigned first, const char *address, const char *true_one)
{
	static uint8_t room[65536];
	static const enum kad_type types[] = {KAD_FIND_NODE, KAD_GET_VALUE, KAD_GET_PROVIDERS};
	struct writer w = writer_of(room, sizeof room);
	kad_message_begin(&w, types[l.kind], l.key);
	for (unsigned i = first; i < first + KAD_K; i++) {
		struct kad_contact c = test_contact(1000 + i, test_numbered(address, 30 + i % 50));
		if (true_one != NULL)
			CHECK(kad_contact_add(&c, test_address(true_one), KAD_SCOPE_PUBLIC, KAD_CONTACT_BYTES));
		kad_message_write_peer(&w, KAD_CLOSER, &c);
		kad_message_write_peer(&w, KAD_PROVIDERS, &c);
	}
	CHECK(kad_lookup_answered(&l, peer, writer_view(&w), (struct kad_now){1001, {0}}) == OK);
}

/* One network stands behind behind addresses that are not its own; and it fills the places for providers. */
TEST(liars_who_hide_their_network)
{
	static const char *const told[] = {"/ip4/66.6.1.#/tcp/1", "/ip4/#.1.0.1/tcp/1"};
	const struct kad_contact seed = test_contact(1, "/ip4/66.6.1.1/tcp/1"),
				 other = test_contact(2, "/ip4/9.9.9.9/tcp/1");
	for (unsigned kind = 0; kind < 2; kind++) {
		struct kad_lookup_want want;
		unsigned asked = 0;
		begin(KAD_LOOKUP_PROVIDERS, BYTES_LITERAL("key"), 0);
		const struct kad_lookup_room lent = l.room;
		kad_lookup_init(&l, KAD_LOOKUP_PROVIDERS, BYTES_LITERAL("key"), &self, &lent);
		kad_lookup_seed(&l, &seed);
		for (; kad_lookup_next(&l, 1000, &want), want.kind == KAD_LOOKUP_ASK; asked++)
			answer_with_liars(want.peer, asked * KAD_K, told[kind],
					  kind == 1 ? "/ip4/66.6.1.1/tcp/1" : NULL);
		CHECK(want.kind == KAD_LOOKUP_DONE && asked > 1 && asked <= KAD_LOOKUP_GROUP_MAX);
		CHECK(l.peers_n <= KAD_LOOKUP_GROUP_MAX);
		const unsigned part = 64 / KAD_LOOKUP_PROVIDERS_PART;
		CHECK(l.providers_n == part);
		/* There is room for what others tell. */
		kad_lookup_init(&l, KAD_LOOKUP_PROVIDERS, BYTES_LITERAL("key"), &self, &lent);
		kad_lookup_seed(&l, &seed);
		kad_lookup_seed(&l, &other);
		kad_lookup_next(&l, 1000, &want);
		kad_lookup_next(&l, 1000, &want);
		answer_with_liars(0, 0, told[kind], NULL);
		CHECK(l.providers_n == part);
		answer_with_liars(1, 500, "/ip4/#.2.0.1/tcp/1", NULL);
		CHECK(l.providers_n == 2 * part);
	}
}

/* Told with one address first, and with the true one later; or there is a connection with it from where there are
 * enough. */
TEST(liars_who_are_seen_later)
{
	struct kad_lookup_want want;
	const struct kad_lookup_room lent = {.quorum = 0};
	const struct kad_contact a = test_contact(1, "/ip4/20.1.0.1/tcp/1"), b = test_contact(2, "/ip4/20.2.0.1/tcp/1");
	const uint32_t liars = kad_group_of(test_address("/ip4/66.6.1.1/tcp/1"));
	unsigned of_group = 0, may = 0;
	self = test_peer_id(0);
	kad_lookup_init(&l, KAD_LOOKUP_NODES, BYTES_LITERAL("key"), &self, &lent);
	kad_lookup_seed(&l, &a);
	kad_lookup_seed(&l, &b);
	kad_lookup_next(&l, 1000, &want);
	kad_lookup_next(&l, 1000, &want);
	answer_with_liars(0, 0, "/ip4/#.1.0.1/tcp/1", NULL);
	answer_with_liars(1, 0, "/ip4/66.6.1.#/tcp/1", NULL);
	for (unsigned i = 0; i < l.peers_n; i++)
		of_group += kad_groups_have(&l.peers[i].groups, liars);
	CHECK(l.peers_n == 2 + KAD_K && of_group == KAD_LOOKUP_GROUP_MAX);
	for (unsigned i = 0; i < l.peers_n; i++)
		may += kad_lookup_connected(&l, i, liars);
	CHECK(may == KAD_LOOKUP_GROUP_MAX && kad_lookup_connected(&l, 0, 0));
}

/* Others' addresses do not replace what is known, and one that failed has one more chance with them. */
TEST(addresses_of_others)
{
	struct kad_lookup_want want;
	uint8_t room[4096];
	const struct kad_lookup_room lent = {.quorum = 0};
	const struct kad_contact a = test_contact(1, "/ip4/20.1.0.1/tcp/1"), b = test_contact(2, "/ip4/20.2.0.1/tcp/1");
	self = test_peer_id(0);
	kad_lookup_init(&l, KAD_LOOKUP_NODES, BYTES_LITERAL("key"), &self, &lent);
	kad_lookup_seed(&l, &a);
	kad_lookup_seed(&l, &b);
	kad_lookup_next(&l, 1000, &want);
	const unsigned first = want.peer;
	const struct kad_contact first_is = *want.contact;
	kad_lookup_failed(&l, first);
	kad_lookup_next(&l, 1000, &want);
	for (unsigned i = 0; i < 2; i++) {
		struct kad_contact told = first_is;
		struct writer w = writer_of(room, sizeof room);
		told.bytes[2] = (uint8_t)(30 + i); /* of the IP address */
		kad_message_begin(&w, KAD_FIND_NODE, BYTES_LITERAL("key"));
		kad_message_write_peer(&w, KAD_CLOSER, &told);
		CHECK(kad_lookup_answered(&l, want.peer, writer_view(&w), (struct kad_now){1001, {0}}) == OK);
	}
	kad_lookup_next(&l, 1002, &want);
	CHECK(want.kind == KAD_LOOKUP_ASK && want.peer == first && want.contact->n == 2 * first_is.n);
	CHECK(memcmp(want.contact->bytes, first_is.bytes, first_is.n) == 0);
	kad_lookup_failed(&l, first);
	kad_lookup_next(&l, 1003, &want);
	CHECK(want.kind == KAD_LOOKUP_DONE);
}

/* Answers with every bit turned once: nothing but what is said in the header happens. */
TEST(flipped_answers)
{
	static uint8_t room[16384];
	struct kad_lookup_want want;
	begin(KAD_LOOKUP_PROVIDERS, BYTES_LITERAL("key"), 0);
	value_of[7] = "\x05";
	const size_t n = answer_of(7, room).n;
	const struct kad_lookup_room lent = l.room;
	for (size_t bit = 0; bit < 8 * n; bit++) {
		kad_lookup_init(&l, KAD_LOOKUP_PROVIDERS, BYTES_LITERAL("key"), &self, &lent);
		kad_lookup_seed(&l, &net[7]);
		room[bit / 8] ^= (uint8_t)(1U << bit % 8);
		kad_lookup_next(&l, 1000, &want);
		const int err = kad_lookup_answered(&l, want.peer, bytes_of(room, n), (struct kad_now){1001, {0}});
		CHECK(err == OK ? l.answered_n == 1 : l.failed_n == 1);
		CHECK(l.providers_n <= 2 && l.peers_n <= KAD_K + 2);
		room[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}

int main(void)
{
	RUN(finds_the_nearest);
	RUN(nobody_to_ask);
	RUN(dead_mute_and_lying_peers);
	RUN(the_slow_are_not_given_up);
	RUN(all_distinct_values);
	RUN(quorum);
	RUN(records_of_another_key_are_none);
	RUN(providers_of_all);
	RUN(what_is_ours);
	RUN(storing);
	RUN(liars_have_little_to_say);
	RUN(liars_who_hide_their_network);
	RUN(liars_who_are_seen_later);
	RUN(addresses_of_others);
	RUN(flipped_answers);
	return test_end();
}
