/* Makes the unsigned manifest of a release folder: finds the artifacts, hashes them, writes. */
#ifndef HOST_MANIFEST_MAKE_H
#define HOST_MANIFEST_MAKE_H

#include "core/wall.h"
#include "host/cli.h"

struct manifest_options {
	const char *store, *channel, *arch; /* name_is_safe; arch_canonical knows it */
	uint64_t release;
	const char *version;    /* NULL: the release number; as manifest_read takes it */
	const char *cmdline;    /* NULL: none; as manifest_read takes it */
	struct cli_texts roles; /* NAME=FILE: this file is that artifact; no NAME or FILE twice */
	uint64_t redundancy;    /* level of the artifacts' references, at most REDUNDANCY_LEVEL_MAX */
	bool trees;             /* also write FILE.bmt beside each artifact */
	struct wall created_at, expires_at;
};

/* Gives one JSON document with LF at its end (*document, malloc), which manifest_read accepts.
 * Refuses what a reader would: two files for one artifact, empty files, no kernel, links out of
 * the store. Files that change while they are hashed are ERR_CHANGED. Messages are printed. */
MUST_CHECK int manifest_make(struct cli *cli, const struct manifest_options *o, struct bytes *document);

#endif
