/* Chunks that are not to be had come back from their siblings and parities, and no more of those are
 * asked for than it takes. */
#include "join_drive.h"

#define GROUP_LEAVES 119U /* of level 1 */

/* The children of one intermediate chunk: any parities_n of all may be missing. */
static void lose_some(unsigned leaves, unsigned level, bool encrypted, uint32_t slots_n, enum join_order order)
{
	const struct source src = {.under_way = 30, .at_once = 5, .shuffled = true};
	const unsigned parities = redundancy_parities(level, encrypted, leaves);
	struct join_memory memory = memory_of(slots_n, 1, order);
	struct reference root;
	struct tally t;
	make(leaves * 4096U - 77, level, encrypted, &root);
	CHECK(store.n == leaves + parities + 1);
	for (unsigned lost = 0; lost < parities;) {
		struct stored *c = &store.chunks[random_below(leaves + parities)];
		lost += !c->missing;
		c->missing = true;
	}
	join_init(&join, &root, &memory);
	CHECK(read_well(&src, 0, UINT64_MAX, leaves * 4096U - 77, &t));
	CHECK(t.asks - t.failures == 1 + leaves); /* no more than recovery needs */
	for (size_t i = 0; i < store.n; i++)
		CHECK(store.chunks[i].asked <= 1);
	for (size_t i = 0; i < leaves + parities; i++) { /* one more is one too many */
		if (store.chunks[i].missing)
			continue;
		store.chunks[i].missing = true;
		break;
	}
	join_init(&join, &root, &memory);
	t = read_range(&src, 0, UINT64_MAX);
	CHECK(t.err == ERR_NOT_FOUND && t.why.err == ERR_NOT_FOUND && t.why.id.n == REFERENCE_BYTES && !t.wrong);
	CHECK(t.asks <= 1 + leaves + parities);
}

TEST(what_is_not_to_be_had_is_recovered)
{
	for (unsigned level = 1; level <= REDUNDANCY_LEVEL_MAX; level++) {
		lose_some(redundancy_children_max(level, false), level, false, 20, JOIN_AS_THEY_COME);
		lose_some(redundancy_children_max(level, false), level, false, 300, JOIN_IN_ORDER);
		lose_some(redundancy_children_max(level, true), level, true, 0, JOIN_IN_ORDER);
		lose_some(2, level, true, 5, JOIN_AS_THEY_COME);
		lose_some(3, level, false, 1, JOIN_AS_THEY_COME);
	}
}

/* Chunks of all kinds are lost all over a tree of two levels. */
TEST(losses_all_over_are_recovered)
{
	struct reference root;
	struct tally t;
	for (unsigned i = 0; i < 24; i++) {
		const struct source src = {.under_way = 1 + random_below(90),
					   .at_once = 4,
					   .shuffled = true,
					   .liar = 50};
		const unsigned level = 2 + i % 3;
		const size_t size = 250 * 4096 + 17 * i;
		struct join_memory memory = memory_of(random_below(i % 2 ? 4 : 400), 1 + i % GROUPS_MAX,
						      i % 5 ? JOIN_IN_ORDER : JOIN_AS_THEY_COME);
		make(size, level, i >= 12, &root);
		for (size_t k = 0; k < store.n - 1; k++)
			store.chunks[k].missing = random_below(100) < 5 * level - 5;
		join_init(&join, &root, &memory);
		const uint64_t from = random_below((unsigned)size);
		CHECK(read_well(&src, 0, UINT64_MAX, size, &t) && t.failures > 3);
		CHECK(read_well(&src, from, 20000, size, &t));
	}
}

/* A small range needs a whole group when one leaf of it is missing, and not more. */
TEST(a_range_with_a_loss_asks_for_one_group)
{
	struct join_memory memory = memory_of(20, 1, JOIN_IN_ORDER);
	struct reference root;
	struct tally t;
	make(GROUP_LEAVES * 3 * 4096, 1, false, &root);
	store.chunks[5].missing = true;
	join_init(&join, &root, &memory);
	CHECK(read_well(&plainly, 5 * 4096, 3 * 4096, GROUP_LEAVES * 3 * 4096, &t));
	CHECK(t.failures == 1 && t.asks == 2 + 1 + GROUP_LEAVES);
}

TEST(nothing_is_recovered_without_parities_or_memory_for_it)
{
	struct reference root;
	struct tally t;
	for (unsigned level = 0; level <= 1; level++) {
		struct join_memory memory = memory_of(20, level == 0, JOIN_IN_ORDER);
		make(20 * 4096, level, false, &root);
		store.chunks[11].missing = true;
		join_init(&join, &root, &memory);
		t = read_range(&plainly, 0, UINT64_MAX);
		CHECK(t.err == ERR_NOT_FOUND && t.why.at == 11 * 4096);
		CHECK(memcmp(t.why.id.p, store.chunks[11].address, REFERENCE_BYTES) == 0);
		CHECK(!join_done(&join));
		CHECK(read_well(&plainly, 12 * 4096, 4096, 20 * 4096, &t) && t.asks == 1); /* elsewhere it reads on */
		store_get(&store, root.address)->missing = true;
		join_init(&join, &root, &memory);
		t = read_range(&plainly, 0, UINT64_MAX);
		CHECK(t.err == ERR_NOT_FOUND && t.why.at == 0);
	}
}

/* What cannot be read is not the same as what nobody has. */
TEST(a_read_ends_with_the_error_of_the_chunk_that_it_names)
{
	struct join_memory memory = memory_of(20, 1, JOIN_IN_ORDER);
	struct reference root;
	struct why why = {.err = OK};
	make(20 * 4096, 1, false, &root);
	for (size_t i = 5; i < 20; i++)
		store.chunks[i].missing = true;
	for (size_t i = 11; i <= 12; i++) {
		unreadable = &store.chunks[i];
		join_init(&join, &root, &memory);
		const struct tally t = read_range(&plainly, 11 * 4096, 4096);
		CHECK(t.err == (i == 11 ? ERR_IO : ERR_NOT_FOUND) && t.why.at == 11 * 4096);
		CHECK(t.why.err == (enum err)t.err && memcmp(t.why.id.p, store.chunks[11].address, 32) == 0);
		CHECK(join_error(&join, &why) == t.err && why.at == t.why.at);
		join_read(&join, 0, 4096);
		CHECK(join_error(&join, NULL) == OK);
	}
	unreadable = store_get(&store, root.address);
	store_get(&store, root.address)->missing = true;
	for (memory.replicas_level = 0; memory.replicas_level <= 2; memory.replicas_level += 2) {
		join_init(&join, &root, &memory);
		const struct tally t = read_range(&plainly, 0, UINT64_MAX);
		CHECK(t.err == ERR_IO && t.why.at == 0 && memcmp(t.why.id.p, root.address, 32) == 0);
	}
	unreadable = NULL;
}

/* Memory that is lent when a chunk was missed: what is here is not asked for again. */
TEST(groups_may_come_later)
{
	struct join_memory memory = memory_of(20, 0, JOIN_IN_ORDER);
	struct reference root;
	struct tally t;
	for (unsigned encrypted = 0; encrypted <= 1; encrypted++) {
		make(20 * 4096, 1, encrypted != 0, &root);
		store.chunks[11].missing = true;
		join_init(&join, &root, &memory);
		t = read_range(&plainly, 8 * 4096, 4096 * 8);
		CHECK(t.err == ERR_NOT_FOUND && t.why.at == 11 * 4096);
		join_lend(&join, groups, 1, &erasure);
		CHECK(read_well(&plainly, 8 * 4096, 4096 * 8, 20 * 4096, &t));
		CHECK(store_get(&store, root.address)->asked == 1);
		CHECK(read_well(&plainly, 0, UINT64_MAX, 20 * 4096, &t));
	}
}

/* The caller has the root already, and nobody else does. */
TEST(a_root_is_taken_unasked)
{
	struct join_memory memory = memory_of(4, 0, JOIN_IN_ORDER);
	struct reference root;
	struct tally t;
	make(3 * 4096, 0, false, &root);
	struct stored *r = store_get(&store, root.address);
	r->missing = true;
	join_init(&join, &root, &memory);
	CHECK(join_root_chunk(&join, bytes_of(r->bytes, r->n - 1), NULL) == ERR_HASH);
	CHECK(join_root_chunk(&join, bytes_of(r->bytes, r->n), NULL) == OK);
	CHECK(read_well(&plainly, 0, UINT64_MAX, 3 * 4096, &t) && t.asks == 3);
}

/* An answer that comes after it was given up is taken; what was asked for in its stead is let go. */
TEST(a_late_answer_ends_a_recovery)
{
	struct join_memory memory = memory_of(20, 1, JOIN_IN_ORDER);
	struct reference root;
	struct join_want want = {0}, shard = {0};
	struct join_data d;
	make(20 * 4096, 1, false, &root);
	const struct stored *r = store_get(&store, root.address);
	join_init(&join, &root, &memory);
	join_read(&join, 4096, 4096);
	CHECK(join_want(&join, &want) && join_chunk(&join, want.id, bytes_of(r->bytes, r->n), NULL) == OK);
	CHECK(join_want(&join, &want) && !join_want(&join, &shard));
	CHECK(join_failed(&join, want.id, ERR_NOT_FOUND, NULL) == OK && join_want(&join, &shard));
	CHECK(join_wanted(&join, want.id) && join_wanted(&join, shard.id));
	const struct stored *c = store_get(&store, want.address);
	CHECK(join_chunk(&join, want.id, bytes_of(c->bytes, c->n), NULL) == OK);
	CHECK(!join_wanted(&join, shard.id) && !join_want(&join, &shard));
	CHECK(join_data(&join, &d) && memcmp(d.bytes.p, content + 4096, 4096) == 0 && join_done(&join));
}

int main(void)
{
	erasure_init(&erasure, erasure_fastest());
	pattern("kstream", FILE_MAX);
	RUN(what_is_not_to_be_had_is_recovered);
	RUN(losses_all_over_are_recovered);
	RUN(a_range_with_a_loss_asks_for_one_group);
	RUN(nothing_is_recovered_without_parities_or_memory_for_it);
	RUN(a_read_ends_with_the_error_of_the_chunk_that_it_names);
	RUN(groups_may_come_later);
	RUN(a_root_is_taken_unasked);
	RUN(a_late_answer_ends_a_recovery);
	free(store.chunks);
	return test_end();
}
