/* Making a manifest: entries in, nodes out from the bottom up, byte for byte those of bee.
 *
 * The same entries give the same nodes in whatever order they come, but for two habits of bee that are
 * kept: whether a node is marked MANTARAY_SLASH is judged by the last path that went through it, and an
 * entry without a reference that comes before any with one has a node without room for it.
 * Source: bee, pkg/manifest/mantaray, node.go and marshal.go.
 *
 * Each node is a file: how it is stored, and what its reference is, only the caller knows.
 *
 *	mantaray_write_init(&w, &arena);
 *	for every entry: mantaray_write_add(&w, path, &reference, metadata, n, &why);
 *	while (mantaray_write_wants(&w, &size)) {
 *		mantaray_write_node(&w, key, bytes, room, &n);
 *		store the n bytes as a file; mantaray_write_stored(&w, &reference);
 *	}
 *	the last reference is the manifest's */
#ifndef SWARM_MANTARAY_WRITE_H
#define SWARM_MANTARAY_WRITE_H

#include "swarm/mantaray.h"

/* The arena's need: this for every entry and once for the root, for every MANTARAY_PREFIX_MAX bytes of a
 * path beyond the first once more, and the metadata as JSON. */
#define MANTARAY_WRITE_ENTRY_BYTES 384

/* A member of an entry's metadata; both are UTF-8. */
struct mantaray_pair {
	struct bytes name, value;
};

struct mantaray_write {
	struct arena *arena;         /* borrowed; holds all nodes, is never given back from */
	struct mantaray_made *root;  /* in the arena */
	struct mantaray_made *stage; /* the node that is to be stored next; NULL: still taking, or all are stored */
	size_t width;                /* bytes of an entry, 32 or 64; 0 until there is one */
	bool ended;
};

/* ERR_NO_SPACE: the arena holds not even the root. */
MUST_CHECK int mantaray_write_init(struct mantaray_write *w, struct arena *arena);
/* Adds what lies at a path of any bytes, or replaces it. entry NULL: only metadata lies there. Nothing
 * is borrowed, and on failure nothing has changed. ERR_VALUE: an empty path, at which nothing is ever
 * found, or a reference of another length than those before; ERR_LIMIT: more than mantaray_open would
 * take; ERR_UTF8, ERR_DUPLICATE: metadata; ERR_NO_SPACE. */
MUST_CHECK int mantaray_write_add(struct mantaray_write *w, struct bytes path, const struct reference *entry,
				  const struct mantaray_pair *metadata, size_t metadata_n, struct why *why);
/* How long the next node is; false: all are stored. From the first call on nothing can be added. */
bool mantaray_write_wants(struct mantaray_write *w, size_t *size);
/* Its bytes. key: what they are hidden with, random and new for each node of an encrypted manifest; NULL:
 * in the clear. ERR_NO_SPACE; ERR_LIMIT: longer than MANTARAY_NODE_BYTES_MAX. */
MUST_CHECK int mantaray_write_node(struct mantaray_write *w, const uint8_t *key, uint8_t *out, size_t room, size_t *n);
/* Where it is stored. ERR_VALUE: the reference has another length than the entries have. */
MUST_CHECK int mantaray_write_stored(struct mantaray_write *w, const struct reference *reference);

#endif
