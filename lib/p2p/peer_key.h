/* Public keys of peers in their protobuf form (specs/peer-ids): a type and the key's bytes, one
 * spelling each, because the id of the peer is a hash of it. */
#ifndef P2P_PEER_KEY_H
#define P2P_PEER_KEY_H

#include "core/bytes.h"
#include "crypto/ed25519.h"

#define PEER_KEY_BYTES_MAX 1200 /* of the protobuf: an RSA key of 8192 bits has some 1060 */
#define PEER_KEY_ED25519_BYTES (4 + ED25519_KEY_BYTES)

enum peer_key_type { PEER_KEY_RSA = 0, PEER_KEY_ED25519 = 1, PEER_KEY_SECP256K1 = 2, PEER_KEY_ECDSA = 3 };

struct peer_key {
	enum peer_key_type type;
	struct bytes data; /* a view: 32 bytes; a compressed point; SubjectPublicKeyInfo as DER */
};

/* ERR_KEY: no key of these four types, another spelling, or larger than any. What is in data is
 * looked at by peer_key_verify only. */
MUST_CHECK int peer_key_read(struct peer_key *key, struct bytes protobuf);
/* OK: the holder of key signed message. ERR_KEY: not a key that can be judged here (in firmware:
 * ECDSA and RSA, too); ERR_SIGNATURE. */
MUST_CHECK int peer_key_verify(const struct peer_key *key, struct bytes message, struct bytes signature);
/* The protobuf form of an Ed25519 key. */
void peer_key_ed25519(const uint8_t key[static ED25519_KEY_BYTES], uint8_t protobuf[static PEER_KEY_ED25519_BYTES]);

#endif
