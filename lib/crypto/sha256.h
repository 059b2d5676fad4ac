/* SHA-256, FIPS 180-4. One face; libcrypto (SHA-NI) behind it on the host, libsodium in firmware. */
#ifndef CRYPTO_SHA256_H
#define CRYPTO_SHA256_H

#include <stdalign.h>

#include "core/bytes.h"

#define SHA256_BYTES 32

/* Room for either library's state; the implementation asserts that it fits. */
struct sha256 {
	alignas(16) uint8_t state[128];
};

void sha256_init(struct sha256 *h);
void sha256_add(struct sha256 *h, struct bytes in);
/* Gives the hash; h must be initialised again before it is used again. */
void sha256_end(struct sha256 *h, uint8_t out[static SHA256_BYTES]);
void sha256_of(struct bytes in, uint8_t out[static SHA256_BYTES]);

#endif
