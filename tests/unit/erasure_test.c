/* Erasure coding against bee's matrices, against the definition of the code, each kind of vectors
 * against the plain one, and with every number of shards lost. */
#include "swarm/erasure.h"

#include "core/err.h"
#include "test.h"

/* Shards that begin at odd addresses and have something of their own on both sides. */
#define ROOM (ERASURE_SHARD_BYTES + 17)
#define BEFORE 9

static struct erasure erasure;
static uint8_t memory[3][ERASURE_SHARDS_MAX][ROOM];
static uint64_t seed = 0x5eed;

static uint8_t chance(void)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return (uint8_t)(seed >> 56);
}

static uint8_t *shard(unsigned set, unsigned i)
{
	return memory[set][i] + BEFORE;
}

/* Nothing was written beside the shards of a set. */
static bool edges_whole(unsigned set)
{
	bool whole = true;
	for (unsigned i = 0; i < ERASURE_SHARDS_MAX; i++)
		for (size_t b = 0; b < ROOM; b++)
			if (b < BEFORE || b >= BEFORE + ERASURE_SHARD_BYTES)
				whole = whole && memory[set][i][b] == 0xe5;
	return whole;
}

static void clear(unsigned set)
{
	memset(memory[set], 0xe5, sizeof memory[set]);
}

static void fill(unsigned set, unsigned n)
{
	clear(set);
	for (unsigned i = 0; i < n; i++)
		for (size_t b = 0; b < ERASURE_SHARD_BYTES; b++)
			shard(set, i)[b] = chance();
}

/* The data shards of a set become its parity shards. */
static int encode(unsigned set, unsigned data_n, unsigned parity_n)
{
	const uint8_t *data[ERASURE_SHARDS_MAX];
	uint8_t *parity[ERASURE_SHARDS_MAX];
	for (unsigned i = 0; i < ERASURE_SHARDS_MAX; i++) {
		data[i] = shard(set, i);
		parity[i] = shard(set, (data_n + i) % ERASURE_SHARDS_MAX);
	}
	return erasure_encode(&erasure, data_n, parity_n, data, parity);
}

/* Data shard i has a one in its byte i: the parity shards are the matrix, by rows. */
static void encode_ones(unsigned data_n, unsigned parity_n)
{
	clear(0);
	for (unsigned i = 0; i < data_n; i++) {
		memset(shard(0, i), 0, ERASURE_SHARD_BYTES);
		shard(0, i)[i] = 1;
	}
	CHECK(encode(0, data_n, parity_n) == OK);
}

static void check_matrix(const cJSON *matrix)
{
	const unsigned data_n = (unsigned)cJSON_GetObjectItem(matrix, "data")->valueint;
	const unsigned parity_n = (unsigned)cJSON_GetObjectItem(matrix, "parity")->valueint;
	const cJSON *row, *value;
	unsigned r = 0;
	encode_ones(data_n, parity_n);
	cJSON_ArrayForEach(row, cJSON_GetObjectItem(matrix, "rows"))
	{
		unsigned c = 0;
		cJSON_ArrayForEach(value, row)
		{
			CHECK(shard(0, data_n + r)[c] == value->valueint);
			c++;
		}
		CHECK(c == data_n);
		r++;
	}
	CHECK(r == parity_n);
}

TEST(matrices_of_bee)
{
	cJSON *file = test_vectors("swarm-redundancy.json");
	const cJSON *matrices = cJSON_GetObjectItem(file, "rs_parity_matrices"), *matrix;
	CHECK(cJSON_GetArraySize(matrices) == 7);
	for (int k = 0; k < ERASURE_KINDS; k++) {
		if (!erasure_can((enum erasure_kind)k))
			continue;
		erasure_init(&erasure, (enum erasure_kind)k);
		cJSON_ArrayForEach(matrix, matrices) check_matrix(matrix);
	}
	cJSON_Delete(file);
}

/* As one multiplies with pencil and paper. */
static unsigned multiply(unsigned a, unsigned b)
{
	unsigned sum = 0;
	for (; b != 0; b >>= 1) {
		sum ^= (b & 1) != 0 ? a : 0;
		a = a << 1 ^ (a > 127 ? 0x11d : 0);
	}
	return sum;
}

/* The matrix times the first rows of Vandermonde's, r^c, is the rows of it that follow. */
static void check_definition(unsigned data_n, unsigned parity_n)
{
	static uint8_t vandermonde[ERASURE_SHARDS_MAX][ERASURE_SHARDS_MAX];
	for (unsigned r = 0; r < data_n + parity_n; r++) {
		unsigned power = 1;
		for (unsigned c = 0; c < data_n; c++) {
			vandermonde[r][c] = (uint8_t)power;
			power = multiply(power, r);
		}
	}
	encode_ones(data_n, parity_n);
	for (unsigned r = 0; r < parity_n; r++)
		for (unsigned c = 0; c < data_n; c++) {
			unsigned sum = 0;
			for (unsigned i = 0; i < data_n; i++)
				sum ^= multiply(shard(0, data_n + r)[i], vandermonde[i][c]);
			CHECK(sum == vandermonde[data_n + r][c]);
		}
}

static const unsigned counts[][2] = {{1, 2},  {2, 3},   {3, 1},   {7, 5},    {20, 87}, {39, 89}, {48, 31},
				     {59, 9}, {64, 64}, {97, 31}, {107, 21}, {119, 9}, {1, 127}, {127, 1}};
#define COUNTS_N (sizeof counts / sizeof counts[0])

TEST(the_code_is_vandermondes)
{
	erasure_init(&erasure, ERASURE_SCALAR);
	for (size_t i = 0; i < COUNTS_N; i++)
		check_definition(counts[i][0], counts[i][1]);
}

/* The compiler's own library knows the processor too. */
TEST(kinds_are_what_the_processor_can)
{
	CHECK(erasure_can(ERASURE_SCALAR));
#if defined(__x86_64__)
	CHECK(erasure_can(ERASURE_AVX2) == (__builtin_cpu_supports("avx2") != 0));
	CHECK(erasure_can(ERASURE_GFNI) ==
	      (__builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("gfni") != 0));
#else
	CHECK(!erasure_can(ERASURE_AVX2) && !erasure_can(ERASURE_GFNI));
#endif
	CHECK(erasure_can(erasure_fastest()));
	for (int k = 0; k < ERASURE_KINDS; k++) {
		const enum erasure_kind kind = (enum erasure_kind)k;
		CHECK(!erasure_can(kind) || kind <= erasure_fastest());
		printf("# %s: %s\n", erasure_kind_name(kind), erasure_can(kind) ? "tested" : "not on this processor");
	}
}

TEST(kinds_agree)
{
	for (int k = 1; k < ERASURE_KINDS; k++) {
		if (!erasure_can((enum erasure_kind)k))
			continue;
		for (size_t i = 0; i < COUNTS_N; i++) {
			const unsigned data_n = counts[i][0], parity_n = counts[i][1];
			fill(0, data_n);
			memcpy(memory[1], memory[0], sizeof memory[0]);
			erasure_init(&erasure, ERASURE_SCALAR);
			CHECK(encode(0, data_n, parity_n) == OK);
			erasure_init(&erasure, (enum erasure_kind)k);
			CHECK(encode(1, data_n, parity_n) == OK);
			CHECK(memcmp(memory[0], memory[1], sizeof memory[0]) == 0);
			CHECK(edges_whole(1));
		}
	}
}

/* One kind with every number of rows: they are worked off in blocks of several sizes. */
TEST(kinds_agree_on_every_number_of_parities)
{
	for (int k = 1; k < ERASURE_KINDS; k++) {
		if (!erasure_can((enum erasure_kind)k))
			continue;
		for (unsigned parity_n = 0; parity_n <= 30; parity_n++) {
			fill(0, 5);
			memcpy(memory[1], memory[0], sizeof memory[0]);
			erasure_init(&erasure, ERASURE_SCALAR);
			CHECK(encode(0, 5, parity_n) == OK);
			erasure_init(&erasure, (enum erasure_kind)k);
			CHECK(encode(1, 5, parity_n) == OK);
			CHECK(memcmp(memory[0], memory[1], sizeof memory[0]) == 0);
		}
	}
}

struct loss {
	const uint8_t *have[ERASURE_SHARDS_MAX];
	uint8_t *want[ERASURE_SHARDS_MAX];
};

/* lost of n shards, by chance, are to be made in set 1 from the others in set 0. */
static void lose(struct loss *l, unsigned n, unsigned lost)
{
	memset(l, 0, sizeof *l);
	clear(1);
	for (unsigned i = 0; i < n; i++)
		l->have[i] = shard(0, i);
	while (lost > 0) {
		const unsigned i = chance() % n;
		if (l->have[i] == NULL)
			continue;
		l->have[i] = NULL;
		l->want[i] = shard(1, i);
		lost--;
	}
}

/* What was wanted is as it was; nothing else was touched. */
static bool recovered(const struct loss *l, unsigned n)
{
	bool good = edges_whole(1);
	for (unsigned i = 0; i < n; i++) {
		if (l->want[i] != NULL)
			good = good && memcmp(shard(0, i), shard(1, i), ERASURE_SHARD_BYTES) == 0;
		else
			for (size_t b = 0; b < ERASURE_SHARD_BYTES; b++)
				good = good && shard(1, i)[b] == 0xe5;
	}
	return good;
}

static void lose_every_number(unsigned data_n, unsigned parity_n)
{
	struct loss l;
	fill(0, data_n);
	CHECK(encode(0, data_n, parity_n) == OK);
	for (unsigned lost = 0; lost <= parity_n; lost++) {
		lose(&l, data_n + parity_n, lost);
		CHECK(erasure_recover(&erasure, data_n, parity_n, l.have, l.want) == OK);
		CHECK(recovered(&l, data_n + parity_n));
		/* Of all that is lost every third is wanted, be it data or parity. */
		lose(&l, data_n + parity_n, lost);
		for (unsigned i = 0; i < data_n + parity_n; i++)
			l.want[i] = i % 3 == 0 ? l.want[i] : NULL;
		CHECK(erasure_recover(&erasure, data_n, parity_n, l.have, l.want) == OK);
		CHECK(recovered(&l, data_n + parity_n));
	}
	lose(&l, data_n + parity_n, parity_n + 1);
	CHECK(erasure_recover(&erasure, data_n, parity_n, l.have, l.want) == ERR_MISSING);
	memset(l.want, 0, sizeof l.want);
	CHECK(recovered(&l, data_n + parity_n));
}

TEST(every_number_of_lost_shards_comes_back)
{
	erasure_init(&erasure, erasure_fastest());
	for (size_t i = 0; i < COUNTS_N; i++)
		lose_every_number(counts[i][0], counts[i][1]);
	for (int k = 0; k < ERASURE_KINDS; k++) {
		if (!erasure_can((enum erasure_kind)k))
			continue;
		erasure_init(&erasure, (enum erasure_kind)k);
		lose_every_number(11, 7);
	}
}

/* Rows kept for one pair of counts are not used for another, nor after a recovery. */
TEST(rows_are_made_again_when_they_must)
{
	struct loss l;
	erasure_init(&erasure, erasure_fastest());
	fill(0, 20);
	CHECK(encode(0, 20, 5) == OK);
	memcpy(memory[2], memory[0], sizeof memory[0]);
	CHECK(encode(0, 4, 8) == OK && encode(0, 20, 4) == OK && encode(0, 19, 5) == OK);
	memcpy(memory[0], memory[2], sizeof memory[0]);
	lose(&l, 25, 3);
	CHECK(erasure_recover(&erasure, 20, 5, l.have, l.want) == OK && recovered(&l, 25));
	CHECK(encode(0, 20, 5) == OK && memcmp(memory[0], memory[2], sizeof memory[0]) == 0);
}

TEST(counts_that_cannot_be_are_refused)
{
	static const struct {
		unsigned data_n, parity_n;
		int err;
	} rows[] = {{0, 0, ERR_VALUE},       {0, 5, ERR_VALUE},
		    {0, 128, ERR_VALUE},     {0, 129, ERR_LIMIT},
		    {129, 0, ERR_LIMIT},     {128, 1, ERR_LIMIT},
		    {1, 128, ERR_LIMIT},     {64, 65, ERR_LIMIT},
		    {1, ~0U, ERR_LIMIT},     {~0U, 1, ERR_LIMIT},
		    {~0U, ~0U, ERR_LIMIT},   {2, ~0U - 1, ERR_LIMIT},
		    {~0U - 1, 2, ERR_LIMIT}, {1U << 31, 1U << 31, ERR_LIMIT},
		    {256, 256, ERR_LIMIT}};
	struct loss l;
	erasure_init(&erasure, erasure_fastest());
	fill(0, ERASURE_SHARDS_MAX);
	memcpy(memory[2], memory[0], sizeof memory[0]);
	lose(&l, ERASURE_SHARDS_MAX, 3);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK(encode(0, rows[i].data_n, rows[i].parity_n) == rows[i].err);
		CHECK(erasure_recover(&erasure, rows[i].data_n, rows[i].parity_n, l.have, l.want) == rows[i].err);
	}
	CHECK(memcmp(memory[0], memory[2], sizeof memory[0]) == 0);
	CHECK(encode(0, ERASURE_SHARDS_MAX, 0) == OK);
	CHECK(memcmp(memory[0], memory[2], sizeof memory[0]) == 0);
}

TEST(a_shard_is_had_or_wanted)
{
	struct loss l;
	erasure_init(&erasure, erasure_fastest());
	fill(0, 12);
	lose(&l, 12, 2);
	for (unsigned i = 0; i < 12; i++) {
		struct loss both = l;
		both.have[i] = shard(0, i);
		both.want[i] = shard(1, i);
		CHECK(erasure_recover(&erasure, 10, 2, both.have, both.want) == ERR_VALUE);
	}
	/* With enough there and nothing wanted nothing is done. */
	memset(l.want, 0, sizeof l.want);
	CHECK(erasure_recover(&erasure, 10, 2, l.have, l.want) == OK && recovered(&l, 12));
}

int main(void)
{
	RUN(matrices_of_bee);
	RUN(the_code_is_vandermondes);
	RUN(kinds_are_what_the_processor_can);
	RUN(kinds_agree);
	RUN(kinds_agree_on_every_number_of_parities);
	RUN(every_number_of_lost_shards_comes_back);
	RUN(rows_are_made_again_when_they_must);
	RUN(counts_that_cannot_be_are_refused);
	RUN(a_shard_is_had_or_wanted);
	return test_end();
}
