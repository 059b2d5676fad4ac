/* Redundancy levels of a file's tree: what a span says besides a size, how many references an
 * intermediate chunk holds, and how many parities go with them.
 *
 * An intermediate chunk of level L holds up to redundancy_children_max references of children and
 * behind them references of parity chunks (always 32 bytes), as many as a table gives for the number of
 * children. Its span's last byte carries the level. Leaves never do, and a tree whose root does
 * not is of level 0 throughout. Source: bee, pkg/file/redundancy. */
#ifndef SWARM_REDUNDANCY_H
#define SWARM_REDUNDANCY_H

#include "core/err.h"

#define REDUNDANCY_LEVEL_MAX 4
#define REDUNDANCY_REFERENCES_MAX 128              /* children and parities together */
#define REDUNDANCY_SIZE_MAX (1ULL << 48)           /* a file; far below where bee's arithmetic wraps */
#define REDUNDANCY_REPLICAS(level) (1U << (level)) /* of the root, for level > 0 */

/* A span as it stands in front of a chunk, taken apart. */
struct redundancy_span {
	uint64_t size;  /* bytes of file below */
	unsigned level; /* 0: none */
};

/* A level as people write it: "0" to "4", or bee's names, "none", "medium", "strong", "insane" and "paranoid".
 * ERR_VALUE. */
MUST_CHECK int redundancy_level_read(struct bytes text, uint64_t *level);

/* What an intermediate chunk must look like. */
struct redundancy_shape {
	uint64_t child_size; /* bytes below each child but the last */
	uint64_t last_size;  /* below the last one, 1..child_size */
	unsigned children_n, parities_n;
	size_t payload_bytes; /* of all its references */
};

/* Children that an intermediate chunk holds at most. level <= REDUNDANCY_LEVEL_MAX. */
unsigned redundancy_children_max(unsigned level, bool encrypted);
/* Parities that go with children_n children, which are not more than that. */
unsigned redundancy_parities(unsigned level, bool encrypted, unsigned children_n);

/* ERR_LIMIT: a size above REDUNDANCY_SIZE_MAX; ERR_VERSION: a level that does not exist. Any 8
 * bytes else are a span. */
MUST_CHECK int redundancy_span_read(const uint8_t span[static 8], struct redundancy_span *out);
void redundancy_span_write(uint64_t size, unsigned level, uint8_t span[static 8]);

/* The shape of an intermediate chunk over size bytes, 4096 < size <= REDUNDANCY_SIZE_MAX. */
void redundancy_shape(uint64_t size, unsigned level, bool encrypted, struct redundancy_shape *shape);

#endif
