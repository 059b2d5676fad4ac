/* Candidate providers: the list of them, and asking them for their manifests. What they are, and
 * what they answer, comes from anybody. */
#ifndef HOST_CANDIDATES_H
#define HOST_CANDIDATES_H

#include "fetch/fetch.h"
#include "host/cli.h"
#include "host/discover_candidate.h"
#include "host/manifest_places.h"
#include "phase/policy.h"

/* Sources of the fetch machine, but for the last: that is the URL an artifact itself may name. */
#define CANDIDATES_MAX (FETCH_SOURCES_MAX - 1)
/* At one host and port: who answers there must not take all places of the table. */
#define CANDIDATES_AUTHORITY_MAX 4
/* Asked at the same time, so that this many answers are in memory at most, of 1 MiB each. */
#define CANDIDATES_ASKED_MAX 8

struct candidate {
	char *url;                                 /* owned: of its manifest, or where that is looked for now */
	char *root;                                /* owned: what was given, '/' at its end; NULL: it was url */
	unsigned place;                            /* which of the places below root url is */
	char authority[CANDIDATE_ADDRESS_MAX + 1]; /* HOST:PORT; empty: curl would not ask it */
};

struct candidates {
	struct candidate v[CANDIDATES_MAX];
	size_t n;
	size_t beyond_n;             /* left out because the table, or their authority's part of it, was full */
	size_t others_n;             /* left out because they are for another channel or architecture: ... */
	int others_err;              /* ... ERR_CHANNEL or ERR_ARCH, of the first of them */
	char *roots[CANDIDATES_MAX]; /* owned: providers of the release that was chosen */
	size_t roots_n;
	struct manifest_places places; /* of manifests, below roots */
};

#define CANDIDATE_PLACES_TEXT_MAX 4096

/* Tells of which channel and architecture manifests are looked for below a provider's root
 * (manifest_places_init), to be called before any is added. policy must outlive c. */
void candidates_expect(struct candidates *c, const struct policy *policy);
/* Candidate i has no manifest at its url: another place below its root, then. ERR_NOT_FOUND: there is
 * none. ERR_NO_MEMORY. */
MUST_CHECK int candidates_next_place(struct candidates *c, size_t i);
/* The places below a root, for a message. */
const char *candidates_places(const struct candidates *c, char out[static CANDIDATE_PLACES_TEXT_MAX]);
/* Adds the providers that the policy itself names; errors as of candidates_add_provider. */
MUST_CHECK int candidates_add_sources(struct cli *cli, struct candidates *c, const struct policy *policy);

/* Adds what people give: a manifest's URL (url_names_json), or a provider's root.
 * ERR_VALUE (printed) when it is none; the same one again is left out, and so are
 * those beyond the table's end or beyond CANDIDATES_AUTHORITY_MAX, with a warning for the first.
 * ERR_NO_MEMORY. */
MUST_CHECK int candidates_add_provider(struct cli *cli, struct candidates *c, struct bytes url);
/* Adds those of a text of lines: JSON objects with "manifest_url" as phase-discover prints them,
 * or bare URLs as in candidates_add_provider. Lines that are neither are passed over with a warning,
 * JSON with a "channel" or "arch" that the policy does not accept without one, but with --verbose. */
MUST_CHECK int candidates_read(struct cli *cli, struct candidates *c, const struct policy *policy, struct bytes text);
/* Whether the text is a manifest, which people mistake for the place where one is. */
bool candidates_text_is_manifest(struct bytes text);
/* Adds a root that serves artifacts, whatever its manifest says. The same one again, and those
 * beyond CANDIDATES_MAX, are left out. ERR_VALUE (printed), ERR_NO_MEMORY. */
MUST_CHECK int candidates_add_root(struct cli *cli, struct candidates *c, struct bytes root);
void candidates_free(struct candidates *c);

/* c->v[i] has answered with text, which now belongs to who is told (file_free). Empty: it has not, and
 * that was printed. */
typedef void candidates_answered(void *context, size_t i, struct bytes text);
/* Asks all candidates for their manifests, CANDIDATES_ASKED_MAX at a time and each for at most
 * timeout_ms at each place, of which the one that answers stays its url, and tells each answer as soon as it is
 * complete. All have been told of when it gives OK. ERR_NO_MEMORY (printed). */
MUST_CHECK int candidates_ask(struct cli *cli, struct candidates *c, uint64_t timeout_ms, candidates_answered *answered,
			      void *context);

#endif
