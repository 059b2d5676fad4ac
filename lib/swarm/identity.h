/* Who we are in Swarm: overlay, underlays and the signatures of our record, made once and used for every
 * handshake. The secret key never comes here: its owner signs what identity_digest gives, once for each
 * generation, and puts the signatures in.
 *
 * One key and nonce to keep is best: nodes remember how an overlay behaved. */
#ifndef SWARM_IDENTITY_H
#define SWARM_IDENTITY_H

#include "swarm/bzz_record.h"

#define IDENTITY_WELCOME_BYTES_MAX 140

struct identity {
	uint64_t network_id; /* 1: the main network, 10: the test network */
	bool full_node;      /* serves chunks to bee nodes */
	struct bytes welcome;
	int64_t timestamp;
	uint8_t overlay[OVERLAY_BYTES], nonce[OVERLAY_NONCE_BYTES];
	uint8_t signatures[BZZ_GENERATIONS][SECP256K1_RECOVERABLE_BYTES];
	size_t underlay_n;
	uint8_t underlay[UNDERLAY_BYTES_MAX];
};

/* Of the owner of an Ethereum address, reachable at addresses, of which there must be one at least, be it
 * "/p2p/..." alone. now: other nodes refuse a record that is more than a minute ahead of their clocks. welcome must
 * outlive id. ERR_VALUE: no addresses, or too many; a welcome too long. */
MUST_CHECK int identity_init(struct identity *id, const uint8_t owner[static SECP256K1_ADDRESS_BYTES],
			     uint64_t network_id, const uint8_t nonce[static OVERLAY_NONCE_BYTES],
			     const struct bytes *addresses, size_t addresses_n, struct bytes welcome, struct wall now);
/* What is to be signed for id->signatures[generation]. */
void identity_digest(const struct identity *id, enum bzz_generation generation,
		     uint8_t digest[static SECP256K1_DIGEST_BYTES]);
/* Our record: views into id. */
struct bzz_record identity_record(const struct identity *id, enum bzz_generation generation);

#endif
