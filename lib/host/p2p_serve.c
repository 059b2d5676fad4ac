/* The side that answers requests. */
#include <stdlib.h>

#include "core/err.h"
#include "core/varint.h"
#include "host/p2p_message.h"
#include "host/p2p_request.h"

#define REQUEST_MS 10000
/* Of answers that are asked for and not taken, on one stream, beside the one that is being sent. */
#define ANSWERS_WAITING_MAX 8

struct serving {
	const struct p2p_server *server;
	struct p2p_message message;
	unsigned waiting_n;
};

static struct serving *of(const struct p2p_stream *s)
{
	return p2p_stream_context(s);
}

/* Gone: the stream is no more. */
static bool answer(struct p2p_stream *s)
{
	struct serving *v = of(s);
	const struct p2p_server *server = v->server;
	uint8_t *room = malloc(VARINT_BYTES_MAX + server->answer_bytes_max);
	int err = room == NULL ? ERR_NO_MEMORY : OK;
	if (err == OK) {
		struct writer w = writer_of(room + VARINT_BYTES_MAX, server->answer_bytes_max);
		err = server->answer(server->context, p2p_stream_node(s), p2p_stream_peer(s),
				     p2p_message_view(&v->message), &w);
		if (w.full)
			err = ERR_NO_SPACE;
		if (err == OK && w.n > 0) {
			/* The length stands right before what was written. */
			const size_t head_n = varint_bytes(w.n), at = VARINT_BYTES_MAX - head_n;
			struct writer head = writer_of(room + at, head_n);
			varint_write(&head, w.n);
			v->waiting_n = p2p_stream_sending(s) ? v->waiting_n + 1 : 0;
			err = v->waiting_n > ANSWERS_WAITING_MAX
				      ? ERR_LIMIT
				      : p2p_stream_send(s, bytes_of(room + at, head_n + w.n));
		}
	}
	free(room);
	return err == OK;
}

static void drop(struct p2p_stream *s)
{
	struct serving *v = of(s);
	p2p_message_drop(&v->message, p2p_stream_node(s));
	free(v);
}

static void refuse(struct p2p_stream *s)
{
	drop(s);
	p2p_stream_reset(s);
}

static void on_opened(struct p2p_stream *s)
{
	const struct p2p_server *server = p2p_stream_context(s);
	struct serving *v = calloc(1, sizeof *v);
	if (v == NULL) {
		p2p_stream_reset(s);
		return;
	}
	v->server = server;
	p2p_stream_set_context(s, v);
	p2p_stream_expire(s, server->idle_ms);
}

static void on_data(struct p2p_stream *s, struct bytes data)
{
	struct serving *v = of(s);
	const struct p2p_server *server = v->server;
	p2p_stream_consumed(s, data.n);
	for (;;) {
		const bool begun = p2p_message_begun(&v->message);
		size_t used;
		bool whole;
		if (p2p_message_take(&v->message, p2p_stream_node(s), server->request_bytes_max, data, &used, &whole) !=
			    OK ||
		    (whole && !answer(s))) {
			refuse(s);
			return;
		}
		data = bytes_skip(data, used);
		if (!whole) {
			if (!begun && p2p_message_begun(&v->message))
				p2p_stream_expire(s, server->request_ms == 0 ? REQUEST_MS : server->request_ms);
			return;
		}
		p2p_message_drop(&v->message, p2p_stream_node(s));
		p2p_stream_expire(s, server->idle_ms);
	}
}

static void on_ended(struct p2p_stream *s)
{
	if (p2p_message_begun(&of(s)->message))
		refuse(s);
	else
		p2p_stream_close(s);
}

static void on_gone(struct p2p_stream *s, int err)
{
	(void)err;
	drop(s);
}

int p2p_serve(struct p2p_node *node, struct p2p_server *server)
{
	static const struct p2p_stream_user user = {.opened = on_opened,
						    .data = on_data,
						    .ended = on_ended,
						    .gone = on_gone};
	server->service = (struct p2p_service){.name = server->name,
					       .user = &user,
					       .context = server,
					       .per_peer_max = server->streams_max};
	return p2p_node_handle(node, &server->service);
}
