/* A file to a bee node's API in one request: the node splits it. */
#ifndef HOST_BZZ_UPLOAD_WHOLE_H
#define HOST_BZZ_UPLOAD_WHOLE_H

#include "host/cli.h"
#include "swarm/reference.h"

struct bzz_upload_whole {
	const char *gateway, *stamp; /* as bzz_upload_open takes them */
	unsigned level;              /* of redundancy */
	bool manifest;               /* to /bzz, under its name; else to /bytes */
};

/* Sends the regular file at path, and compares what the node says with the reference that was found
 * here: ERR_SOURCE_LIES when it is another. Nothing is tried twice. Messages are printed. */
MUST_CHECK int bzz_upload_whole(struct cli *cli, const struct bzz_upload_whole *u, const char *path,
				const struct reference *reference);

#endif
