/* Signing. SWFETCH.EFI holds no key of a publisher: this is for the publisher's machine, and for the
 * identities that peers make for themselves. */
#include <assert.h>
#include <sodium/crypto_sign_ed25519.h>

#include "crypto/ed25519.h"
#include "crypto/secret.h"

static_assert(ED25519_SEED_BYTES == crypto_sign_ed25519_SEEDBYTES, "seed");
static_assert(ED25519_KEY_BYTES == crypto_sign_ed25519_PUBLICKEYBYTES, "key");
static_assert(ED25519_SIGNATURE_BYTES == crypto_sign_ed25519_BYTES, "signature");

/* libsodium's results are ignored here: these calls return 0 always. */

void ed25519_public(const uint8_t seed[static ED25519_SEED_BYTES], uint8_t key[static ED25519_KEY_BYTES])
{
	uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];
	(void)crypto_sign_ed25519_seed_keypair(key, secret, seed);
	secret_wipe(secret, sizeof secret);
}

void ed25519_sign(const uint8_t seed[static ED25519_SEED_BYTES], struct bytes message,
		  uint8_t signature[static ED25519_SIGNATURE_BYTES])
{
	uint8_t key[ED25519_KEY_BYTES];
	uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];
	(void)crypto_sign_ed25519_seed_keypair(key, secret, seed);
	const uint8_t *p = message.n == 0 ? key : message.p; /* never NULL, not even for nothing */
	(void)crypto_sign_ed25519_detached(signature, NULL, p, message.n, secret);
	secret_wipe(secret, sizeof secret);
}
