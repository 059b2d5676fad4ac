#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "core/err.h"
#include "crypto/spki.h"

#define KEY_BYTES_MAX 1200

/* All that stands before x || y of a point on P-256: one spelling of many. */
static const uint8_t p256_head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
				    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

/* Whether it is an RSA key of a good size, written as it would be written again. */
static bool rsa_good(EVP_PKEY *key, struct bytes der)
{
	uint8_t again[KEY_BYTES_MAX], *p = again;
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= SPKI_RSA_BITS_MIN &&
	       EVP_PKEY_get_bits(key) <= SPKI_RSA_BITS_MAX && i2d_PUBKEY(key, NULL) == (int)der.n &&
	       i2d_PUBKEY(key, &p) == (int)der.n && memcmp(again, der.p, der.n) == 0;
}

static EVP_PKEY *key_of(enum spki_kind kind, struct bytes der)
{
	const unsigned char *p = der.p;
	if (der.n > KEY_BYTES_MAX ||
	    (kind == SPKI_P256 && (der.n != sizeof p256_head + 64 || memcmp(der.p, p256_head, sizeof p256_head) != 0)))
		return NULL;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)der.n);
	if (key == NULL || (p == der.p + der.n && (kind == SPKI_P256 || rsa_good(key, der))))
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

int spki_verify(enum spki_kind kind, struct bytes key, struct bytes message, struct bytes signature)
{
	EVP_PKEY *parsed = key_of(kind, key);
	if (parsed == NULL)
		return ERR_KEY;
	int err = ERR_NO_MEMORY;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	if (context != NULL && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, parsed) == 1)
		err = EVP_DigestVerify(context, signature.p, signature.n, message.p, message.n) == 1 ? OK
												     : ERR_SIGNATURE;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(parsed);
	return err;
}
