#include "crypto/sha256.h"

#include <assert.h>
#include <sodium/crypto_hash_sha256.h>

static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(struct sha256), "state fits");
static_assert(alignof(crypto_hash_sha256_state) <= alignof(struct sha256), "state is aligned");

static crypto_hash_sha256_state *context(struct sha256 *h)
{
	return (crypto_hash_sha256_state *)(void *)h->state;
}

/* libsodium's results are ignored here: these calls return 0 always. */

void sha256_init(struct sha256 *h)
{
	(void)crypto_hash_sha256_init(context(h));
}

void sha256_add(struct sha256 *h, struct bytes in)
{
	if (in.n != 0)
		(void)crypto_hash_sha256_update(context(h), in.p, in.n);
}

void sha256_end(struct sha256 *h, uint8_t out[static SHA256_BYTES])
{
	(void)crypto_hash_sha256_final(context(h), out);
}

void sha256_of(struct bytes in, uint8_t out[static SHA256_BYTES])
{
	struct sha256 h;
	sha256_init(&h);
	sha256_add(&h, in);
	sha256_end(&h, out);
}
