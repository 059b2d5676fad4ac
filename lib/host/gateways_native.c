/* The native network as one more source beside the gateways. Each chunk that it is asked for has its buffer from the
 * beginning: nodes do not wait. */
#include <assert.h>
#include <string.h>

#include "host/clock.h"
#include "host/gateways_parts.h"

static struct gateway_native *native_of(struct gateways *g, unsigned request)
{
	assert(request >= ASKS_REQUESTS_MAX && request < ASKS_SLOTS_MAX);
	return &g->natives[request - ASKS_REQUESTS_MAX];
}

static void on_answer(void *context, uint64_t id, int err, struct bytes data)
{
	struct gateways *g = context;
	const unsigned request = ASKS_REQUESTS_MAX + (unsigned)(id % ASKS_WIDE_MAX);
	const uint64_t now = clock_now_ms();
	struct gateway_native *n = native_of(g, request);
	struct asks_part part;
	if (n->id != id)
		return; /* it was forgotten */
	if (err == OK && asks_arrived(&g->asks, request, data.n, now, &part) != data.n)
		err = ERR_LIMIT; /* no chunk is so long */
	if (err == OK && asks_whole(&g->asks, request, now, &part)) {
		memcpy(n->buffer->chunk, data.p, data.n);
		n->buffer->n = data.n;
		n->buffer->part = part;
		gateways_ready(g, n->buffer);
	} else {
		g->free[g->free_n++] = n->buffer;
	}
	*n = (struct gateway_native){.id = 0};
	g->natives_ended_n++;
	asks_ended(&g->asks, request, err, now);
}

void gateway_native_add(struct gateways *g)
{
	g->network = asks_source_add_wide(&g->asks);
	g->v[g->network].url = "the native network";
	bzz_peers_answer(g->peers, on_answer, g);
}

/* Gateways keep a buffer for each of their requests. */
void gateway_native_allow(struct gateways *g)
{
	const unsigned room = bzz_peers_room(g->peers);
	const size_t spare = g->free_n > ASKS_REQUESTS_MAX ? g->free_n - ASKS_REQUESTS_MAX : 0;
	const size_t most = g->asks.sources[g->network].under_way + spare;
	asks_allow(&g->asks, g->network, room < most ? room : (unsigned)most);
}

void gateway_native_begin(struct gateways *g, const struct asks_want *want)
{
	struct gateway_native *n = native_of(g, want->request);
	assert(n->id == 0 && g->free_n > 0);
	n->id = ++g->natives_asked_n * ASKS_WIDE_MAX + (want->request - ASKS_REQUESTS_MAX);
	n->buffer = g->free[--g->free_n];
	bzz_peers_ask(g->peers, n->id, want->address);
}

void gateway_native_stop(struct gateways *g, unsigned request)
{
	struct gateway_native *n = native_of(g, request);
	bzz_peers_forget(g->peers, n->id);
	g->free[g->free_n++] = n->buffer;
	*n = (struct gateway_native){.id = 0};
}

void gateway_natives_forget(struct gateways *g)
{
	for (unsigned i = 0; i < ASKS_WIDE_MAX; i++)
		if (g->natives[i].id != 0)
			gateway_native_stop(g, ASKS_REQUESTS_MAX + i);
}

size_t gateway_natives_run(struct gateways *g)
{
	const uint64_t before = g->natives_ended_n;
	if (g->peers == NULL)
		return 0;
	bzz_peers_run(g->peers);
	return (size_t)(g->natives_ended_n - before);
}
