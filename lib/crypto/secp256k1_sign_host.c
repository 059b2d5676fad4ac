/* Signing, for the host. The library's context with tables for it is made and blinded anew each
 * time: it takes some 30 microseconds, and no global remembers it. */
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <string.h>

#include "core/err.h"
#include "crypto/secp256k1.h"
#include "crypto/secret.h"

#define V_FIRST 27

int secp256k1_public(const uint8_t secret[static SECP256K1_SECRET_BYTES], uint8_t key[static SECP256K1_KEY_BYTES])
{
	secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
	secp256k1_pubkey point;
	uint8_t text[1 + SECP256K1_KEY_BYTES];
	size_t n = sizeof text;
	if (context == NULL)
		return ERR_NO_MEMORY;
	const bool good = secp256k1_context_randomize(context, secret) == 1 &&
			  secp256k1_ec_pubkey_create(context, &point, secret) == 1 &&
			  secp256k1_ec_pubkey_serialize(context, text, &n, &point, SECP256K1_EC_UNCOMPRESSED) == 1;
	secp256k1_context_destroy(context);
	if (!good)
		return ERR_KEY;
	memcpy(key, text + 1, SECP256K1_KEY_BYTES);
	return OK;
}

int secp256k1_sign(const uint8_t secret[static SECP256K1_SECRET_BYTES],
		   const uint8_t digest[static SECP256K1_DIGEST_BYTES],
		   uint8_t signature[static SECP256K1_RECOVERABLE_BYTES])
{
	secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
	secp256k1_ecdsa_recoverable_signature made;
	uint8_t text[SECP256K1_SIGNATURE_BYTES];
	int v = 0;
	if (context == NULL)
		return ERR_NO_MEMORY;
	const bool good = secp256k1_context_randomize(context, secret) == 1 &&
			  secp256k1_ecdsa_sign_recoverable(context, &made, digest, secret, NULL, NULL) == 1 &&
			  secp256k1_ecdsa_recoverable_signature_serialize_compact(context, text, &v, &made) == 1;
	secp256k1_context_destroy(context);
	if (!good)
		return ERR_KEY;
	memcpy(signature, text, sizeof text);
	signature[SECP256K1_RECOVERABLE_BYTES - 1] = (uint8_t)(V_FIRST + v);
	secret_wipe(&made, sizeof made);
	return OK;
}
