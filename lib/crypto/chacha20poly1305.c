#include "crypto/chacha20poly1305.h"

#include <assert.h>
#include <sodium/crypto_aead_chacha20poly1305.h>

#define NONCE_BYTES 12

static_assert(CHACHA20POLY1305_KEY_BYTES == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "key");
static_assert(CHACHA20POLY1305_TAG_BYTES == crypto_aead_chacha20poly1305_ietf_ABYTES, "tag");
static_assert(NONCE_BYTES == crypto_aead_chacha20poly1305_ietf_NPUBBYTES, "nonce");

void chacha20poly1305_seal(const uint8_t key[static CHACHA20POLY1305_KEY_BYTES], uint64_t number, struct bytes beside,
			   uint8_t *text, size_t n, uint8_t tag[static CHACHA20POLY1305_TAG_BYTES])
{
	uint8_t nonce[NONCE_BYTES] = {0}, nothing = 0;
	uint8_t *p = n == 0 ? &nothing : text; /* never NULL */
	unsigned long long tag_n;
	store_le64(nonce + 4, number);
	/* returns 0 always */
	(void)crypto_aead_chacha20poly1305_ietf_encrypt_detached(p, tag, &tag_n, p, n, beside.p, beside.n, NULL, nonce,
								 key);
}

bool chacha20poly1305_open(const uint8_t key[static CHACHA20POLY1305_KEY_BYTES], uint64_t number, struct bytes beside,
			   uint8_t *text, size_t n, const uint8_t tag[static CHACHA20POLY1305_TAG_BYTES])
{
	uint8_t nonce[NONCE_BYTES] = {0}, nothing = 0;
	uint8_t *p = n == 0 ? &nothing : text;
	store_le64(nonce + 4, number);
	return crypto_aead_chacha20poly1305_ietf_decrypt_detached(p, NULL, p, n, tag, beside.p, beside.n, nonce, key) ==
	       0;
}
