#include "swarm/status.h"

#include "core/err.h"
#include "core/protobuf.h"
#include "swarm/frame.h"

enum {
	FIELD_RESERVE = 1,
	FIELD_RADIUS = 3,
	FIELD_PEERS = 4,
	FIELD_MODE = 6,
	FIELD_REACHABLE = 8,
	FIELD_WITHIN_RADIUS = 9,
	FIELD_COMMITTED_DEPTH = 11
};

static void write_number(struct writer *w, uint32_t number, uint64_t v)
{
	if (v != 0)
		protobuf_write_number(w, number, v);
}

void status_write(struct writer *w, const struct status *status)
{
	const size_t begun = frame_begin(w);
	write_number(w, FIELD_RESERVE, status->chunks);
	write_number(w, FIELD_RADIUS, status->radius);
	write_number(w, FIELD_PEERS, status->peers);
	protobuf_write_bytes(w, FIELD_MODE, bytes_text(status->mode));
	write_number(w, FIELD_REACHABLE, status->reachable);
	write_number(w, FIELD_WITHIN_RADIUS, status->chunks);
	write_number(w, FIELD_COMMITTED_DEPTH, status->radius);
	frame_end(w, begun);
}

int status_write_pong(struct writer *w, struct bytes ping)
{
	struct reader r = reader_of(ping);
	struct protobuf_field f;
	struct bytes greeting = BYTES_NONE;
	while (protobuf_next(&r, &f))
		if (f.number == 1)
			greeting = protobuf_bytes(&r, &f);
	if (r.dead)
		return ERR_PROTOCOL;
	const size_t begun = frame_begin(w), response = protobuf_write_begin(w, 1);
	write_text(w, "{");
	write_bytes(w, greeting);
	write_text(w, "}");
	protobuf_write_end(w, response);
	frame_end(w, begun);
	return w->full ? ERR_NO_SPACE : OK;
}
