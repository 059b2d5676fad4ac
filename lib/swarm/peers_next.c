/* What to do next: connections to end and to make, debt to settle, chunks to ask for. */
#include <string.h>

#include "swarm/peers_parts.h"

#define SCAN_MAX 64      /* chunks that are looked at in one call, so that it does not take long */
#define BOOTNODES_TILL 8 /* other nodes that give; then bootnodes have served */
#define SLOW_STEP_MS 64  /* a round trip that costs a node one point, twice as long another one */
#define AGE_STEP_MS 250  /* of waiting that give a chunk a point */
#define MISSES_COUNTED 8 /* points that a node may lose for having nothing */

static bool next_drop(struct peers *p, struct peers_want *want, uint64_t now_ms)
{
	const bool enough = peers_useful(p) >= BOOTNODES_TILL;
	for (unsigned i = 0; i < PEERS_MAX; i++) {
		const struct peers_node *n = &p->nodes[i];
		if (n->state != PEERS_CONNECTED || !(n->dropped || (n->kind == PEERS_BOOTNODE && enough)))
			continue;
		peers_drop(p, i, now_ms);
		*want = (struct peers_want){.kind = PEERS_WANT_DROP, .node = i};
		return true;
	}
	return false;
}

static bool next_settle(struct peers *p, struct peers_want *want, uint64_t now_ms)
{
	for (unsigned k = 0; k < PEERS_MAX; k++) {
		const unsigned i = (p->settle_at + k) % PEERS_MAX;
		struct peers_node *n = &p->nodes[i];
		const uint64_t amount = n->state == PEERS_CONNECTED ? ledger_settle(&n->ledger, now_ms) : 0;
		if (amount == 0)
			continue;
		p->settle_at = (i + 1) % PEERS_MAX;
		*want = (struct peers_want){.kind = PEERS_WANT_SETTLE, .node = i, .amount = amount};
		return true;
	}
	return false;
}

/* How crowded it is around a node: the nearest one that we have. What configuration names comes first. */
static unsigned crowd(const struct peers *p, const struct peers_node *n)
{
	unsigned nearest = 0;
	if (n->kind != PEERS_GOSSIPED || !n->overlay_known)
		return 0;
	for (unsigned i = 0; i < PEERS_MAX; i++) {
		const struct peers_node *other = &p->nodes[i];
		if ((other->state != PEERS_CONNECTED && other->state != PEERS_DIALING) || !other->overlay_known)
			continue;
		const unsigned order = 1 + overlay_order(n->overlay, other->overlay);
		nearest = order > nearest ? order : nearest;
	}
	return nearest + n->failures;
}

static bool may_dial(const struct peers_node *n, bool bootnodes)
{
	return n->state == PEERS_KNOWN && (bootnodes || n->kind != PEERS_BOOTNODE);
}

static bool next_dial(struct peers *p, struct peers_want *want, uint64_t now_ms)
{
	struct peers_node *best = NULL;
	unsigned best_crowd = UINT32_MAX;
	if (p->dials_n >= PEERS_DIALS_MAX || p->connections_n + p->dials_n >= p->connections_max)
		return false;
	const bool bootnodes = peers_useful(p) < BOOTNODES_TILL;
	for (unsigned i = 0; i < PEERS_MAX && best_crowd > 0; i++) {
		struct peers_node *n = &p->nodes[i];
		if (!may_dial(n, bootnodes) || n->retry_ms > now_ms)
			continue;
		const unsigned found = crowd(p, n);
		if (found < best_crowd) {
			best_crowd = found;
			best = n;
		}
	}
	if (best == NULL)
		return false;
	best->state = PEERS_DIALING;
	p->dials_n++;
	*want = (struct peers_want){.kind = PEERS_WANT_DIAL,
				    .node = (unsigned)(best - p->nodes),
				    .address = bytes_of(best->address, best->address_n)};
	return true;
}

/* Nodes that may be asked for something now, and all that the choice looks at: it looks at many. */
struct open {
	unsigned n;
	struct {
		uint16_t node;
		uint32_t head; /* of its overlay */
		int points;    /* of its own; nearness comes to it */
		uint64_t room; /* for a price */
	} nodes[PEERS_CONNECTIONS_MAX];
};

/* Slow nodes, and those that had nothing lately, are no good. */
static int points(const struct peers_node *n)
{
	int v = -(int)(n->misses < MISSES_COUNTED ? n->misses : MISSES_COUNTED);
	for (uint64_t ms = n->rtt_ms / SLOW_STEP_MS; ms > 0; ms /= 2)
		v--;
	return v;
}

static void find_open(const struct peers *p, struct open *open, uint64_t now_ms)
{
	open->n = 0;
	for (unsigned i = 0; i < PEERS_MAX && open->n < PEERS_CONNECTIONS_MAX; i++) {
		const struct peers_node *n = &p->nodes[i];
		if (!peers_gives(n) || n->ready_ms > now_ms || n->under_way >= PEERS_PER_NODE)
			continue;
		const uint64_t room = ledger_room(&n->ledger, now_ms);
		if (room < PRICE_STEP)
			continue;
		open->nodes[open->n].node = (uint16_t)i;
		open->nodes[open->n].head = load_be32(n->overlay);
		open->nodes[open->n].points = points(n);
		open->nodes[open->n++].room = room;
	}
}

/* A chunk and the node to ask for it. */
struct pair {
	unsigned wanted, node;
	int points;
};

/* The best node for a chunk, when it is better than the pair. Near ones are cheaper, and likelier to have it. */
static void choose(const struct peers *p, const struct open *open, unsigned wanted, uint64_t now_ms, struct pair *best)
{
	const struct peers_wanted *w = &p->wanted[wanted];
	const int age = (int)((now_ms - w->next_ms) / AGE_STEP_MS);
	const uint32_t head = load_be32(w->address);
	for (unsigned k = 0; k < open->n; k++) {
		const unsigned i = open->nodes[k].node, order = overlay_order_of(head, open->nodes[k].head);
		const int v = open->nodes[k].points + 2 * (int)order + age;
		if (open->nodes[k].room < price_of_order(order) || peers_tried(w, i))
			continue;
		if (best->node == PEERS_NONE || v > best->points ||
		    (v == best->points && best->wanted == wanted &&
		     overlay_compare(w->address, p->nodes[i].overlay, p->nodes[best->node].overlay) < 0))
			*best = (struct pair){.wanted = wanted, .node = i, .points = v};
	}
}

/* Whether there is a node that gives chunks, and has not been tried for this one. */
static bool any_left(const struct peers *p, const struct peers_wanted *w, bool *any)
{
	*any = false;
	for (unsigned i = 0; i < PEERS_MAX; i++) {
		if (!peers_gives(&p->nodes[i]))
			continue;
		*any = true;
		if (!peers_tried(w, i))
			return true;
	}
	return false;
}

static uint64_t hedge_ms(const struct peers_node *n)
{
	if (n->rtt_ms == 0)
		return PEERS_HEDGE_MS;
	const uint64_t ms = n->rtt_ms + 4 * n->deviation_ms;
	return ms < PEERS_HEDGE_MIN_MS ? PEERS_HEDGE_MIN_MS : ms > PEERS_HEDGE_MAX_MS ? PEERS_HEDGE_MAX_MS : ms;
}

static void ask(struct peers *p, unsigned wanted, unsigned node, struct peers_want *want, uint64_t now_ms)
{
	struct peers_wanted *w = &p->wanted[wanted];
	struct peers_node *n = &p->nodes[node];
	const uint64_t price = price_of(n->overlay, w->address);
	unsigned i = 0;
	while (p->requests[i].active)
		i++;
	p->requests[i] = (struct peers_request){
		.active = true, .node = (uint16_t)node, .wanted = wanted, .price = price, .sent_ms = now_ms};
	p->requests_n++;
	n->under_way++;
	n->asked_ms = now_ms;
	(void)ledger_reserve(&n->ledger, price, now_ms); /* there was room */
	w->tried[node / 64] |= (uint64_t)1 << node % 64;
	w->under_way++;
	w->next_ms = now_ms + hedge_ms(n);
	w->alone_ms = now_ms;
	*want = (struct peers_want){.kind = PEERS_WANT_ASK,
				    .node = node,
				    .request = i,
				    .address = bytes_of(w->address, REFERENCE_BYTES)};
}

static void fail(struct peers *p, unsigned wanted, int err)
{
	p->failed[p->failed_n].id = p->wanted[wanted].id;
	p->failed[p->failed_n++].err = err;
	peers_finish(p, wanted);
}

/* Nobody is there, and nobody who is known was there when it was tried before. */
static bool is_hopeless(const struct peers *p)
{
	bool any = false;
	if (p->dials_n + p->connections_n > 0)
		return false;
	for (unsigned i = 0; i < PEERS_MAX; i++) {
		if (p->nodes[i].state == PEERS_KNOWN && p->nodes[i].failures < PEERS_HOPELESS)
			return false;
		any = any || p->nodes[i].state == PEERS_KNOWN;
	}
	return any;
}

/* All were tried, and none is under way any more: from the beginning after a pause, or it fails. */
static void end_round(struct peers *p, unsigned wanted, uint64_t now_ms)
{
	struct peers_wanted *w = &p->wanted[wanted];
	bool any = false;
	if (w->under_way > 0 || (any_left(p, w, &any) && w->failures < PEERS_FAILURES_MAX))
		return;
	if (!any) {
		if (now_ms - w->alone_ms >= PEERS_ALONE_MS || is_hopeless(p))
			fail(p, wanted, ERR_SOURCE);
		return;
	}
	if (++w->rounds >= PEERS_ROUNDS_MAX) {
		fail(p, wanted, ERR_NOT_FOUND);
		return;
	}
	memset(w->tried, 0, sizeof w->tried);
	w->failures = 0;
	w->next_ms = now_ms + ((uint64_t)PEERS_ROUND_MS << (w->rounds - 1));
}

/* Of the first that wait, the one for which there is the nearest node: over all, less is paid than when each took
 * the best that is left for it. Waiting counts, so that no chunk is passed over for long. */
static bool next_ask(struct peers *p, struct peers_want *want, uint64_t now_ms)
{
	struct open open;
	struct pair best = {.wanted = PEERS_NONE, .node = PEERS_NONE};
	unsigned scanned = 0, following;
	find_open(p, &open, now_ms);
	for (unsigned i = p->first; i != PEERS_END && scanned < SCAN_MAX; i = following) {
		struct peers_wanted *w = &p->wanted[i];
		following = w->next;
		if (w->next_ms > now_ms)
			continue;
		scanned++;
		if (p->requests_n < PEERS_REQUESTS_MAX && w->failures < PEERS_FAILURES_MAX)
			choose(p, &open, i, now_ms, &best);
		if (best.wanted != i)
			end_round(p, i, now_ms);
	}
	if (best.node == PEERS_NONE)
		return false;
	ask(p, best.wanted, best.node, want, now_ms);
	return true;
}

/* Of a node: when it may be dialed, asked, or be settled with. */
static uint64_t node_deadline(const struct peers *p, const struct peers_node *n, bool dials, uint64_t now_ms)
{
	uint64_t at = UINT64_MAX;
	if (n->state == PEERS_KNOWN && dials && may_dial(n, true))
		at = n->retry_ms;
	if (n->state != PEERS_CONNECTED)
		return at;
	at = ledger_deadline(&n->ledger, now_ms);
	return p->wanted_n > 0 && n->ready_ms > now_ms && n->ready_ms < at ? n->ready_ms : at;
}

static uint64_t deadline(const struct peers *p, uint64_t now_ms)
{
	const bool dials = p->dials_n < PEERS_DIALS_MAX && p->connections_n + p->dials_n < p->connections_max;
	uint64_t first = UINT64_MAX;
	for (unsigned i = 0; i < PEERS_MAX; i++) {
		const uint64_t at = node_deadline(p, &p->nodes[i], dials, now_ms);
		if (at > now_ms && at < first)
			first = at;
	}
	for (unsigned i = p->first; i != PEERS_END; i = p->wanted[i].next) {
		const struct peers_wanted *w = &p->wanted[i];
		if (w->next_ms > now_ms && w->next_ms < first)
			first = w->next_ms;
		if (w->under_way == 0 && w->alone_ms + PEERS_ALONE_MS > now_ms && w->alone_ms + PEERS_ALONE_MS < first)
			first = w->alone_ms + PEERS_ALONE_MS;
	}
	return first;
}

void peers_next(struct peers *p, struct peers_want *want, uint64_t now_ms)
{
	if (next_drop(p, want, now_ms) || next_settle(p, want, now_ms) || next_dial(p, want, now_ms) ||
	    next_ask(p, want, now_ms))
		return;
	*want = (struct peers_want){.kind = PEERS_WANT_WAIT, .at_ms = deadline(p, now_ms)};
}
