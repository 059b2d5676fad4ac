/* A driver that does what the input says, with nodes that do anything: the machine counts right, asks no more than
 * it may, and says in the end of each chunk what came of it. */
#include <assert.h>
#include <string.h>

#include "core/err.h"
#include "swarm/peers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHUNKS 40

static struct peers p;
static bool over[CHUNKS];
static unsigned requests[PEERS_REQUESTS_MAX], requests_n, settling[PEERS_MAX];

static void overlay_of(unsigned i, uint8_t *overlay)
{
	memset(overlay, 0, 32);
	store_be32(overlay, i * 2654435761U);
}

static void finish(uint64_t id)
{
	assert(id < CHUNKS && !over[id]);
	over[id] = true;
}

static void check(void)
{
	unsigned connections = 0, dials = 0, wanted = 0, under_way = 0, asked = 0;
	for (unsigned i = 0; i < PEERS_MAX; i++) {
		const struct peers_node *n = &p.nodes[i];
		connections += n->state == PEERS_CONNECTED;
		dials += n->state == PEERS_DIALING;
		asked += n->under_way;
		assert(n->state == PEERS_CONNECTED || n->under_way == 0);
		assert(n->under_way <= PEERS_PER_NODE);
	}
	for (unsigned i = 0; i < PEERS_WANTS_MAX; i++) {
		wanted += p.wanted[i].active;
		under_way += p.wanted[i].active ? p.wanted[i].under_way : 0;
	}
	assert(connections == p.connections_n && dials == p.dials_n && wanted == p.wanted_n);
	assert(connections + dials <= p.connections_max && dials <= PEERS_DIALS_MAX);
	assert(asked == p.requests_n && under_way <= asked);
}

static void carry_out(uint64_t now)
{
	struct peers_want w;
	unsigned steps = 0;
	for (peers_next(&p, &w, now); w.kind != PEERS_WANT_WAIT; peers_next(&p, &w, now)) {
		assert(++steps < 5000 && w.node < PEERS_MAX);
		if (w.kind == PEERS_WANT_ASK) {
			assert(p.nodes[w.node].state == PEERS_CONNECTED && w.address.n == REFERENCE_BYTES);
			requests[requests_n++] = w.request;
		} else if (w.kind == PEERS_WANT_SETTLE) {
			assert(w.amount > 0 && settling[w.node]++ == 0);
		} else if (w.kind == PEERS_WANT_DROP) {
			settling[w.node] = 0;
		}
	}
	assert(w.at_ms > now);
	uint64_t id;
	int err;
	while (peers_failed(&p, &id, &err)) {
		assert(err == ERR_NOT_FOUND || err == ERR_SOURCE);
		finish(id);
	}
	/* what was under way with nodes that were dropped or left is over */
	unsigned kept = 0;
	for (unsigned i = 0; i < requests_n; i++)
		if (p.requests[requests[i]].active)
			requests[kept++] = requests[i];
	requests_n = kept;
}

static void act(uint8_t op, uint8_t arg, uint64_t now)
{
	struct peers_node *n = &p.nodes[arg % 16];
	const struct pseudosettle_ack ack = {.amount = (uint64_t)arg * 10000, .at_s = (int64_t)(now / 1000)};
	uint8_t overlay[32];
	uint64_t id;
	overlay_of(load_be32(n->address) ^ (op >> 7), overlay);
	switch (op % 8) {
	case 0:
		if (n->state == PEERS_DIALING)
			(void)peers_ready(&p, arg % 16, overlay, (arg & 16) == 0, now);
		break;
	case 1:
		peers_announced(&p, arg % 16, (uint64_t)arg * 100000);
		break;
	case 2:
		if (n->state == PEERS_DIALING || n->state == PEERS_CONNECTED) {
			peers_gone(&p, arg % 16, now);
			settling[arg % 16] = 0;
		}
		break;
	case 3:
		if (settling[arg % 16] > 0) {
			settling[arg % 16] = 0;
			peers_settled(&p, arg % 16, op & 64 ? NULL : &ack, now);
		}
		break;
	case 4:
	case 5:
		if (requests_n > 0) {
			const unsigned at = arg % requests_n, request = requests[at];
			requests[at] = requests[--requests_n];
			if (op % 8 == 5)
				peers_refused(&p, request, (op & 64) != 0, now);
			else if (peers_delivered(&p, request, (op & 64) != 0, now, &id))
				finish(id);
		}
		break;
	case 6:
		store_be32(overlay, arg % 32);
		(void)peers_add(&p, arg % 3 == 0 ? PEERS_GIVEN : PEERS_GOSSIPED, NULL, bytes_of(overlay, 4));
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t self[32] = {9};
	uint64_t now = 0;
	peers_init(&p, self, 6);
	requests_n = 0;
	memset(over, 0, sizeof over);
	memset(settling, 0, sizeof settling);
	for (unsigned i = 0; i < CHUNKS; i++) {
		uint8_t address[32];
		overlay_of(i * 7919 + 5, address);
		assert(peers_want(&p, i, address, 0) == OK);
	}
	for (size_t i = 0; i + 2 < size; i += 3) {
		act(data[i], data[i + 1], now);
		now += (uint64_t)data[i + 2] * (data[i + 2] > 200 ? 97 : 3);
		carry_out(now);
		check();
	}
	/* All leave: nothing is under way, and each chunk is given up in time. */
	for (unsigned i = 0; i < PEERS_MAX; i++)
		if (p.nodes[i].state == PEERS_DIALING || p.nodes[i].state == PEERS_CONNECTED)
			peers_gone(&p, i, now);
	assert(p.requests_n == 0 && p.connections_n == 0 && p.dials_n == 0);
	p.connections_max = 0;
	carry_out(now + PEERS_ALONE_MS);
	carry_out(now + PEERS_ALONE_MS + (PEERS_ROUND_MS << PEERS_ROUNDS_MAX));
	for (unsigned i = 0; i < CHUNKS; i++)
		assert(over[i]);
	return 0;
}
