/* What lies at REFERENCE/PATH: the order in which bee's HTTP API looks, as a machine over a manifest's nodes.
 *
 * A manifest with the owner and topic of a feed at "/" is not searched: its content is somewhere
 * else (BZZ_FEED). The empty path is the index document. What is not found may be a folder
 * (BZZ_REDIRECT: the same with a slash), a folder's index document, or the error document. */
#ifndef SWARM_BZZ_PATH_H
#define SWARM_BZZ_PATH_H

#include "swarm/mantaray.h"

#define BZZ_TOPIC_BYTES_MAX 64
#define BZZ_PATH_NODES_BYTES_MAX (16U << 20) /* to be seen for one path: a hundred times what honest ones need */

enum bzz_outcome {
	BZZ_UNDER_WAY,
	BZZ_FILE,     /* walk.entry, walk.metadata; is_error: it is the error document */
	BZZ_REDIRECT, /* to the path with a slash behind it */
	BZZ_FEED,     /* owner, topic: what is newest there takes the manifest's place */
	BZZ_NOT_FOUND,
};

struct bzz_path {
	enum bzz_outcome outcome;
	bool is_error;
	uint8_t owner[20], topic[BZZ_TOPIC_BYTES_MAX];
	size_t topic_n;
	struct mantaray_walk walk; /* to be read where outcome says so */
	/* its own: */
	unsigned step;
	uint64_t bytes_left; /* of nodes */
	bool feeds;          /* one that leads to a feed again is none */
	struct reference root;
	size_t path_n, index_n, error_n, joined_n;
	uint8_t path[MANTARAY_PATH_MAX], index[MANTARAY_METADATA_MAX], error[MANTARAY_METADATA_MAX];
	uint8_t joined[MANTARAY_PATH_MAX + 1]; /* what is looked up now, when it is not the path itself */
};

/* path: decoded, without the slash in front. follow_feed: whether the root may be that of a feed (for
 * the content of one it may not). ERR_LIMIT: longer than MANTARAY_PATH_MAX. */
MUST_CHECK int bzz_path_init(struct bzz_path *b, const struct reference *root, struct bytes path, bool follow_feed);
/* The node that it wants to see; false: see outcome. */
bool bzz_path_wants(const struct bzz_path *b, struct reference *node);
/* Errors are those of mantaray_open: there is no manifest, or a broken one; and ERR_LIMIT beyond
 * BZZ_PATH_NODES_BYTES_MAX. */
MUST_CHECK int bzz_path_node(struct bzz_path *b, uint8_t *node, size_t n, struct why *why);

#endif
