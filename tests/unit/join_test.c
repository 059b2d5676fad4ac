/* Files read out of trees in any order of arrival, with slots from none to many, with chunks that are
 * wrong or not to be had; and what is asked for, counted. */
#include "swarm/join.h"

#include "file_tree.h"
#include "test.h"

#define FILE_MAX (512U * 4096)
#define SLOTS_MAX 1024U
#define GROUPS_MAX 3U
#define ASKED_MAX 2048U
#define GROUP_LEAVES 119U

static struct store store;
static struct erasure erasure;
static struct file_tree tree;
static struct join join;
static struct join_slot slots[SLOTS_MAX];
static struct join_group groups[GROUPS_MAX];
static uint8_t content[FILE_MAX];
static bool seen[FILE_MAX / 4096 + 1];
static uint64_t chance;

static unsigned random_below(unsigned n)
{
	chance = chance * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(chance >> 33) % n;
}

/* How a source behaves: answers on their way are at most so many, and arrive so many at once. */
struct source {
	unsigned under_way, at_once;
	bool shuffled; /* any of what is under way arrives next, not the first */
	bool uniform;  /* all leaves have content's first bytes */
	unsigned liar; /* one in so many answers is wrong; 0: none */
};

struct tally {
	size_t asks, lies, failures;
	int err;
	struct why why;
	bool stuck, wrong;
	uint64_t bytes;
};

struct asked {
	uint64_t id;
	uint8_t address[REFERENCE_BYTES];
};

static const struct source plainly = {.under_way = 16, .at_once = 1};

static struct join_memory memory_of(uint32_t slots_n, uint32_t groups_n, enum join_order order)
{
	return (struct join_memory){.slots = slots,
				    .slots_n = slots_n,
				    .groups = groups,
				    .groups_n = groups_n,
				    .erasure = &erasure,
				    .replicas_level = 0,
				    .kind = keccak_widest(),
				    .order = order};
}

static void make(size_t size, unsigned level, bool encrypted, struct reference *root)
{
	store_clear(&store);
	file_tree_init(&tree, &store, &erasure, level, encrypted);
	*root = file_tree_of(&tree, bytes_of(content, size));
}

/* Whether what came out is what the file has there. */
static bool right(const struct source *src, const struct join_data *d)
{
	if (src->uniform)
		return d->offset % 4096 + d->bytes.n <= 4096 &&
		       memcmp(d->bytes.p, content + d->offset % 4096, d->bytes.n) == 0;
	return d->offset <= FILE_MAX && d->bytes.n <= FILE_MAX - d->offset &&
	       memcmp(d->bytes.p, content + d->offset, d->bytes.n) == 0;
}

static void take_data(const struct source *src, uint64_t *next, struct tally *t)
{
	struct join_data d;
	while (join_data(&join, &d)) {
		t->bytes += d.bytes.n;
		t->wrong = t->wrong || !right(src, &d) || d.bytes.n == 0;
		if (join.memory.order == JOIN_IN_ORDER) {
			t->wrong = t->wrong || d.offset != *next;
			*next = d.offset + d.bytes.n;
		} else if (!src->uniform) {
			t->wrong = t->wrong || seen[d.offset / 4096];
			seen[d.offset / 4096] = true;
		}
	}
}

/* Up to at_once answers; what nobody has fails. */
static int answer(const struct source *src, struct asked *asked, size_t *asked_n, struct tally *t)
{
	static uint8_t lies[8][CHUNK_BYTES_MAX];
	struct join_arrival arrivals[8];
	size_t n = 0;
	while (n<src->at_once && * asked_n> 0) {
		const size_t pick = src->shuffled ? random_below((unsigned)*asked_n) : 0;
		const struct asked a = asked[pick];
		memmove(asked + pick, asked + pick + 1, (--*asked_n - pick) * sizeof *asked);
		struct stored *c = store_find(&store, a.address);
		if (c == NULL || c->missing) {
			t->failures++;
			const int err = join_failed(&join, a.id, &t->why);
			if (err != OK)
				return err;
			continue;
		}
		struct bytes data = bytes_of(c->bytes, c->n);
		if (src->liar > 0 && random_below(src->liar) == 0) {
			memcpy(lies[n], c->bytes, c->n);
			lies[n][random_below((unsigned)c->n)] ^= 1U << random_below(8);
			data.p = lies[n];
			t->lies++;
		}
		arrivals[n++] = (struct join_arrival){.id = a.id, .data = data};
	}
	const int err = join_chunks(&join, arrivals, n, &t->why);
	for (size_t i = 0; i < n && err == OK; i++)
		t->wrong = t->wrong || (arrivals[i].err != OK && src->liar == 0);
	return err;
}

/* Reads a range to its end. */
static struct tally read_range(const struct source *src, uint64_t offset, uint64_t length)
{
	static struct asked asked[ASKED_MAX];
	size_t asked_n = 0;
	uint64_t next = offset;
	struct join_want want;
	struct tally t = {.err = OK};
	memset(seen, 0, sizeof seen);
	join_read(&join, offset, length);
	while (!join_done(&join) && t.err == OK && !t.stuck) {
		while (asked_n < src->under_way && join_want(&join, &want)) {
			struct stored *c = store_find(&store, want.address);
			if (c != NULL)
				c->asked++;
			t.asks++;
			t.wrong = t.wrong || !join_wanted(&join, want.id);
			asked[asked_n].id = want.id;
			memcpy(asked[asked_n++].address, want.address, REFERENCE_BYTES);
		}
		const bool idle = asked_n == 0;
		const uint64_t bytes = t.bytes;
		t.err = answer(src, asked, &asked_n, &t);
		take_data(src, &next, &t);
		t.stuck = idle && t.bytes == bytes && !join_done(&join);
	}
	for (size_t i = 0; i < asked_n; i++) /* what is still under way changes nothing */
		t.wrong = t.wrong || (join_done(&join) && join_wanted(&join, asked[i].id));
	return t;
}

static bool read_well(const struct source *src, uint64_t offset, uint64_t length, uint64_t size, struct tally *t)
{
	*t = read_range(src, offset, length);
	const uint64_t end = length > size || offset > size - length ? size : offset + length;
	return CHECK(t->err == OK) && CHECK(!t->stuck) && CHECK(!t->wrong) &&
	       CHECK(t->bytes == (offset < end ? end - offset : 0));
}

/* Chunks of the tree that a range touches, told by drawing it. */
static size_t touched(uint64_t size, unsigned level, bool encrypted, uint64_t from, uint64_t end)
{
	const unsigned most = redundancy_children_max(level, encrypted);
	uint64_t full = CHUNK_PAYLOAD_MAX, n = 1;
	if (size <= CHUNK_PAYLOAD_MAX || from >= end)
		return 1;
	while (full * most < size)
		full *= most;
	for (uint64_t at = 0; at < size; at += full) {
		const uint64_t below = size - at < full ? size - at : full;
		if (from < at + below && end > at)
			n += touched(below, level, encrypted, from > at ? from - at : 0,
				     end - at < below ? end - at : below);
	}
	return n;
}

static void pattern(const char *name, size_t n)
{
	static const char corpus[] = "hello test world";
	uint8_t seed[15] = "kstream", block[KECCAK256_BYTES];
	for (size_t i = 0; i < n; i++) {
		if (strcmp(name, "kstream") == 0) {
			if (i % sizeof block == 0) {
				store_le64(seed + 7, i / sizeof block);
				keccak256_of(bytes_of(seed, sizeof seed), block);
			}
			content[i] = block[i % sizeof block];
		} else if (strcmp(name, "corpus") == 0) {
			content[i] = (uint8_t)corpus[i % (sizeof corpus - 1)];
		} else {
			content[i] = (uint8_t)(i % (strcmp(name, "mod255") == 0 ? 255 : 256));
		}
	}
}

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
	struct join_want want;
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
	struct join_want old[16], want;
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
		CHECK(join_failed(&join, old[i].id, NULL) == OK);
	}
	CHECK(join_chunk(&join, UINT64_MAX, bytes_of(c->bytes, c->n), NULL) == OK && !join_data(&join, &d));
	CHECK(join_chunk(&join, want.id, bytes_of(c->bytes, c->n), NULL) == OK);
	CHECK(join_data(&join, &d) && d.offset == 50 * 4096 && d.bytes.n == 4096 && join_done(&join));
}

TEST(zeros_at_the_end_of_a_chunk_may_be_missing_or_too_many)
{
	struct join_memory memory = memory_of(4, 0, JOIN_IN_ORDER);
	struct reference root;
	struct join_want want;
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

/* An answer that comes after it was given up is taken; what was asked for in its stead is let go. */
TEST(a_late_answer_ends_a_recovery)
{
	struct join_memory memory = memory_of(20, 1, JOIN_IN_ORDER);
	struct reference root;
	struct join_want want, shard;
	struct join_data d;
	make(20 * 4096, 1, false, &root);
	const struct stored *r = store_get(&store, root.address);
	join_init(&join, &root, &memory);
	join_read(&join, 4096, 4096);
	CHECK(join_want(&join, &want) && join_chunk(&join, want.id, bytes_of(r->bytes, r->n), NULL) == OK);
	CHECK(join_want(&join, &want) && !join_want(&join, &shard));
	CHECK(join_failed(&join, want.id, NULL) == OK && join_want(&join, &shard));
	CHECK(join_wanted(&join, want.id) && join_wanted(&join, shard.id));
	const struct stored *c = store_get(&store, want.address);
	CHECK(join_chunk(&join, want.id, bytes_of(c->bytes, c->n), NULL) == OK);
	CHECK(!join_wanted(&join, shard.id) && !join_want(&join, &shard));
	CHECK(join_data(&join, &d) && memcmp(d.bytes.p, content + 4096, 4096) == 0 && join_done(&join));
}

/* A chunk anybody may make, and a read from it as the root. */
static struct tally read_made(uint64_t span, const uint8_t *payload, size_t n)
{
	uint8_t chunk[CHUNK_BYTES_MAX] = {0};
	struct reference root = {.encrypted = false};
	struct join_memory memory = memory_of(10, 1, JOIN_AS_THEY_COME);
	store_le64(chunk, span);
	if (n > 0)
		memcpy(chunk + 8, payload, n);
	memcpy(root.address, store_put(&store, bytes_of(chunk, 8 + n), &tree.scratch)->address, REFERENCE_BYTES);
	join_init(&join, &root, &memory);
	return read_range(&plainly, 0, UINT64_MAX);
}

TEST(spans_that_lie_at_the_root)
{
	static const struct {
		uint64_t span;
		int err;
	} rows[] = {
		{REDUNDANCY_SIZE_MAX + 1, ERR_LIMIT},
		{1ULL << 60, ERR_LIMIT},
		{(1ULL << 61) - 1, ERR_LIMIT},
		{1ULL << 61, ERR_LIMIT},
		{(1ULL << 61) + 1, ERR_LIMIT},
		{1ULL << 63, ERR_LIMIT}, /* the mark with no level */
		{(1ULL << 63) + 4097, ERR_LIMIT},
		{UINT64_MAX, ERR_LIMIT},
		{(0x81ULL << 56) + (1ULL << 55), ERR_LIMIT},
		{(0x85ULL << 56) + 8192, ERR_VERSION},
		{(0xffULL << 56) + 8192, ERR_VERSION},
		{(0x81ULL << 56) + 100, ERR_TREE},  /* a leaf with a level */
		{(0x81ULL << 56) + 8192, ERR_TREE}, /* without parities */
		{4097, ERR_TREE},
		{8192, ERR_TREE},
		{REDUNDANCY_SIZE_MAX, ERR_TREE},
	};
	uint8_t payload[CHUNK_PAYLOAD_MAX] = {0};
	store_clear(&store);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct tally none = read_made(rows[i].span, payload, sizeof payload);
		CHECK(none.err == rows[i].err && none.why.err == (enum err)rows[i].err && none.asks == 1);
		memset(payload, 0x5a, 32); /* one reference, and for the rest zeros */
		const struct tally one = read_made(rows[i].span, payload, 32);
		CHECK(one.err == rows[i].err && one.asks == 1);
		memset(payload, 0, 32);
	}
}

/* Two leaves under a root, whose references or spans are changed before it is hashed again. */
TEST(children_that_do_not_fit)
{
	uint8_t payload[CHUNK_PAYLOAD_MAX] = {0}, child[CHUNK_BYTES_MAX] = {0};
	static const uint64_t spans[] = {4095, 4097, 0, 1ULL << 63, (0x81ULL << 56) + 4096, UINT64_MAX};
	static const int errs[] = {ERR_TREE, ERR_TREE, ERR_TREE, ERR_LIMIT, ERR_TREE, ERR_LIMIT};
	struct reference root;
	struct tally t;
	make(8192, 0, false, &root);
	memcpy(payload, store_get(&store, root.address)->bytes + 8, 64);
	t = read_made(8192, payload, 64);
	CHECK(t.err == OK && t.bytes == 8192);
	t = read_made(8192, payload, 4096); /* zeros behind are no references */
	CHECK(t.err == OK && t.bytes == 8192);
	t = read_made(4097, payload, 64); /* a shorter place than the second leaf's */
	CHECK(t.err == ERR_TREE);
	memset(payload + 64, 0x5a, 32); /* one more than the span has room for */
	t = read_made(8192, payload, 96);
	CHECK(t.err == ERR_TREE && t.asks == 1);
	memset(payload + 64, 0, 32);
	memset(payload + 4095, 1, 1);
	t = read_made(8192, payload, 4096);
	CHECK(t.err == ERR_TREE && t.asks == 1);
	memset(payload + 4095, 0, 1);
	for (size_t i = 0; i < 6; i++) { /* a child whose span is not what its place asks for */
		store_le64(child, spans[i]);
		memcpy(payload + 32, store_put(&store, bytes_of(child, 4104), &tree.scratch)->address, 32);
		t = read_made(8192, payload, 64);
		CHECK(t.err == errs[i] && t.why.at == 4096 && memcmp(t.why.id.p, payload + 32, 32) == 0);
		CHECK(t.bytes <= 4096);
	}
	memset(payload, 0, 32); /* no first reference */
	t = read_made(8192, payload, 64);
	CHECK(t.err == ERR_TREE && t.asks == 1);
}

/* Intermediate chunks of another level than the root's, in a tree that is right but for that. */
TEST(levels_that_change_on_the_way_down)
{
	struct reference root, parts[2];
	struct tally t;
	for (unsigned above = 0; above <= 2; above++) {
		store_clear(&store);
		file_tree_init(&tree, &store, &erasure, above == 2 ? 1 : above + 1, false);
		const uint64_t size = 4096ULL * redundancy_children_max(above, false);
		parts[0] = file_tree_uniform(&tree, size, content);
		parts[1] = file_tree_uniform(&tree, 4096, content);
		file_tree_init(&tree, &store, &erasure, above, false);
		root = file_tree_wrap(&tree, parts, 2, size + 4096);
		struct join_memory memory = memory_of(10, 1, JOIN_IN_ORDER);
		join_init(&join, &root, &memory);
		t = read_range(&plainly, 0, UINT64_MAX);
		CHECK(t.err == ERR_TREE && t.bytes == 0);
	}
}

/* Parities that hash right and are none. */
TEST(parities_that_give_back_something_else)
{
	struct reference root;
	struct tally t;
	uint8_t payload[CHUNK_PAYLOAD_MAX], chunk[CHUNK_BYTES_MAX];
	make(10 * 4096, 1, false, &root);
	const struct stored *r = store_get(&store, root.address);
	const size_t n = r->n - 8;
	memcpy(payload, r->bytes + 8, n);
	const uint64_t span = load_le64(r->bytes);
	for (size_t at = 10 * 32; at < n; at += 32) {
		memset(chunk, (int)at, sizeof chunk);
		memcpy(payload + at, store_put(&store, bytes_of(chunk, sizeof chunk), &tree.scratch)->address, 32);
	}
	t = read_made(span, payload, n);
	CHECK(t.err == OK);
	store.chunks[3].missing = true;
	t = read_made(span, payload, n);
	CHECK(t.err == ERR_TREE && t.why.at == 3 * 4096 && !t.wrong);
}

/* The chunks of a hostile tree, as far as the vectors have them: the rest is zeros, and the hashes are
 * made anew. The roots among them are refused; what is a leaf's span reads as a leaf. */
TEST(hostile_tree_of_bee)
{
	cJSON *json = test_vectors("swarm-malformed_trie.json");
	const cJSON *row;
	unsigned leaves = 0, refused = 0;
	store_clear(&store);
	cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(json, "chunks"))
	{
		uint8_t payload[CHUNK_PAYLOAD_MAX] = {0}, span[8] = {0};
		unsigned byte;
		const char *text = test_text(row, "payload_hex");
		for (size_t i = 0; i < sizeof payload && sscanf(text + 2 * i, "%2x", &byte) == 1; i++)
			payload[i] = (uint8_t)byte;
		for (size_t i = 0; i < 8; i++)
			span[i] = sscanf(test_text(row, "span_hex") + 2 * i, "%2x", &byte) == 1 ? (uint8_t)byte : 0;
		const struct tally t = read_made(load_le64(span), payload, sizeof payload);
		leaves += load_le64(span) <= 4096 && (t.wrong || t.bytes == load_le64(span));
		refused += load_le64(span) > 4096 && t.err == ERR_TREE && t.bytes == 0;
	}
	CHECK(leaves == 4 && refused == 2);
	cJSON_Delete(json);
}

/* The tree of that vector again, whole: its root is of level 2 over 512 KiB and its first child a leaf. */
TEST(a_leaf_in_the_place_of_a_subtree)
{
	struct reference parts[2];
	struct tally t;
	store_clear(&store);
	file_tree_init(&tree, &store, &erasure, 2, false);
	parts[0] = file_tree_uniform(&tree, 4096, content);
	parts[1] = file_tree_uniform(&tree, 524288 - 107 * 4096, content);
	const struct reference root = file_tree_wrap(&tree, parts, 2, 524288);
	struct join_memory memory = memory_of(10, 1, JOIN_IN_ORDER);
	join_init(&join, &root, &memory);
	t = read_range(&plainly, 0, UINT64_MAX);
	CHECK(t.err == ERR_TREE && t.why.at == 0 && t.bytes == 0 && t.asks <= 3);
}

/* The address of a single-owner chunk has no place in a tree: its owner could change it at will. */
TEST(single_owner_chunks_are_no_parts_of_a_tree)
{
	cJSON *json = test_vectors("swarm-soc.json");
	const cJSON *row;
	unsigned n = 0;
	struct join_memory memory = memory_of(4, 0, JOIN_IN_ORDER);
	cJSON_ArrayForEach(row, json)
	{
		struct reference root;
		struct join_want want;
		uint8_t chunk[CHUNK_STORED_BYTES_MAX];
		const char *text = test_text(row, "chunk_hex");
		unsigned byte;
		size_t size = 0;
		for (; size < sizeof chunk && sscanf(text + 2 * size, "%2x", &byte) == 1; size++)
			chunk[size] = (uint8_t)byte;
		if (reference_parse(bytes_text(test_text(row, "address")), &root) != OK)
			continue;
		join_init(&join, &root, &memory);
		CHECK(size > 0 && join_want(&join, &want));
		CHECK(join_chunk(&join, want.id, bytes_of(chunk, size), NULL) == ERR_HASH);
		CHECK(join_want(&join, &want));
		n++;
	}
	CHECK(n > 0);
	cJSON_Delete(json);
}

TEST(a_wrong_key_reads_nothing)
{
	struct reference root;
	struct tally t;
	struct join_memory memory = memory_of(4, 0, JOIN_IN_ORDER);
	make(5 * 4096, 1, true, &root);
	for (unsigned i = 0; i < 64; i++) {
		struct reference wrong = root;
		wrong.key[i % 32] ^= 1U << i % 8;
		join_init(&join, &wrong, &memory);
		t = read_range(&plainly, 0, UINT64_MAX);
		CHECK((t.err == ERR_LIMIT || t.err == ERR_TREE || t.err == ERR_VERSION) && t.bytes == 0);
	}
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
	pattern("kstream", FILE_MAX);
	RUN(what_is_not_to_be_had_is_recovered);
	RUN(losses_all_over_are_recovered);
	RUN(a_range_with_a_loss_asks_for_one_group);
	RUN(nothing_is_recovered_without_parities_or_memory_for_it);
	RUN(a_late_answer_ends_a_recovery);
	RUN(spans_that_lie_at_the_root);
	RUN(children_that_do_not_fit);
	RUN(levels_that_change_on_the_way_down);
	RUN(parities_that_give_back_something_else);
	RUN(hostile_tree_of_bee);
	RUN(a_leaf_in_the_place_of_a_subtree);
	RUN(single_owner_chunks_are_no_parts_of_a_tree);
	RUN(a_wrong_key_reads_nothing);
	free(store.chunks);
	return test_end();
}
