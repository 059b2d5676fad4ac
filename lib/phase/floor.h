/* The release floor: the highest release accepted before for one channel and architecture, as it
 * is kept on disk. A JSON object:
 * {"channel":"stable","arch":"x86_64","release":42,"accepted_at":"2026-11-21T02:00:00Z"}
 *
 * A floor that cannot be read is an error and never 0: forgetting it would open the way back. */
#ifndef PHASE_FLOOR_H
#define PHASE_FLOOR_H

#include "phase/document.h"

#define FLOOR_BYTES_MAX 2048    /* of the document */
#define FLOOR_ARENA_BYTES 65536 /* suffices for a document of FLOOR_BYTES_MAX */
#define FLOOR_FILENAME_MAX (DOCUMENT_NAME_MAX + 32)

struct floor {
	struct bytes channel; /* views into the arena */
	struct bytes arch;    /* canonical */
	uint64_t release;
	struct wall accepted_at;
};

/* f is untouched on failure. */
MUST_CHECK int floor_read(struct floor *f, struct bytes text, struct arena *a, struct why *why);
/* Writes the document with its line feed. accepted_at must lie in years 0001..9999. */
MUST_CHECK int floor_write(const struct floor *f, struct writer *w);
/* The file's name, CHANNEL-ARCH.json, with a NUL. channel must be safe (name_is_safe). */
void floor_filename(struct bytes channel, struct bytes arch, struct writer *w);

#endif
