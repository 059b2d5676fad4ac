#include "p2p/connection.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/err.h"
#include "crypto/secret.h"
#include "p2p/connection_parts.h"

static const char muxer[] = "/yamux/1.0.0";
static const char *const securities[] = {"/noise"};
static const char *const muxers[] = {muxer};

static int dies(struct connection *c, int err)
{
	connection_end(c);
	c->err = err;
	return err;
}

static enum mss_role mss_role(const struct connection *c)
{
	return c->role == CONNECTION_DIALER ? MSS_DIALER : MSS_LISTENER;
}

/* --- what goes out --- */

/* Where text for the next frame is written. */
struct writer connection_plain(struct connection *c)
{
	const size_t begun = c->out_n + NOISE_HEAD_BYTES;
	if (c->out_sent > 0 && sizeof c->out - begun - c->plain_n < sizeof c->out / 2) {
		memmove(c->out, c->out + c->out_sent, begun + c->plain_n - c->out_sent);
		c->out_n -= c->out_sent;
		c->out_sent = 0;
	}
	const size_t behind = c->out_n + NOISE_HEAD_BYTES + NOISE_TAIL_BYTES;
	struct writer w =
		writer_of(c->out + c->out_n + NOISE_HEAD_BYTES, behind < sizeof c->out ? sizeof c->out - behind : 0);
	w.n = c->plain_n;
	assert(w.n <= w.room);
	return w;
}

/* Makes a frame of the text that waits. */
static int seal(struct connection *c)
{
	size_t n;
	if (c->plain_n == 0)
		return OK;
	const int err = noise_seal(&c->noise, c->out + c->out_n, c->plain_n, &n);
	if (err != OK)
		return dies(c, err);
	c->out_n += n;
	c->plain_n = 0;
	return OK;
}

/* As dies, but what was said stays to be sent, and the text that waits: it ends with why. */
static int dies_saying(struct connection *c, int err)
{
	if (seal(c) != OK)
		return c->err;
	const size_t sent = c->out_sent, n = c->out_n;
	secret_wipe(c, offsetof(struct connection, out));
	c->out_sent = sent;
	c->out_n = n;
	c->err = err;
	return err;
}

static void send_muxer_mss(struct connection *c)
{
	struct writer w = connection_plain(c);
	const struct bytes out = mss_out(&c->muxer_mss);
	if (out.n > w.room - w.n)
		return;
	write_bytes(&w, out);
	mss_sent(&c->muxer_mss, out.n);
	c->plain_n = w.n;
}

/* Whatever the parts have to say. */
int connection_pump(struct connection *c)
{
	if (c->stage == CONNECTION_MUXER)
		send_muxer_mss(c);
	if (c->stage != CONNECTION_STREAMS)
		return OK;
	send_muxer_mss(c); /* the last line of it, first */
	if (mss_out(&c->muxer_mss).n > 0)
		return OK;
	struct writer w = connection_plain(c);
	connection_streams_pump(c, &w);
	const int err = yamux_tick(&c->yamux, c->now_ms, &w);
	c->plain_n = w.n;
	return err == OK ? OK : dies(c, err);
}

struct bytes connection_out(struct connection *c)
{
	if (c->err != OK)
		return bytes_of(c->out + c->out_sent, c->out_n - c->out_sent);
	/* In the order in which they were begun. */
	if (mss_out(&c->mss).n > 0)
		return mss_out(&c->mss);
	if (noise_out(&c->noise).n > 0)
		return noise_out(&c->noise);
	if (c->stage < CONNECTION_MUXER || connection_pump(c) != OK || seal(c) != OK)
		return BYTES_NONE;
	return bytes_of(c->out + c->out_sent, c->out_n - c->out_sent);
}

void connection_sent(struct connection *c, size_t n)
{
	if (c->err != OK) {
		c->out_sent += n <= c->out_n - c->out_sent ? n : 0; /* else of what was wiped meanwhile */
	} else if (mss_out(&c->mss).n > 0) {
		mss_sent(&c->mss, n);
	} else if (noise_out(&c->noise).n > 0) {
		noise_sent(&c->noise, n);
	} else {
		assert(n <= c->out_n - c->out_sent);
		c->out_sent += n;
		if (c->out_sent == c->out_n && c->plain_n == 0)
			c->out_sent = c->out_n = 0;
	}
}

/* --- what comes in --- */

static int begin_streams(struct connection *c, struct connection_event *event)
{
	c->stage = CONNECTION_STREAMS;
	yamux_init(&c->yamux, c->role == CONNECTION_DIALER ? YAMUX_CLIENT : YAMUX_SERVER, c->budget, c->now_ms);
	event->type = CONNECTION_READY;
	return OK;
}

/* What has arrived of the handshake, or of "/noise" before it; *used: how much of it was taken. */
static int take_handshake(struct connection *c, uint8_t *in, size_t in_n, size_t *used, struct connection_event *event)
{
	size_t name;
	struct bytes text;
	if (c->stage == CONNECTION_SECURITY) {
		const int err = mss_take(&c->mss, bytes_of(in, in_n), used);
		if (err == OK && mss_done(&c->mss, &name))
			c->stage = CONNECTION_NOISE;
		return err;
	}
	const int err = noise_take(&c->noise, in, in_n, used, &text);
	if (err != OK || !noise_open(&c->noise))
		return err;
	if (c->noise.muxer_agreed)
		return begin_streams(c, event);
	c->stage = CONNECTION_MUXER;
	mss_init(&c->muxer_mss, mss_role(c), muxers, 1);
	return OK;
}

/* One step with the text of a frame; frame: where it begins. *went: there may be another. */
static int take_text(struct connection *c, const uint8_t *frame, struct connection_event *event, bool *went)
{
	size_t used = 0, name;
	struct yamux_event from = {.type = YAMUX_NOTHING};
	const struct bytes text = c->text_left == 0 ? BYTES_NONE : bytes_of(frame + c->text_at, c->text_left);
	int err;
	if (c->data_n > 0) {
		const size_t before = c->data_n;
		connection_streams_data(c, frame, event);
		if (event->type == CONNECTION_DATA)
			c->data_n = 0;
		*went = c->data_n < before;
		return OK;
	}
	if (c->stage == CONNECTION_MUXER) {
		err = mss_take(&c->muxer_mss, text, &used);
		if (err == OK && mss_done(&c->muxer_mss, &name))
			(void)begin_streams(c, event);
	} else {
		struct writer w = connection_plain(c);
		err = yamux_take(&c->yamux, text, &used, &from, &w, c->now_ms);
		c->plain_n = w.n;
		if (err != OK)
			return dies_saying(c, err);
	}
	if (err != OK)
		return err;
	c->text_at += used;
	c->text_left -= used;
	if (from.type == YAMUX_DATA) {
		c->data_stream = from.stream;
		c->data_at = c->text_at - from.data.n;
		c->data_n = from.data.n;
	} else if (from.type != YAMUX_NOTHING) {
		connection_streams_event(c, &from, event);
	}
	*went = used > 0 || from.type != YAMUX_NOTHING;
	return OK;
}

/* Opens the next frame when the last is used up. False: it is not whole. */
static int open_frame(struct connection *c, uint8_t *in, size_t in_n)
{
	struct bytes text;
	const int err = noise_take(&c->noise, in, in_n, &c->frame_n, &text);
	c->text_at = NOISE_HEAD_BYTES;
	c->text_left = text.n;
	return err;
}

static int step(struct connection *c, uint8_t *in, size_t in_n, size_t *used, struct connection_event *event,
		bool *went)
{
	int err = OK;
	*used = 0;
	*went = false;
	if (c->stage < CONNECTION_MUXER) {
		err = take_handshake(c, in, in_n, used, event);
		*went = *used > 0;
		return err;
	}
	if (c->frame_n == 0)
		err = open_frame(c, in, in_n);
	if (err == OK)
		err = take_text(c, in, event, went);
	if (err != OK)
		return err;
	if (c->frame_n > 0 && c->text_left == 0 && c->data_n == 0) {
		*used = c->frame_n;
		*went = true;
		c->frame_n = 0;
	}
	return OK;
}

int connection_take(struct connection *c, uint8_t *in, size_t in_n, size_t *used, struct connection_event *event,
		    uint64_t now_ms)
{
	*used = 0;
	*event = (struct connection_event){.type = CONNECTION_NOTHING};
	if (c->err != OK)
		return c->err;
	c->now_ms = now_ms;
	for (bool went = true; went && event->type == CONNECTION_NOTHING;) {
		size_t n;
		if (connection_streams_tell(c, event))
			break;
		*event = (struct connection_event){.type = CONNECTION_NOTHING};
		const int err = step(c, in + *used, in_n - *used, &n, event, &went);
		if (err != OK) {
			*event = (struct connection_event){.type = CONNECTION_NOTHING};
			*used = 0;
			return c->err != OK ? c->err : dies(c, err);
		}
		*used += n;
	}
	return connection_pump(c);
}

/* --- the caller's side --- */

void connection_init(struct connection *c, enum connection_role role, const struct noise_secrets *secrets,
		     const struct peer_id *expected, const char *const *protocols, size_t protocols_n, uint64_t budget,
		     uint64_t now_ms)
{
	memset(c, 0, offsetof(struct connection, stream_mss));
	c->role = role;
	c->protocols = protocols;
	c->protocols_n = protocols_n;
	c->budget = budget;
	c->now_ms = now_ms;
	c->deadline_ms = now_ms + CONNECTION_HANDSHAKE_MS;
	mss_init(&c->mss, mss_role(c), securities, 1);
	noise_init(&c->noise, role == CONNECTION_DIALER ? NOISE_INITIATOR : NOISE_RESPONDER, secrets, muxer, expected);
}

uint64_t connection_deadline(const struct connection *c)
{
	uint64_t deadline = c->stage == CONNECTION_STREAMS ? yamux_deadline(&c->yamux) : c->deadline_ms;
	if (c->err != OK)
		return UINT64_MAX;
	const uint64_t streams = connection_streams_deadline(c);
	return streams < deadline ? streams : deadline;
}

int connection_tick(struct connection *c, uint64_t now_ms)
{
	if (c->err != OK)
		return c->err;
	c->now_ms = now_ms;
	if (c->stage != CONNECTION_STREAMS)
		return now_ms < c->deadline_ms ? OK : dies(c, ERR_TIMEOUT);
	connection_streams_tick(c);
	return connection_pump(c);
}

const struct peer_id *connection_peer(const struct connection *c)
{
	return &c->noise.peer;
}

void connection_end(struct connection *c)
{
	secret_wipe(c, sizeof *c);
	c->err = ERR_CLOSED;
}
