/* All that lies in a manifest, or whose path begins with some bytes, in the order of the paths' bytes: a
 * machine over the nodes that lead there, each wanted once for every path that leads to it.
 *
 *	mantaray_list_init(&l, &root, prefix, limits, memory, room);
 *	for (;;) {
 *		if (mantaray_list_entry(&l, &entry)) … entry.path
 *		else if (mantaray_list_wants(&l, &reference)) load the node; mantaray_list_node(&l, node, n, &why);
 *		else break;
 *	}
 *	mantaray_list_end(&l);
 *
 * The memory holds the nodes between the root and where it is; those of 4 KiB for ten folders in each
 * other are usual. A manifest cannot contain itself but for references to single-owner chunks, whose
 * content may change; but the same node may lie at any number of paths. So the limits count: they are
 * what somebody else's manifest may make us load. */
#ifndef SWARM_MANTARAY_LIST_H
#define SWARM_MANTARAY_LIST_H

#include "swarm/mantaray.h"

/* Views live until mantaray_list_wants is called. */
struct mantaray_entry {
	struct bytes path;
	struct reference reference; /* zeros: only metadata lies there */
	struct bytes metadata;      /* JSON; empty: none */
};

struct mantaray_limits {
	uint64_t nodes_n, bytes; /* of nodes */
};

struct mantaray_list {
	struct mantaray_open_node *top; /* whose forks are walked; in the memory, over those above it */
	struct arena memory;
	struct reference next; /* the node that is wanted */
	bool wants, has_entry;
	struct bytes prefix;
	struct mantaray_limits left;
	struct mantaray_fork fork; /* that led to it; its views are into top */
	struct reference entry;
	size_t path_n;
	uint8_t path[MANTARAY_PATH_MAX];
};

/* prefix: only entries whose path begins with it; empty: all. limits: what may be loaded. prefix and memory stay
 * borrowed. */
void mantaray_list_init(struct mantaray_list *l, const struct reference *root, struct bytes prefix,
			struct mantaray_limits limits, void *memory, size_t room);
/* What was found last; false: nothing new. */
bool mantaray_list_entry(struct mantaray_list *l, struct mantaray_entry *entry);
/* The node to load; false: take the entry, or it is at its end. */
bool mantaray_list_wants(struct mantaray_list *l, struct reference *node);
/* Its bytes; changed as mantaray_open does, and copied when there are forks. ERR_LIMIT: a path beyond
 * MANTARAY_PATH_MAX, or more than the limits, said in why; ERR_NO_SPACE: memory; what mantaray_open refuses.
 * After an error there is nothing more. */
MUST_CHECK int mantaray_list_node(struct mantaray_list *l, uint8_t *node, size_t n, struct why *why);
/* Wipes the struct, and what is in use of the memory: where content is encrypted there are keys in both. The rest of
 * the memory was wiped as it was given back. */
void mantaray_list_end(struct mantaray_list *l);

#endif
