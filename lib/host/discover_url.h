/* Asks providers that are known by URL for their manifest, all at once. http and https only, no
 * redirects, at most MANIFEST_BYTES_MAX each. The manifest's form is checked, its signatures are
 * not: that is for who fetches the release. */
#ifndef HOST_DISCOVER_URL_H
#define HOST_DISCOVER_URL_H

#include "host/cli.h"
#include "host/discover_candidate.h"

#define DISCOVER_URLS_MAX 64

typedef void discover_url_found(void *context, const struct discover_candidate *c);

struct discover_urls;

/* urls: as discover_manifest_url gives them, copied. NULL: out of memory. */
struct discover_urls *discover_urls_start(struct cli *cli, const char *const *urls, size_t n, discover_url_found *found,
					  void *context);
/* Handles what happens within wait_ms, or until the last one has answered; found is called from in
 * here only. A URL that fails is warned about. ERR_IO, said. */
MUST_CHECK int discover_urls_step(struct discover_urls *d, uint64_t wait_ms);
size_t discover_urls_left(const struct discover_urls *d); /* that have not answered; d may be NULL */
void discover_urls_end(struct discover_urls *d);          /* warns about those; d may be NULL */

#endif
