/* Keys on disk. Ed25519: PKCS#8 PEM secrets as OpenSSL reads and writes them, and public keys; and
 * symmetric ones, as hex digits. */
#ifndef HOST_KEYFILE_H
#define HOST_KEYFILE_H

#include "core/err.h"
#include "crypto/ed25519.h"

#define KEYFILE_HEX_BYTES 32    /* of a symmetric key */
#define KEYFILE_BYTES_MAX 16384 /* a PEM file of one key, comments included */

/* Makes NAME.key (0600) and NAME.pub (PEM, SubjectPublicKeyInfo) of a fresh key. Neither may be
 * there before: ERR_IO with errno EEXIST, and what says which. On failure neither is left. */
MUST_CHECK int keyfile_make(const char *name, uint8_t key[static ED25519_KEY_BYTES], struct why *why);
/* Reads a secret; refused (ERR_VALUE, what says why) when group or others can read or write it,
 * when it is encrypted, or when it is no Ed25519 key. Never asks for a passphrase. The caller
 * wipes seed; on failure it is zeroed. */
MUST_CHECK int keyfile_secret(const char *path, uint8_t seed[static ED25519_SEED_BYTES], struct why *why);
/* The same; when there is no such file it is made, mode 0600, with a fresh key, whole or not at all: of several that
 * do so at once all get one key. Errors beside those: ERR_IO with errno, ERR_CRYPTO, ERR_NO_MEMORY. */
MUST_CHECK int keyfile_secret_or_new(const char *path, uint8_t seed[static ED25519_SEED_BYTES], struct why *why);
/* Reads a secret of 32 bytes: a line of 64 hex digits, refused as above. The caller wipes key. */
MUST_CHECK int keyfile_hex(const char *path, uint8_t key[static KEYFILE_HEX_BYTES], struct why *why);
/* A public key: 64 hex digits themselves, or a file: PEM public key, or a line of 64 hex digits.
 * ERR_KEY when it is not acceptable (ed25519_key_check), ERR_VALUE when it is none of these,
 * ERR_LIMIT above KEYFILE_BYTES_MAX; ERR_NOT_FOUND, ERR_IO with errno, ERR_NO_MEMORY. */
MUST_CHECK int keyfile_public(const char *text, uint8_t key[static ED25519_KEY_BYTES], struct why *why);

#endif
