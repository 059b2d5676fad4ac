/* Dispersed replicas of a file's root: the root chunk once more, in single-owner chunks whose ids
 * are chosen so that they lie in different parts of the address space. Their owner's key is known
 * to all. Source: bee, pkg/replicas. */
#ifndef SWARM_REPLICA_H
#define SWARM_REPLICA_H

#include "swarm/chunk.h"

#define REPLICAS_MAX 16 /* of level 4 */

/* A private key that is no secret: 1 and 31 zeros; and its address. */
extern const uint8_t replica_key[32];
extern const uint8_t replica_owner[SECP256K1_ADDRESS_BYTES];

struct replica {
	uint8_t id[SOC_ID_BYTES];
	uint8_t address[REFERENCE_BYTES];
};

/* The replicas of a root of level 1..REDUNDANCY_LEVEL_MAX, in the order in which they are tried: the
 * first two are those of level 1, the first four those of level 2, and so on. Gives how many:
 * REDUNDANCY_REPLICAS(level), or fewer: at level 4 for one address in a million. */
unsigned replica_list(const uint8_t root[static REFERENCE_BYTES], unsigned level,
		      struct replica replicas[static REPLICAS_MAX]);
/* Whether a chunk that was found right for a replica's address holds the root. */
bool replica_holds(const struct chunk *chunk, const uint8_t root[static REFERENCE_BYTES]);

#endif
