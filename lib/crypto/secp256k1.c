#include "crypto/secp256k1.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <string.h>

#include "core/err.h"
#include "crypto/keccak.h"

#define V_FIRST 27
#define V_LAST 34
#define UNCOMPRESSED 0x04 /* the format byte before x || y */

/* The static context can verify and recover, needs no memory and cannot be changed. */

int secp256k1_recover(const uint8_t digest[static SECP256K1_DIGEST_BYTES],
		      const uint8_t signature[static SECP256K1_RECOVERABLE_BYTES],
		      uint8_t key[static SECP256K1_KEY_BYTES])
{
	const uint8_t v = signature[SECP256K1_RECOVERABLE_BYTES - 1];
	if (v < V_FIRST || v > V_LAST)
		return ERR_SIGNATURE;
	secp256k1_ecdsa_recoverable_signature parsed;
	secp256k1_pubkey point;
	if (secp256k1_ecdsa_recoverable_signature_parse_compact(secp256k1_context_static, &parsed, signature,
								(v - V_FIRST) & 3) != 1 ||
	    secp256k1_ecdsa_recover(secp256k1_context_static, &point, &parsed, digest) != 1)
		return ERR_SIGNATURE;
	uint8_t text[1 + SECP256K1_KEY_BYTES];
	size_t n = sizeof text;
	if (secp256k1_ec_pubkey_serialize(secp256k1_context_static, text, &n, &point, SECP256K1_EC_UNCOMPRESSED) != 1)
		return ERR_SIGNATURE;
	memcpy(key, text + 1, SECP256K1_KEY_BYTES);
	return OK;
}

/* The library verifies the lower S only; both are taken here. */
static int verify(const secp256k1_pubkey *point, const uint8_t *digest, secp256k1_ecdsa_signature *parsed)
{
	(void)secp256k1_ecdsa_signature_normalize(secp256k1_context_static, parsed, parsed);
	return secp256k1_ecdsa_verify(secp256k1_context_static, parsed, digest, point) == 1 ? OK : ERR_SIGNATURE;
}

int secp256k1_verify(const uint8_t key[static SECP256K1_KEY_BYTES], const uint8_t digest[static SECP256K1_DIGEST_BYTES],
		     const uint8_t signature[static SECP256K1_SIGNATURE_BYTES])
{
	uint8_t text[1 + SECP256K1_KEY_BYTES] = {UNCOMPRESSED};
	memcpy(text + 1, key, SECP256K1_KEY_BYTES);
	secp256k1_pubkey point;
	if (secp256k1_ec_pubkey_parse(secp256k1_context_static, &point, text, sizeof text) != 1)
		return ERR_KEY;
	secp256k1_ecdsa_signature parsed;
	if (secp256k1_ecdsa_signature_parse_compact(secp256k1_context_static, &parsed, signature) != 1)
		return ERR_SIGNATURE;
	return verify(&point, digest, &parsed);
}

int secp256k1_verify_der(const uint8_t key[static SECP256K1_COMPRESSED_BYTES],
			 const uint8_t digest[static SECP256K1_DIGEST_BYTES], struct bytes signature)
{
	secp256k1_pubkey point;
	secp256k1_ecdsa_signature parsed;
	if (secp256k1_ec_pubkey_parse(secp256k1_context_static, &point, key, SECP256K1_COMPRESSED_BYTES) != 1)
		return ERR_KEY;
	if (signature.n == 0 ||
	    secp256k1_ecdsa_signature_parse_der(secp256k1_context_static, &parsed, signature.p, signature.n) != 1)
		return ERR_SIGNATURE;
	return verify(&point, digest, &parsed);
}

void secp256k1_address(const uint8_t key[static SECP256K1_KEY_BYTES], uint8_t address[static SECP256K1_ADDRESS_BYTES])
{
	uint8_t hash[KECCAK256_BYTES];
	keccak256_of(bytes_of(key, SECP256K1_KEY_BYTES), hash);
	memcpy(address, hash + KECCAK256_BYTES - SECP256K1_ADDRESS_BYTES, SECP256K1_ADDRESS_BYTES);
}
