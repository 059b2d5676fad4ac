#include "p2p/peer_id.h"

#include <string.h>

#include "core/err.h"
#include "core/multibase.h"
#include "crypto/sha256.h"
#include "p2p/peer_key.h"

#define HASH_IDENTITY 0x00
#define HASH_SHA256 0x12
#define CID_VERSION 1
#define CODEC_LIBP2P_KEY 0x72

void peer_id_of_key(struct peer_id *id, struct bytes key)
{
	struct peer_id made = {.bytes = {HASH_IDENTITY}};
	if (key.n > PEER_ID_KEY_BYTES_MAX) {
		made.bytes[0] = HASH_SHA256;
		made.bytes[1] = SHA256_BYTES;
		sha256_of(key, made.bytes + 2);
	} else {
		made.bytes[1] = (uint8_t)key.n;
		if (key.n > 0)
			memcpy(made.bytes + 2, key.p, key.n);
	}
	made.n = (uint8_t)(2 + made.bytes[1]);
	*id = made;
}

int peer_id_read(struct peer_id *id, struct bytes multihash)
{
	struct reader r = reader_of(multihash);
	struct peer_key key;
	const uint8_t hash = read_u8(&r);
	const struct bytes digest = read_bytes(&r, read_u8(&r));
	if (!reader_done(&r))
		return ERR_VALUE;
	if (hash == HASH_IDENTITY ? digest.n > PEER_ID_KEY_BYTES_MAX || peer_key_read(&key, digest) != OK
				  : hash != HASH_SHA256 || digest.n != SHA256_BYTES)
		return ERR_VALUE;
	id->n = (uint8_t)multihash.n;
	memcpy(id->bytes, multihash.p, multihash.n);
	return OK;
}

static int parse_cid(struct peer_id *id, struct bytes text)
{
	uint8_t bytes[MULTIBASE_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof bytes);
	enum multibase base;
	switch (text.p[0]) {
	case 'z':
		base = MULTIBASE_58;
		break;
	case 'k':
		base = MULTIBASE_36;
		break;
	case 'b':
		base = MULTIBASE_32;
		break;
	default:
		return ERR_VALUE;
	}
	if (multibase_read(&w, base, bytes_skip(text, 1)) != OK || w.n < 2 || bytes[0] != CID_VERSION ||
	    bytes[1] != CODEC_LIBP2P_KEY)
		return ERR_VALUE;
	return peer_id_read(id, bytes_skip(writer_view(&w), 2));
}

int peer_id_parse(struct peer_id *id, struct bytes text)
{
	uint8_t bytes[PEER_ID_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof bytes);
	if (text.n == 0)
		return ERR_VALUE;
	if (text.p[0] != '1' && !bytes_starts(text, "Qm"))
		return parse_cid(id, text);
	if (multibase_read(&w, MULTIBASE_58, text) != OK)
		return ERR_VALUE;
	return peer_id_read(id, writer_view(&w));
}

void peer_id_write(struct writer *w, const struct peer_id *id)
{
	multibase_write(w, MULTIBASE_58, peer_id_bytes(id));
}

void peer_id_write_cid(struct writer *w, const struct peer_id *id)
{
	uint8_t cid[2 + PEER_ID_BYTES_MAX] = {CID_VERSION, CODEC_LIBP2P_KEY};
	memcpy(cid + 2, id->bytes, id->n);
	write_u8(w, 'b');
	multibase_write(w, MULTIBASE_32, bytes_of(cid, 2U + id->n));
}

struct bytes peer_id_bytes(const struct peer_id *id)
{
	return bytes_of(id->bytes, id->n);
}

bool peer_id_equal(const struct peer_id *a, const struct peer_id *b)
{
	return bytes_equal(peer_id_bytes(a), peer_id_bytes(b));
}
