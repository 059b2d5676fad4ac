/* Mantaray: a manifest, paths to references, as a trie whose nodes are files of their own.
 *
 * A node holds an entry (a reference, or zeros for none) and forks: a byte string of 1 to 30 bytes
 * to go on by, the reference of the next node, and, for what lies there, its type and metadata. So
 * the root has neither, and nothing is found at the empty path. Versions 0.1 (no metadata) and 0.2.
 * Stricter than bee: where it panics or skips, we refuse. Source: bee, pkg/manifest/mantaray. */
#ifndef SWARM_MANTARAY_H
#define SWARM_MANTARAY_H

#include "core/err.h"
#include "swarm/reference.h"

#define MANTARAY_KEY_BYTES 32
#define MANTARAY_VERSION_BYTES 31
#define MANTARAY_HEAD_BYTES (MANTARAY_KEY_BYTES + MANTARAY_VERSION_BYTES + 1)
#define MANTARAY_PREFIX_MAX 30
#define MANTARAY_NODE_BYTES_MAX (1U << 20) /* 256 forks with 4 KiB of metadata each, about */
#define MANTARAY_METADATA_MAX 4096         /* JSON text of one fork */
#define MANTARAY_PAIRS_MAX 64              /* members of that */
#define MANTARAY_PATH_MAX 4096

enum mantaray_type { MANTARAY_VALUE = 0x02, MANTARAY_EDGE = 0x04, MANTARAY_SLASH = 0x08, MANTARAY_METADATA = 0x10 };

/* What a node of 0.1 and one of 0.2 begin with, behind the key: of keccak256("mantaray:0.1"), and 0.2. */
extern const uint8_t mantaray_versions[2][MANTARAY_VERSION_BYTES];

/* A node taken apart; views into its bytes. */
struct mantaray {
	unsigned version;       /* 1: 0.1; 2: 0.2 */
	size_t reference_bytes; /* 32 or 64; 0 in an empty manifest */
	struct reference entry; /* zeros: none */
	const uint8_t *index;   /* 32 bytes: bit b says whether there is a fork for byte b */
	struct bytes forks;
	unsigned forks_n;
};

struct mantaray_fork {
	uint8_t type;        /* of enum mantaray_type */
	struct bytes prefix; /* 1 to 30 bytes */
	struct reference node;
	struct bytes metadata; /* a JSON object of strings, without padding; empty: none */
};

/* Whether bytes that begin so may be a node of a manifest: the first MANTARAY_HEAD_BYTES, or more. */
bool mantaray_is_node(struct bytes begin);
/* Takes a node apart, which removes its obfuscation in place: once for the same bytes. All forks
 * are checked, so that they can be walked without failing. why: what, at which byte. ERR_TRUNCATED,
 * ERR_VERSION (no node of a manifest), ERR_LIMIT, ERR_VALUE, and what JSON refuses. */
MUST_CHECK int mantaray_open(uint8_t *node, size_t n, struct mantaray *m, struct why *why);
/* The fork that begins with a byte; false: none. */
bool mantaray_fork(const struct mantaray *m, uint8_t byte, struct mantaray_fork *fork);
/* All of them in order. */
struct mantaray_cursor {
	struct reader left;
	unsigned n; /* forks still to come */
};
struct mantaray_cursor mantaray_forks(const struct mantaray *m);
bool mantaray_next(const struct mantaray *m, struct mantaray_cursor *cursor, struct mantaray_fork *fork);
/* A value of a fork's metadata, unescaped. ERR_NOT_FOUND; ERR_NO_SPACE. */
MUST_CHECK int mantaray_metadata(struct bytes metadata, const char *name, struct writer *w);

/* A path looked up, node by node:
 *
 *	mantaray_walk_init(&w, &root, path);
 *	while (mantaray_walk_wants(&w, &reference)) {
 *		load the node; err = mantaray_walk_node(&w, node, n, &why); if (err != OK) fail;
 *	}
 *	if (w.found) … w.entry, w.metadata
 *
 * Each node takes at least a byte of the path, so it ends, whatever the references lead to. */
struct mantaray_walk {
	struct bytes path; /* borrowed; what is left of it */
	struct reference next;
	bool wants, value;
	bool found;             /* something lies at the path */
	bool is_prefix;         /* paths begin with it: as bee judges, also one that is there itself */
	struct reference entry; /* of what was found; zeros: metadata only */
	size_t metadata_n;
	uint8_t metadata[MANTARAY_METADATA_MAX];
};

/* path: of any bytes, not judged, at most MANTARAY_PATH_MAX: ERR_LIMIT. */
MUST_CHECK int mantaray_walk_init(struct mantaray_walk *w, const struct reference *root, struct bytes path);
bool mantaray_walk_wants(const struct mantaray_walk *w, struct reference *node);
/* The bytes of the node that it wants; changed as mantaray_open does. */
MUST_CHECK int mantaray_walk_node(struct mantaray_walk *w, uint8_t *node, size_t n, struct why *why);

#endif
