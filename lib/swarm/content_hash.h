/* Names for Swarm content in other systems: the content hash of an ENS record (EIP-1577) and CIDs.
 *
 * Both say CID 1, what the reference leads to, and a multihash with it:
 * content hash = e401 CID, CID = 01 codec 1b length reference.
 * Stricter than bee, which takes any multihash. Source: EIP-1577, multicodec table, bee pkg/resolver. */
#ifndef SWARM_CONTENT_HASH_H
#define SWARM_CONTENT_HASH_H

#include "swarm/reference.h"

#define CONTENT_HASH_CID_BYTES (5 + REFERENCE_BYTES)
#define CONTENT_HASH_BYTES_MAX (7 + REFERENCE_ENCRYPTED_BYTES)

/* What a reference leads to. Nobody makes a difference: a feed is one by its manifest. */
enum content_hash_codec {
	CONTENT_HASH_NAMESPACE = 0xe4, /* in CIDs only */
	CONTENT_HASH_MANIFEST = 0xfa,
	CONTENT_HASH_FEED = 0xfb,
};
enum content_hash_base { CONTENT_HASH_BASE16, CONTENT_HASH_BASE32, CONTENT_HASH_BASE36, CONTENT_HASH_BASE58 };

/* The bytes of an ENS record. A reference to encrypted content is read too, as bee does. ERR_TRUNCATED
 * (or a number in it has not its shortest form), ERR_TRAILING; ERR_VALUE: of another system (IPFS, onion services), or
 * nothing that is known here. */
MUST_CHECK int content_hash_read(struct bytes in, enum content_hash_codec *codec, struct reference *r, struct why *why);
/* Gives the length. */
size_t content_hash_write(enum content_hash_codec codec, const struct reference *r,
			  uint8_t out[static CONTENT_HASH_BYTES_MAX]);

/* A CID as text, its first letter says which base; upper case is taken where the base has but one, as
 * host names come in any. Plain references only. Errors as above. */
MUST_CHECK int content_hash_cid_read(struct bytes text, enum content_hash_codec *codec, struct reference *r,
				     struct why *why);
/* Writes the text; the reference is a plain one. */
void content_hash_cid_write(struct writer *w, enum content_hash_base base, enum content_hash_codec codec,
			    const struct reference *r);

#endif
