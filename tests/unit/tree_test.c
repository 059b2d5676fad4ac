/* The shape of the tree at every boundary, by arithmetic alone; and what lies about it. */
#include "swarm/tree.h"

#include "test.h"
#include "tree_sample.h"

#define FILE_BYTES ((128 * 128 + 1) * (size_t)TREE_BLOCK_BYTES) /* two levels, one carried */

static struct bmt_scratch scratch;

/* The shape told by drawing it: items of a level are wrapped by as many as fit, with
 * their parities; one left over is carried up. */
static void draw(uint64_t size, unsigned redundancy, struct tree *t)
{
	const unsigned most = redundancy_children_max(redundancy, false);
	*t = (struct tree){.size = size,
			   .redundancy = redundancy,
			   .children_max = most,
			   .blocks = size == 0 ? 1 : (size + TREE_BLOCK_BYTES - 1) / TREE_BLOCK_BYTES};
	uint64_t items = t->blocks, references[SPLIT_LEVELS + 1] = {0};
	t->items[0] = items;
	for (; items > 1; t->items[t->levels] = items) {
		uint64_t whole = items / most, rest = items - whole * most;
		t->levels++;
		t->chunks[t->levels] = whole + (rest >= 2 ? 1 : 0);
		references[t->levels] = rest == 1 ? items - 1 : items;
		references[t->levels] += whole * redundancy_parities(redundancy, false, most);
		references[t->levels] += rest > 1 ? redundancy_parities(redundancy, false, (unsigned)rest) : 0;
		items = whole + (rest >= 1 ? 1 : 0);
	}
	for (unsigned level = t->levels; level >= 1; level--) {
		t->offset[level] = t->bytes;
		t->bytes += t->chunks[level] * 8 + references[level] * 32;
	}
}

/* Member by member: there is padding. */
static bool same_shape(const struct tree *a, const struct tree *b)
{
	bool same = a->size == b->size && a->redundancy == b->redundancy && a->children_max == b->children_max &&
		    a->bytes == b->bytes && a->blocks == b->blocks && a->levels == b->levels;
	for (unsigned i = 0; i <= SPLIT_LEVELS; i++)
		same = same && a->items[i] == b->items[i] && a->chunks[i] == b->chunks[i] &&
		       a->offset[i] == b->offset[i];
	return same;
}

static bool shaped(uint64_t size, unsigned redundancy)
{
	struct tree t, want;
	draw(size, redundancy, &want);
	return tree_shape(&t, size, redundancy) == OK && same_shape(&t, &want);
}

static void check_powers(unsigned redundancy)
{
	const unsigned most = redundancy_children_max(redundancy, false);
	for (uint64_t full = 4096; full <= SPLIT_SIZE_MAX; full *= most) {
		for (uint64_t times = 1; times <= most + 2; times++) {
			if (full > SPLIT_SIZE_MAX / times)
				break;
			CHECK(shaped(full * times, redundancy) && shaped(full * times - 1, redundancy));
			CHECK(full * times == SPLIT_SIZE_MAX || shaped(full * times + 1, redundancy));
			CHECK(full * times + 4097 > SPLIT_SIZE_MAX || shaped(full * times + 4097, redundancy));
		}
	}
	CHECK(shaped(0, redundancy) && shaped(SPLIT_SIZE_MAX, redundancy) && shaped(SPLIT_SIZE_MAX - 1, redundancy));
}

TEST(shapes_around_every_power)
{
	for (unsigned redundancy = 0; redundancy <= REDUNDANCY_LEVEL_MAX; redundancy++)
		check_powers(redundancy);
}

TEST(too_large_is_refused_and_leaves_the_tree_alone)
{
	static const uint64_t sizes[] = {SPLIT_SIZE_MAX + 1, 1ULL << 63, UINT64_MAX - 4095, UINT64_MAX};
	struct tree t, kept;
	CHECK(tree_shape(&t, 5000, 2) == OK);
	kept = t;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		CHECK(tree_shape(&t, sizes[i], 2) == ERR_LIMIT && same_shape(&t, &kept));
}

/* What the one who reads the chunk alone takes it for. */
static struct redundancy_shape shape_at(const struct tree_place *place, unsigned redundancy)
{
	uint8_t bytes[CHUNK_SPAN_BYTES];
	struct redundancy_span span = {.size = 8192};
	struct redundancy_shape shape;
	store_le64(bytes, place->span);
	CHECK(redundancy_span_read(bytes, &span) == OK && span.level == redundancy && span.size > 4096);
	redundancy_shape(span.size, span.level, false, &shape);
	return shape;
}

/* The chunks of FILE.bmt follow one another without gaps, and their spans add up on every level. */
static void check_places(uint64_t size, unsigned redundancy)
{
	struct tree t;
	CHECK(tree_shape(&t, size, redundancy) == OK);
	uint64_t at = 0;
	for (unsigned level = t.levels; level >= 1; level--) {
		uint64_t spans = 0, references = 0;
		for (uint64_t i = 0; i < t.chunks[level]; i++) {
			struct tree_place place = tree_chunk(&t, level, i);
			struct redundancy_shape shape = shape_at(&place, redundancy);
			CHECK(place.offset == at && place.n > CHUNK_SPAN_BYTES + REFERENCE_BYTES);
			CHECK(place.n <= TREE_CHUNK_BYTES && place.n == CHUNK_SPAN_BYTES + shape.payload_bytes);
			at += place.n;
			spans += shape.child_size * (shape.children_n - 1) + shape.last_size;
			references += shape.children_n;
		}
		uint64_t carried = t.items[level - 1] - references;
		CHECK(carried <= 1 && (carried == 1 || spans == size) && spans <= size);
	}
	CHECK(at == t.bytes);
}

/* No two items have their address in one place, and each place is that of a reference. */
static void check_addresses(uint64_t size, unsigned redundancy)
{
	struct tree t;
	CHECK(tree_shape(&t, size, redundancy) == OK);
	uint8_t *used = calloc((size_t)t.bytes / 8 + 1, 1);
	uint64_t roots = 0, found = 0, rest = 0; /* spans and parities */
	for (unsigned level = 0; level <= t.levels; level++) {
		uint64_t items = level == 0 ? t.blocks : t.chunks[level];
		for (uint64_t i = 0; i < items; i++) {
			uint64_t offset = UINT64_MAX;
			if (level > 0) {
				struct tree_place place = tree_chunk(&t, level, i);
				rest += CHUNK_SPAN_BYTES + shape_at(&place, redundancy).parities_n * REFERENCE_BYTES;
			}
			if (!tree_address(&t, level, i, &offset)) {
				roots++;
				continue;
			}
			CHECK(offset % 8 == 0 && offset <= t.bytes - REFERENCE_BYTES && used[offset / 8] == 0);
			memset(used + offset / 8, 1, REFERENCE_BYTES / 8);
			found++;
		}
	}
	CHECK(roots == 1 && t.bytes == rest + found * REFERENCE_BYTES);
	free(used);
}

static void check_both(uint64_t size, unsigned redundancy)
{
	check_places(size, redundancy);
	check_addresses(size, redundancy);
}

TEST(places_have_no_gaps_and_addresses_no_doubles)
{
	for (unsigned redundancy = 0; redundancy <= REDUNDANCY_LEVEL_MAX; redundancy++) {
		const uint64_t most = redundancy_children_max(redundancy, false), square = most * most;
		const uint64_t blocks[] = {1,
					   2,
					   most - 1,
					   most,
					   most + 1,
					   most + 2,
					   most * 2 - 1,
					   most * 2,
					   most * 2 + 1,
					   square - 1,
					   square,
					   square + 1,
					   square + 2,
					   square + most,
					   square + most + 1,
					   square + most + 2,
					   2 * square + 1};
		for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
			check_both(blocks[i] * 4096, redundancy);
			check_both(blocks[i] * 4096 - 4095, redundancy);
		}
	}
}

static int check_tree(const struct sample *s, struct why *why)
{
	return tree_check(&s->t, bytes_of(s->bmt, (size_t)s->t.bytes), s->reference, keccak_widest(), &scratch, why);
}

/* Whatever a span says but the truth: refused, and the chunk that lies is named. */
static void check_spans_that_lie_are_named(unsigned redundancy)
{
	static const uint64_t lies[] = {0, 1, 4096, 1ULL << 48, 1ULL << 63, UINT64_MAX};
	struct sample s;
	sample_make(&s, 300 * 4096 + 17, redundancy);
	for (unsigned level = 1; level <= s.t.levels; level++) {
		for (uint64_t i = 0; i < s.t.chunks[level]; i++) {
			struct tree_place place = tree_chunk(&s.t, level, i);
			for (size_t k = 0; k < sizeof lies / sizeof lies[0]; k++) {
				struct why why = {.err = OK};
				store_le64(s.bmt + place.offset, lies[k]);
				CHECK(check_tree(&s, &why) == ERR_HASH && why.at == place.offset);
			}
			store_le64(s.bmt + place.offset, place.span);
		}
	}
	CHECK(check_tree(&s, NULL) == OK);
	sample_free(&s);
}

TEST(spans_that_lie_are_named)
{
	check_spans_that_lie_are_named(0);
	check_spans_that_lie_are_named(3);
}

/* Two chunks, or two references, in each other's place are right ones in the wrong place. */
static void check_chunks_that_changed_places_are_found(unsigned redundancy)
{
	struct sample s;
	uint8_t kept[TREE_CHUNK_BYTES];
	sample_make(&s, 300 * 4096 + 17, redundancy);
	struct tree_place a = tree_chunk(&s.t, 1, 0), b = tree_chunk(&s.t, 1, 1);
	for (int half = 0; half < 2; half++) {
		size_t skip = half == 0 ? 0 : CHUNK_SPAN_BYTES, n = half == 0 ? TREE_CHUNK_BYTES : REFERENCE_BYTES;
		for (int back = 0; back < 2; back++) {
			memcpy(kept, s.bmt + a.offset + skip, n);
			memcpy(s.bmt + a.offset + skip, s.bmt + b.offset + skip, n);
			memcpy(s.bmt + b.offset + skip, kept, n);
			CHECK(check_tree(&s, NULL) == (back == 0 ? ERR_HASH : OK));
		}
	}
	sample_free(&s);
}

TEST(chunks_that_changed_places_are_found)
{
	check_chunks_that_changed_places_are_found(0);
	check_chunks_that_changed_places_are_found(3);
}

/* A tree of another size, though its every chunk is right, is not that of this one. */
TEST(trees_of_other_sizes_are_refused)
{
	struct sample s;
	struct tree other;
	sample_make(&s, 300 * 4096 + 17, 0);
	for (uint64_t size = 300 * 4096 + 1; size <= 301 * 4096; size += 63) {
		CHECK(tree_shape(&other, size, 0) == OK && other.bytes == s.t.bytes);
		int want = size == s.t.size ? OK : ERR_HASH;
		CHECK(tree_check(&other, bytes_of(s.bmt, (size_t)other.bytes), s.reference, keccak_widest(), &scratch,
				 NULL) == want);
	}
	CHECK(tree_shape(&other, s.t.size + 4096, 0) == OK);
	CHECK(tree_check(&other, bytes_of(s.bmt, (size_t)s.t.bytes), s.reference, keccak_widest(), &scratch, NULL) ==
	      ERR_SIZE);
	sample_free(&s);
}

/* The block that is carried up two levels has its address in the root itself. */
TEST(a_carried_block_is_checked_by_the_root)
{
	struct sample s;
	uint64_t bad = 0, offset = 0, last;
	sample_make(&s, FILE_BYTES, 0);
	struct bytes bmt = bytes_of(s.bmt, (size_t)s.t.bytes);
	last = s.t.blocks - 1;
	struct bytes block = bytes_of(s.data + last * 4096, 4096);
	CHECK(check_tree(&s, NULL) == OK);
	CHECK(tree_address(&s.t, 0, last, &offset) && offset == CHUNK_SPAN_BYTES + REFERENCE_BYTES);
	CHECK(tree_blocks_check(&s.t, bmt, s.reference, last, block, KECCAK_SCALAR, &scratch, &bad) == OK);
	s.data[FILE_BYTES - 1] ^= 1;
	CHECK(tree_blocks_check(&s.t, bmt, s.reference, last, block, KECCAK_SCALAR, &scratch, &bad) == ERR_HASH);
	CHECK(bad == last);
	sample_free(&s);
}

TEST(blocks_out_of_the_file_are_refused)
{
	static const uint64_t firsts[] = {301, 302, 1ULL << 52, UINT64_MAX - 1, UINT64_MAX};
	struct sample s;
	sample_make(&s, 300 * 4096 + 17, 0);
	struct bytes bmt = bytes_of(s.bmt, (size_t)s.t.bytes);
	for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
		uint64_t bad = 77;
		CHECK(tree_blocks_check(&s.t, bmt, s.reference, firsts[i], bytes_of(s.data, 4096), KECCAK_SCALAR,
					&scratch, &bad) == ERR_SIZE);
		CHECK(bad == 77);
	}
	for (size_t n = 0; n <= 3 * 4096; n += 512) { /* in the middle, only whole blocks */
		uint64_t bad = 77;
		int want = n > 0 && n % 4096 == 0 ? OK : ERR_SIZE;
		CHECK(tree_blocks_check(&s.t, bmt, s.reference, 7, bytes_of(s.data + 7 * 4096, n), KECCAK_SCALAR,
					&scratch, &bad) == want);
	}
	sample_free(&s);
}

int main(void)
{
	RUN(shapes_around_every_power);
	RUN(too_large_is_refused_and_leaves_the_tree_alone);
	RUN(places_have_no_gaps_and_addresses_no_doubles);
	RUN(spans_that_lie_are_named);
	RUN(chunks_that_changed_places_are_found);
	RUN(trees_of_other_sizes_are_refused);
	RUN(a_carried_block_is_checked_by_the_root);
	RUN(blocks_out_of_the_file_are_refused);
	return test_end();
}
