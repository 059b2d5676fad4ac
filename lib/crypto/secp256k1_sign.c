/* Signing. The library's context for it is made and blinded anew each time, in memory of ours: it takes
 * some 30 microseconds, nothing is allocated, and no global remembers it. */
#include <secp256k1.h>
#include <secp256k1_preallocated.h>
#include <secp256k1_recovery.h>
#include <stdalign.h>
#include <string.h>

#include "core/err.h"
#include "crypto/secp256k1.h"
#include "crypto/secret.h"

#define V_FIRST 27
#define CONTEXT_BYTES_MAX 1024 /* 208 in version 0.2.0 */

struct context {
	alignas(16) uint8_t memory[CONTEXT_BYTES_MAX];
};

/* NULL: the library wants more memory than there is, or the secret is no key. */
static secp256k1_context *begin(struct context *c, const uint8_t *secret)
{
	if (secp256k1_context_preallocated_size(SECP256K1_CONTEXT_NONE) > sizeof c->memory)
		return NULL;
	secp256k1_context *context = secp256k1_context_preallocated_create(c->memory, SECP256K1_CONTEXT_NONE);
	return secp256k1_context_randomize(context, secret) == 1 ? context : NULL;
}

static void end(struct context *c, secp256k1_context *context)
{
	if (context != NULL)
		secp256k1_context_preallocated_destroy(context);
	secret_wipe(c, sizeof *c);
}

int secp256k1_public(const uint8_t secret[static SECP256K1_SECRET_BYTES], uint8_t key[static SECP256K1_KEY_BYTES])
{
	struct context c;
	secp256k1_pubkey point;
	uint8_t text[1 + SECP256K1_KEY_BYTES];
	size_t n = sizeof text;
	secp256k1_context *context = begin(&c, secret);
	const bool good = context != NULL && secp256k1_ec_pubkey_create(context, &point, secret) == 1 &&
			  secp256k1_ec_pubkey_serialize(context, text, &n, &point, SECP256K1_EC_UNCOMPRESSED) == 1;
	end(&c, context);
	if (!good)
		return ERR_KEY;
	memcpy(key, text + 1, SECP256K1_KEY_BYTES);
	return OK;
}

int secp256k1_sign(const uint8_t secret[static SECP256K1_SECRET_BYTES],
		   const uint8_t digest[static SECP256K1_DIGEST_BYTES],
		   uint8_t signature[static SECP256K1_RECOVERABLE_BYTES])
{
	struct context c;
	secp256k1_ecdsa_recoverable_signature made;
	uint8_t text[SECP256K1_SIGNATURE_BYTES];
	int v = 0;
	secp256k1_context *context = begin(&c, secret);
	const bool good = context != NULL &&
			  secp256k1_ecdsa_sign_recoverable(context, &made, digest, secret, NULL, NULL) == 1 &&
			  secp256k1_ecdsa_recoverable_signature_serialize_compact(context, text, &v, &made) == 1;
	end(&c, context);
	if (!good)
		return ERR_KEY;
	memcpy(signature, text, sizeof text);
	signature[SECP256K1_RECOVERABLE_BYTES - 1] = (uint8_t)(V_FIRST + v);
	secret_wipe(&made, sizeof made);
	return OK;
}
