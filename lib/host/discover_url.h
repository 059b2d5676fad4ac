/* Asks providers that are known by URL for their manifest, all at once. http and https only, no
 * redirects, at most MANIFEST_BYTES_MAX each. The manifest's form is checked, its signatures are
 * not: that is for who fetches the release. */
#ifndef HOST_DISCOVER_URL_H
#define HOST_DISCOVER_URL_H

#include "host/cli.h"
#include "host/discover_candidate.h"
#include "host/manifest_places.h"

#define DISCOVER_URLS_MAX 64 /* asked at the same time */

typedef void discover_url_found(void *context, const struct discover_candidate *c);

struct discover_urls;

/* NULL: out of memory. */
struct discover_urls *discover_urls_open(struct cli *cli, discover_url_found *found, void *context);
/* Asks a manifest's URL, or, with places, one below a provider's root after the other until one is
 * there (root and places must outlive d); found gets what the manifest says. What fails is warned
 * about. ERR_LIMIT, ERR_NO_MEMORY, ERR_VALUE when it is no URL. */
MUST_CHECK int discover_urls_ask(struct discover_urls *d, const char *url, const struct manifest_places *places);
/* Asks an announced candidate whether it answers with a manifest; found gets *c then. One that does
 * not answer is only told. No proxy is used: it is a neighbour. ERR_LIMIT, ERR_NO_MEMORY. */
MUST_CHECK int discover_urls_probe(struct discover_urls *d, const struct discover_candidate *c);
/* Handles what happens within wait_ms, or until the last one has answered; found is called from in
 * here only. ERR_IO, said. */
MUST_CHECK int discover_urls_step(struct discover_urls *d, uint64_t wait_ms);
size_t discover_urls_left(const struct discover_urls *d); /* that have not answered; d may be NULL */
/* Names those that have not answered, when late. */
void discover_urls_close(struct discover_urls *d, bool late); /* d may be NULL */

#endif
