#include "swarm/headers.h"

void headers_init(struct headers *h, enum headers_role role)
{
	h->role = role;
	h->sent = false;
	frame_init(&h->in, NULL, 0, FRAME_BYTES_MAX);
}

int headers_take(struct headers *h, struct bytes in, size_t *used)
{
	return frame_take(&h->in, in, used);
}

static bool taken(const struct headers *h)
{
	struct bytes message;
	bool cut;
	return frame_done(&h->in, &message, &cut);
}

struct bytes headers_out(const struct headers *h)
{
	const bool due = !h->sent && (h->role == HEADERS_ASKS || taken(h));
	return due ? BYTES_LITERAL("\0") : BYTES_NONE;
}

void headers_sent(struct headers *h)
{
	h->sent = true;
}

bool headers_done(const struct headers *h)
{
	return h->sent && taken(h);
}
