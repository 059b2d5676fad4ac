/* Ed25519, RFC 8032, with one strict rule on host and in firmware: the public key and R are
 * canonical points of large order, S < L, and the equation holds without the cofactor. */
#ifndef CRYPTO_ED25519_H
#define CRYPTO_ED25519_H

#include "core/bytes.h"

#define ED25519_KEY_BYTES 32
#define ED25519_SEED_BYTES 32
#define ED25519_SIGNATURE_BYTES 64

/* OK; ERR_KEY for a small-order or non-canonical key, ERR_SIGNATURE for anything else wrong. */
MUST_CHECK int ed25519_verify(const uint8_t key[static ED25519_KEY_BYTES], struct bytes message,
			      const uint8_t signature[static ED25519_SIGNATURE_BYTES]);
/* OK or ERR_KEY: whether key may be trusted at all. */
MUST_CHECK int ed25519_key_check(const uint8_t key[static ED25519_KEY_BYTES]);
/* The public key of a secret seed. Constant time. */
void ed25519_public(const uint8_t seed[static ED25519_SEED_BYTES], uint8_t key[static ED25519_KEY_BYTES]);
/* Signs; deterministic. The expanded secret is wiped before it returns. Constant time. */
void ed25519_sign(const uint8_t seed[static ED25519_SEED_BYTES], struct bytes message,
		  uint8_t signature[static ED25519_SIGNATURE_BYTES]);

#endif
