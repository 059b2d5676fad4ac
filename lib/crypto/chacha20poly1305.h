/* ChaCha20-Poly1305, RFC 8439, in place: text that nobody reads or changes without the key.
 * libsodium behind it, in constant time, on host and in firmware.
 *
 * The nonce is a number: four zero bytes and eight little-endian ones, as Noise has it. A key and a
 * number seal one text only; who seals two gives both away. */
#ifndef CRYPTO_CHACHA20POLY1305_H
#define CRYPTO_CHACHA20POLY1305_H

#include "core/bytes.h"

#define CHACHA20POLY1305_KEY_BYTES 32
#define CHACHA20POLY1305_TAG_BYTES 16

/* Encrypts text[0..n) where it stands; tag also covers beside, which is sent or known otherwise. */
void chacha20poly1305_seal(const uint8_t key[static CHACHA20POLY1305_KEY_BYTES], uint64_t number, struct bytes beside,
			   uint8_t *text, size_t n, uint8_t tag[static CHACHA20POLY1305_TAG_BYTES]);
/* Decrypts text[0..n) where it stands. False: text, beside, tag, key and number do not belong
 * together; text is all zeroes then. */
MUST_CHECK bool chacha20poly1305_open(const uint8_t key[static CHACHA20POLY1305_KEY_BYTES], uint64_t number,
				      struct bytes beside, uint8_t *text, size_t n,
				      const uint8_t tag[static CHACHA20POLY1305_TAG_BYTES]);

#endif
