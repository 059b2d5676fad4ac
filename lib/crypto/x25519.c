#include "crypto/x25519.h"

#include <assert.h>
#include <sodium/crypto_scalarmult_curve25519.h>
#include <string.h>

#include "core/err.h"
#include "crypto/secret.h"

static_assert(X25519_BYTES == crypto_scalarmult_curve25519_BYTES, "shared");
static_assert(X25519_BYTES == crypto_scalarmult_curve25519_SCALARBYTES, "secret");

void x25519_public(const uint8_t secret[static X25519_BYTES], uint8_t key[static X25519_BYTES])
{
	(void)crypto_scalarmult_curve25519_base(key, secret); /* returns 0 always */
}

int x25519(const uint8_t secret[static X25519_BYTES], const uint8_t key[static X25519_BYTES],
	   uint8_t shared[static X25519_BYTES])
{
	uint8_t out[X25519_BYTES];
	if (crypto_scalarmult_curve25519(out, secret, key) != 0)
		return ERR_KEY;
	memcpy(shared, out, sizeof out);
	secret_wipe(out, sizeof out);
	return OK;
}
