/* Choosing a release: manifests of all candidate providers, judged under the caller's policy. */
#ifndef HOST_RELEASE_H
#define HOST_RELEASE_H

#include "host/candidates.h"
#include "host/trust.h"

/* The release that was chosen; its views lead into memory and into the text. */
struct release {
	struct manifest manifest;
	struct bytes text; /* owned, for file_free: the manifest as it was received */
	void *memory;      /* owned */
};

/* What a choice needs beside the candidates. */
struct release_wanted {
	const struct trust *trust;
	const char *state;   /* folder of release floors; NULL: none kept */
	uint64_t timeout_ms; /* for each candidate's manifest */
};

/* Asks all candidates, chooses the highest release that trust accepts and that is not below the
 * floor, of equals that of the first candidate, and collects in c->roots the providers that have
 * exactly it. When none is accepted the reasons are printed and the error is the most telling one:
 * policy, then signature, then what kept the answers away. One manifest is kept beside those that
 * are being received. */
MUST_CHECK int release_choose(struct cli *cli, struct candidates *c, const struct release_wanted *wanted,
			      struct release *r);
void release_free(struct release *r);

#endif
