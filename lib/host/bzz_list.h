/* The entries of a manifest as JSON lines, in the order of their paths. */
#ifndef HOST_BZZ_LIST_H
#define HOST_BZZ_LIST_H

#include "host/bzz_fetch.h"
#include "host/stall.h"

/* Those whose path begins with prefix; other parts of the manifest are not loaded.
 * {"path":…,"reference":…,"metadata":{…}}; reference is null for an entry that is metadata only. Messages are printed.
 * stall: told of what arrives. ERR_LIMIT: deeper or larger than any honest manifest. */
MUST_CHECK int bzz_list(struct cli *cli, struct bzz_fetch *f, struct stall *stall, const char *name,
			const struct bzz_root *root, struct bytes prefix);

#endif
