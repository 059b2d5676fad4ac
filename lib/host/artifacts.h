/* Whether the files of a release are what its manifest says, in a store on disk. */
#ifndef HOST_ARTIFACTS_H
#define HOST_ARTIFACTS_H

#include <cjson/cJSON.h>

#include "host/cli.h"
#include "phase/manifest.h"

/* Checks size and SHA-256 of every file of m in STORE/CHANNEL/ARCH (in either spelling of arch),
 * with a message for each that misfits, and appends for each
 * {"artifact":…,"file":…,"ok":…,"found":…,"needed":…} to out (NULL: to nothing). Links out of the
 * store are not followed. OK, or the first error: ERR_NOT_FOUND, ERR_IO, ERR_SIZE, ERR_HASH,
 * ERR_CHANGED. */
MUST_CHECK int artifacts_check(struct cli *cli, const char *store, const struct manifest *m, cJSON *out);

#endif
