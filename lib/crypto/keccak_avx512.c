#include "crypto/keccak_lanes.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define LANES 8

typedef __m512i lane;

static inline lane lane_all(uint64_t v)
{
	return _mm512_set1_epi64((long long)v);
}

/* The last operand of a ternary operation is its truth table. */
static inline lane lane_xor3(lane a, lane b, lane c)
{
	return _mm512_ternarylogic_epi64(a, b, c, 0x96);
}

static inline lane lane_chi(lane a, lane b, lane c)
{
	return _mm512_ternarylogic_epi64(a, b, c, 0xd2);
}

/* The count is part of the instruction, so it cannot be a function's parameter. */
#define lane_rotate(a, n) _mm512_rol_epi64(a, n)

#include "crypto/keccak_rounds.inc"

void keccak_permute_avx512(uint64_t *state)
{
	permute((lane *)(void *)state);
}

static inline void transpose(lane to[static LANES], const lane r[static LANES])
{
	lane a[LANES], b[LANES];
	for (unsigned i = 0; i < LANES; i += 2) {
		a[i] = _mm512_unpacklo_epi64(r[i], r[i + 1]);
		a[i + 1] = _mm512_unpackhi_epi64(r[i], r[i + 1]);
	}
	for (unsigned i = 0; i < LANES; i += 4) {
		b[i] = _mm512_shuffle_i64x2(a[i], a[i + 2], 0x88);
		b[i + 1] = _mm512_shuffle_i64x2(a[i + 1], a[i + 3], 0x88);
		b[i + 2] = _mm512_shuffle_i64x2(a[i], a[i + 2], 0xdd);
		b[i + 3] = _mm512_shuffle_i64x2(a[i + 1], a[i + 3], 0xdd);
	}
	for (unsigned i = 0; i < LANES / 2; i++) {
		to[i] = _mm512_shuffle_i64x2(b[i], b[i + 4], 0x88);
		to[i + 4] = _mm512_shuffle_i64x2(b[i], b[i + 4], 0xdd);
	}
}

/* Words 0 to 3 of each lane are its hash. */
static inline void store_hashes(const lane *s, uint8_t *out, size_t out_stride, size_t n)
{
	const lane low = _mm512_unpacklo_epi64(s[0], s[1]), high = _mm512_unpackhi_epi64(s[0], s[1]);
	const lane low2 = _mm512_unpacklo_epi64(s[2], s[3]), high2 = _mm512_unpackhi_epi64(s[2], s[3]);
	const lane first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
	const lane second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
	/* Each holds the hashes of message k and of message k + 2. */
	const lane hash[4] = {
		_mm512_permutex2var_epi64(low, first, low2),
		_mm512_permutex2var_epi64(high, first, high2),
		_mm512_permutex2var_epi64(low, second, low2),
		_mm512_permutex2var_epi64(high, second, high2),
	};
	for (size_t k = 0; k < n; k++) {
		const lane two = hash[(k / 4) * 2 + k % 2];
		const __m256i one = k % 4 < 2 ? _mm512_castsi512_si256(two) : _mm512_extracti64x4_epi64(two, 1);
		_mm256_storeu_si256((__m256i *)(void *)(out + k * out_stride), one);
	}
}

static inline __attribute__((always_inline)) void group(const uint8_t *in, size_t words, size_t stride, uint8_t *out,
							size_t out_stride, size_t n)
{
	lane s[KECCAK_WORDS];
	for (size_t i = 0; i < words; i += LANES) {
		const size_t rest = words - i < LANES ? words - i : LANES;
		const __mmask8 mask = (__mmask8)((1U << rest) - 1);
		lane rows[LANES];
		for (size_t k = 0; k < LANES; k++) {
			/* A lane without a message of its own hashes the first one again. */
			const uint8_t *p = in + (k < n ? k * stride : 0) + 8 * i;
			rows[k] = _mm512_maskz_loadu_epi64(mask, p);
		}
		transpose(s + i, rows);
	}
	s[words] = lane_all(0x01);
	for (size_t i = words + 1; i < KECCAK_WORDS; i++)
		s[i] = _mm512_setzero_si512();
	s[KECCAK_RATE_WORDS - 1] ^= lane_all((uint64_t)0x80 << 56);
	permute(s);
	store_hashes(s, out, out_stride, n);
}

void keccak_group_avx512(const uint8_t *in, size_t words, size_t stride, uint8_t *out, size_t out_stride, size_t n)
{
	/* The nodes of a BMT: with a known length the padding costs nothing. */
	if (words == 8)
		group(in, 8, stride, out, out_stride, n);
	else
		group(in, words, stride, out, out_stride, n);
}

void keccak_numbered_avx512(const uint64_t *key, uint32_t first, uint8_t *out, size_t n)
{
	lane s[KECCAK_WORDS];
	const lane numbers =
		_mm512_add_epi64(lane_all(KECCAK_NUMBERED_PAD | first), _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0));
	hash_twice(s, key, numbers);
	store_hashes(s, out, KECCAK_HASH_BYTES, n);
}
#endif
