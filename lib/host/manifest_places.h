/* Where below a provider's root its manifest is looked for, one place after the other: at
 * manifest.json, as phase-serve has it, and, as in a plain copy of a store, in the folder of a
 * channel and an architecture, in both spellings. */
#ifndef HOST_MANIFEST_PLACES_H
#define HOST_MANIFEST_PLACES_H

#include "phase/document.h"

struct manifest_places {
	struct bytes channel, arch; /* arch canonical; both empty: only manifest.json is left */
	bool folder_first;
};

/* Empty channel or arch: any; the folder is then that of stable or of this machine. When both are
 * named, they say more than the provider's own choice: the folders are first. The views go on
 * into p. */
void manifest_places_init(struct manifest_places *p, struct bytes channel, struct bytes arch);
/* Writes place number 0, 1 ..., relative to the root. False: there are no more. */
bool manifest_places_write(const struct manifest_places *p, unsigned place, struct writer *w);

#endif
