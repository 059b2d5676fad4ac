/* The side that asks. */
#include "host/p2p_request.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/varint.h"
#include "host/clock.h"
#include "host/p2p_message.h"
#include "host/p2p_node_parts.h"

#define LEFT_MS 10000 /* until a stream whose answer is here is reset, when the other side does not end it */

struct p2p_asking {
	struct p2p_asking *next;
	struct p2p_node *node;
	struct peer_id peer;
	const char *const *protocols;
	size_t protocols_n, answer_bytes_max;
	uint64_t deadline_ms;
	p2p_answered *done;
	void *context;
	bool connecting, over; /* over: done was called */
	bool reused, again;    /* the connection was there before; this is the second attempt */
	struct p2p_stream *stream;
	struct p2p_message message;
	/* The request with its length, and behind it the addresses: a length of two bytes before each. */
	size_t request_n, all_n, held_n;
	uint8_t all[];
};

static int ask(struct p2p_asking *a);

static void free_if_over(struct p2p_asking *a)
{
	struct p2p_asking **at = &a->node->askings;
	if (!a->over || a->connecting || a->stream != NULL)
		return;
	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	p2p_message_drop(&a->message, a->node);
	p2p_node_release(a->node, a->held_n);
	free(a);
}

static void tell(struct p2p_asking *a, int err)
{
	if (a->over)
		return;
	a->over = true;
	a->done(a->node, &a->peer, err, err == OK ? p2p_message_view(&a->message) : BYTES_NONE, a->context);
}

/* --- the stream --- */

static void on_data(struct p2p_stream *s, struct bytes data)
{
	struct p2p_asking *a = p2p_stream_context(s);
	size_t used;
	bool whole;
	p2p_stream_consumed(s, data.n);
	if (a->over)
		return; /* more than an answer: nobody asked for that */
	int err = p2p_message_take(&a->message, a->node, a->answer_bytes_max, data, &used, &whole);
	if (err == OK && !whole)
		return;
	if (err != OK) {
		a->stream = NULL;
		p2p_stream_reset(s);
	} else {
		p2p_stream_expire(s, LEFT_MS);
	}
	tell(a, err);
	free_if_over(a);
}

static void on_ended(struct p2p_stream *s)
{
	struct p2p_asking *a = p2p_stream_context(s);
	if (!a->over && a->answer_bytes_max > 0)
		tell(a, ERR_CLOSED);
}

static void on_gone(struct p2p_stream *s, int err)
{
	struct p2p_asking *a = p2p_stream_context(s);
	a->stream = NULL;
	const bool lost = err != OK && err != ERR_NOT_FOUND && err != ERR_TIMEOUT && !a->node->ending &&
			  !p2p_node_is_connected(a->node, &a->peer);
	if (!a->over && a->reused && !a->again && lost && !p2p_message_begun(&a->message)) {
		a->again = true;
		if (ask(a) == OK)
			return;
	}
	if (a->node->ending)
		err = ERR_INTERRUPTED;
	tell(a, err == OK && a->answer_bytes_max > 0 ? ERR_CLOSED : err);
	free_if_over(a);
}

static const struct p2p_stream_user user = {.data = on_data, .ended = on_ended, .gone = on_gone};

static int open_stream(struct p2p_asking *a)
{
	int err = p2p_stream_open(a->node, &a->peer, a->protocols, a->protocols_n, &user, a, &a->stream);
	if (err != OK)
		return err;
	err = p2p_stream_send(a->stream, bytes_of(a->all, a->request_n));
	if (err != OK) {
		struct p2p_stream *s = a->stream;
		a->stream = NULL;
		p2p_stream_reset(s);
		return err;
	}
	/* At once: some answer by a reset when they get the end after the answer. */
	p2p_stream_close(a->stream);
	return OK;
}

/* --- the connection --- */

static void on_connected(struct p2p_node *node, const struct peer_id *peer, int err, void *context)
{
	struct p2p_asking *a = context;
	(void)node, (void)peer;
	a->connecting = false;
	if (err == OK && !a->over)
		err = open_stream(a);
	if (err != OK)
		tell(a, err);
	free_if_over(a);
}

static int ask(struct p2p_asking *a)
{
	struct bytes addresses[P2P_DIAL_ADDRESSES_MAX];
	size_t n = 0;
	struct reader r = reader_of(bytes_of(a->all + a->request_n, a->all_n - a->request_n));
	while (r.left.n > 0)
		addresses[n++] = read_bytes(&r, read_be16(&r));
	a->reused = p2p_node_is_connected(a->node, &a->peer);
	const int err = p2p_node_connect(a->node, &a->peer, addresses, n, false, on_connected, a);
	a->connecting = err == OK;
	return err;
}

/* --- its course --- */

uint64_t p2p_requests_tick(struct p2p_node *node, uint64_t now_ms)
{
	uint64_t next = UINT64_MAX;
	/* New ones are put before, and one that is told may be freed, and it alone. */
	for (struct p2p_asking *a = node->askings, *after; a != NULL && !node->ending; a = after) {
		after = a->next;
		if (a->over)
			continue;
		if (now_ms < a->deadline_ms) {
			next = a->deadline_ms < next ? a->deadline_ms : next;
			continue;
		}
		struct p2p_stream *s = a->stream;
		a->stream = NULL;
		if (s != NULL)
			p2p_stream_reset(s);
		tell(a, ERR_TIMEOUT);
		free_if_over(a);
	}
	return next;
}

static size_t size_of(const struct p2p_question *q)
{
	size_t n = VARINT_BYTES_MAX + q->request.n;
	for (size_t i = 0; i < q->addresses_n; i++)
		n += 2 + q->addresses[i].n;
	return n;
}

static void write_all(struct p2p_asking *a, size_t room, const struct p2p_question *q)
{
	struct writer w = writer_of(a->all, room);
	varint_write(&w, q->request.n);
	write_bytes(&w, q->request);
	a->request_n = w.n;
	for (size_t i = 0; i < q->addresses_n && i < P2P_DIAL_ADDRESSES_MAX; i++) {
		if (q->addresses[i].n > MULTIADDR_BYTES_MAX)
			continue;
		write_be16(&w, (uint16_t)q->addresses[i].n);
		write_bytes(&w, q->addresses[i]);
	}
	a->all_n = w.n;
}

int p2p_request(struct p2p_node *node, const struct p2p_question *q, p2p_answered *done, void *context)
{
	const size_t n = size_of(q);
	if (!p2p_node_hold(node, n))
		return ERR_LIMIT;
	struct p2p_asking *a = calloc(1, sizeof *a + n);
	if (a == NULL) {
		p2p_node_release(node, n);
		return ERR_NO_MEMORY;
	}
	a->node = node;
	a->peer = *q->peer;
	a->protocols = q->protocols;
	a->protocols_n = q->protocols_n;
	a->answer_bytes_max = q->answer_bytes_max;
	a->deadline_ms = clock_now_ms() + q->timeout_ms;
	a->done = done;
	a->context = context;
	a->held_n = n;
	write_all(a, n, q);
	a->next = node->askings;
	node->askings = a;
	const int err = ask(a);
	if (err != OK) {
		a->over = true;
		free_if_over(a);
		return err;
	}
	p2p_node_wake_at(node, a->deadline_ms);
	return OK;
}
