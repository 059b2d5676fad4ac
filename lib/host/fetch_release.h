/* Fetching a chosen release: its artifacts, its manifest, and the boot plan in the end. */
#ifndef HOST_FETCH_RELEASE_H
#define HOST_FETCH_RELEASE_H

#include "host/release.h"

struct fetch_options {
	const char *folder;                /* where the files go; made when missing */
	const char *state;                 /* folder of release floors; NULL: none */
	const struct cli_texts *artifacts; /* roles; none: all that a boot needs */
	const struct cli_texts *gateways;  /* to Swarm, sources of what has a reference; DOWNLOAD_GATEWAYS_MAX */
};

/* Downloads from c->roots and the gateways, then writes FOLDER/manifest.json, raises the floor and prints the plan
 * on stdout. Nothing is printed, and no floor raised, unless all files are there and right. */
MUST_CHECK int fetch_release(struct cli *cli, const struct fetch_options *o, const struct candidates *c,
			     const struct release *r);

#endif
