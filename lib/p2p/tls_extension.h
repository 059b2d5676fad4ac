/* The extension by which a certificate of TLS says which peer made it (specs/tls): SignedKey, DER of
 * SEQUENCE { OCTET STRING host key, OCTET STRING signature }. The host key is in its protobuf form; the
 * signature is the host's, over a prefix and the certificate's own public key. */
#ifndef P2P_TLS_EXTENSION_H
#define P2P_TLS_EXTENSION_H

#include "core/bytes.h"
#include "crypto/ed25519.h"
#include "p2p/peer_id.h"
#include "p2p/peer_key.h"

#define TLS_EXTENSION_OID "1.3.6.1.4.1.53594.1.1"
#define TLS_EXTENSION_SIGNATURE_BYTES_MAX 1024 /* of an RSA key of 8192 bits */
#define TLS_EXTENSION_SPKI_BYTES_MAX 1200      /* of an RSA key of 8192 bits has some 1060 */
#define TLS_EXTENSION_ED25519_BYTES (4 + PEER_KEY_ED25519_BYTES + 2 + ED25519_SIGNATURE_BYTES) /* as made here */

struct tls_extension {
	struct bytes key, signature; /* views of the input */
};

/* Strict: one spelling each, nothing behind. ERR_PROTOCOL; ERR_LIMIT: larger than any key or signature. */
MUST_CHECK int tls_extension_read(struct tls_extension *extension, struct bytes der);
/* Whether the host signed the certificate's key, spki (SubjectPublicKeyInfo, DER), and which peer it is.
 * ERR_KEY: not a key that can be judged here (p2p/peer_key.h), or spki is too long; ERR_SIGNATURE. */
MUST_CHECK int tls_extension_verify(const struct tls_extension *extension, struct bytes spki, struct peer_id *peer);
/* Makes the extension of a host with the Ed25519 key of seed. ERR_KEY: spki is too long. */
MUST_CHECK int tls_extension_make(const uint8_t seed[static ED25519_SEED_BYTES], struct bytes spki,
				  uint8_t der[static TLS_EXTENSION_ED25519_BYTES]);

#endif
