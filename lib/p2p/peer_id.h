/* Who a peer is: a multihash of its public key, as libp2p has it (specs/peer-ids). A short key (Ed25519,
 * secp256k1) stands in it whole, of a longer one (ECDSA, RSA) its SHA-256. */
#ifndef P2P_PEER_ID_H
#define P2P_PEER_ID_H

#include "core/bytes.h"

#define PEER_ID_KEY_BYTES_MAX 42 /* of a key that stands in its id */
#define PEER_ID_BYTES_MAX (2 + PEER_ID_KEY_BYTES_MAX)
#define PEER_ID_TEXT_MAX 62 /* in base 58; as CID 76 */
#define PEER_ID_CID_TEXT_MAX 76

struct peer_id {
	uint8_t n;
	uint8_t bytes[PEER_ID_BYTES_MAX];
};

/* The id of the key in its protobuf form (p2p/peer_key.h). */
void peer_id_of_key(struct peer_id *id, struct bytes key);
/* From a multihash: identity with a key's protobuf of 42 bytes or less, or SHA-256. ERR_VALUE: none. */
MUST_CHECK int peer_id_read(struct peer_id *id, struct bytes multihash);
/* From text: base 58 ("12D3Koo...", "16Uiu2...", "Qm...") or a CID of a libp2p key in base 58, 36 or 32
 * ("z...", "k...", "b..."). ERR_VALUE: none. */
MUST_CHECK int peer_id_parse(struct peer_id *id, struct bytes text);
void peer_id_write(struct writer *w, const struct peer_id *id);     /* base 58, the usual form */
void peer_id_write_cid(struct writer *w, const struct peer_id *id); /* CID version 1, base 32 */

struct bytes peer_id_bytes(const struct peer_id *id); /* a view of the multihash */
bool peer_id_equal(const struct peer_id *a, const struct peer_id *b);

#endif
