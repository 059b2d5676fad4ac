/* Splitter and tree against bee's file roots, against each other, and cut everywhere. */
#include "swarm/split.h"

#include "core/hex.h"
#include "swarm/tree.h"
#include "test.h"

#define MEDIUM (300U * 4096 + 17)

static struct split split;
static struct bmt_scratch scratch;

/* Splits data fed in pieces of cut bytes; the intermediate chunks go to where FILE.bmt has them. */
static void split_all(struct bytes data, size_t cut, uint8_t *reference, uint8_t *file, const struct tree *t)
{
	struct split_chunk chunk;
	size_t used;
	split_init(&split, keccak_widest());
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
				CHECK(place.n == chunk.payload.n + 8 && place.span == chunk.span);
				CHECK(place.offset + place.n <= t->bytes);
				store_le64(file + place.offset, chunk.span);
				memcpy(file + place.offset + 8, chunk.payload.p, chunk.payload.n);
			}
			if (ended)
				break;
		}
	}
	split_reference(&split, reference);
}

static uint8_t pattern_byte(const char *name, size_t i)
{
	static const char corpus[] = "hello test world";
	if (strcmp(name, "mod255") == 0)
		return (uint8_t)(i % 255);
	if (strcmp(name, "corpus") == 0)
		return (uint8_t)corpus[i % (sizeof corpus - 1)];
	return strcmp(name, "zero") == 0 ? 0 : (uint8_t)(i % 256);
}

/* keccak256("kstream" || LE64(0)), of 1, 2, … */
static void fill_kstream(uint8_t *data, size_t n)
{
	uint8_t seed[15] = "kstream", hash[32];
	for (size_t i = 0; i < n; i += 32) {
		store_le64(seed + 7, i / 32);
		keccak256_of(bytes_of(seed, sizeof seed), hash);
		memcpy(data + i, hash, n - i < 32 ? n - i : 32);
	}
}

static uint8_t *pattern(const char *name, size_t n)
{
	uint8_t *data = malloc(n + 1);
	for (size_t i = 0; data != NULL && i < n; i++)
		data[i] = pattern_byte(name, i);
	if (data != NULL && strcmp(name, "kstream") == 0)
		fill_kstream(data, n);
	return data;
}

/* Numbers whose last bytes differ from block to block. */
static uint8_t *counting(size_t n)
{
	uint8_t *data = pattern("mod256", n);
	for (size_t i = 0; data != NULL && i + 8 <= n; i += 4096)
		store_le64(data + i, i);
	return data;
}

static void check_size(struct bytes data, size_t cut, const char *want)
{
	struct tree t;
	uint8_t reference[32], hex[64], wrong[32];
	CHECK(tree_shape(&t, data.n) == OK);
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
		check_size(bytes_of(data, n), 1U << 20, root);
		free(data);
		done++;
	}
	CHECK(done >= 30);
	cJSON_Delete(json);
}

TEST(every_cut_gives_the_same)
{
	uint8_t *data = counting(MEDIUM);
	static const size_t cuts[] = {1, 7, 4095, 4096, 4097, 32768, 32769, 1000003};
	char first[65] = "";
	for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
		struct tree t;
		uint8_t reference[32];
		CHECK(tree_shape(&t, MEDIUM) == OK);
		uint8_t *file = malloc((size_t)t.bytes);
		split_all(bytes_of(data, MEDIUM), cuts[i], reference, file, &t);
		char hex[65] = "";
		hex_encode(bytes_of(reference, 32), hex);
		if (i == 0)
			memcpy(first, hex, 64);
		CHECK(memcmp(first, hex, 64) == 0);
		free(file);
	}
	free(data);
}

TEST(boundaries)
{
	static const size_t sizes[] = {0,
				       1,
				       31,
				       32,
				       33,
				       4095,
				       4096,
				       4097,
				       128 * 4096 - 1,
				       128 * 4096,
				       128 * 4096 + 1,
				       129 * 4096,
				       130 * 4096 + 5,
				       255 * 4096,
				       257 * 4096,
				       128 * 128 * 4096,
				       128 * 128 * 4096 + 1};
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		uint8_t *data = counting(sizes[i]);
		check_size(bytes_of(data, sizes[i]), 1U << 20, NULL);
		free(data);
	}
}

TEST(each_wrong_byte_is_found)
{
	struct tree t;
	uint8_t reference[32];
	uint8_t *data = counting(MEDIUM);
	CHECK(tree_shape(&t, MEDIUM) == OK);
	size_t tree_n = (size_t)t.bytes;
	uint8_t *bytes = malloc(tree_n);
	split_all(bytes_of(data, MEDIUM), 65536, reference, bytes, &t);
	for (size_t i = 0; i < tree_n; i += 13) {
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

TEST(shapes)
{
	struct tree t;
	CHECK(tree_shape(&t, SPLIT_SIZE_MAX + 1) == ERR_LIMIT);
	CHECK(tree_shape(&t, SPLIT_SIZE_MAX) == OK && t.levels == 6 && t.items[6] == 1);
	CHECK(tree_shape(&t, 4096) == OK && t.bytes == 0 && t.levels == 0);
	CHECK(tree_shape(&t, 4097) == OK && t.bytes == 8 + 64 && t.levels == 1);
	CHECK(tree_shape(&t, 1U << 30) == OK && t.bytes == 2048 * 4104 + 16 * 4104 + 8 + 16 * 32);
	CHECK(tree_shape(&t, 129 * 4096) == OK && t.bytes == 4104 + 8 + 64);
}

int main(void)
{
	RUN(vectors_of_bee);
	RUN(every_cut_gives_the_same);
	RUN(boundaries);
	RUN(each_wrong_byte_is_found);
	RUN(shapes);
	return test_end();
}
