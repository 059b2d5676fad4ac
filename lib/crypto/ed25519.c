#include "crypto/ed25519.h"

#include <sodium/crypto_core_ed25519.h>
#include <sodium/crypto_sign_ed25519.h>

#include "core/err.h"

int ed25519_key_check(const uint8_t key[static ED25519_KEY_BYTES])
{
	return crypto_core_ed25519_is_valid_point(key) == 1 ? OK : ERR_KEY;
}

int ed25519_verify(const uint8_t key[static ED25519_KEY_BYTES], struct bytes message,
		   const uint8_t signature[static ED25519_SIGNATURE_BYTES])
{
	const int err = ed25519_key_check(key);
	if (err != OK)
		return err;
	/* Refuses S >= L and an R of small order; R is compared as bytes with the canonical form
	 * of what was computed. */
	const uint8_t *p = message.n == 0 ? key : message.p; /* never NULL, not even for nothing */
	if (crypto_sign_ed25519_verify_detached(signature, p, message.n, key) != 0)
		return ERR_SIGNATURE;
	return OK;
}
