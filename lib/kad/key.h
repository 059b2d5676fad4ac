/* The space of keys of the Kademlia DHT (libp2p specs/kad-dht): the SHA-256 of a peer id's multihash, or of
 * the key of a record; how near two keys are is their exclusive or, read as a number. */
#ifndef KAD_KEY_H
#define KAD_KEY_H

#include "crypto/sha256.h"

#define KAD_KEY_BITS (8 * SHA256_BYTES)
#define KAD_TARGET_BYTES 34      /* what kad_key_target writes */
#define KAD_TARGET_COMMON_MAX 15 /* as go: beyond it the search is long, and so large are no networks */

struct kad_key {
	uint8_t bytes[SHA256_BYTES];
};

/* The key of a multihash or of a record's key. */
void kad_key_of(struct kad_key *key, struct bytes of);
bool kad_key_equal(const struct kad_key *a, const struct kad_key *b);
/* Negative: a is nearer to target than b; 0: they are the same; positive: b is. */
int kad_key_order(const struct kad_key *target, const struct kad_key *a, const struct kad_key *b);
/* How many bits at the front are the same; KAD_KEY_BITS: all are. */
unsigned kad_key_common(const struct kad_key *a, const struct kad_key *b);
/* Makes what a look-up can ask for to hear of peers that have exactly common bits with self: a multihash whose
 * key lies there, found by trying from random on. ERR_LIMIT: common is beyond KAD_TARGET_COMMON_MAX, or bad luck
 * (one in 10^13), and target is anything. */
MUST_CHECK int kad_key_target(const struct kad_key *self, unsigned common, const uint8_t random[static SHA256_BYTES],
			      uint8_t target[static KAD_TARGET_BYTES]);

#endif
