/* The headers that go both ways before the first message of every stream of Swarm but the handshake's. bee has
 * none that matter here: what arrives is counted and dropped, what goes out is the empty message.
 *
 * bee reads its headers with a buffer that it throws away: who asks must wait for the answer before the first
 * message is sent, and who answers must send nothing behind the answer until that has come, or it is lost. */
#ifndef SWARM_HEADERS_H
#define SWARM_HEADERS_H

#include "swarm/frame.h"

#define HEADERS_MS 10000 /* for both directions; then bee resets the stream */

enum headers_role { HEADERS_ASKS, HEADERS_ANSWERS }; /* who opened the stream asks */

struct headers {
	enum headers_role role;
	bool sent;
	struct frame in;
};

void headers_init(struct headers *h, enum headers_role role);
/* Takes what arrived, up to the end of the headers; *used bytes of it. ERR_PROTOCOL, ERR_LIMIT: no headers. */
MUST_CHECK int headers_take(struct headers *h, struct bytes in, size_t *used);
/* What is to be sent; headers_sent when all of it has gone out. */
struct bytes headers_out(const struct headers *h);
void headers_sent(struct headers *h);
bool headers_done(const struct headers *h); /* messages may be sent, and arrive */

#endif
