/* Keccak-256 as Ethereum and Swarm use it (rate 136, padding 0x01, not SHA3-256's 0x06), one
 * message at a time and many short messages side by side in vector lanes.
 *
 * The lane kinds give the same results; which is fastest depends on the machine (in an emulator
 * it is the scalar one), so the kind is a parameter and no global remembers it. */
#ifndef CRYPTO_KECCAK_H
#define CRYPTO_KECCAK_H

#include "core/bytes.h"

#define KECCAK256_BYTES 32

enum keccak_kind { KECCAK_SCALAR, KECCAK_SSE2, KECCAK_AVX2, KECCAK_AVX512 };
#define KECCAK_KINDS 4
#define KECCAK_LANES_MAX 8

struct keccak256 {
	uint64_t state[25];
	uint8_t block[136]; /* bytes absorbed since the last permutation */
	size_t n;
};

void keccak256_init(struct keccak256 *h);
void keccak256_add(struct keccak256 *h, struct bytes in);
void keccak256_end(struct keccak256 *h, uint8_t out[static KECCAK256_BYTES]);
void keccak256_of(struct bytes in, uint8_t out[static KECCAK256_BYTES]);

/* Whether this processor (and the operating system's saved state) can run kind. Asks the
 * processor each time, which under a hypervisor takes microseconds: ask once and keep the kind. */
bool keccak_can(enum keccak_kind kind);
/* The widest kind that keccak_can run. */
enum keccak_kind keccak_widest(void);
unsigned keccak_lanes(enum keccak_kind kind);
const char *keccak_kind_name(enum keccak_kind kind);

/* Hashes n messages of message_bytes each (a multiple of 8, at most 128), which start every
 * stride bytes (a multiple of 8) from in, to 32-byte hashes that start every out_stride bytes
 * from out. Each message is read before any hash of the same group of lanes is written, so
 * out == in works while out_stride <= stride. kind must be one that keccak_can run. */
void keccak256_many(enum keccak_kind kind, const uint8_t *in, size_t message_bytes, size_t stride, uint8_t *out,
		    size_t out_stride, size_t n);
/* Hashes a key with each of n numbers twice, keccak256(keccak256(key || LE32(first + i))), to n hashes
 * end to end: the key stream of Swarm's encryption. n <= UINT32_MAX - first. */
void keccak256_numbered(enum keccak_kind kind, const uint8_t key[static KECCAK256_BYTES], uint32_t first, uint8_t *out,
			size_t n);

#endif
