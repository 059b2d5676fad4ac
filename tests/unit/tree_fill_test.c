/* FILE.bmt put together from single chunks: the same bytes as in one piece, in whatever order they come, and
 * nothing of what is wrong. */
#include "swarm/tree_fill.h"

#include "test.h"
#include "tree_sample.h"

#define ASKS_MAX 5000

static struct tree_fill fill;
static uint64_t seed;
static struct bmt_scratch scratch;

static uint64_t chance(uint64_t below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % below;
}

/* Chunk id of the sample's FILE.bmt, as it stands there. */
static struct bytes chunk_of(const struct sample *s, uint64_t id)
{
	unsigned level = s->t.levels;
	while (id >= s->t.chunks[level])
		id -= s->t.chunks[level--];
	const struct tree_place place = tree_chunk(&s->t, level, id);
	return bytes_of(s->bmt + place.offset, place.n);
}

/* Only what addresses say is asked for, so the address must be that of the chunk. */
static void check_want(const struct sample *s, const struct tree_fill_want *want)
{
	const struct bytes chunk = chunk_of(s, want->id);
	uint8_t address[REFERENCE_BYTES];
	bmt_address(KECCAK_SCALAR, load_le64(chunk.p), bytes_skip(chunk, CHUNK_SPAN_BYTES), address, &scratch);
	CHECK(memcmp(want->address, address, REFERENCE_BYTES) == 0);
}

/* Takes up to n answers of those under way, at random. */
static size_t pick(const struct sample *s, uint64_t *asks, size_t *asks_n, struct tree_fill_arrival *arrivals, size_t n)
{
	size_t picked = 0;
	while (picked<n && * asks_n> 0) {
		const size_t i = (size_t)chance(*asks_n);
		arrivals[picked++] = (struct tree_fill_arrival){.id = asks[i], .data = chunk_of(s, asks[i]), .err = 77};
		asks[i] = asks[--*asks_n];
	}
	return picked;
}

/* With so many under way at most, answers at random and in batches. */
static void check_filled(const struct sample *s, size_t under_way)
{
	static uint64_t asks[ASKS_MAX];
	static uint8_t seen[ASKS_MAX];
	struct tree_fill_arrival arrivals[3 * BMT_BATCH];
	uint8_t *file = malloc((size_t)s->t.bytes + 1);
	size_t asks_n = 0;
	memset(file, 0xa5, (size_t)s->t.bytes + 1);
	memset(seen, 0, sizeof seen);
	tree_fill_init(&fill, s->t.size, s->reference, keccak_widest());
	while (!tree_fill_done(&fill)) {
		struct tree_fill_want want;
		if (fill.file == NULL && tree_fill_bytes(&fill) > 0) {
			CHECK(tree_fill_bytes(&fill) == s->t.bytes);
			tree_fill_memory(&fill, file);
			continue; /* the root may be all there is */
		}
		while (asks_n < under_way && tree_fill_want(&fill, &want)) {
			check_want(s, &want);
			CHECK(want.id < ASKS_MAX && seen[want.id]++ == 0);
			asks[asks_n++] = want.id;
		}
		if (!CHECK(asks_n > 0))
			break;
		const size_t n = pick(s, asks, &asks_n, arrivals, 1 + (size_t)chance(3 * BMT_BATCH));
		CHECK(tree_fill_chunks(&fill, arrivals, n, NULL) == OK);
		for (size_t i = 0; i < n; i++)
			CHECK(arrivals[i].err == OK);
	}
	CHECK(asks_n == 0 && memcmp(file, s->bmt, (size_t)s->t.bytes) == 0 && file[s->t.bytes] == 0xa5);
	free(file);
}

TEST(all_levels_and_boundaries_in_any_order)
{
	for (unsigned redundancy = 0; redundancy <= REDUNDANCY_LEVEL_MAX; redundancy++) {
		const size_t most = redundancy_children_max(redundancy, false);
		const size_t blocks[] = {2, most - 1, most, most + 1, most + 2, 2 * most + 1, 4 * most + 3};
		for (size_t i = 0; i < 2 * sizeof blocks / sizeof blocks[0]; i++) {
			struct sample s;
			seed = i + redundancy;
			sample_make(&s, blocks[i / 2] * 4096 - (i % 2) * 4095, redundancy);
			check_filled(&s, 1);
			check_filled(&s, 40);
			sample_free(&s);
		}
	}
}

TEST(three_levels_with_a_block_that_is_carried_up)
{
	static const struct {
		unsigned redundancy;
		size_t blocks; /* past the square of what a chunk holds */
	} cases[] = {{0, 128 * 128 + 1}, {0, 128 * 128 + 129}, {4, 40 * 40 + 1}, {4, 40 * 40 + 42}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sample s;
		seed = i;
		sample_make(&s, cases[i].blocks * 4096, cases[i].redundancy);
		CHECK(s.t.levels >= 2);
		check_filled(&s, 100);
		sample_free(&s);
	}
}

TEST(a_file_of_one_leaf_has_no_tree)
{
	static const uint8_t reference[REFERENCE_BYTES] = {1};
	static const uint64_t sizes[] = {0, 1, 4095, 4096};
	struct tree_fill_want want;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		tree_fill_init(&fill, sizes[i], reference, KECCAK_SCALAR);
		CHECK(tree_fill_done(&fill) && tree_fill_bytes(&fill) == 0 && !tree_fill_want(&fill, &want));
	}
	tree_fill_init(&fill, SPLIT_SIZE_MAX + 1, reference, KECCAK_SCALAR);
	CHECK(!tree_fill_done(&fill) && !tree_fill_want(&fill, &want));
	CHECK(tree_fill_chunk(&fill, 0, bytes_of(reference, 8), NULL) == ERR_LIMIT);
}

/* Everything wrong that a source may give for a chunk: refused, and the right one is still taken. */
static void check_wrong_ones_refused(struct tree_fill *f, const struct sample *s, uint64_t id)
{
	uint8_t chunk[TREE_CHUNK_BYTES + 1] = {0};
	const struct bytes right = chunk_of(s, id);
	const uint64_t before = f->there_n;
	memcpy(chunk, right.p, right.n);
	for (size_t n = 0; n <= sizeof chunk; n++) /* truncated, and longer by zeros, which hash the same */
		CHECK(n == right.n || tree_fill_chunk(f, id, bytes_of(chunk, n), NULL) == ERR_HASH);
	for (size_t i = 0; i < right.n; i += i < 64 ? 1 : 61) {
		chunk[i] ^= 0x40; /* its span, too */
		CHECK(tree_fill_chunk(f, id, bytes_of(chunk, right.n), NULL) == ERR_HASH);
		chunk[i] ^= 0x40;
	}
	CHECK(tree_fill_chunk(f, id, chunk_of(s, id == 0 ? 1 : 0), NULL) == ERR_HASH); /* another's place */
	CHECK(f->there_n == before);
	CHECK(tree_fill_chunk(f, id, right, NULL) == OK && f->there_n == before + 1);
	chunk[9] ^= 1;
	CHECK(tree_fill_chunk(f, id, bytes_of(chunk, right.n), NULL) == OK); /* of no more use */
	CHECK(tree_fill_chunk(f, id, right, NULL) == OK && f->there_n == before + 1);
}

TEST(wrong_chunks_stay_wanted)
{
	static const unsigned levels[] = {0, 3};
	for (size_t k = 0; k < sizeof levels / sizeof levels[0]; k++) {
		struct sample s;
		struct tree_fill_want want;
		sample_make(&s, 300 * 4096 + 17, levels[k]);
		uint8_t *file = malloc((size_t)s.t.bytes);
		tree_fill_init(&fill, s.t.size, s.reference, keccak_widest());
		CHECK(tree_fill_want(&fill, &want) && want.id == 0);
		check_wrong_ones_refused(&fill, &s, want.id);
		CHECK(!tree_fill_want(&fill, &want)); /* no memory */
		tree_fill_memory(&fill, file);
		while (tree_fill_want(&fill, &want))
			check_wrong_ones_refused(&fill, &s, want.id);
		CHECK(tree_fill_done(&fill) && memcmp(file, s.bmt, (size_t)s.t.bytes) == 0);
		free(file);
		sample_free(&s);
	}
}

/* In one batch right ones, wrong ones, one twice, and one that nobody asked for. */
TEST(a_batch_is_judged_one_by_one)
{
	struct sample s;
	struct tree_fill_want want;
	sample_make(&s, 900 * 4096, 0);
	uint8_t *file = malloc((size_t)s.t.bytes);
	uint8_t bad[TREE_CHUNK_BYTES];
	tree_fill_init(&fill, s.t.size, s.reference, keccak_widest());
	struct tree_fill_arrival early = {.id = 1, .data = chunk_of(&s, 1)};
	CHECK(tree_fill_chunks(&fill, &early, 1, NULL) == OK && early.err == OK && fill.there_n == 0);
	CHECK(tree_fill_want(&fill, &want) && tree_fill_chunk(&fill, 0, chunk_of(&s, 0), NULL) == OK);
	tree_fill_memory(&fill, file);
	for (unsigned i = 1; i <= 5; i++)
		CHECK(tree_fill_want(&fill, &want) && want.id == i);
	memcpy(bad, chunk_of(&s, 2).p, TREE_CHUNK_BYTES);
	bad[100] ^= 1;
	struct tree_fill_arrival batch[] = {
		{.id = 4, .data = chunk_of(&s, 4)},          {.id = 2, .data = bytes_of(bad, TREE_CHUNK_BYTES)},
		{.id = 1, .data = chunk_of(&s, 1)},          {.id = 1, .data = chunk_of(&s, 1)},
		{.id = 6, .data = chunk_of(&s, 6)},          {.id = 3, .data = chunk_of(&s, 5)},
		{.id = UINT64_MAX, .data = chunk_of(&s, 1)},
	};
	CHECK(tree_fill_chunks(&fill, batch, 7, NULL) == OK && fill.there_n == 3);
	for (size_t i = 0; i < 7; i++)
		CHECK(batch[i].err == (i == 1 || i == 5 ? ERR_HASH : OK));
	free(file);
	sample_free(&s);
}

/* Makes chunk id of the sample another one, and all above it so that addresses are right. */
static void forge(struct sample *s, uint64_t id, uint64_t span)
{
	uint8_t address[REFERENCE_BYTES];
	store_le64(s->bmt + (chunk_of(s, id).p - s->bmt), span);
	const struct bytes chunk = chunk_of(s, id);
	bmt_address(KECCAK_SCALAR, span, bytes_skip(chunk, CHUNK_SPAN_BYTES), address, &scratch);
	if (id == 0) {
		memcpy(s->reference, address, REFERENCE_BYTES);
		return;
	}
	memcpy(s->bmt + CHUNK_SPAN_BYTES + (id - 1) * REFERENCE_BYTES, address, REFERENCE_BYTES);
	forge(s, 0, load_le64(s->bmt));
}

/* What hashes right and is no tree of this size: the end, from whomever it comes. */
TEST(spans_that_lie_end_it)
{
	static const uint64_t spans[] = {0,         1, 4096, 300 * 4096, 1ULL << 48, 9ULL << 56 | (300 * 4096 + 17),
					 UINT64_MAX};
	struct sample s;
	struct why why;
	struct tree_fill_want want;
	sample_make(&s, 300 * 4096 + 17, 0);
	uint8_t *file = malloc((size_t)s.t.bytes);
	for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
		forge(&s, 0, spans[i]);
		tree_fill_init(&fill, s.t.size, s.reference, keccak_widest());
		CHECK(tree_fill_want(&fill, &want));
		const int err = tree_fill_chunk(&fill, 0, chunk_of(&s, 0), &why);
		CHECK(err != OK && err != ERR_HASH && why.err == (enum err)err && why.id.n == REFERENCE_BYTES);
		CHECK(tree_fill_bytes(&fill) == 0 && !tree_fill_done(&fill) && !tree_fill_want(&fill, &want));
		CHECK(tree_fill_chunk(&fill, 0, chunk_of(&s, 0), NULL) == err); /* for good */
	}
	forge(&s, 0, 300 * 4096 + 17);
	for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
		forge(&s, 2, spans[i]);
		tree_fill_init(&fill, s.t.size, s.reference, keccak_widest());
		CHECK(tree_fill_want(&fill, &want) && tree_fill_chunk(&fill, 0, chunk_of(&s, 0), NULL) == OK);
		tree_fill_memory(&fill, file);
		while (tree_fill_want(&fill, &want) && want.id < 2) {
		}
		CHECK(tree_fill_chunk(&fill, 2, chunk_of(&s, 2), &why) == ERR_TREE);
		CHECK(memcmp(why.id.p, s.bmt + CHUNK_SPAN_BYTES + REFERENCE_BYTES, REFERENCE_BYTES) == 0);
		CHECK(tree_fill_chunk(&fill, 1, chunk_of(&s, 1), NULL) == ERR_TREE && !tree_fill_done(&fill));
	}
	free(file);
	sample_free(&s);
}

int main(void)
{
	RUN(all_levels_and_boundaries_in_any_order);
	RUN(three_levels_with_a_block_that_is_carried_up);
	RUN(a_file_of_one_leaf_has_no_tree);
	RUN(wrong_chunks_stay_wanted);
	RUN(a_batch_is_judged_one_by_one);
	RUN(spans_that_lie_end_it);
	return test_end();
}
