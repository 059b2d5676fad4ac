/* The binary Merkle tree of a Swarm chunk: address = keccak256(span || root), where root is the
 * top of a tree of 128 segments of 32 bytes (payload padded with zeros), 64 bytes hashed a node.
 * Source: the BMT section of the Swarm specification; checked against bee. */
#ifndef SWARM_BMT_H
#define SWARM_BMT_H

#include "crypto/keccak.h"

#define CHUNK_PAYLOAD_MAX 4096
#define CHUNK_SPAN_BYTES 8
#define CHUNK_BYTES_MAX (CHUNK_SPAN_BYTES + CHUNK_PAYLOAD_MAX)
#define REFERENCE_BYTES 32
#define BMT_BATCH 8 /* chunks hashed side by side: fills the widest lanes at every level */

/* One chunk to hash. payload: borrowed, at most CHUNK_PAYLOAD_MAX bytes. */
struct bmt_chunk {
	uint64_t span;
	struct bytes payload;
};

/* Scratch for one batch, lent by the caller: kept out of small stacks. */
struct bmt_scratch {
	uint8_t padded[CHUNK_PAYLOAD_MAX];                 /* a short payload with its zeros */
	uint8_t nodes[CHUNK_PAYLOAD_MAX / 2];              /* of one chunk */
	uint8_t top[BMT_BATCH * 8 * 32];                   /* eight nodes of every chunk */
	uint8_t last[BMT_BATCH * (CHUNK_SPAN_BYTES + 32)]; /* span || root of every chunk */
};

/* Addresses of n chunks, in batches; addresses[i] is chunk i's. */
void bmt_addresses(enum keccak_kind kind, const struct bmt_chunk *chunks, size_t n,
		   uint8_t (*addresses)[REFERENCE_BYTES], struct bmt_scratch *scratch);
/* The address of one chunk. */
void bmt_address(enum keccak_kind kind, uint64_t span, struct bytes payload, uint8_t address[static REFERENCE_BYTES],
		 struct bmt_scratch *scratch);

#endif
