#include "swarm/frame.h"

#include <string.h>

#include "core/err.h"
#include "core/protobuf.h"

void frame_init(struct frame *f, void *p, size_t room, uint64_t limit)
{
	*f = (struct frame){.p = p, .room = room, .limit = limit};
}

/* The length: byte by byte, because it may be cut anywhere. */
static int take_head(struct frame *f, uint8_t byte)
{
	uint64_t n;
	size_t used;
	f->head[f->head_n++] = byte;
	const int err = varint_begin(bytes_of(f->head, f->head_n), &n, &used);
	if (err == ERR_TRUNCATED && f->head_n < sizeof f->head)
		return OK;
	if (err != OK)
		return ERR_PROTOCOL;
	if (n > f->limit)
		return ERR_LIMIT;
	f->whole_n = n;
	f->begun = true;
	return OK;
}

int frame_take(struct frame *f, struct bytes in, size_t *used)
{
	size_t at = 0;
	while (!f->begun && at < in.n) {
		const int err = take_head(f, in.p[at++]);
		if (err != OK)
			return err;
	}
	if (f->begun && at < in.n) {
		const uint64_t missing = f->whole_n - f->n;
		const size_t n = missing < in.n - at ? (size_t)missing : in.n - at;
		if (f->n < f->room && n > 0) {
			const size_t room = f->room - (size_t)f->n;
			memcpy(f->p + f->n, in.p + at, n < room ? n : room);
		}
		f->n += n;
		at += n;
	}
	*used = at;
	return OK;
}

bool frame_done(const struct frame *f, struct bytes *message, bool *cut)
{
	if (!f->begun || f->n < f->whole_n)
		return false;
	*message = bytes_of(f->p, f->n < f->room ? (size_t)f->n : f->room);
	*cut = f->n > f->room;
	return true;
}

size_t frame_begin(const struct writer *w)
{
	return w->n;
}

void frame_end(struct writer *w, size_t begun)
{
	protobuf_write_end(w, begun);
}
