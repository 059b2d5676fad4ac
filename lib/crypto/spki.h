/* Signatures over SHA-256 by keys as certificates have them (SubjectPublicKeyInfo, DER): ECDSA on
 * P-256 and RSA with PKCS #1 v1.5 padding. libcrypto behind it on the host. In firmware BearSSL, and P-256
 * only: with that bee nodes show who they are, and no peer of the firmware has RSA. */
#ifndef CRYPTO_SPKI_H
#define CRYPTO_SPKI_H

#include "core/bytes.h"

#define SPKI_RSA_BITS_MIN 2048
#define SPKI_RSA_BITS_MAX 8192 /* verifying takes a millisecond */

enum spki_kind { SPKI_RSA, SPKI_P256 };

/* OK; ERR_KEY: key is not one of this kind and size, or is RSA in firmware; ERR_SIGNATURE: wrong, which
 * for P-256 is DER of two numbers, each in its shortest form; ERR_NO_MEMORY. */
MUST_CHECK int spki_verify(enum spki_kind kind, struct bytes key, struct bytes message, struct bytes signature);

#endif
