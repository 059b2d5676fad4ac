#include "p2p/peer_key.h"

#include <string.h>

#include "core/err.h"
#include "core/varint.h"
#include "crypto/secp256k1.h"
#include "crypto/sha256.h"
#include "crypto/spki.h"

#define TAG_TYPE 0x08 /* field 1, a number */
#define TAG_DATA 0x12 /* field 2, bytes */

int peer_key_read(struct peer_key *key, struct bytes protobuf)
{
	struct reader r = reader_of(protobuf);
	struct peer_key found;
	if (protobuf.n > PEER_KEY_BYTES_MAX || read_u8(&r) != TAG_TYPE)
		return ERR_KEY;
	const uint8_t type = read_u8(&r);
	if (read_u8(&r) != TAG_DATA)
		return ERR_KEY;
	found.data = read_bytes(&r, varint_read(&r));
	if (!reader_done(&r) || type > PEER_KEY_ECDSA)
		return ERR_KEY;
	found.type = (enum peer_key_type)type;
	if ((found.type == PEER_KEY_ED25519 && found.data.n != ED25519_KEY_BYTES) ||
	    (found.type == PEER_KEY_SECP256K1 && found.data.n != SECP256K1_COMPRESSED_BYTES) || found.data.n == 0)
		return ERR_KEY;
	*key = found;
	return OK;
}

int peer_key_verify(const struct peer_key *key, struct bytes message, struct bytes signature)
{
	uint8_t digest[SHA256_BYTES];
	switch (key->type) {
	case PEER_KEY_ED25519:
		if (signature.n != ED25519_SIGNATURE_BYTES)
			return ERR_SIGNATURE;
		return ed25519_verify(key->data.p, message, signature.p);
	case PEER_KEY_SECP256K1:
		sha256_of(message, digest);
		return secp256k1_verify_der(key->data.p, digest, signature);
	case PEER_KEY_RSA:
		return spki_verify(SPKI_RSA, key->data, message, signature);
	case PEER_KEY_ECDSA:
		return spki_verify(SPKI_P256, key->data, message, signature);
	default:
		return ERR_KEY;
	}
}

void peer_key_ed25519(const uint8_t key[static ED25519_KEY_BYTES], uint8_t protobuf[static PEER_KEY_ED25519_BYTES])
{
	static const uint8_t head[] = {TAG_TYPE, PEER_KEY_ED25519, TAG_DATA, ED25519_KEY_BYTES};
	memcpy(protobuf, head, sizeof head);
	memcpy(protobuf + sizeof head, key, ED25519_KEY_BYTES);
}
