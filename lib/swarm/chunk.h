/* What arrives for an address: a content-addressed chunk (span || payload), or a single-owner chunk
 * (id || signature || span || payload), whose address is that of an id and an owner and which the
 * owner may sign anew at any time. Which of the two, only trying tells.
 *
 * The length of a payload is not authenticated: zeros at its end may be missing or too many. Cut a
 * leaf by its span. Source: bee, pkg/cac and pkg/soc; EIP-191. */
#ifndef SWARM_CHUNK_H
#define SWARM_CHUNK_H

#include "core/err.h"
#include "crypto/secp256k1.h"
#include "swarm/bmt.h"

#define SOC_ID_BYTES 32
#define SOC_HEAD_BYTES (SOC_ID_BYTES + SECP256K1_RECOVERABLE_BYTES)
#define CHUNK_STORED_BYTES_MAX (SOC_HEAD_BYTES + CHUNK_BYTES_MAX) /* of either kind */

enum chunk_kind { CHUNK_CONTENT, CHUNK_SINGLE_OWNER };

/* A chunk taken apart; views live as long as the bytes it came from. */
struct chunk {
	enum chunk_kind kind;
	struct bytes content;             /* span || payload */
	uint8_t address[REFERENCE_BYTES]; /* of that content by itself */
	/* of a single-owner chunk only: */
	const uint8_t *id;        /* SOC_ID_BYTES */
	const uint8_t *signature; /* SECP256K1_RECOVERABLE_BYTES */
	uint8_t owner[SECP256K1_ADDRESS_BYTES];
};

/* Whether data is what address stands for. OK; ERR_HASH: neither kind; ERR_SIZE: no chunk has that
 * length. *chunk is untouched on failure. */
MUST_CHECK int chunk_check(const uint8_t address[static REFERENCE_BYTES], struct bytes data, enum keccak_kind kind,
			   struct bmt_scratch *scratch, struct chunk *chunk);
/* Takes a single-owner chunk apart whose address nobody told: ERR_SIZE, ERR_SIGNATURE (no owner can
 * be found, or one of a replica that is not the root's). */
MUST_CHECK int soc_open(struct bytes data, enum keccak_kind kind, struct bmt_scratch *scratch, struct chunk *chunk);
/* Where the chunk of an owner with an id is found. */
void soc_address(const uint8_t id[static SOC_ID_BYTES], const uint8_t owner[static SECP256K1_ADDRESS_BYTES],
		 uint8_t address[static REFERENCE_BYTES]);
/* What the owner signs: id and content's address, as a message of EIP-191. */
void soc_digest(const uint8_t id[static SOC_ID_BYTES], const uint8_t content[static REFERENCE_BYTES],
		uint8_t digest[static SECP256K1_DIGEST_BYTES]);

#endif
