/* Choosing a release: manifests of all candidate providers, judged under the caller's policy. */
#ifndef HOST_RELEASE_H
#define HOST_RELEASE_H

#include "fetch/fetch.h"
#include "host/cli.h"
#include "host/trust.h"

/* Sources of the fetch machine, but for the last: that is the URL an artifact itself may name. */
#define RELEASE_CANDIDATES_MAX (FETCH_SOURCES_MAX - 1)

struct candidate {
	char *url;         /* owned: of its manifest */
	struct bytes text; /* owned: what it answered; empty: nothing */
	const char *error; /* why not; NULL: it answered */
};

struct candidates {
	struct candidate v[RELEASE_CANDIDATES_MAX];
	size_t n;
	char *roots[RELEASE_CANDIDATES_MAX]; /* owned: providers of the release that was chosen */
	size_t roots_n;
};

/* The release that was chosen; its views lead into memory and into a candidate's text. */
struct release {
	struct manifest manifest;
	struct bytes text;
	void *memory; /* owned */
};

/* Adds what people give: a manifest's URL (url_names_json), or a provider's root, whose manifest.json
 * is then meant. ERR_VALUE (printed) when it is none; the same one again is left out, and so are
 * those beyond the table's end, with a warning. ERR_NO_MEMORY. */
MUST_CHECK int candidates_add_provider(struct cli *cli, struct candidates *c, struct bytes url);
/* Adds those of a text of lines: JSON objects with "manifest_url" as phase-discover prints them,
 * or bare URLs as in candidates_add_provider. Lines that are neither are passed over with a warning. */
MUST_CHECK int candidates_read(struct cli *cli, struct candidates *c, struct bytes text);
/* Adds a root that serves artifacts, whatever its manifest says. The same one again, and those
 * beyond RELEASE_CANDIDATES_MAX, are left out. ERR_VALUE (printed), ERR_NO_MEMORY. */
MUST_CHECK int candidates_add_root(struct cli *cli, struct candidates *c, struct bytes root);
void candidates_free(struct candidates *c);

/* Asks all candidates for their manifests at once, each for at most timeout_ms. */
MUST_CHECK int candidates_ask(struct cli *cli, struct candidates *c, uint64_t timeout_ms);

/* Chooses the highest release that trust accepts, never below the floor kept in folder state (NULL:
 * none kept), and collects in c->roots the providers that have exactly it. When none is accepted
 * the reasons are printed and the error is the most telling one: policy, then signature, then
 * what kept the answers away. */
MUST_CHECK int release_choose(struct cli *cli, struct candidates *c, const struct trust *trust, const char *state,
			      struct release *r);
void release_free(struct release *r);

#endif
