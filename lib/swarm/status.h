/* Status 1.1.3 and pingpong 1.0.0: questions of other nodes that deserve an answer. Full nodes ask the full
 * nodes they know how they are, and rate those lower that do not say. */
#ifndef SWARM_STATUS_H
#define SWARM_STATUS_H

#include "core/bytes.h"

#define STATUS_PROTOCOL "/swarm/status/1.1.3/status"
#define STATUS_PINGPONG_PROTOCOL "/swarm/pingpong/1.0.0/pingpong"
#define STATUS_PING_BYTES_MAX 256 /* of a message; what is longer is not answered */

struct status {
	const char *mode; /* "full", "light", "ultra-light" */
	uint64_t chunks, radius, peers;
	bool reachable;
};

/* Writes the answer to the one question there is, with its length. */
void status_write(struct writer *w, const struct status *status);
/* Writes the answer to the message of a ping, with its length. ERR_PROTOCOL: it is none. */
MUST_CHECK int status_write_pong(struct writer *w, struct bytes ping);

#endif
