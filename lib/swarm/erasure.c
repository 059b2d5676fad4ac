#include "swarm/erasure.h"

#include <assert.h>
#include <string.h>

#include "core/err.h"
#include "crypto/cpu.h"
#include "swarm/erasure_kinds.h"

#define POLYNOMIAL 0x11dU
#define ORDER 255U /* of the multiplicative group */

static_assert(ERASURE_SHARDS_MAX <= ORDER + 1, "each shard is a value at a number of its own");

static void multiply_scalar(const struct erasure_tables *t, const uint8_t *rows, const uint8_t *const *in, size_t in_n,
			    uint8_t *const *out, size_t out_n)
{
	uint8_t products[256];
	for (size_t r = 0; r < out_n; r++) {
		memset(out[r], 0, ERASURE_SHARD_BYTES);
		for (size_t i = 0; i < in_n; i++) {
			const uint8_t *halves = t->halves[rows[r * in_n + i]];
			for (size_t v = 0; v < sizeof products; v++)
				products[v] = halves[v & 15] ^ halves[16 + (v >> 4)];
			for (size_t b = 0; b < ERASURE_SHARD_BYTES; b++)
				out[r][b] ^= products[in[i][b]];
		}
	}
}

static const struct {
	const char *name;
	erasure_multiply_fn *multiply;
} kinds[ERASURE_KINDS] = {
	[ERASURE_SCALAR] = {"scalar", multiply_scalar},
#if defined(__x86_64__)
	[ERASURE_AVX2] = {"avx2", erasure_multiply_avx2},
	[ERASURE_GFNI] = {"gfni", erasure_multiply_gfni},
#else
	[ERASURE_AVX2] = {"avx2", NULL},
	[ERASURE_GFNI] = {"gfni", NULL},
#endif
};

bool erasure_can(enum erasure_kind kind)
{
	switch (kind) {
	case ERASURE_SCALAR:
		return true;
	case ERASURE_AVX2:
		return cpu_has_avx2();
	case ERASURE_GFNI:
		return cpu_has_gfni();
	}
	return false;
}

enum erasure_kind erasure_fastest(void)
{
	enum erasure_kind kind = ERASURE_GFNI;
	while (!erasure_can(kind))
		kind = (enum erasure_kind)(kind - 1);
	return kind;
}

const char *erasure_kind_name(enum erasure_kind kind)
{
	return kinds[kind].name;
}

static uint8_t product(const struct erasure *e, unsigned a, unsigned b)
{
	return a == 0 || b == 0 ? 0 : e->powers[e->logs[a] + e->logs[b]];
}

/* Bit i of a product is the parity of the factor and byte 7 - i of the matrix, as the instruction
 * has it; its bit j is what bit j of the factor puts there. */
static uint64_t matrix_of(const struct erasure *e, unsigned c)
{
	uint64_t matrix = 0;
	for (unsigned j = 0; j < 8; j++) {
		const unsigned column = product(e, c, 1U << j);
		for (unsigned i = 0; i < 8; i++)
			matrix |= (uint64_t)(column >> i & 1) << (8 * (7 - i) + j);
	}
	return matrix;
}

void erasure_init(struct erasure *e, enum erasure_kind kind)
{
	e->kind = kind;
	e->data_n = e->parity_n = 0;
	unsigned power = 1;
	e->logs[0] = 0; /* never asked for */
	for (unsigned i = 0; i < ORDER; i++) {
		e->powers[i] = e->powers[i + ORDER] = (uint8_t)power;
		e->logs[power] = (uint8_t)i;
		power <<= 1;
		power ^= power > 255 ? POLYNOMIAL : 0;
	}
	for (unsigned c = 0; c < 256; c++) {
		for (unsigned v = 0; v < 16; v++) {
			e->tables.halves[c][v] = product(e, c, v);
			e->tables.halves[c][16 + v] = product(e, c, v << 4);
		}
		e->tables.matrices[c] = matrix_of(e, c);
	}
}

/* The logarithm of the product of (x - at[j]) for all j but one; x is none of those. */
static unsigned log_of_differences(const struct erasure *e, unsigned x, const uint8_t *at, size_t n, size_t but)
{
	unsigned sum = 0; /* of at most 128 times 254 */
	for (size_t j = 0; j < n; j++)
		sum += j == but ? 0 : e->logs[x ^ at[j]];
	return sum % ORDER;
}

/* Lagrange: the value at x of the polynomial with given values at n numbers is the sum of those
 * values, each times prod (x - at[j]) / prod (at[i] - at[j]), j != i. Fills a row of factors for
 * each x; no x is one of the numbers. */
static void interpolate(struct erasure *e, const uint8_t *at, size_t n, const uint8_t *x, size_t x_n)
{
	uint8_t below[ERASURE_SHARDS_MAX] = {0};
	for (size_t i = 0; i < n; i++)
		below[i] = (uint8_t)log_of_differences(e, at[i], at, n, i);
	for (size_t r = 0; r < x_n; r++) {
		const unsigned above = log_of_differences(e, x[r], at, n, n);
		for (size_t i = 0; i < n; i++)
			e->rows[r * n + i] = e->powers[(above + 2 * ORDER - e->logs[x[r] ^ at[i]] - below[i]) % ORDER];
	}
}

static int check_counts(unsigned data_n, unsigned parity_n)
{
	if (data_n > ERASURE_SHARDS_MAX || parity_n > ERASURE_SHARDS_MAX - data_n)
		return ERR_LIMIT;
	return data_n == 0 ? ERR_VALUE : OK;
}

int erasure_encode(struct erasure *e, unsigned data_n, unsigned parity_n, const uint8_t *const *data,
		   uint8_t *const *parity)
{
	const int err = check_counts(data_n, parity_n);
	if (err != OK)
		return err;
	if (e->data_n != data_n || e->parity_n != parity_n) {
		uint8_t numbers[ERASURE_SHARDS_MAX] = {0};
		for (unsigned i = 0; i < data_n + parity_n; i++)
			numbers[i] = (uint8_t)i;
		interpolate(e, numbers, data_n, numbers + data_n, parity_n);
		e->data_n = data_n;
		e->parity_n = parity_n;
	}
	kinds[e->kind].multiply(&e->tables, e->rows, data, data_n, parity, parity_n);
	return OK;
}

int erasure_recover(struct erasure *e, unsigned data_n, unsigned parity_n, const uint8_t *const *have,
		    uint8_t *const *want)
{
	const uint8_t *in[ERASURE_SHARDS_MAX];
	uint8_t *out[ERASURE_SHARDS_MAX], at[ERASURE_SHARDS_MAX] = {0}, x[ERASURE_SHARDS_MAX] = {0};
	size_t in_n = 0, out_n = 0;
	const int err = check_counts(data_n, parity_n);
	if (err != OK)
		return err;
	for (unsigned i = 0; i < data_n + parity_n; i++) {
		if (have[i] != NULL && want[i] != NULL)
			return ERR_VALUE;
		if (have[i] != NULL && in_n < data_n) {
			at[in_n] = (uint8_t)i;
			in[in_n++] = have[i];
		}
		if (want[i] != NULL) {
			x[out_n] = (uint8_t)i;
			out[out_n++] = want[i];
		}
	}
	if (in_n < data_n)
		return ERR_MISSING;
	e->data_n = e->parity_n = 0;
	interpolate(e, at, data_n, x, out_n); /* at most parity_n: data_n others are here */
	kinds[e->kind].multiply(&e->tables, e->rows, in, data_n, out, out_n);
	return OK;
}
