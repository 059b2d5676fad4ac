/* The protocol perf of libp2p: eight bytes say how many to send back when the upload has ended. */
#include <stdlib.h>

#include "core/err.h"
#include "p2p_node.h"

#define PERF "/perf/1.0.0"
#define AT_ONCE 65536

static const char *const perf_names[] = {PERF};
static const uint8_t zeros[AT_ONCE];

/* Writes zeros until none are left; false: there is room for no more now, or the stream has gone. */
static bool give(struct p2p_stream *s, uint64_t *left)
{
	for (size_t n = 1; *left > 0 && n > 0; *left -= n)
		if (p2p_stream_write(s, bytes_of(zeros, *left < AT_ONCE ? (size_t)*left : AT_ONCE), &n) != OK)
			return false;
	return *left == 0;
}

/* --- the side that serves --- */

static void give_down(struct p2p_stream *s)
{
	struct command *c = p2p_stream_context(s);
	if (give(s, &c->down))
		p2p_stream_close(s);
}

static void serve_opened(struct p2p_stream *s)
{
	struct command *c = calloc(1, sizeof *c);
	c->head_left = 8;
	p2p_stream_set_context(s, c);
}

static void serve_data(struct p2p_stream *s, struct bytes data)
{
	struct command *c = p2p_stream_context(s);
	p2p_stream_consumed(s, data.n);
	for (size_t i = 0; i < data.n && c->head_left > 0; i++, c->head_left--)
		c->down = c->down << 8 | data.p[i];
	c->got += data.n;
}

static void serve_writable(struct p2p_stream *s)
{
	struct command *c = p2p_stream_context(s);
	if (c->down_begun_ns != 0)
		give_down(s);
}

static void serve_ended(struct p2p_stream *s)
{
	struct command *c = p2p_stream_context(s);
	c->down_begun_ns = uv_hrtime();
	give_down(s);
}

static void serve_gone(struct p2p_stream *s, int err)
{
	struct command *c = p2p_stream_context(s);
	cJSON *e = event("served");
	cJSON_AddNumberToObject(e, "got", (double)c->got);
	cJSON_AddStringToObject(e, "error", err_text(err));
	say(e);
	free(c);
}

static const struct p2p_stream_user serve_user = {.opened = serve_opened,
						  .data = serve_data,
						  .writable = serve_writable,
						  .ended = serve_ended,
						  .gone = serve_gone};
const struct p2p_service perf_service = {.name = PERF, .user = &serve_user};

/* --- the side that asks --- */

static void ask_up(struct p2p_stream *s)
{
	struct command *c = p2p_stream_context(s);
	size_t n = 1;
	while (c->head_left > 0 && n > 0) {
		if (p2p_stream_write(s, bytes_of(c->head + 8 - c->head_left, c->head_left), &n) != OK)
			return;
		c->head_left -= n;
	}
	if (c->head_left == 0 && give(s, &c->up_left))
		p2p_stream_close(s);
}

static void ask_opened(struct p2p_stream *s)
{
	struct command *c = p2p_stream_context(s);
	c->up_begun_ns = uv_hrtime();
	ask_up(s);
}

/* The other side has taken all: its first byte, or its end. */
static void ask_taken(struct command *c)
{
	if (c->down_begun_ns == 0)
		c->down_begun_ns = uv_hrtime();
}

static void ask_told(struct command *c, int err)
{
	const uint64_t now_ns = uv_hrtime();
	ask_taken(c);
	cJSON_AddNumberToObject(c->answer, "up", (double)c->up);
	cJSON_AddNumberToObject(c->answer, "down", (double)c->got);
	cJSON_AddNumberToObject(c->answer, "up_s", (double)(c->down_begun_ns - c->up_begun_ns) / 1e9);
	cJSON_AddNumberToObject(c->answer, "down_s", (double)(now_ns - c->down_begun_ns) / 1e9);
	answer(c, err == OK && c->got != c->down ? ERR_SIZE : err);
}

static void ask_data(struct p2p_stream *s, struct bytes data)
{
	struct command *c = p2p_stream_context(s);
	ask_taken(c);
	c->got += data.n;
	p2p_stream_consumed(s, data.n);
	if (c->cut == 0 || c->got < c->cut)
		return;
	p2p_stream_reset(s);
	ask_told(c, ERR_INTERRUPTED);
}

static void ask_ended(struct p2p_stream *s)
{
	ask_taken(p2p_stream_context(s));
}

static void ask_gone(struct p2p_stream *s, int err)
{
	ask_told(p2p_stream_context(s), err);
}

static const struct p2p_stream_user ask_user = {
	.opened = ask_opened, .data = ask_data, .writable = ask_up, .ended = ask_ended, .gone = ask_gone};

int ask_perf(struct p2p_node *node, const cJSON *from, const struct peer_id *peer, struct command *c)
{
	struct p2p_stream *s;
	c->up = c->up_left = number(from, "up");
	c->down = number(from, "down");
	c->cut = number(from, "cut");
	c->head_left = 8;
	store_be64(c->head, c->down);
	c->up_begun_ns = c->begun_ns;
	return p2p_stream_open(node, peer, perf_names, 1, &ask_user, c, &s);
}
