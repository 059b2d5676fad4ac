#include "swarm/erasure_kinds.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define COLUMNS 4  /* vectors of a shard at a time ... */
#define ROWS_MAX 6 /* ... for so many shards to fill: sums, data and a matrix fit the 32 registers */

typedef __m512i vector;

/* columns vectors, from byte b on, of rows_n shards. */
static inline __attribute__((always_inline)) void block(const uint64_t *matrices, const uint8_t *rows,
							const uint8_t *const *in, size_t in_n, uint8_t *const *out,
							size_t rows_n, size_t columns, size_t b)
{
	vector sum[ROWS_MAX][COLUMNS];
	UNROLLED
	for (size_t r = 0; r < rows_n; r++) {
		UNROLLED
		for (size_t c = 0; c < columns; c++)
			sum[r][c] = _mm512_setzero_si512();
	}
	for (size_t i = 0; i < in_n; i++) {
		vector data[COLUMNS];
		UNROLLED
		for (size_t c = 0; c < columns; c++)
			data[c] = _mm512_loadu_si512(in[i] + b + c * sizeof(vector));
		UNROLLED
		for (size_t r = 0; r < rows_n; r++) {
			const vector matrix = _mm512_set1_epi64((long long)matrices[rows[r * in_n + i]]);
			UNROLLED
			for (size_t c = 0; c < columns; c++)
				sum[r][c] =
					_mm512_xor_si512(sum[r][c], _mm512_gf2p8affine_epi64_epi8(data[c], matrix, 0));
		}
	}
	UNROLLED
	for (size_t r = 0; r < rows_n; r++) {
		UNROLLED
		for (size_t c = 0; c < columns; c++)
			_mm512_storeu_si512(out[r] + b + c * sizeof(vector), sum[r][c]);
	}
}

/* With a number of rows that the compiler knows the sums stay in registers. */
static inline __attribute__((always_inline)) void some_rows(const uint64_t *matrices, const uint8_t *rows,
							    const uint8_t *const *in, size_t in_n, uint8_t *const *out,
							    size_t rows_n, size_t columns, size_t b)
{
	switch (rows_n) {
	case 1:
		block(matrices, rows, in, in_n, out, 1, columns, b);
		break;
	case 2:
		block(matrices, rows, in, in_n, out, 2, columns, b);
		break;
	case 3:
		block(matrices, rows, in, in_n, out, 3, columns, b);
		break;
	case 4:
		block(matrices, rows, in, in_n, out, 4, columns, b);
		break;
	case 5:
		block(matrices, rows, in, in_n, out, 5, columns, b);
		break;
	default:
		block(matrices, rows, in, in_n, out, ROWS_MAX, columns, b);
		break;
	}
}

static inline __attribute__((always_inline)) void all_rows(const struct erasure_tables *t, const uint8_t *rows,
							   const uint8_t *const *in, size_t in_n, uint8_t *const *out,
							   size_t out_n, size_t columns, size_t b)
{
	/* Blocks of about one size: one row alone costs nearly what three do. */
	size_t blocks = (out_n + ROWS_MAX - 1) / ROWS_MAX;
	for (size_t r = 0; r < out_n; blocks--) {
		const size_t n = (out_n - r + blocks - 1) / blocks;
		some_rows(t->matrices, rows + r * in_n, in, in_n, out + r, n, columns, b);
		r += n;
	}
}

void erasure_multiply_gfni(const struct erasure_tables *t, const uint8_t *rows, const uint8_t *const *in, size_t in_n,
			   uint8_t *const *out, size_t out_n)
{
	/* All shards' bytes of one place before the next place: they stay in the nearest cache. */
	size_t b = 0;
	for (; b + COLUMNS * sizeof(vector) <= ERASURE_SHARD_BYTES; b += COLUMNS * sizeof(vector))
		all_rows(t, rows, in, in_n, out, out_n, COLUMNS, b);
	/* What is left, with some before it once more: the same sums again. */
	all_rows(t, rows, in, in_n, out, out_n, 1, ERASURE_SHARD_BYTES - sizeof(vector));
}
#endif
