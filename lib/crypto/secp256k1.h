/* ECDSA on secp256k1 as Ethereum and Swarm use it: a signature gives the key that made it, and a
 * signer is known by the last 20 bytes of the hash of that key. libsecp256k1 behind it.
 *
 * Signatures are malleable on purpose, as Swarm's nodes take them: S may be above half the order,
 * and v has two spellings. So never tell messages apart by the bytes of their signature. */
#ifndef CRYPTO_SECP256K1_H
#define CRYPTO_SECP256K1_H

#include "core/bytes.h"

#define SECP256K1_KEY_BYTES 64 /* x || y, big-endian, without a format byte */
#define SECP256K1_COMPRESSED_BYTES 33
#define SECP256K1_SIGNATURE_BYTES 64 /* r || s, big-endian */
#define SECP256K1_RECOVERABLE_BYTES 65
#define SECP256K1_SECRET_BYTES 32
#define SECP256K1_DIGEST_BYTES 32
#define SECP256K1_ADDRESS_BYTES 20

/* The key that signed digest: signature is r || s || v, v = 27 to 30 or (from signers that mean a
 * compressed key) 31 to 34. ERR_SIGNATURE when there is no such key; key is untouched then. */
MUST_CHECK int secp256k1_recover(const uint8_t digest[static SECP256K1_DIGEST_BYTES],
				 const uint8_t signature[static SECP256K1_RECOVERABLE_BYTES],
				 uint8_t key[static SECP256K1_KEY_BYTES]);
/* OK; ERR_KEY when key is no point of the curve, ERR_SIGNATURE when the signature is wrong. */
MUST_CHECK int secp256k1_verify(const uint8_t key[static SECP256K1_KEY_BYTES],
				const uint8_t digest[static SECP256K1_DIGEST_BYTES],
				const uint8_t signature[static SECP256K1_SIGNATURE_BYTES]);
/* The same for a compressed point and a signature as DER, as libp2p has them. */
MUST_CHECK int secp256k1_verify_der(const uint8_t key[static SECP256K1_COMPRESSED_BYTES],
				    const uint8_t digest[static SECP256K1_DIGEST_BYTES], struct bytes signature);
/* The Ethereum address of key: the last 20 bytes of its Keccak-256. */
void secp256k1_address(const uint8_t key[static SECP256K1_KEY_BYTES], uint8_t address[static SECP256K1_ADDRESS_BYTES]);

/* The public key of a secret one. ERR_KEY when it is none (0, or not below the order); key is untouched
 * then. Constant time. */
MUST_CHECK int secp256k1_public(const uint8_t secret[static SECP256K1_SECRET_BYTES],
				uint8_t key[static SECP256K1_KEY_BYTES]);
/* Signs, deterministically (RFC 6979), with the lower S; v is 27 or 28. ERR_KEY. Constant time. */
MUST_CHECK int secp256k1_sign(const uint8_t secret[static SECP256K1_SECRET_BYTES],
			      const uint8_t digest[static SECP256K1_DIGEST_BYTES],
			      uint8_t signature[static SECP256K1_RECOVERABLE_BYTES]);

#endif
