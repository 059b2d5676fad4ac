#include "crypto/keccak.h"

#include <assert.h>
#include <string.h>

#include "crypto/cpu.h"
#include "crypto/keccak_lanes.h"
#include "crypto/secret.h"

typedef uint64_t lane;

static inline lane lane_all(uint64_t v)
{
	return v;
}

static inline lane lane_xor3(lane a, lane b, lane c)
{
	return a ^ b ^ c;
}

static inline lane lane_chi(lane a, lane b, lane c)
{
	return a ^ (~b & c);
}

static inline lane lane_rotate(lane a, unsigned n)
{
	return a << n | a >> (64 - n);
}

#include "crypto/keccak_rounds.inc"

#define RATE_BYTES (KECCAK_RATE_WORDS * sizeof(uint64_t))
#define PAD_FIRST 0x01 /* Keccak as it was submitted; SHA-3 has 0x06 */
#define PAD_LAST 0x80

static_assert(sizeof(((struct keccak256 *)NULL)->block) == RATE_BYTES, "a block is the rate");

void keccak_permute_scalar(uint64_t *state)
{
	permute(state);
}

/* Words are little-endian; on such machines this is one load or store. */
static inline uint64_t word(uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return __builtin_bswap64(v);
#else
	return v;
#endif
}

static inline uint64_t load_word(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return word(v);
}

static inline void store_hash(const uint64_t *state, uint8_t *out)
{
	for (size_t i = 0; i < KECCAK_HASH_WORDS; i++) {
		const uint64_t v = word(state[i]);
		memcpy(out + 8 * i, &v, sizeof v);
	}
}

static void absorb_block(uint64_t *state, const uint8_t *block)
{
	for (size_t i = 0; i < KECCAK_RATE_WORDS; i++)
		state[i] ^= load_word(block + 8 * i);
	keccak_permute_scalar(state);
}

void keccak256_init(struct keccak256 *h)
{
	memset(h, 0, sizeof *h);
}

void keccak256_add(struct keccak256 *h, struct bytes in)
{
	if (in.n == 0)
		return;
	if (h->n != 0) {
		const size_t room = RATE_BYTES - h->n;
		const size_t n = in.n < room ? in.n : room;
		memcpy(h->block + h->n, in.p, n);
		h->n += n;
		in = bytes_skip(in, n);
		if (h->n < RATE_BYTES)
			return;
		absorb_block(h->state, h->block);
		h->n = 0;
	}
	for (; in.n >= RATE_BYTES; in = bytes_skip(in, RATE_BYTES))
		absorb_block(h->state, in.p);
	if (in.n != 0)
		memcpy(h->block, in.p, in.n);
	h->n = in.n;
}

void keccak256_end(struct keccak256 *h, uint8_t out[static KECCAK256_BYTES])
{
	memset(h->block + h->n, 0, RATE_BYTES - h->n);
	h->block[h->n] |= PAD_FIRST;
	h->block[RATE_BYTES - 1] |= PAD_LAST;
	absorb_block(h->state, h->block);
	store_hash(h->state, out);
}

void keccak256_of(struct bytes in, uint8_t out[static KECCAK256_BYTES])
{
	struct keccak256 h;
	keccak256_init(&h);
	keccak256_add(&h, in);
	keccak256_end(&h, out);
}

static void group_scalar(const uint8_t *in, size_t words, size_t stride, uint8_t *out, size_t out_stride, size_t n)
{
	(void)stride, (void)out_stride, (void)n;
	uint64_t state[KECCAK_WORDS] = {0};
	for (size_t i = 0; i < words; i++)
		state[i] = load_word(in + 8 * i);
	state[words] = PAD_FIRST;
	state[KECCAK_RATE_WORDS - 1] |= (uint64_t)PAD_LAST << 56;
	keccak_permute_scalar(state);
	store_hash(state, out);
}

static void numbered_scalar(const uint64_t *key, uint32_t first, uint8_t *out, size_t n)
{
	(void)n;
	uint64_t state[KECCAK_WORDS];
	hash_twice(state, key, KECCAK_NUMBERED_PAD | first);
	store_hash(state, out);
}

static const struct {
	const char *name;
	unsigned lanes;
	/* Fewer messages than this are faster one by one: what a group costs in scalar hashes. */
	unsigned worth;
	keccak_group_fn *group;
	keccak_numbered_fn *numbered;
} kinds[KECCAK_KINDS] = {
	[KECCAK_SCALAR] = {"scalar", 1, 1, group_scalar, numbered_scalar},
#if defined(__x86_64__)
	[KECCAK_SSE2] = {"sse2", 2, 2, keccak_group_sse2, keccak_numbered_sse2},
	[KECCAK_AVX2] = {"avx2", 4, 2, keccak_group_avx2, keccak_numbered_avx2},
	[KECCAK_AVX512] = {"avx512", 8, 1, keccak_group_avx512, keccak_numbered_avx512},
#else
	[KECCAK_SSE2] = {"sse2", 2, 2, NULL, NULL},
	[KECCAK_AVX2] = {"avx2", 4, 2, NULL, NULL},
	[KECCAK_AVX512] = {"avx512", 8, 1, NULL, NULL},
#endif
};

bool keccak_can(enum keccak_kind kind)
{
	switch (kind) {
	case KECCAK_SCALAR:
		return true;
	case KECCAK_SSE2: /* every x86-64 has it */
		return kinds[kind].group != NULL;
	case KECCAK_AVX2:
		return cpu_has_avx2();
	case KECCAK_AVX512:
		return cpu_has_avx512();
	}
	return false;
}

unsigned keccak_lanes(enum keccak_kind kind)
{
	return kinds[kind].lanes;
}

const char *keccak_kind_name(enum keccak_kind kind)
{
	return kinds[kind].name;
}

enum keccak_kind keccak_widest(void)
{
	enum keccak_kind kind = KECCAK_AVX512;
	while (!keccak_can(kind))
		kind = (enum keccak_kind)(kind - 1);
	return kind;
}

void keccak256_many(enum keccak_kind kind, const uint8_t *in, size_t message_bytes, size_t stride, uint8_t *out,
		    size_t out_stride, size_t n)
{
	const size_t words = message_bytes / 8;
	assert(message_bytes % 8 == 0 && words <= KECCAK_GROUP_WORDS && kinds[kind].group != NULL);
	while (n != 0) {
		const bool few = n < kinds[kind].worth;
		const size_t lanes = few ? 1 : kinds[kind].lanes;
		const size_t group = n < lanes ? n : lanes;
		(few ? group_scalar : kinds[kind].group)(in, words, stride, out, out_stride, group);
		in += group * stride;
		out += group * out_stride;
		n -= group;
	}
}

void keccak256_numbered(enum keccak_kind kind, const uint8_t key[static KECCAK256_BYTES], uint32_t first, uint8_t *out,
			size_t n)
{
	uint64_t words[KECCAK_HASH_WORDS];
	assert(n <= UINT32_MAX - first && kinds[kind].numbered != NULL);
	for (size_t i = 0; i < KECCAK_HASH_WORDS; i++)
		words[i] = load_word(key + 8 * i);
	while (n != 0) {
		const bool few = n < kinds[kind].worth;
		const size_t lanes = few ? 1 : kinds[kind].lanes;
		const size_t group = n < lanes ? n : lanes;
		(few ? numbered_scalar : kinds[kind].numbered)(words, first, out, group);
		first += (uint32_t)group;
		out += group * KECCAK256_BYTES;
		n -= group;
	}
	secret_wipe(words, sizeof words);
}
