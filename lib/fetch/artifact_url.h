/* Where a provider has an artifact: its root and what the manifest says. */
#ifndef FETCH_ARTIFACT_URL_H
#define FETCH_ARTIFACT_URL_H

#include "phase/manifest.h"

/* Whether the manifest itself names a place for it, with scheme and host. */
bool artifact_url_absolute(const struct artifact *a);
/* Writes root (which ends in '/'), the artifact's download_url, and suffix ("" or ".bmt"); where
 * there is none, or an absolute one, CHANNEL/ARCH/FILENAME. */
void artifact_url_write(struct bytes root, const struct manifest *m, const struct artifact *a, const char *suffix,
			struct writer *w);

#endif
