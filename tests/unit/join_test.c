/* Files read out of trees in any order of arrival, with slots from none to many; and what is asked
 * for, counted. */
#include "join_drive.h"

/* Every file of a set of vectors that is not too large is made, has bee's root, and is read. */
static unsigned read_vectors(const char *file, const char *list, bool encrypted)
{
	cJSON *json = test_vectors(file);
	const cJSON *row;
	unsigned n = 0;
	struct tally t;
	cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(json, list))
	{
		const cJSON *level = cJSON_GetObjectItemCaseSensitive(row, "level");
		const double size = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(row, "len"));
		struct reference root;
		char text[REFERENCE_TEXT_BYTES];
		if (size > FILE_MAX)
			continue;
		pattern(test_text(row, "pattern"), (size_t)size);
		make((size_t)size, level == NULL ? 0 : (unsigned)cJSON_GetNumberValue(level), encrypted, &root);
		reference_text(&root, text);
		CHECK(strcmp(text, test_text(row, encrypted ? "reference" : "root")) == 0);
		struct join_memory memory = memory_of(40, 0, n % 2 == 0 ? JOIN_IN_ORDER : JOIN_AS_THEY_COME);
		join_init(&join, &root, &memory);
		CHECK(read_well(&plainly, 0, UINT64_MAX, (uint64_t)size, &t));
		CHECK(t.asks == touched((uint64_t)size, tree.level, encrypted, 0, (uint64_t)size));
		n++;
	}
	cJSON_Delete(json);
	return n;
}

TEST(files_of_bee_plain)
{
	CHECK(read_vectors("swarm-files.json", "cases", false) == 38);
}

TEST(files_of_bee_of_every_level)
{
	CHECK(read_vectors("swarm-redundancy.json", "cases", false) == 56);
}

TEST(files_of_bee_encrypted)
{
	CHECK(read_vectors("swarm-encryption.json", "files", true) == 12);
}

static const uint64_t sizes[] = {0,          1,
				 31,         32,
				 33,         4095,
				 4096,       4097,
				 8191,       8192,
				 8193,       128 * 4096 - 1,
				 128 * 4096, 128 * 4096 + 1,
				 129 * 4096, 129 * 4096 + 1,
				 256 * 4096, 256 * 4096 + 1};

/* All of the file and some ranges, each chunk of a range asked for once and no other. */
static void ranges(uint64_t size, unsigned level, bool encrypted, uint32_t slots_n, enum join_order order)
{
	const struct source src = {.under_way = 1 + random_below(64), .at_once = 1 + random_below(8), .shuffled = true};
	struct join_memory memory = memory_of(slots_n, 0, order);
	struct reference root;
	struct tally t;
	make(size, level, encrypted, &root);
	join_init(&join, &root, &memory);
	CHECK(read_well(&src, 0, size, size, &t) && t.asks == touched(size, level, encrypted, 0, size));
	for (unsigned i = 0; i < 6; i++) {
		const uint64_t from = random_below((unsigned)size + 2), length = random_below((unsigned)size + 2);
		const uint64_t end = length > size || from > size - length ? size : from + length;
		join_init(&join, &root, &memory);
		CHECK(read_well(&src, from, length, size, &t));
		CHECK(t.asks == touched(size, level, encrypted, from, end));
		CHECK(read_well(&src, length, from, size, &t)); /* on the same machine */
		CHECK(t.asks < touched(size, level, encrypted, 0, size) || size <= 4096);
	}
}

TEST(every_boundary_with_few_and_many_slots)
{
	static const uint32_t few[] = {0, 1, 2, 3, 17, 200, SLOTS_MAX};
	pattern("kstream", FILE_MAX);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		for (unsigned k = 0; k < 2; k++)
			ranges(sizes[i], 0, false, few[(i + k * 3) % 7], k == 0 ? JOIN_IN_ORDER : JOIN_AS_THEY_COME);
}

TEST(every_level_and_encrypted)
{
	for (unsigned level = 0; level <= REDUNDANCY_LEVEL_MAX; level++) {
		ranges(130 * 4096 + 5, level, false, 1 + 9 * level, JOIN_IN_ORDER);
		ranges(61 * 4096 + 5, level, true, 40 - 9 * level, JOIN_AS_THEY_COME);
	}
}

/* Files up to the largest, of few chunks, in every kind of tree: the deepest among them. */
TEST(large_files_by_ranges)
{
	const struct source src = {.under_way = 7, .at_once = 3, .shuffled = true, .uniform = true};
	static const uint64_t large[] = {128ULL * 128 * 4096 + 1, 128ULL * 128 * 4096, (1ULL << 40) + 4095,
					 REDUNDANCY_SIZE_MAX - 1, REDUNDANCY_SIZE_MAX};
	struct tally t;
	for (unsigned i = 0; i < 50; i++) {
		const uint64_t size = large[i % 5];
		const unsigned level = i / 5 % 5;
		const bool encrypted = i >= 25;
		store_clear(&store);
		file_tree_init(&tree, &store, &erasure, level, encrypted);
		const struct reference root = file_tree_uniform(&tree, size, content);
		struct join_memory memory = memory_of(random_below(60), 0, i % 2 ? JOIN_IN_ORDER : JOIN_AS_THEY_COME);
		join_init(&join, &root, &memory);
		for (unsigned k = 0; k < 4; k++) {
			const uint64_t length = random_below(300 * 4096);
			const uint64_t from =
				k == 0 ? size - length / 2 : (uint64_t)random_below(1U << 30) * size >> 30;
			CHECK(read_well(&src, from, length, size, &t));
		}
	}
}

/* All of a file of more than two levels, its last leaf carried up. */
TEST(a_file_of_three_levels)
{
	const struct source src = {.under_way = 64, .at_once = 8, .uniform = true};
	const uint64_t size = 128ULL * 128 * 4096 + 1;
	struct join_memory memory = memory_of(64, 0, JOIN_IN_ORDER);
	struct tally t;
	store_clear(&store);
	file_tree_init(&tree, &store, &erasure, 0, false);
	const struct reference root = file_tree_uniform(&tree, size, content);
	join_init(&join, &root, &memory);
	CHECK(read_well(&src, 0, size, size, &t) && t.asks == 128 * 128 + 128 + 1 + 1 + 1);
}

/* The intermediate chunk of the next subtree is asked for while leaves of this one are under way. */
TEST(intermediate_chunks_are_asked_for_ahead)
{
	struct join_memory memory = memory_of(32, 0, JOIN_IN_ORDER);
	struct reference root;
	struct join_want want = {0};
	struct join_data d;
	size_t n = 0, second_at = 0;
	make(256 * 4096, 0, false, &root);
	const uint8_t *second = store_get(&store, root.address)->bytes + CHUNK_SPAN_BYTES + REFERENCE_BYTES;
	join_init(&join, &root, &memory);
	join_read(&join, 0, UINT64_MAX);
	for (; !join_done(&join) && join_want(&join, &want); n++) {
		const struct stored *c = store_get(&store, want.address);
		if (memcmp(want.address, second, REFERENCE_BYTES) == 0)
			second_at = n;
		CHECK(join_chunk(&join, want.id, bytes_of(c->bytes, c->n), NULL) == OK);
		while (join_data(&join, &d))
			CHECK(d.bytes.n == 4096);
	}
	CHECK(join_done(&join) && n == 256 + 3);
	CHECK(second_at > 2 + 60 && second_at < 2 + 128); /* neither at once nor at the last moment */
}

TEST(intermediate_chunks_stay_for_the_next_range)
{
	struct join_memory memory = memory_of(8, 0, JOIN_IN_ORDER);
	struct reference root;
	struct tally t;
	uint64_t size = 0;
	make(256 * 4096, 0, false, &root);
	join_init(&join, &root, &memory);
	CHECK(!join_size(&join, &size));
	CHECK(read_well(&plainly, 0, 0, 256 * 4096, &t) && t.asks == 1); /* the root, for the size */
	CHECK(join_size(&join, &size) && size == 256 * 4096);
	CHECK(read_well(&plainly, 10, 1, size, &t) && t.asks == 2);
	CHECK(read_well(&plainly, 127 * 4096, 8192, size, &t) && t.asks == 3); /* one intermediate chunk is new */
	CHECK(read_well(&plainly, 127 * 4096, 8192, size, &t) && t.asks == 2);
	CHECK(read_well(&plainly, size, 5, size, &t) && t.asks == 0);
	CHECK(read_well(&plainly, UINT64_MAX, UINT64_MAX, size, &t) && t.asks == 0);
}

TEST(lies_are_told_and_change_nothing)
{
	struct reference root;
	struct tally t;
	for (unsigned i = 0; i < 12; i++) {
		const struct source src = {.under_way = 20, .at_once = 1 + i % 8, .shuffled = true, .liar = 3};
		struct join_memory memory = memory_of(i * 5, i % 3, i % 2 ? JOIN_IN_ORDER : JOIN_AS_THEY_COME);
		make(140 * 4096 + i, i % 5, i % 4 == 3, &root);
		join_init(&join, &root, &memory);
		CHECK(read_well(&src, 0, UINT64_MAX, 140 * 4096 + i, &t));
		CHECK(t.lies > 20 && t.asks == touched(140 * 4096 + i, i % 5, i % 4 == 3, 0, 140 * 4096 + i) + t.lies);
	}
}

/* One range's answers come when the next is read already, or twice. */
TEST(answers_of_before_change_nothing)
{
	struct join_memory memory = memory_of(16, 0, JOIN_AS_THEY_COME);
	struct reference root;
	struct join_want old[16] = {{0}}, want = {0};
	struct join_data d;
	make(100 * 4096, 0, false, &root);
	const struct stored *r = store_get(&store, root.address);
	join_init(&join, &root, &memory);
	join_read(&join, 0, UINT64_MAX);
	CHECK(join_want(&join, &want) && join_chunk(&join, want.id, bytes_of(r->bytes, r->n), NULL) == OK);
	CHECK(!join_wanted(&join, want.id) && join_chunk(&join, want.id, BYTES_NONE, NULL) == OK);
	for (unsigned i = 0; i < 16; i++)
		CHECK(join_want(&join, &old[i]));
	join_read(&join, 50 * 4096, 4096);
	CHECK(join_want(&join, &want) && !join_want(&join, &old[15]));
	const struct stored *c = store_get(&store, want.address);
	for (unsigned i = 0; i < 15; i++) {
		CHECK(!join_wanted(&join, old[i].id));
		CHECK(join_chunk(&join, old[i].id, bytes_of(r->bytes, r->n), NULL) == OK);
		CHECK(join_failed(&join, old[i].id, ERR_NOT_FOUND, NULL) == OK);
	}
	CHECK(join_chunk(&join, UINT64_MAX, bytes_of(c->bytes, c->n), NULL) == OK && !join_data(&join, &d));
	CHECK(join_chunk(&join, want.id, bytes_of(c->bytes, c->n), NULL) == OK);
	CHECK(join_data(&join, &d) && d.offset == 50 * 4096 && d.bytes.n == 4096 && join_done(&join));
}

TEST(zeros_at_the_end_of_a_chunk_may_be_missing_or_too_many)
{
	struct join_memory memory = memory_of(4, 0, JOIN_IN_ORDER);
	struct reference root;
	struct join_want want = {0};
	struct join_data d;
	uint8_t padded[CHUNK_BYTES_MAX + 1] = {0};
	static const size_t lengths[] = {0, 7, CHUNK_BYTES_MAX + 1};
	memset(content, 0, 100);
	content[9] = 7;
	make(100, 0, false, &root);
	memcpy(padded, store_get(&store, root.address)->bytes, 8 + 100);
	for (size_t n = 18; n <= CHUNK_BYTES_MAX; n += 17) {
		join_init(&join, &root, &memory);
		join_read(&join, 0, UINT64_MAX);
		CHECK(join_want(&join, &want) && join_chunk(&join, want.id, bytes_of(padded, n), NULL) == OK);
		CHECK(join_data(&join, &d) && d.bytes.n == 100 && memcmp(d.bytes.p, content, 100) == 0);
	}
	for (size_t i = 0; i < 3; i++) { /* no chunk has these lengths: the source's fault */
		struct why why;
		join_init(&join, &root, &memory);
		CHECK(join_want(&join, &want));
		CHECK(join_chunk(&join, want.id, bytes_of(padded, lengths[i]), &why) == ERR_HASH);
		CHECK(memcmp(why.id.p, root.address, REFERENCE_BYTES) == 0);
		CHECK(join_want(&join, &want) && join_wanted(&join, want.id));
	}
}

/* What was wrong is given out again, unless its reader says that he sees to it. */
TEST(a_wrong_answer_is_asked_for_again_or_was_asked_for_already)
{
	static const uint8_t wrong[CHUNK_BYTES_MAX];
	struct join_memory memory = memory_of(8, 0, JOIN_IN_ORDER);
	struct join_want want = {0}, again = {0};
	struct reference root;
	make(4096, 0, false, &root);
	join_init(&join, &root, &memory);
	join_read(&join, 0, UINT64_MAX);
	CHECK(join_want(&join, &want) && !join_want(&join, &again));
	CHECK(join_chunk(&join, want.id, bytes_of(wrong, sizeof wrong), NULL) == ERR_HASH);
	CHECK(join_want(&join, &again) && again.id == want.id && !join_want(&join, &again));
	CHECK(join_chunk(&join, want.id, bytes_of(wrong, sizeof wrong), NULL) == ERR_HASH);
	join_asked(&join, want.id);
	join_asked(&join, want.id);
	CHECK(!join_want(&join, &again) && join_wanted(&join, want.id));
	const struct stored *c = store_get(&store, root.address);
	CHECK(join_chunk(&join, want.id, bytes_of(c->bytes, c->n), NULL) == OK);
	join_asked(&join, want.id);
	struct join_data d;
	CHECK(join_data(&join, &d) && d.bytes.n == 4096 && join_done(&join));
}

int main(void)
{
	erasure_init(&erasure, erasure_fastest());
	RUN(files_of_bee_plain);
	RUN(files_of_bee_of_every_level);
	RUN(files_of_bee_encrypted);
	RUN(every_boundary_with_few_and_many_slots);
	RUN(every_level_and_encrypted);
	RUN(large_files_by_ranges);
	RUN(a_file_of_three_levels);
	RUN(intermediate_chunks_are_asked_for_ahead);
	RUN(intermediate_chunks_stay_for_the_next_range);
	RUN(lies_are_told_and_change_nothing);
	RUN(answers_of_before_change_nothing);
	RUN(zeros_at_the_end_of_a_chunk_may_be_missing_or_too_many);
	RUN(a_wrong_answer_is_asked_for_again_or_was_asked_for_already);
	free(store.chunks);
	return test_end();
}
