#include "swarm/replica.h"

#include <assert.h>
#include <string.h>

#include "swarm/redundancy.h"

static_assert(REPLICAS_MAX == REDUNDANCY_REPLICAS(REDUNDANCY_LEVEL_MAX), "the highest level's");

#define IDS 255 /* first bytes that are tried: 0 to 254 */

const uint8_t replica_key[32] = {1};
const uint8_t replica_owner[SECP256K1_ADDRESS_BYTES] = {0xdc, 0x5b, 0x20, 0x84, 0x7f, 0x43, 0xd6, 0x79, 0x28, 0xf4,
							0x9c, 0xd4, 0xf8, 0x5d, 0x69, 0x6b, 0x5a, 0x76, 0x17, 0xb5};

/* The part of the address space, of 1 << depth, in which an address lies. */
static unsigned part(const uint8_t *address, unsigned depth)
{
	return address[0] >> (8 - depth);
}

/* The smallest depth at which nobody lies in the address's part yet; above level: there is none. */
static unsigned new_depth(bool taken[][REPLICAS_MAX], const uint8_t *address, unsigned level)
{
	unsigned depth = level;
	if (taken[level][part(address, level)])
		return level + 1;
	while (depth > 1 && !taken[depth - 1][part(address, depth - 1)])
		depth--;
	return depth;
}

unsigned replica_list(const uint8_t root[static REFERENCE_BYTES], unsigned level,
		      struct replica replicas[static REPLICAS_MAX])
{
	bool taken[REDUNDANCY_LEVEL_MAX + 1][REPLICAS_MAX] = {{false}};
	unsigned next[REDUNDANCY_LEVEL_MAX + 1] = {0, 0, 2, 4, 8}, found = 0;
	assert(level >= 1 && level <= REDUNDANCY_LEVEL_MAX);
	for (unsigned i = 0; i < IDS && found < 1U << level; i++) {
		struct replica r;
		memcpy(r.id, root, SOC_ID_BYTES);
		r.id[0] = (uint8_t)i;
		soc_address(r.id, replica_owner, r.address);
		const unsigned first = new_depth(taken, r.address, level);
		if (first > level)
			continue;
		for (unsigned depth = first; depth <= level; depth++)
			taken[depth][part(r.address, depth)] = true;
		replicas[next[first]++] = r;
		found++;
	}
	/* Whoever chooses the root can make a part that none of the ids falls into, at any depth. */
	unsigned n = next[1];
	for (unsigned depth = 2; depth <= level; depth++)
		for (unsigned i = 1U << (depth - 1); i < next[depth]; i++)
			replicas[n++] = replicas[i];
	return n;
}

bool replica_holds(const struct chunk *chunk, const uint8_t root[static REFERENCE_BYTES])
{
	return chunk->kind == CHUNK_SINGLE_OWNER && memcmp(chunk->address, root, REFERENCE_BYTES) == 0;
}
