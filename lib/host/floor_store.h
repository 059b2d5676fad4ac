/* The state folder: release floors on disk, one file for each channel and architecture. Two
 * verifiers at once never lower one: writing happens under a lock (FOLDER/.lock) and only raises. */
#ifndef HOST_FLOOR_STORE_H
#define HOST_FLOOR_STORE_H

#include "core/err.h"
#include "core/wall.h"

/* The floor for channel and arch (canonical), 0 when nothing was accepted yet. Makes the folder,
 * so that a state that cannot be kept is found before anything is accepted. A damaged file is an
 * input error, never 0. channel must be safe (name_is_safe). */
MUST_CHECK int floor_store_get(const char *folder, struct bytes channel, struct bytes arch, uint64_t *release,
			       struct why *why);
/* Raises the floor to release; leaves one that is as high already. */
MUST_CHECK int floor_store_raise(const char *folder, struct bytes channel, struct bytes arch, uint64_t release,
				 struct wall now, struct why *why);

#endif
