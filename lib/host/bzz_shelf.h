/* Files of Swarm that were read a moment ago, for those who read on: whoever fetches a file asks for it range by
 * range, and for each the root and the chunks above its leaves would be looked for and hashed anew. Plain files
 * only: no keys lie about. A few megabytes. Any thread. */
#ifndef HOST_BZZ_SHELF_H
#define HOST_BZZ_SHELF_H

#include "host/bzz_file.h"

struct bzz_shelf;

/* NULL: no memory. */
struct bzz_shelf *bzz_shelf_new(void);
/* Nobody may be using it. NULL: nothing. */
void bzz_shelf_free(struct bzz_shelf *s);
/* The file of a root, whose chunks come from source from here on; the caller's. NULL: it is not there. */
struct bzz_file *bzz_shelf_take(struct bzz_shelf *s, const struct reference *root, const struct chunk_source *source);
/* Takes the file of a root in any case; one that is not to be kept is closed, as is the one that lay longest
 * when the shelf is full. NULL: nothing. */
void bzz_shelf_put(struct bzz_shelf *s, const struct reference *root, struct bzz_file *file);

#endif
