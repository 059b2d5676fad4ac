/* Messages on streams of Swarm: each with its length before it, as the multiformats varint. A frame
 * collects one message into the caller's room, whatever pieces it arrives in. */
#ifndef SWARM_FRAME_H
#define SWARM_FRAME_H

#include "core/varint.h"

#define FRAME_BYTES_MAX 131072 /* of a message: bee's readers take no more */

struct frame {
	uint8_t *p;
	size_t room;         /* what is beyond is dropped */
	uint64_t limit;      /* what is beyond is an error */
	uint64_t n, whole_n; /* arrived, and to arrive; whole_n holds when begun */
	bool begun;
	uint8_t head_n;
	uint8_t head[VARINT_BYTES_MAX];
};

/* Waits for a message of at most limit bytes, the first room of which are kept at p. */
void frame_init(struct frame *f, void *p, size_t room, uint64_t limit);
/* Takes what arrived, up to the end of the message; *used bytes of it. ERR_PROTOCOL: no such length;
 * ERR_LIMIT: longer than the limit. */
MUST_CHECK int frame_take(struct frame *f, struct bytes in, size_t *used);
/* Whether the message is there; then a view of what was kept of it, which cut says is not all. */
bool frame_done(const struct frame *f, struct bytes *message, bool *cut);
/* Writes a message with its length: what is written between the two. */
size_t frame_begin(const struct writer *w);
void frame_end(struct writer *w, size_t begun);

#endif
