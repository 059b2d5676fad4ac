#include "swarm/erasure_kinds.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define COLUMNS 2  /* vectors of a shard at a time ... */
#define ROWS_MAX 4 /* ... for so many shards to fill: all but a table fits the 16 registers */

typedef __m256i vector;

/* A table of 16 products, in both halves of a register. */
static inline vector table(const uint8_t *products)
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)products));
}

/* COLUMNS vectors, from byte b on, of rows_n shards. */
static inline __attribute__((always_inline)) void block(const struct erasure_tables *t, const uint8_t *rows,
							const uint8_t *const *in, size_t in_n, uint8_t *const *out,
							size_t rows_n, size_t b)
{
	const vector nibble = _mm256_set1_epi8(0x0f);
	vector sum[ROWS_MAX][COLUMNS];
	UNROLLED
	for (size_t r = 0; r < rows_n; r++) {
		UNROLLED
		for (size_t c = 0; c < COLUMNS; c++)
			sum[r][c] = _mm256_setzero_si256();
	}
	for (size_t i = 0; i < in_n; i++) {
		vector low[COLUMNS], high[COLUMNS];
		UNROLLED
		for (size_t c = 0; c < COLUMNS; c++) {
			const vector data =
				_mm256_loadu_si256((const vector *)(const void *)(in[i] + b + c * sizeof(vector)));
			low[c] = _mm256_and_si256(data, nibble);
			high[c] = _mm256_and_si256(_mm256_srli_epi64(data, 4), nibble);
		}
		UNROLLED
		for (size_t r = 0; r < rows_n; r++) {
			const uint8_t *halves = t->halves[rows[r * in_n + i]];
			const vector of_low = table(halves), of_high = table(halves + 16);
			UNROLLED
			for (size_t c = 0; c < COLUMNS; c++) {
				const vector a = _mm256_shuffle_epi8(of_low, low[c]);
				const vector z = _mm256_shuffle_epi8(of_high, high[c]);
				sum[r][c] = _mm256_xor_si256(sum[r][c], _mm256_xor_si256(a, z));
			}
		}
	}
	UNROLLED
	for (size_t r = 0; r < rows_n; r++) {
		UNROLLED
		for (size_t c = 0; c < COLUMNS; c++)
			_mm256_storeu_si256((vector *)(void *)(out[r] + b + c * sizeof(vector)), sum[r][c]);
	}
}

static inline __attribute__((always_inline)) void all_rows(const struct erasure_tables *t, const uint8_t *rows,
							   const uint8_t *const *in, size_t in_n, uint8_t *const *out,
							   size_t out_n, size_t b)
{
	/* Blocks of about one size: one row alone costs nearly what two do. */
	size_t blocks = (out_n + ROWS_MAX - 1) / ROWS_MAX;
	for (size_t r = 0; r < out_n; blocks--) {
		const size_t n = (out_n - r + blocks - 1) / blocks;
		/* With a number of rows that the compiler knows the sums stay in registers. */
		if (n == 1)
			block(t, rows + r * in_n, in, in_n, out + r, 1, b);
		else if (n == 2)
			block(t, rows + r * in_n, in, in_n, out + r, 2, b);
		else if (n == 3)
			block(t, rows + r * in_n, in, in_n, out + r, 3, b);
		else
			block(t, rows + r * in_n, in, in_n, out + r, ROWS_MAX, b);
		r += n;
	}
}

void erasure_multiply_avx2(const struct erasure_tables *t, const uint8_t *rows, const uint8_t *const *in, size_t in_n,
			   uint8_t *const *out, size_t out_n)
{
	/* All shards' bytes of one place before the next place: they stay in the nearest cache. */
	const size_t step = COLUMNS * sizeof(vector);
	for (size_t b = 0; b + step <= ERASURE_SHARD_BYTES; b += step)
		all_rows(t, rows, in, in_n, out, out_n, b);
	/* What is left, with some before it once more: the same sums again. */
	all_rows(t, rows, in, in_n, out, out_n, ERASURE_SHARD_BYTES - step);
}
#endif
