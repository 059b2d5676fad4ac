/* Chunks to a bee node's API: many POSTs at once over connections that are kept.
 *
 * A content-addressed chunk goes to /chunks, a single-owner one to /soc (a small one posted to
 * /chunks would be stored as nonsense). The node answers when the network has the chunk, with its
 * reference, which must be ours. What may pass (the connection, 429, 5xx) is tried again, each time
 * later; what will not (no such batch, batch full) ends the upload. */
#ifndef HOST_BZZ_UPLOAD_H
#define HOST_BZZ_UPLOAD_H

#include "host/chunk_sink.h"
#include "host/cli.h"

#define BZZ_UPLOAD_PARALLEL_MAX 256

struct bzz_upload;

/* gateway: "http://HOST:1633", with or without a path; stamp: the batch, 64 hex digits, or NULL.
 * parallel: 1 to BZZ_UPLOAD_PARALLEL_MAX. Both texts are borrowed. */
MUST_CHECK int bzz_upload_open(struct cli *cli, const char *gateway, const char *stamp, unsigned parallel,
			       struct bzz_upload **upload);
struct chunk_sink bzz_upload_sink(struct bzz_upload *upload);
/* NULL: nothing. */
void bzz_upload_close(struct bzz_upload *upload);

#endif
