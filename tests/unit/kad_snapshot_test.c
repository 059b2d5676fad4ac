#include "kad/snapshot.h"

#include "kad_peers.h"

#define ROOM 64
#define NOW_S 1800000000
#define NOW_MS 5000000000ULL
#define HOUR_S 3600
#define THING BYTES_LITERAL("\x12\x20")

struct stores {
	struct kad_table table;
	struct kad_values values;
	struct kad_providers providers;
	struct kad_table_entry entries[ROOM];
	struct kad_slot value_slots[ROOM], provider_slots[ROOM];
	struct kad_values_entry value_entries[ROOM];
	struct kad_provider provider_entries[ROOM];
	struct kad_contact contacts[ROOM];
	uint8_t bytes[8192];
};

static struct stores before, after;
static struct kad_snapshot_taken taken;
static uint8_t file[65536];
static const char *refused; /* a value that the rules do not allow any more */

static int check(struct bytes key, struct bytes value, enum kad_scope least, struct wall now, uint64_t *left_s)
{
	(void)key, (void)least, (void)now;
	*left_s = 100 * HOUR_S;
	return refused != NULL && bytes_is(value, refused) ? ERR_VALUE : OK;
}

static enum kad_meeting meet(struct bytes key, struct bytes there, struct bytes fresh, struct wall now)
{
	(void)key, (void)there, (void)fresh, (void)now;
	return KAD_BESIDE;
}

static const struct kad_rules rules = {.check = check, .meet = meet};

static struct kad_now at(uint64_t ms, int64_t wall_s)
{
	return (struct kad_now){.ms = ms, .wall = {wall_s}};
}

static void empty(struct stores *s)
{
	const struct peer_id self = test_peer_id(1000);
	memset(s, 0, sizeof *s);
	kad_table_init(&s->table, &self, s->entries, ROOM, NOW_MS);
	kad_values_init(&s->values, &rules, s->value_slots, s->value_entries, ROOM, s->bytes, sizeof s->bytes);
	kad_providers_init(&s->providers, s->provider_slots, s->provider_entries, ROOM);
}

static struct kad_owner owner_at(unsigned peer, const char *address)
{
	struct kad_owner owner;
	const struct peer_id id = test_peer_id(peer);
	kad_owner_of(&owner, &id, test_address(address));
	return owner;
}

static void put(const char *value, unsigned peer, uint64_t ttl_s, uint64_t ms)
{
	const struct kad_owner owner = owner_at(peer, "/ip4/20.1.0.1/tcp/1");
	CHECK(kad_values_put(&before.values, BYTES_LITERAL("/x/key"), bytes_text(value), &owner, KAD_SCOPE_PUBLIC,
			     ttl_s, at(ms, NOW_S)) == OK);
}

/* Two who are known and one who failed, two values, a provider; each from another time. */
static void fill(void)
{
	const struct kad_contact far = test_contact(1, "/ip4/20.1.0.1/tcp/1"), near = test_contact(2, "/ip6/::1/tcp/2"),
				 gone = test_contact(3, "/ip4/20.3.0.1/tcp/3"),
				 provider = test_contact(4, "/ip4/192.168.0.9/udp/4/quic-v1");
	const struct kad_owner owner = owner_at(4, "/ip4/192.168.0.9/udp/4/quic-v1");
	empty(&before);
	refused = NULL;
	CHECK(kad_table_heard(&before.table, &far, NOW_MS - 3000) == OK);
	CHECK(kad_table_heard(&before.table, &gone, NOW_MS - 2000) == OK);
	CHECK(kad_table_heard(&before.table, &near, NOW_MS - 1000) == OK);
	kad_table_failed(&before.table, &gone.id, NOW_MS);
	put("first", 5, 0, NOW_MS - 7000);
	put("second", 6, HOUR_S, NOW_MS - 60000);
	CHECK(kad_providers_add(&before.providers, THING, &provider, &owner, NOW_MS - 9000) == OK);
}

static struct bytes written(void)
{
	struct writer w = writer_of(file, sizeof file);
	kad_snapshot_write(&w, &before.table, NULL, 0, &before.values, &before.providers, at(NOW_MS, NOW_S));
	CHECK(!w.full && w.n > 0);
	return writer_view(&w);
}

static int take(struct bytes text, struct kad_now now)
{
	const struct kad_snapshot into = {.values = &after.values,
					  .providers = &after.providers,
					  .contacts = after.contacts,
					  .contacts_max = ROOM};
	return kad_snapshot_read(&into, text, now, &taken);
}

static int restored(uint64_t ms, int64_t wall_s)
{
	empty(&after);
	return take(written(), at(ms, wall_s));
}

static bool same(const struct kad_contact *a, const struct kad_contact *b)
{
	return peer_id_equal(&a->id, &b->id) && kad_key_equal(&a->key, &b->key) &&
	       bytes_equal(bytes_of(a->bytes, a->n), bytes_of(b->bytes, b->n));
}

static bool find(const char *value, uint64_t now_ms, struct kad_value *v)
{
	for (unsigned i = 0; kad_values_next(&after.values, &i, now_ms, v);)
		if (bytes_is(v->value, value))
			return true;
	return false;
}

TEST(all_is_as_it_was_but_for_the_time_between)
{
	struct kad_value v;
	const struct kad_contact *out[KAD_PROVIDERS_PER_KEY],
		provider = test_contact(4, "/ip4/192.168.0.9/udp/4/quic-v1"), near = test_contact(2, "/ip6/::1/tcp/2");
	const struct kad_owner owner = owner_at(5, "/ip4/20.1.0.1/tcp/1");
	fill();
	/* The machine was started anew: its clock that counts begins again. */
	const uint64_t ms = 900000;
	CHECK(restored(ms, NOW_S + 100) == OK);
	CHECK(taken.contacts_n == 3 && taken.values_n == 2 && taken.providers_n == 1 && taken.left_n == 0);
	CHECK(!taken.clock_behind && after.table.n == 0); /* nobody is believed to be there */
	CHECK(same(&after.contacts[0], &near));
	CHECK(after.contacts[1].id.bytes[7] == test_peer_id(1).bytes[7]);
	CHECK(after.contacts[2].id.bytes[7] == test_peer_id(3).bytes[7]);
	CHECK(find("first", ms, &v) && bytes_equal(v.key, BYTES_LITERAL("/x/key")));
	CHECK(v.at_ms == ms - 107000 && v.until_ms == ms + KAD_VALUES_AGE_MS - 107000);
	CHECK(kad_key_equal(&v.owner->peer, &owner.peer) && v.owner->group == owner.group);
	CHECK(v.owner->machine == owner.machine && kad_owner_same(v.owner, &owner));
	CHECK(find("second", ms, &v) && v.until_ms == ms + (HOUR_S - 160) * 1000ULL);
	CHECK(kad_providers_get(&after.providers, THING, 0, ms, out) == 1);
	CHECK(same(out[0], &provider));
	CHECK(kad_providers_get(&after.providers, THING, 0, ms + KAD_PROVIDERS_AGE_MS - 109000, out) == 0);
	CHECK(kad_providers_get(&after.providers, THING, 0, ms + KAD_PROVIDERS_AGE_MS - 109001, out) == 1);
}

TEST(what_has_expired_meanwhile_stays_away)
{
	struct kad_value v;
	fill();
	CHECK(restored(1000, NOW_S + HOUR_S - 60) == OK && taken.values_n == 1 && taken.left_n == 1);
	CHECK(!find("second", 1000, &v) && find("first", 1000, &v) && v.at_ms == 0);
	CHECK(restored(NOW_MS, INT64_MAX) == OK && taken.values_n == 0 && taken.providers_n == 0);
	CHECK(taken.left_n == 3 && taken.contacts_n == 3 && after.values.n == 0);
}

/* However often it is started anew with a clock that is behind, nothing lives longer. */
TEST(a_clock_that_jumps_back_makes_nothing_immortal)
{
	struct kad_value v;
	fill();
	CHECK(restored(NOW_MS, NOW_S - KAD_RECORD_SKEW_S - 1) == OK && taken.clock_behind);
	CHECK(taken.contacts_n == 3 && taken.values_n == 0 && taken.providers_n == 0 && taken.left_n == 3);
	CHECK(restored(NOW_MS, NOW_S - KAD_RECORD_SKEW_S) == OK && !taken.clock_behind && taken.values_n == 2);
	CHECK(find("second", NOW_MS, &v) && v.until_ms == NOW_MS + (HOUR_S - 60) * 1000ULL);
	CHECK(restored(NOW_MS, -5) == OK && taken.clock_behind);
}

TEST(rules_and_shares_are_those_of_now)
{
	struct kad_value v;
	fill();
	refused = "first";
	CHECK(restored(NOW_MS, NOW_S) == OK && taken.values_n == 1 && taken.left_n == 1);
	CHECK(!find("first", NOW_MS, &v) && find("second", NOW_MS, &v));
	/* A store that has become smaller. */
	const struct bytes text = written();
	empty(&after);
	refused = NULL;
	kad_values_init(&after.values, &rules, after.value_slots, after.value_entries, ROOM, after.bytes, 16);
	CHECK(take(text, at(NOW_MS, NOW_S)) == OK && taken.values_n == 1 && taken.left_n == 1);
	/* One owner's, of another network, can be displaced as before. */
	fill();
	CHECK(restored(NOW_MS, NOW_S) == OK && find("second", NOW_MS, &v) && v.owner->group != KAD_QUOTA_OURS);
}

TEST(what_is_our_own_is_left_out)
{
	struct kad_owner ours;
	kad_owner_ours(&ours);
	fill();
	CHECK(kad_values_put(&before.values, BYTES_LITERAL("/x/ours"), BYTES_LITERAL("v"), &ours, KAD_SCOPE_PUBLIC, 0,
			     at(NOW_MS, NOW_S)) == OK);
	CHECK(restored(NOW_MS, NOW_S) == OK && taken.values_n == 2 && taken.left_n == 0);
}

/* What was restored, and is written again, is what was written before. */
TEST(it_is_written_again_as_it_was)
{
	static uint8_t again[sizeof file];
	struct writer w = writer_of(again, sizeof again);
	fill();
	CHECK(restored(NOW_MS, NOW_S) == OK);
	kad_snapshot_write(&w, &before.table, NULL, 0, &after.values, &after.providers, at(NOW_MS, NOW_S));
	CHECK(bytes_equal(writer_view(&w), written()));
}

/* Who was known before, and has not been asked yet, is not lost when it is written meanwhile. */
TEST(who_is_remembered_stays_so)
{
	const struct kad_contact remembered[] = {test_contact(9, "/ip4/20.9.0.1/tcp/9"), test_contact(8, NULL),
						 test_contact(2, "/ip6/::1/tcp/22")};
	struct writer w = writer_of(file, sizeof file);
	fill();
	kad_snapshot_write(&w, &before.table, remembered, 3, &before.values, &before.providers, at(NOW_MS, NOW_S));
	empty(&after);
	CHECK(take(writer_view(&w), at(NOW_MS, NOW_S)) == OK && taken.contacts_n == 4);
	CHECK(peer_id_equal(&after.contacts[0].id, &remembered[2].id) && !same(&after.contacts[0], &remembered[2]));
	CHECK(same(&after.contacts[3], &remembered[0]));
}

TEST(a_buffer_that_is_too_small)
{
	fill();
	const size_t n = written().n;
	for (size_t room = 0; room < n; room++) {
		struct writer w = writer_of(file, room);
		kad_snapshot_write(&w, &before.table, NULL, 0, &before.values, &before.providers, at(NOW_MS, NOW_S));
		CHECK(w.full);
	}
}

static bool untouched(struct bytes text)
{
	empty(&after);
	taken = (struct kad_snapshot_taken){.contacts_n = 77};
	return take(text, at(NOW_MS, NOW_S)) != OK && taken.contacts_n == 77 && taken.left_n == 0 &&
	       after.values.n == 0 && after.values.changes == 0 && after.providers.changes == 0 &&
	       after.contacts[0].n == 0;
}

TEST(cut_or_damaged_anywhere_it_is_refused)
{
	fill();
	const struct bytes text = written();
	for (size_t n = 0; n < text.n; n++) {
		CHECK(untouched(bytes_of(text.p, n)));
		CHECK(take(bytes_of(text.p, n), at(NOW_MS, NOW_S)) == ERR_TRUNCATED);
	}
	for (size_t bit = 0; bit < 8 * text.n; bit++) {
		file[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(untouched(text));
		file[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	file[text.n] = 0;
	CHECK(take(bytes_of(file, text.n + 1), at(NOW_MS, NOW_S)) == ERR_TRAILING);
	file[0] ^= 1;
	CHECK(take(text, at(NOW_MS, NOW_S)) == ERR_TYPE);
	file[0] ^= 1;
	file[19] = 1;
	CHECK(take(text, at(NOW_MS, NOW_S)) == ERR_VERSION);
	file[19] = 2;
	file[text.n - 1] ^= 1;
	CHECK(take(text, at(NOW_MS, NOW_S)) == ERR_HASH);
}

/* A file with these entries, and all else in order. */
static int read_entries(struct bytes entries)
{
	uint8_t hash[SHA256_BYTES];
	struct writer w = writer_of(file, sizeof file);
	write_text(&w, "phase-kad-snapshot\n");
	write_u8(&w, 2);
	write_be64(&w, NOW_S);
	write_be32(&w, (uint32_t)entries.n);
	write_bytes(&w, entries);
	sha256_of(writer_view(&w), hash);
	write_bytes(&w, bytes_of(hash, sizeof hash));
	empty(&after);
	return take(writer_view(&w), at(NOW_MS, NOW_S));
}

/* A value: group, life, and bytes after the end of the entry. */
static int read_value(uint32_t group, uint32_t left_s, size_t more)
{
	uint8_t room[128];
	struct writer w = writer_of(room, sizeof room);
	write_u8(&w, 2);
	write_be32(&w, (uint32_t)(32 + 4 + 4 + 4 + 4 + 2 + 2 + 2 + 1 + more));
	for (unsigned i = 0; i < 32; i++)
		write_u8(&w, 1);
	write_be32(&w, group);
	write_be32(&w, 7);
	write_be32(&w, 1);
	write_be32(&w, left_s);
	write_be16(&w, 2);
	write_text(&w, "/x");
	write_be16(&w, 1);
	write_text(&w, "v");
	for (size_t i = 0; i < more; i++)
		write_u8(&w, 0);
	return read_entries(writer_view(&w));
}

TEST(what_was_never_written_so_is_refused)
{
	static const uint8_t kind[] = {4, 0, 0, 0, 0}, cut[] = {1, 0, 0, 0, 9, 1}, no_peer[] = {1, 0, 0, 0, 3, 1, 7, 0},
			     stump[] = {2, 0, 0, 0};
	CHECK(read_entries(BYTES_NONE) == OK && taken.contacts_n == 0);
	CHECK(read_value(7, HOUR_S, 0) == OK && taken.values_n == 1);
	CHECK(read_value(7, 48 * HOUR_S, 0) == OK && taken.values_n == 1);
	CHECK(read_value(7, 48 * HOUR_S + 1, 0) == ERR_VALUE);
	CHECK(read_value(7, 0, 0) == ERR_VALUE && read_value(0, HOUR_S, 0) == ERR_VALUE);
	CHECK(read_value(7, HOUR_S, 1) == ERR_VALUE);
	CHECK(read_entries(bytes_of(kind, sizeof kind)) == ERR_VALUE);
	CHECK(read_entries(bytes_of(cut, sizeof cut)) == ERR_VALUE);
	CHECK(read_entries(bytes_of(no_peer, sizeof no_peer)) == ERR_VALUE);
	CHECK(read_entries(bytes_of(stump, sizeof stump)) == ERR_VALUE);
}

/* Addresses that nobody can dial any more are left out, and who has none. */
TEST(contacts_without_an_address_are_passed_over)
{
	uint8_t room[128];
	struct writer w = writer_of(room, sizeof room);
	const struct peer_id id = test_peer_id(1);
	const struct bytes any = test_address("/ip4/0.0.0.0/tcp/1"), good = test_address("/ip4/20.0.0.1/tcp/1");
	for (unsigned n = 1; n <= 2; n++) {
		const size_t addresses_n = 1 + any.n + (n == 2 ? 1 + good.n : 0);
		write_u8(&w, 1);
		write_be32(&w, (uint32_t)(2U + id.n + addresses_n));
		write_u8(&w, id.n);
		write_bytes(&w, peer_id_bytes(&id));
		write_u8(&w, (uint8_t)addresses_n);
		write_u8(&w, (uint8_t)any.n);
		write_bytes(&w, any);
		if (n == 2) {
			write_u8(&w, (uint8_t)good.n);
			write_bytes(&w, good);
		}
	}
	CHECK(read_entries(writer_view(&w)) == OK && taken.contacts_n == 1);
	CHECK(after.contacts[0].n == 1 + good.n);
}

TEST(changes_are_counted)
{
	const struct kad_contact c = test_contact(1, "/ip4/20.1.0.1/tcp/1"),
				 moved = test_contact(1, "/ip4/20.1.0.2/tcp/1");
	fill();
	uint64_t table = before.table.changes, values = before.values.changes;
	const uint64_t providers = before.providers.changes;
	CHECK(table > 0 && values == 2 && providers == 1);
	CHECK(kad_table_heard(&before.table, &c, NOW_MS) == OK && before.table.changes == table);
	CHECK(kad_table_heard(&before.table, &moved, NOW_MS) == OK && before.table.changes > table);
	table = before.table.changes;
	kad_table_remove(&before.table, &c.id);
	CHECK(before.table.changes > table);
	put("first", 5, 0, NOW_MS); /* lives longer now */
	CHECK(before.values.changes > values && before.providers.changes == providers);
}

int main(void)
{
	RUN(all_is_as_it_was_but_for_the_time_between);
	RUN(what_has_expired_meanwhile_stays_away);
	RUN(a_clock_that_jumps_back_makes_nothing_immortal);
	RUN(rules_and_shares_are_those_of_now);
	RUN(what_is_our_own_is_left_out);
	RUN(it_is_written_again_as_it_was);
	RUN(who_is_remembered_stays_so);
	RUN(a_buffer_that_is_too_small);
	RUN(cut_or_damaged_anywhere_it_is_refused);
	RUN(what_was_never_written_so_is_refused);
	RUN(contacts_without_an_address_are_passed_over);
	RUN(changes_are_counted);
	return test_end();
}
