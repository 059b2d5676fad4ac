#include "crypto/keccak_lanes.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define LANES 2

typedef __m128i lane;

static inline lane lane_all(uint64_t v)
{
	return _mm_set1_epi64x((long long)v);
}

static inline lane lane_xor3(lane a, lane b, lane c)
{
	return _mm_xor_si128(_mm_xor_si128(a, b), c);
}

static inline lane lane_chi(lane a, lane b, lane c)
{
	return _mm_xor_si128(a, _mm_andnot_si128(b, c));
}

static inline lane lane_rotate(lane a, int n)
{
	return _mm_or_si128(_mm_slli_epi64(a, n), _mm_srli_epi64(a, 64 - n));
}

#include "crypto/keccak_rounds.inc"

void keccak_permute_sse2(uint64_t *state)
{
	permute((lane *)(void *)state);
}

static inline lane load(const uint8_t *p)
{
	return _mm_loadu_si128((const lane *)(const void *)p);
}

static inline lane load_half(const uint8_t *p)
{
	return _mm_loadl_epi64((const lane *)(const void *)p);
}

/* Words 0 to 3 of each lane are its hash. */
static inline void store_hashes(const lane *s, uint8_t *out, size_t out_stride, size_t n)
{
	lane *to = (lane *)(void *)out;
	_mm_storeu_si128(to, _mm_unpacklo_epi64(s[0], s[1]));
	_mm_storeu_si128(to + 1, _mm_unpacklo_epi64(s[2], s[3]));
	if (n == LANES) {
		to = (lane *)(void *)(out + out_stride);
		_mm_storeu_si128(to, _mm_unpackhi_epi64(s[0], s[1]));
		_mm_storeu_si128(to + 1, _mm_unpackhi_epi64(s[2], s[3]));
	}
}

static inline __attribute__((always_inline)) void group(const uint8_t *in, size_t words, size_t stride, uint8_t *out,
							size_t out_stride, size_t n)
{
	/* A lane without a message of its own hashes the first one again. */
	const uint8_t *other = n == LANES ? in + stride : in;
	lane s[KECCAK_WORDS];
	size_t i = 0;
	for (; i + 2 <= words; i += 2) {
		const lane a = load(in + 8 * i), b = load(other + 8 * i);
		s[i] = _mm_unpacklo_epi64(a, b);
		s[i + 1] = _mm_unpackhi_epi64(a, b);
	}
	if (i < words) {
		s[i] = _mm_unpacklo_epi64(load_half(in + 8 * i), load_half(other + 8 * i));
		i++;
	}
	s[i++] = lane_all(0x01);
	for (; i < KECCAK_WORDS; i++)
		s[i] = _mm_setzero_si128();
	s[KECCAK_RATE_WORDS - 1] ^= lane_all((uint64_t)0x80 << 56);
	permute(s);
	store_hashes(s, out, out_stride, n);
}

void keccak_group_sse2(const uint8_t *in, size_t words, size_t stride, uint8_t *out, size_t out_stride, size_t n)
{
	/* The nodes of a BMT: with a known length the padding costs nothing. */
	if (words == 8)
		group(in, 8, stride, out, out_stride, n);
	else
		group(in, words, stride, out, out_stride, n);
}

void keccak_numbered_sse2(const uint64_t *key, uint32_t first, uint8_t *out, size_t n)
{
	lane s[KECCAK_WORDS];
	hash_twice(s, key, _mm_add_epi64(lane_all(KECCAK_NUMBERED_PAD | first), _mm_set_epi64x(1, 0)));
	store_hashes(s, out, KECCAK_HASH_BYTES, n);
}
#endif
