/* All that lies in a manifest, in the order of the paths' bytes: a machine over its nodes, each wanted
 * once for every path that leads to it.
 *
 *	mantaray_list_init(&l, &root, nodes_max, memory, room);
 *	for (;;) {
 *		if (mantaray_list_entry(&l, &entry)) … entry.path
 *		else if (mantaray_list_wants(&l, &reference)) load the node; mantaray_list_node(&l, node, n, &why);
 *		else break;
 *	}
 *
 * The memory holds the nodes between the root and where it is; those of 4 KiB for ten folders in each
 * other are usual. A manifest cannot contain itself but for references to single-owner chunks, whose
 * content may change; paths have an end and nodes_max is one, so it ends all the same. */
#ifndef SWARM_MANTARAY_LIST_H
#define SWARM_MANTARAY_LIST_H

#include "swarm/mantaray.h"

/* Views live until mantaray_list_wants is called. */
struct mantaray_entry {
	struct bytes path;
	struct reference reference; /* zeros: only metadata lies there */
	struct bytes metadata;      /* JSON; empty: none */
};

struct mantaray_list {
	struct mantaray_open_node *top; /* whose forks are walked; in the memory, over those above it */
	struct arena memory;
	struct reference next; /* the node that is wanted */
	bool wants, has_entry;
	uint64_t nodes_left;
	struct mantaray_fork fork; /* that led to it; its views are into top */
	struct reference entry;
	size_t path_n;
	uint8_t path[MANTARAY_PATH_MAX];
};

/* nodes_max: how many nodes may be loaded. memory stays borrowed. */
void mantaray_list_init(struct mantaray_list *l, const struct reference *root, uint64_t nodes_max, void *memory,
			size_t room);
/* What was found last; false: nothing new. */
bool mantaray_list_entry(struct mantaray_list *l, struct mantaray_entry *entry);
/* The node to load; false: take the entry, or it is at its end. */
bool mantaray_list_wants(struct mantaray_list *l, struct reference *node);
/* Its bytes; changed as mantaray_open does, and copied when there are forks. ERR_LIMIT: a path beyond
 * MANTARAY_PATH_MAX, or more nodes than nodes_max; ERR_NO_SPACE: memory; what mantaray_open refuses.
 * After an error there is nothing more. */
MUST_CHECK int mantaray_list_node(struct mantaray_list *l, uint8_t *node, size_t n, struct why *why);

#endif
