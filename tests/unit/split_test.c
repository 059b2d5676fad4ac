/* Splitter and tree against bee's file roots, against each other, and cut everywhere. */
#include "swarm/split.h"

#include "core/hex.h"
#include "pattern.h"
#include "swarm/tree.h"
#include "test.h"

#define MEDIUM (300U * 4096 + 17)

static struct split split;
static uint8_t memory[4U << 20];
static struct bmt_scratch scratch;

/* Splits data fed in pieces of cut bytes; the intermediate chunks go to where FILE.bmt has them. */
static void split_all(struct bytes data, size_t cut, uint8_t *reference, uint8_t *file, const struct tree *t)
{
	const struct split_how how = {.kind = keccak_widest(), .erasure = erasure_fastest(), .level = t->redundancy};
	struct reference root;
	struct split_chunk chunk;
	size_t used;
	CHECK(split_memory_bytes(how.level, false) <= sizeof memory);
	split_init(&split, &how, memory);
	bool ended = false;
	while (!ended) {
		ended = data.n == 0;
		if (ended)
			split_end(&split);
		struct bytes piece = bytes_of(data.p, data.n < cut ? data.n : cut);
		while (piece.n > 0 || ended) {
			used = 0;
			if (!ended)
				CHECK(split_take(&split, piece, &used) == 0);
			piece = bytes_skip(piece, used);
			data = bytes_skip(data, used);
			while (split_chunk(&split, &chunk)) {
				struct tree_place place = tree_chunk(t, chunk.level, chunk.index);
				CHECK(place.n == chunk.payload.n + 8 && place.span == load_le64(chunk.span));
				CHECK(place.offset + place.n <= t->bytes && chunk.kind == SPLIT_INTERMEDIATE);
				memcpy(file + place.offset, chunk.span, 8);
				memcpy(file + place.offset + 8, chunk.payload.p, chunk.payload.n);
			}
			if (ended)
				break;
		}
	}
	split_reference(&split, &root);
	CHECK(!root.encrypted);
	memcpy(reference, root.address, REFERENCE_BYTES);
}

/* Numbers whose last bytes differ from block to block. */
static uint8_t *counting(size_t n)
{
	uint8_t *data = pattern("mod256", n);
	for (size_t i = 0; i + 8 <= n; i += 4096)
		store_le64(data + i, i);
	return data;
}

static void check_size(struct bytes data, size_t cut, unsigned level, const char *want)
{
	struct tree t;
	uint8_t reference[32], hex[64], wrong[32];
	CHECK(tree_shape(&t, data.n, level) == OK && t.bytes <= tree_bytes_max(data.n));
	uint8_t *file = malloc((size_t)t.bytes + 1);
	split_all(data, cut, reference, file, &t);
	hex_encode(bytes_of(reference, 32), (char *)hex);
	CHECK(want == NULL || memcmp(hex, want, 64) == 0);
	CHECK(tree_check(&t, bytes_of(file, (size_t)t.bytes), reference, KECCAK_SCALAR, &scratch, NULL) == OK);
	uint64_t bad = 99;
	CHECK(tree_blocks_check(&t, bytes_of(file, (size_t)t.bytes), reference, 0, data, keccak_widest(), &scratch,
				&bad) == OK);
	memcpy(wrong, reference, 32);
	wrong[0] ^= 1;
	CHECK(t.levels == 0 ||
	      tree_check(&t, bytes_of(file, (size_t)t.bytes), wrong, KECCAK_SCALAR, &scratch, NULL) == ERR_HASH);
	free(file);
}

TEST(vectors_of_bee)
{
	cJSON *json = test_vectors("swarm-files.json");
	const cJSON *cases = cJSON_GetObjectItem(json, "cases"), *c;
	size_t done = 0;
	cJSON_ArrayForEach(c, cases)
	{
		const char *root = test_text(c, "root"), *name = test_text(c, "pattern");
		const cJSON *len = cJSON_GetObjectItem(c, "len");
		if (len == NULL || strlen(root) != 64)
			continue;
		size_t n = (size_t)cJSON_GetNumberValue(len);
		uint8_t *data = pattern(name, n);
		check_size(bytes_of(data, n), 1U << 20, 0, root);
		free(data);
		done++;
	}
	CHECK(done == 41);
	cJSON_Delete(json);
}

TEST(every_cut_gives_the_same)
{
	static const size_t cuts[] = {1, 7, 4095, 4096, 4097, 32768, 32769, 1000003};
	uint8_t *data = counting(MEDIUM), *file = malloc((size_t)tree_bytes_max(MEDIUM));
	for (unsigned level = 0; level <= REDUNDANCY_LEVEL_MAX; level++) {
		uint8_t first[32], reference[32];
		for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
			struct tree t;
			CHECK(tree_shape(&t, MEDIUM, level) == OK);
			split_all(bytes_of(data, MEDIUM), cuts[i], reference, file, &t);
			if (i == 0)
				memcpy(first, reference, sizeof first);
			CHECK(memcmp(first, reference, sizeof first) == 0);
		}
	}
	free(file);
	free(data);
}

static void check_around(uint64_t size, unsigned level)
{
	for (int more = -1; more <= 1; more++) {
		const size_t n = (size_t)(size + (uint64_t)more);
		uint8_t *data = counting(n);
		check_size(bytes_of(data, n), 1U << 20, level, NULL);
		free(data);
	}
}

TEST(boundaries)
{
	for (unsigned level = 0; level <= REDUNDANCY_LEVEL_MAX; level++) {
		const uint64_t full = redundancy_children_max(level, false) * 4096ULL;
		const uint64_t sizes[] = {1,
					  32,
					  4096,
					  8192,
					  full - 4096,
					  full,
					  full + 4096,
					  full + 8192,
					  2 * full - 4096,
					  2 * full,
					  2 * full + 4096};
		for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
			check_around(sizes[i], level);
	}
	check_around(39 * 39 * 4096, 4);
	check_around(39 * 40 * 4096, 4);
	check_around(128 * 128 * 4096, 0);
}

/* Which level a tree has is read from its first bytes; the rest of it must be that, too. */
TEST(the_first_span_tells_the_level)
{
	static uint8_t bytes[200000];
	uint8_t *data = counting(MEDIUM), reference[32], span[8];
	struct tree t, found;
	for (unsigned level = 0; level <= REDUNDANCY_LEVEL_MAX; level++) {
		CHECK(tree_shape(&t, MEDIUM, level) == OK && t.bytes <= sizeof bytes);
		split_all(bytes_of(data, MEDIUM), 65536, reference, bytes, &t);
		CHECK(tree_shape_of(&found, MEDIUM, bytes) == OK && found.redundancy == level &&
		      found.bytes == t.bytes);
		CHECK(tree_shape_of(&found, MEDIUM - 1, bytes) == ERR_SIZE);
		for (unsigned other = 0; other <= REDUNDANCY_LEVEL_MAX; other++) {
			CHECK(tree_shape(&found, MEDIUM, other) == OK);
			const int want = other == level ? OK : found.bytes == t.bytes ? ERR_HASH : ERR_SIZE;
			CHECK(tree_check(&found, bytes_of(bytes, (size_t)t.bytes), reference, keccak_widest(), &scratch,
					 NULL) == want);
		}
	}
	redundancy_span_write(4096, 0, span);
	CHECK(tree_shape_of(&found, 4096, span) == ERR_SIZE); /* a leaf */
	memset(span, 0xff, sizeof span);
	CHECK(tree_shape_of(&found, MEDIUM, span) == ERR_LIMIT);
	redundancy_span_write(MEDIUM, 4, span);
	span[7]++;
	CHECK(tree_shape_of(&found, MEDIUM, span) == ERR_VERSION);
	free(data);
}

static void check_wrong_bytes(unsigned level, size_t step)
{
	struct tree t;
	uint8_t reference[32];
	uint8_t *data = counting(MEDIUM);
	CHECK(tree_shape(&t, MEDIUM, level) == OK);
	size_t tree_n = (size_t)t.bytes;
	uint8_t *bytes = malloc(tree_n);
	split_all(bytes_of(data, MEDIUM), 65536, reference, bytes, &t);
	for (size_t i = 0; i < tree_n; i += step) {
		bytes[i] ^= 0x40;
		CHECK(tree_check(&t, bytes_of(bytes, tree_n), reference, keccak_widest(), &scratch, NULL) == ERR_HASH);
		bytes[i] ^= 0x40;
	}
	CHECK(tree_check(&t, bytes_of(bytes, tree_n - 1), reference, KECCAK_SCALAR, &scratch, NULL) == ERR_SIZE);
	for (size_t i = 0; i < MEDIUM; i += 9973) {
		uint64_t bad = 0;
		data[i] ^= 1;
		CHECK(tree_blocks_check(&t, bytes_of(bytes, tree_n), reference, 0, bytes_of(data, MEDIUM),
					keccak_widest(), &scratch, &bad) == ERR_HASH);
		CHECK(bad == i / 4096);
		data[i] ^= 1;
	}
	uint64_t bad = 0;
	CHECK(tree_blocks_check(&t, bytes_of(bytes, tree_n), reference, 299, bytes_of(data + 299 * 4096, 4096 + 17),
				KECCAK_SCALAR, &scratch, &bad) == OK);
	CHECK(tree_blocks_check(&t, bytes_of(bytes, tree_n), reference, 299, bytes_of(data + 299 * 4096, 4000),
				KECCAK_SCALAR, &scratch, &bad) == ERR_SIZE);
	CHECK(tree_blocks_check(&t, bytes_of(bytes, tree_n), reference, 301, bytes_of(data, 4096), KECCAK_SCALAR,
				&scratch, &bad) == ERR_SIZE);
	free(bytes);
	free(data);
}

TEST(each_wrong_byte_is_found)
{
	check_wrong_bytes(0, 13);
	check_wrong_bytes(1, 61);
	check_wrong_bytes(4, 149);
}

TEST(shapes)
{
	struct tree t;
	CHECK(tree_shape(&t, SPLIT_SIZE_MAX + 1, 0) == ERR_LIMIT);
	CHECK(tree_shape(&t, SPLIT_SIZE_MAX, 0) == OK && t.levels == 6 && t.items[6] == 1);
	CHECK(tree_shape(&t, SPLIT_SIZE_MAX, 4) == OK && t.levels == 7 && t.items[7] == 1);
	CHECK(tree_bytes_max(SPLIT_SIZE_MAX + 1) == 0 && tree_bytes_max(4096) == 0);
	CHECK(tree_shape(&t, 4096, 0) == OK && t.bytes == 0 && t.levels == 0);
	CHECK(tree_shape(&t, 4097, 0) == OK && t.bytes == 8 + 64 && t.levels == 1);
	CHECK(tree_shape(&t, 1U << 30, 0) == OK && t.bytes == 2048 * 4104 + 16 * 4104 + 8 + 16 * 32);
	CHECK(tree_shape(&t, 129 * 4096, 0) == OK && t.bytes == 4104 + 8 + 64);
	CHECK(tree_shape(&t, 4097, 1) == OK && t.bytes == 8 + 64 + 3 * 32 && tree_bytes_max(4097) == 8 + 64 + 23 * 32);
	CHECK(tree_shape(&t, 120 * 4096, 1) == OK && t.bytes == 4104 + 8 + 64 + 3 * 32);
}

int main(void)
{
	RUN(vectors_of_bee);
	RUN(every_cut_gives_the_same);
	RUN(boundaries);
	RUN(the_first_span_tells_the_level);
	RUN(each_wrong_byte_is_found);
	RUN(shapes);
	return test_end();
}
