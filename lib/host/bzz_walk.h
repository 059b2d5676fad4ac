/* Manifests out of a source of chunks: their nodes, and what lies at a path. */
#ifndef HOST_BZZ_WALK_H
#define HOST_BZZ_WALK_H

#include "host/bzz_file.h"
#include "swarm/bzz_path.h"

/* Lets take see the node of the manifest at root that has the reference wanted; what it saw is wiped then,
 * as there may be keys in it. Errors are those of bzz_file_whole, ERR_LIMIT when it is no node, and take's. */
MUST_CHECK int bzz_walk_node(const struct chunk_source *source, const struct bzz_root *root,
			     const struct reference *wanted,
			     int (*take)(void *context, uint8_t *node, size_t n, struct why *why), void *context,
			     struct why *why);
/* Begins with bzz_path_init, and goes on to where the machine wants no node more: see b->outcome. Errors are
 * those of the machine and of bzz_walk_node. There may be keys in b, also after an error: whoever owns it wipes it. */
MUST_CHECK int bzz_walk(const struct chunk_source *source, const struct bzz_root *root, struct bytes path,
			bool follow_feed, struct bzz_path *b, struct why *why);

#endif
