#include "swarm/peers.h"

#include <assert.h>
#include <string.h>

#include "swarm/peers_parts.h"

void peers_init(struct peers *p, const uint8_t self[static OVERLAY_BYTES], unsigned connections_max)
{
	memset(p, 0, sizeof *p);
	memcpy(p->self, self, OVERLAY_BYTES);
	p->connections_max = connections_max < PEERS_CONNECTIONS_MAX ? connections_max : PEERS_CONNECTIONS_MAX;
	p->first = p->last = PEERS_END;
}

static bool same_overlay(const struct peers_node *n, const uint8_t *overlay)
{
	return n->state != PEERS_FREE && n->overlay_known && memcmp(n->overlay, overlay, OVERLAY_BYTES) == 0;
}

static bool is_known(const struct peers *p, const uint8_t *overlay, struct bytes address)
{
	if (overlay != NULL && memcmp(overlay, p->self, OVERLAY_BYTES) == 0)
		return true;
	for (unsigned i = 0; i < PEERS_MAX; i++) {
		const struct peers_node *n = &p->nodes[i];
		if (n->state == PEERS_FREE)
			continue;
		if ((overlay != NULL && same_overlay(n, overlay)) ||
		    bytes_equal(bytes_of(n->address, n->address_n), address))
			return true;
	}
	return false;
}

/* A free slot, or that of the node that failed most. */
static struct peers_node *room_for_one(struct peers *p)
{
	struct peers_node *worst = NULL;
	for (unsigned i = 0; i < PEERS_MAX; i++) {
		struct peers_node *n = &p->nodes[i];
		if (n->state == PEERS_FREE)
			return n;
		if (n->state == PEERS_KNOWN && n->kind == PEERS_GOSSIPED && n->failures > 0 &&
		    (worst == NULL || n->failures > worst->failures))
			worst = n;
	}
	return worst;
}

bool peers_add(struct peers *p, enum peers_kind kind, const uint8_t *overlay, struct bytes address)
{
	if (address.n == 0 || address.n > PEERS_ADDRESS_BYTES_MAX || is_known(p, overlay, address))
		return false;
	struct peers_node *n = room_for_one(p);
	if (n == NULL)
		return false;
	const size_t node = (size_t)(n - p->nodes);
	for (unsigned i = 0; i < PEERS_WANTS_MAX; i++) /* who was here before is another one */
		p->wanted[i].tried[node / 64] &= ~((uint64_t)1 << node % 64);
	*n = (struct peers_node){.state = PEERS_KNOWN, .kind = kind, .address_n = (uint8_t)address.n};
	memcpy(n->address, address.p, address.n);
	if (overlay != NULL) {
		n->overlay_known = true;
		memcpy(n->overlay, overlay, OVERLAY_BYTES);
	}
	return true;
}

int peers_want(struct peers *p, uint64_t id, const uint8_t address[static REFERENCE_BYTES], uint64_t now_ms)
{
	unsigned i = 0;
	if (p->wanted_n + p->failed_n >= PEERS_WANTS_MAX)
		return ERR_LIMIT;
	while (p->wanted[i].active)
		i++;
	struct peers_wanted *w = &p->wanted[i];
	*w = (struct peers_wanted){.active = true,
				   .id = id,
				   .next_ms = now_ms,
				   .alone_ms = now_ms,
				   .next = PEERS_END,
				   .previous = p->last};
	memcpy(w->address, address, REFERENCE_BYTES);
	if (p->last == PEERS_END)
		p->first = (uint16_t)i;
	else
		p->wanted[p->last].next = (uint16_t)i;
	p->last = (uint16_t)i;
	p->wanted_n++;
	return OK;
}

void peers_finish(struct peers *p, unsigned wanted)
{
	struct peers_wanted *w = &p->wanted[wanted];
	for (unsigned i = 0; w->under_way > 0 && i < PEERS_REQUESTS_MAX; i++)
		if (p->requests[i].active && p->requests[i].wanted == wanted)
			p->requests[i].wanted = PEERS_NONE;
	if (w->previous == PEERS_END)
		p->first = w->next;
	else
		p->wanted[w->previous].next = w->next;
	if (w->next == PEERS_END)
		p->last = w->previous;
	else
		p->wanted[w->next].previous = w->previous;
	w->active = false;
	p->wanted_n--;
}

void peers_forget(struct peers *p, uint64_t id)
{
	for (unsigned i = p->first; i != PEERS_END; i = p->wanted[i].next)
		if (p->wanted[i].id == id) {
			peers_finish(p, i);
			return;
		}
}

bool peers_ready(struct peers *p, unsigned node, const uint8_t overlay[static OVERLAY_BYTES], bool full_node,
		 uint64_t now_ms)
{
	struct peers_node *n = &p->nodes[node];
	bool twice = memcmp(overlay, p->self, OVERLAY_BYTES) == 0;
	assert(n->state == PEERS_DIALING);
	for (unsigned i = 0; i < PEERS_MAX; i++)
		twice = twice ||
			(i != node && same_overlay(&p->nodes[i], overlay) && p->nodes[i].state == PEERS_CONNECTED);
	p->dials_n--;
	if (twice) {
		n->state = PEERS_FREE;
		return false;
	}
	n->state = PEERS_CONNECTED;
	n->overlay_known = true;
	memcpy(n->overlay, overlay, OVERLAY_BYTES);
	n->full_node = full_node;
	n->announced = n->dropped = false;
	n->wrong = n->broken = n->misses = n->under_way = 0;
	n->asked_ms = 0;
	n->chunks = 0;
	n->ready_ms = now_ms + PEERS_QUIET_MS;
	n->rtt_ms = n->deviation_ms = 0;
	ledger_init(&n->ledger, now_ms);
	p->connections_n++;
	return true;
}

void peers_announced(struct peers *p, unsigned node, uint64_t threshold)
{
	struct peers_node *n = &p->nodes[node];
	if (n->state != PEERS_CONNECTED)
		return;
	ledger_announced(&n->ledger, threshold);
	if (!n->announced)
		n->ready_ms -= PEERS_QUIET_MS - PEERS_SETTLING_MS;
	n->announced = true;
}

void peers_settled(struct peers *p, unsigned node, const struct pseudosettle_ack *ack, uint64_t now_ms)
{
	if (p->nodes[node].state == PEERS_CONNECTED)
		ledger_settled(&p->nodes[node].ledger, ack, now_ms);
}

/* The request is over, and its node has one less. */
static struct peers_wanted *end_request(struct peers *p, struct peers_request *r)
{
	struct peers_wanted *w = r->wanted == PEERS_NONE ? NULL : &p->wanted[r->wanted];
	r->active = false;
	p->requests_n--;
	p->nodes[r->node].under_way--;
	if (w != NULL)
		w->under_way--;
	return w;
}

/* It came to nothing: another node is asked at once. */
static void miss(struct peers_wanted *w, uint64_t now_ms)
{
	if (w == NULL)
		return;
	w->failures++;
	w->next_ms = now_ms;
}

/* When it may be dialed again: later with each failure. */
static void rest(struct peers_node *n, uint64_t now_ms)
{
	const unsigned doublings = n->failures < PEERS_REDIAL_DOUBLINGS ? n->failures : PEERS_REDIAL_DOUBLINGS;
	n->retry_ms = now_ms + ((uint64_t)PEERS_REDIAL_MS << doublings);
	n->state = PEERS_KNOWN;
}

void peers_gone(struct peers *p, unsigned node, uint64_t now_ms)
{
	struct peers_node *n = &p->nodes[node];
	assert(n->state == PEERS_DIALING || n->state == PEERS_CONNECTED);
	for (unsigned i = 0; n->under_way > 0 && i < PEERS_REQUESTS_MAX; i++)
		if (p->requests[i].active && p->requests[i].node == node)
			miss(end_request(p, &p->requests[i]), now_ms);
	/* Who leaves when it is asked for the first time is a bootnode, or a light node, and has blocked us. */
	const bool unwilling = n->asked_ms != 0 && n->rtt_ms == 0 && n->misses == 0;
	if (n->state == PEERS_DIALING) {
		p->dials_n--;
		n->failures++;
	} else {
		p->connections_n--;
		n->failures = n->chunks > 0 ? 0 : n->failures + (unwilling ? PEERS_UNWILLING : 1);
	}
	rest(n, now_ms);
}

void peers_drop(struct peers *p, unsigned node, uint64_t now_ms)
{
	struct peers_node *n = &p->nodes[node];
	const unsigned failures = n->failures + (n->dropped ? PEERS_UNWILLING : 0);
	peers_gone(p, node, now_ms);
	n->failures = failures; /* whatever it gave before */
	n->dropped = false;
	rest(n, now_ms);
}

const uint8_t *peers_address(const struct peers *p, unsigned request)
{
	const struct peers_request *r = &p->requests[request];
	assert(r->active);
	return r->wanted == PEERS_NONE ? NULL : p->wanted[r->wanted].address;
}

/* As TCP measures its round trips (RFC 6298). */
static void measure(struct peers_node *n, uint64_t ms)
{
	if (n->rtt_ms == 0) {
		n->rtt_ms = ms > 0 ? ms : 1;
		n->deviation_ms = ms / 2;
		return;
	}
	const uint64_t off = ms > n->rtt_ms ? ms - n->rtt_ms : n->rtt_ms - ms;
	n->deviation_ms = (3 * n->deviation_ms + off) / 4;
	n->rtt_ms = (7 * n->rtt_ms + ms + 7) / 8;
}

bool peers_delivered(struct peers *p, unsigned request, bool good, uint64_t now_ms, uint64_t *id)
{
	struct peers_request *r = &p->requests[request];
	struct peers_node *n = &p->nodes[r->node];
	const uint32_t wanted = r->wanted;
	struct peers_wanted *w = end_request(p, r);
	ledger_apply(&n->ledger, r->price); /* also when it is wrong: the node counts it */
	if (w != NULL && !good) {
		n->dropped = n->dropped || ++n->wrong >= PEERS_WRONG_MAX;
		miss(w, now_ms);
		return false;
	}
	measure(n, now_ms - r->sent_ms);
	if (w == NULL)
		return false; /* nobody knows any more what it was to be: it earns the node nothing */
	n->broken = n->misses = 0;
	n->chunks++;
	*id = w->id;
	peers_finish(p, wanted);
	return true;
}

void peers_refused(struct peers *p, unsigned request, bool broken, uint64_t now_ms)
{
	struct peers_request *r = &p->requests[request];
	struct peers_node *n = &p->nodes[r->node];
	miss(end_request(p, r), now_ms);
	if (broken) {
		ledger_apply(&n->ledger, r->price);
		n->dropped = n->dropped || ++n->broken >= PEERS_BROKEN_MAX;
	} else {
		ledger_release(&n->ledger, r->price);
		n->misses++;
	}
}

bool peers_failed(struct peers *p, uint64_t *id, int *err)
{
	if (p->failed_n == 0)
		return false;
	p->failed_n--;
	*id = p->failed[p->failed_n].id;
	*err = p->failed[p->failed_n].err;
	return true;
}

bool peers_gives(const struct peers_node *n)
{
	return n->state == PEERS_CONNECTED && !n->dropped && n->kind != PEERS_BOOTNODE &&
	       (n->full_node || n->kind == PEERS_GIVEN);
}

unsigned peers_useful(const struct peers *p)
{
	unsigned useful = 0;
	for (unsigned i = 0; i < PEERS_MAX; i++)
		useful += peers_gives(&p->nodes[i]);
	return useful;
}
