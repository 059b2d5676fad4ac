#include "host/p2p_ping.h"

#include <stdlib.h>

#include "core/err.h"
#include "host/clock.h"
#include "host/p2p_node_parts.h"
#include "host/random.h"
#include "p2p/ping.h"

#define ECHO_MS 60000 /* of silence, until a stream for pings is closed: peers that keep one ask every 30 s or so */

static const char *const names[] = {PING_PROTOCOL};

/* --- the side that answers --- */

static void on_opened(struct p2p_stream *s)
{
	p2p_stream_expire(s, ECHO_MS);
}

static void on_data(struct p2p_stream *s, struct bytes data)
{
	p2p_stream_consumed(s, data.n);
	/* Who has not taken what it got back wants something else than to know whether we are there. */
	if (p2p_stream_sending(s) || p2p_stream_send(s, data) != OK)
		p2p_stream_reset(s);
	else
		p2p_stream_expire(s, ECHO_MS);
}

static void on_ended(struct p2p_stream *s)
{
	p2p_stream_close(s);
}

static void on_gone(struct p2p_stream *s, int err)
{
	(void)s, (void)err;
}

static const struct p2p_stream_user echoes = {.opened = on_opened, .data = on_data, .ended = on_ended, .gone = on_gone};
static const struct p2p_service service = {.name = PING_PROTOCOL, .user = &echoes, .per_peer_max = 2};

int p2p_ping_begin(struct p2p_node *node)
{
	return p2p_node_handle(node, &service);
}

/* --- the side that asks --- */

struct asking {
	struct ping ping;
	p2p_pinged *done;
	void *context;
	uint64_t begun_us;
};

static uint64_t now_us(void)
{
	return uv_hrtime() / 1000;
}

/* Once for each. */
static void tell(struct p2p_stream *s, int err, uint64_t rtt_us)
{
	struct asking *a = p2p_stream_context(s);
	p2p_stream_set_context(s, NULL);
	if (a == NULL)
		return;
	const struct peer_id peer = *p2p_stream_peer(s);
	p2p_pinged *done = a->done;
	void *context = a->context;
	free(a);
	done(&peer, err, rtt_us, context);
}

static void on_agreed(struct p2p_stream *s)
{
	struct asking *a = p2p_stream_context(s);
	a->begun_us = now_us();
	if (p2p_stream_send(s, ping_out(&a->ping)) != OK)
		p2p_stream_expire(s, 0);
	ping_sent(&a->ping, PING_BYTES);
}

static void on_answer(struct p2p_stream *s, struct bytes data)
{
	struct asking *a = p2p_stream_context(s);
	bool done = false;
	uint64_t rtt_ms;
	p2p_stream_consumed(s, data.n);
	if (a == NULL)
		return;
	const int err = ping_take(&a->ping, data, clock_now_ms(), &done, &rtt_ms);
	if (err == OK && !done)
		return;
	p2p_stream_close(s);
	tell(s, err, now_us() - a->begun_us);
}

static void on_answered(struct p2p_stream *s, int err)
{
	tell(s, err == OK ? ERR_CLOSED : err, 0);
}

static const struct p2p_stream_user asks = {.opened = on_agreed,
					    .data = on_answer,
					    .ended = on_ended,
					    .gone = on_answered};

int p2p_ping(struct p2p_node *node, const struct peer_id *peer, p2p_pinged *done, void *context)
{
	uint8_t random[PING_BYTES];
	struct p2p_stream *s;
	struct asking *a = malloc(sizeof *a);
	int err = a == NULL ? ERR_NO_MEMORY : random_fill(random, sizeof random);
	if (err == OK) {
		*a = (struct asking){.done = done, .context = context};
		ping_ask(&a->ping, random, clock_now_ms());
		err = p2p_stream_open(node, peer, names, 1, &asks, a, &s);
	}
	if (err != OK)
		free(a);
	else
		p2p_stream_expire(s, P2P_PING_MS);
	return err;
}
