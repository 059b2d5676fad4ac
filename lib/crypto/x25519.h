/* X25519, RFC 7748: a secret that two sides share and no listener has. libsodium behind it, in
 * constant time, on host and in firmware. */
#ifndef CRYPTO_X25519_H
#define CRYPTO_X25519_H

#include "core/bytes.h"

#define X25519_BYTES 32 /* of a secret, of a public key, and of what is shared */

/* The public key of a secret; any 32 random bytes are a secret. */
void x25519_public(const uint8_t secret[static X25519_BYTES], uint8_t key[static X25519_BYTES]);
/* What the holder of secret shares with the holder of key's. ERR_KEY: key is of small order, so that
 * everybody would know the result; shared is untouched then. */
MUST_CHECK int x25519(const uint8_t secret[static X25519_BYTES], const uint8_t key[static X25519_BYTES],
		      uint8_t shared[static X25519_BYTES]);

#endif
