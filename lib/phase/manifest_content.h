/* What a release gives to the machine that fetches it, as one hash. */
#ifndef PHASE_MANIFEST_CONTENT_H
#define PHASE_MANIFEST_CONTENT_H

#include "phase/manifest.h"

/* The hash of release number, channel, architecture, and of each artifact's filename and SHA-256 in
 * their order. Providers whose manifests agree in it can give each other's files, whatever else
 * they say: who signed, until when it holds, under which URL a file lies. It is for comparing
 * within one process; no document has it. */
void manifest_content(const struct manifest *m, uint8_t out[static SHA256_BYTES]);

#endif
