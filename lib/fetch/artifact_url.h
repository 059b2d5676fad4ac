/* Where a source has an artifact: a provider's root and what the manifest says, or a Swarm gateway's. */
#ifndef FETCH_ARTIFACT_URL_H
#define FETCH_ARTIFACT_URL_H

#include "phase/manifest.h"
#include "swarm/bmt.h"

/* Whether the manifest itself names a place for it, with scheme and host. */
bool artifact_url_absolute(const struct artifact *a);
/* Writes root (which ends in '/'), the artifact's download_url, and suffix ("" or ".bmt"); where
 * there is none, or an absolute one, CHANNEL/ARCH/FILENAME. */
void artifact_url_write(struct bytes root, const struct manifest *m, const struct artifact *a, const char *suffix,
			struct writer *w);
/* Writes where any gateway to Swarm (the API of a bee node) has the same bytes: gateway, with or without '/' at its
 * end, /bytes/, and the artifact's Swarm reference. False: it has none. */
bool artifact_url_write_gateway(struct bytes gateway, const struct artifact *a, struct writer *w);

#endif
