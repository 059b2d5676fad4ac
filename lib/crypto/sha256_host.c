/* The low-level calls, deprecated since OpenSSL 3.0, and not EVP: EVP allocates for each hash and
 * looks the algorithm up, and a struct sha256 must be plain memory that can be copied. Both use
 * the same SHA-NI code. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/sha256.h"

#include <assert.h>
#include <openssl/sha.h>

static_assert(sizeof(SHA256_CTX) <= sizeof(struct sha256), "state fits");
static_assert(alignof(SHA256_CTX) <= alignof(struct sha256), "state is aligned");

static SHA256_CTX *context(struct sha256 *h)
{
	return (SHA256_CTX *)(void *)h->state;
}

/* These calls fail for no input: they only compute. */
static void done(int result)
{
	assert(result == 1);
	(void)result;
}

void sha256_init(struct sha256 *h)
{
	done(SHA256_Init(context(h)));
}

void sha256_add(struct sha256 *h, struct bytes in)
{
	if (in.n != 0)
		done(SHA256_Update(context(h), in.p, in.n));
}

void sha256_end(struct sha256 *h, uint8_t out[static SHA256_BYTES])
{
	done(SHA256_Final(out, context(h)));
}

void sha256_of(struct bytes in, uint8_t out[static SHA256_BYTES])
{
	struct sha256 h;
	sha256_init(&h);
	sha256_add(&h, in);
	sha256_end(&h, out);
}
