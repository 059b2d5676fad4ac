/* Ed25519 keys on disk: PKCS#8 PEM secrets as OpenSSL reads and writes them, and public keys. */
#ifndef HOST_KEYFILE_H
#define HOST_KEYFILE_H

#include "core/err.h"
#include "crypto/ed25519.h"

/* Makes NAME.key (0600, O_EXCL) and NAME.pub (PEM, SubjectPublicKeyInfo) of a fresh key. */
MUST_CHECK int keyfile_make(const char *name, uint8_t key[static ED25519_KEY_BYTES], struct why *why);
/* Reads a secret; refused (ERR_VALUE, what "mode") when group or others can read it. The caller
 * wipes seed. */
MUST_CHECK int keyfile_secret(const char *path, uint8_t seed[static ED25519_SEED_BYTES], struct why *why);
/* A public key: 64 hex digits themselves, or a file: PEM public key, or a line of 64 hex digits. */
MUST_CHECK int keyfile_public(const char *text, uint8_t key[static ED25519_KEY_BYTES], struct why *why);

#endif
