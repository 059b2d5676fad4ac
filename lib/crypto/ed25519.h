/* Ed25519, RFC 8032, with one strict rule on host and in firmware: the public key is a canonical
 * point of prime order, R a canonical point of the same kind, S < L, and the equation holds
 * without the cofactor. So every correct verifier of the world agrees, and a signature is for
 * one key and one message only. */
#ifndef CRYPTO_ED25519_H
#define CRYPTO_ED25519_H

#include "core/bytes.h"

#define ED25519_KEY_BYTES 32
#define ED25519_SEED_BYTES 32
#define ED25519_SIGNATURE_BYTES 64

/* OK; ERR_KEY when ed25519_key_check says so, ERR_SIGNATURE for anything else wrong. */
MUST_CHECK int ed25519_verify(const uint8_t key[static ED25519_KEY_BYTES], struct bytes message,
			      const uint8_t signature[static ED25519_SIGNATURE_BYTES]);
/* OK or ERR_KEY: whether key may be trusted at all. Refused are encodings of no point of the curve,
 * non-canonical ones, and points of small or mixed order, for which signatures can be forged or
 * verifiers disagree. */
MUST_CHECK int ed25519_key_check(const uint8_t key[static ED25519_KEY_BYTES]);
/* The public key of a secret seed, which is any 32 random bytes. Constant time. */
void ed25519_public(const uint8_t seed[static ED25519_SEED_BYTES], uint8_t key[static ED25519_KEY_BYTES]);
/* Signs; deterministic. The expanded secret is wiped before it returns. Constant time. */
void ed25519_sign(const uint8_t seed[static ED25519_SEED_BYTES], struct bytes message,
		  uint8_t signature[static ED25519_SIGNATURE_BYTES]);

#endif
