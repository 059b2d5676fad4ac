#include "crypto/hkdf.h"

#include <assert.h>
#include <string.h>

#include "crypto/secret.h"

#define BLOCK_BYTES 64

void hmac_sha256(struct bytes key, struct bytes a, struct bytes b, uint8_t code[static SHA256_BYTES])
{
	struct sha256 h;
	uint8_t inner[BLOCK_BYTES] = {0}, outer[BLOCK_BYTES], hash[SHA256_BYTES];
	if (key.n > BLOCK_BYTES)
		sha256_of(key, inner);
	else if (key.n > 0)
		memcpy(inner, key.p, key.n);
	for (size_t i = 0; i < BLOCK_BYTES; i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	sha256_init(&h);
	sha256_add(&h, bytes_of(inner, sizeof inner));
	sha256_add(&h, a);
	sha256_add(&h, b);
	sha256_end(&h, hash);
	sha256_init(&h);
	sha256_add(&h, bytes_of(outer, sizeof outer));
	sha256_add(&h, bytes_of(hash, sizeof hash));
	sha256_end(&h, code);
	secret_wipe(inner, sizeof inner);
	secret_wipe(outer, sizeof outer);
	secret_wipe(hash, sizeof hash);
	secret_wipe(&h, sizeof h);
}

void hkdf_sha256(struct bytes salt, struct bytes secret, struct bytes info, uint8_t *out, size_t n)
{
	assert(n <= HKDF_BYTES_MAX && info.n <= HKDF_INFO_BYTES_MAX);
	uint8_t key[SHA256_BYTES], block[SHA256_BYTES], tail[HKDF_INFO_BYTES_MAX + 1];
	size_t block_n = 0;
	if (info.n > 0)
		memcpy(tail, info.p, info.n);
	hmac_sha256(salt, secret, BYTES_NONE, key);
	/* T(i) = HMAC(key, T(i - 1) || info || i) */
	for (uint8_t i = 1; n > 0; i++) {
		tail[info.n] = i;
		hmac_sha256(bytes_of(key, sizeof key), bytes_of(block, block_n), bytes_of(tail, info.n + 1), block);
		block_n = n < sizeof block ? n : sizeof block;
		memcpy(out, block, block_n);
		out += block_n;
		n -= block_n;
	}
	secret_wipe(key, sizeof key);
	secret_wipe(block, sizeof block);
}
