/* HMAC (RFC 2104) and HKDF (RFC 5869), both with SHA-256: keys out of secrets. */
#ifndef CRYPTO_HKDF_H
#define CRYPTO_HKDF_H

#include "crypto/sha256.h"

#define HKDF_BYTES_MAX (255 * SHA256_BYTES)
#define HKDF_INFO_BYTES_MAX 128

/* The code of a message that is a, followed by b. */
void hmac_sha256(struct bytes key, struct bytes a, struct bytes b, uint8_t code[static SHA256_BYTES]);
/* Fills out[0..n), n <= HKDF_BYTES_MAX, from a secret: extract with salt, expand with info
 * (HKDF_INFO_BYTES_MAX at most). */
void hkdf_sha256(struct bytes salt, struct bytes secret, struct bytes info, uint8_t *out, size_t n);

#endif
