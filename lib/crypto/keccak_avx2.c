#include "crypto/keccak_lanes.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define LANES 4

typedef __m256i lane;

static inline lane lane_all(uint64_t v)
{
	return _mm256_set1_epi64x((long long)v);
}

static inline lane lane_xor3(lane a, lane b, lane c)
{
	return _mm256_xor_si256(_mm256_xor_si256(a, b), c);
}

static inline lane lane_chi(lane a, lane b, lane c)
{
	return _mm256_xor_si256(a, _mm256_andnot_si256(b, c));
}

static inline lane lane_rotate(lane a, int n)
{
	return _mm256_or_si256(_mm256_slli_epi64(a, n), _mm256_srli_epi64(a, 64 - n));
}

#include "crypto/keccak_rounds.inc"

void keccak_permute_avx2(uint64_t *state)
{
	permute((lane *)(void *)state);
}

static inline lane load(const uint8_t *p)
{
	return _mm256_loadu_si256((const lane *)(const void *)p);
}

static inline void store(uint8_t *p, lane v)
{
	_mm256_storeu_si256((lane *)(void *)p, v);
}

/* Rows to columns: it is its own inverse. */
static inline void transpose(lane to[static LANES], lane r0, lane r1, lane r2, lane r3)
{
	const lane a = _mm256_unpacklo_epi64(r0, r1), b = _mm256_unpackhi_epi64(r0, r1);
	const lane c = _mm256_unpacklo_epi64(r2, r3), d = _mm256_unpackhi_epi64(r2, r3);
	to[0] = _mm256_permute2x128_si256(a, c, 0x20);
	to[1] = _mm256_permute2x128_si256(b, d, 0x20);
	to[2] = _mm256_permute2x128_si256(a, c, 0x31);
	to[3] = _mm256_permute2x128_si256(b, d, 0x31);
}

/* Words 0 to 3 of each lane are its hash. */
static inline void store_hashes(const lane *s, uint8_t *out, size_t out_stride, size_t n)
{
	lane hash[LANES];
	transpose(hash, s[0], s[1], s[2], s[3]);
	for (size_t k = 0; k < n; k++)
		store(out + k * out_stride, hash[k]);
}

/* The first words words, at most LANES, without reading what follows them. */
static inline lane load_some(const uint8_t *p, size_t words)
{
	const lane which = _mm256_set_epi64x(3, 2, 1, 0);
	const lane mask = _mm256_cmpgt_epi64(lane_all(words), which);
	return _mm256_maskload_epi64((const long long *)(const void *)p, mask);
}

static inline __attribute__((always_inline)) void group(const uint8_t *in, size_t words, size_t stride, uint8_t *out,
							size_t out_stride, size_t n)
{
	/* A lane without a message of its own hashes the first one again. */
	const uint8_t *const m1 = n > 1 ? in + stride : in;
	const uint8_t *const m2 = n > 2 ? in + 2 * stride : in;
	const uint8_t *const m3 = n > 3 ? in + 3 * stride : in;
	lane s[KECCAK_WORDS];
	size_t i = 0;
	for (; i + LANES <= words; i += LANES)
		transpose(s + i, load(in + 8 * i), load(m1 + 8 * i), load(m2 + 8 * i), load(m3 + 8 * i));
	if (i < words) {
		const size_t rest = words - i;
		transpose(s + i, load_some(in + 8 * i, rest), load_some(m1 + 8 * i, rest), load_some(m2 + 8 * i, rest),
			  load_some(m3 + 8 * i, rest));
		i = words;
	}
	s[i++] = lane_all(0x01);
	for (; i < KECCAK_WORDS; i++)
		s[i] = _mm256_setzero_si256();
	s[KECCAK_RATE_WORDS - 1] ^= lane_all((uint64_t)0x80 << 56);
	permute(s);
	store_hashes(s, out, out_stride, n);
}

void keccak_group_avx2(const uint8_t *in, size_t words, size_t stride, uint8_t *out, size_t out_stride, size_t n)
{
	/* The nodes of a BMT: with a known length the padding costs nothing. */
	if (words == 8)
		group(in, 8, stride, out, out_stride, n);
	else
		group(in, words, stride, out, out_stride, n);
}

void keccak_numbered_avx2(const uint64_t *key, uint32_t first, uint8_t *out, size_t n)
{
	lane s[KECCAK_WORDS];
	hash_twice(s, key, _mm256_add_epi64(lane_all(KECCAK_NUMBERED_PAD | first), _mm256_set_epi64x(3, 2, 1, 0)));
	store_hashes(s, out, KECCAK_HASH_BYTES, n);
}
#endif
