/* Inside of keccak256_many and keccak256_numbered: one file for each kind of lanes, one group of messages a call. For
 * keccak.c, the comparing test and the bench; everybody else includes crypto/keccak.h.
 *
 * The vector kinds exist on x86-64 only. */
#ifndef CRYPTO_KECCAK_LANES_H
#define CRYPTO_KECCAK_LANES_H

#include "core/bytes.h"

#define KECCAK_WORDS 25      /* of the state */
#define KECCAK_RATE_WORDS 17 /* of them take input */
#define KECCAK_HASH_WORDS 4  /* of them are the hash */
#define KECCAK_HASH_BYTES 32
#define KECCAK_NUMBERED_PAD ((uint64_t)0x01 << 32) /* behind a number in its word */
#define KECCAK_GROUP_WORDS 16                      /* the longest message that leaves room for the padding */

/* Hashes n messages of words 8-byte words, 1 <= n <= lanes of the kind. */
typedef void keccak_group_fn(const uint8_t *in, size_t words, size_t stride, uint8_t *out, size_t out_stride, size_t n);

/* Hashes key || LE32(first), key || LE32(first + 1), ... twice, to n hashes end to end, 1 <= n <= lanes of
 * the kind. key: four words of the machine's order. */
typedef void keccak_numbered_fn(const uint64_t *key, uint32_t first, uint8_t *out, size_t n);

/* Permutes the states of all lanes: word i of lane k is state[i * lanes + k], aligned to 8 * lanes. */
typedef void keccak_permute_fn(uint64_t *state);

keccak_permute_fn keccak_permute_scalar;
#if defined(__x86_64__)
keccak_group_fn keccak_group_sse2, keccak_group_avx2, keccak_group_avx512;
keccak_numbered_fn keccak_numbered_sse2, keccak_numbered_avx2, keccak_numbered_avx512;
keccak_permute_fn keccak_permute_sse2, keccak_permute_avx2, keccak_permute_avx512;
#endif

#endif
