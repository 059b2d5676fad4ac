/* A simulated Swarm on virtual time: full nodes with bee's accounting rules (swarm/credit.h), latencies and faults, and
 * the client's machine (swarm/peers.h) that fetches chunks from them. Seeded: the same seed, the same run.
 *
 * A chunk is found by every node, by asking others, as in the real network: the farther the node, the longer it takes.
 * Addresses are all there is of chunks and nodes; what is modelled is who asks whom, when, and who owes what. */
#ifndef SIM_SWARM_NET_H
#define SIM_SWARM_NET_H

#include <stdlib.h>
#include <string.h>

#include "swarm/credit.h"
#include "swarm/peers.h"

#define NET_NODES_MAX 2000
#define NET_EVENTS_MAX 16384
#define NET_HIVE_N 30

/* What a node does beside what it should; of every so many one does, 0: none. */
struct net_faults {
	unsigned wrong, silent, miserly, light, leaving, missing_permille;
};

enum net_kind {
	NET_READY,
	NET_ANNOUNCES,
	NET_TELLS,
	NET_REQUEST,
	NET_SERVED,
	NET_DELIVERED,
	NET_PAYMENT,
	NET_ACK,
	NET_GONE
};

struct net_event {
	uint64_t at, order;
	enum net_kind kind;
	unsigned node, epoch, request;
	uint64_t price;
	bool good, found, refused;
	struct pseudosettle_ack ack;
};

struct net_node {
	uint8_t overlay[32];
	struct credit credit;
	int64_t settled_s;
	bool wrong, silent, miserly, light, connected;
	unsigned epoch; /* of its connection: what is on its way from an older one is lost */
	unsigned slot;  /* in the client's table */
	uint64_t rtt_ms, blocks_until_ms, since_ms;
};

struct net {
	struct peers peers;
	struct net_node nodes[NET_NODES_MAX];
	unsigned nodes_n;
	struct net_faults faults;
	struct net_event events[NET_EVENTS_MAX];
	unsigned events_n;
	uint64_t order, now, random;
	unsigned node_of[PEERS_MAX]; /* by slot */
	/* what came of it */
	unsigned wanted, got, failed, twice, blocked;
	uint64_t paid, connected_ms, first_ms, last_ms;
	uint64_t requests, dials;
};

static uint32_t net_random(struct net *n)
{
	n->random ^= n->random << 13;
	n->random ^= n->random >> 7;
	n->random ^= n->random << 17;
	return (uint32_t)(n->random >> 20);
}

static void net_random_address(struct net *n, uint8_t *address)
{
	for (unsigned i = 0; i < 32; i++)
		address[i] = (uint8_t)net_random(n);
}

static bool net_before(const struct net_event *a, const struct net_event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void net_push(struct net *n, uint64_t at, struct net_event e)
{
	if (n->events_n == NET_EVENTS_MAX)
		abort();
	e.at = at;
	e.order = n->order++;
	unsigned i = n->events_n++;
	for (; i > 0 && net_before(&e, &n->events[(i - 1) / 2]); i = (i - 1) / 2)
		n->events[i] = n->events[(i - 1) / 2];
	n->events[i] = e;
}

static struct net_event net_pop(struct net *n)
{
	const struct net_event first = n->events[0], last = n->events[--n->events_n];
	unsigned i = 0;
	for (unsigned child = 1; child < n->events_n; child = 2 * i + 1) {
		if (child + 1 < n->events_n && net_before(&n->events[child + 1], &n->events[child]))
			child++;
		if (!net_before(&n->events[child], &last))
			break;
		n->events[i] = n->events[child];
		i = child;
	}
	n->events[i] = last;
	return first;
}

static struct wall net_wall(const struct net *n)
{
	return (struct wall){(int64_t)(1700000000 + n->now / 1000)};
}

/* Addresses are the node's number: nothing else is needed to dial it. */
static void net_tell(struct net *n, unsigned node, enum peers_kind kind, bool with_overlay)
{
	uint8_t address[4];
	store_be32(address, node);
	(void)peers_add(&n->peers, kind, with_overlay ? n->nodes[node].overlay : NULL, bytes_of(address, 4));
}

static void net_begin(struct net *n, unsigned nodes_n, unsigned connections_max, const struct net_faults *faults,
		      uint64_t seed)
{
	static const uint8_t self[32] = {0x5e, 0x1f};
	memset(n, 0, sizeof *n);
	n->random = seed * 2654435761U + 88172645463325252U;
	n->nodes_n = nodes_n;
	n->faults = *faults;
	for (unsigned i = 0; i < nodes_n; i++) {
		struct net_node *d = &n->nodes[i];
		net_random_address(n, d->overlay);
		d->rtt_ms = 10 + net_random(n) % 180; /* a continent, or the next one */
		d->wrong = faults->wrong > 0 && i % faults->wrong == 1;
		d->silent = faults->silent > 0 && i % faults->silent == 2;
		d->miserly = faults->miserly > 0 && i % faults->miserly == 3;
		d->light = faults->light > 0 && i % faults->light == 4;
	}
	peers_init(&n->peers, self, connections_max);
}

static void net_disconnect(struct net *n, unsigned node, bool blocks)
{
	struct net_node *d = &n->nodes[node];
	if (!d->connected)
		return;
	d->connected = false;
	d->epoch++;
	d->settled_s = d->credit.settled_s;
	n->connected_ms += n->now - d->since_ms;
	if (blocks)
		d->blocks_until_ms = n->now + 1000 * credit_block_s(&d->credit);
}

/* The client's side of a connection that the node has ended. */
static void net_leave(struct net *n, unsigned node, bool blocks)
{
	const unsigned slot = n->nodes[node].slot;
	if (!n->nodes[node].connected)
		return;
	net_disconnect(n, node, blocks);
	peers_gone(&n->peers, slot, n->now);
}

static void net_on_ready(struct net *n, const struct net_event *e)
{
	struct net_node *d = &n->nodes[e->node];
	if (d->blocks_until_ms > n->now || net_random(n) % 20 == 0) { /* or it is not there any more */
		peers_gone(&n->peers, e->request, n->now);
		return;
	}
	if (!peers_ready(&n->peers, e->request, d->overlay, !d->light, n->now))
		return;
	d->connected = true;
	d->since_ms = n->now;
	d->slot = e->request;
	d->epoch++;
	credit_init(&d->credit, false, d->settled_s);
	const struct net_event next = {.node = e->node, .epoch = d->epoch};
	net_push(n, n->now + d->rtt_ms / 2,
		 (struct net_event){.kind = NET_ANNOUNCES, .node = next.node, .epoch = next.epoch});
	net_push(n, n->now + d->rtt_ms, (struct net_event){.kind = NET_TELLS, .node = next.node, .epoch = next.epoch});
	if (n->faults.leaving > 0 && net_random(n) % n->faults.leaving == 0)
		net_push(n, n->now + 1000 + net_random(n) % 30000,
			 (struct net_event){.kind = NET_GONE, .node = next.node, .epoch = next.epoch});
}

/* A request has come to a node: it looks for the chunk, which takes its time. */
static void net_on_request(struct net *n, struct net_event e)
{
	struct net_node *d = &n->nodes[e.node];
	if (d->silent)
		return;
	if (d->light) { /* it blocks who asks */
		d->blocks_until_ms = n->now + 60000;
		net_leave(n, e.node, false);
		return;
	}
	e.found = net_random(n) % 1000 >= n->faults.missing_permille;
	e.good = !d->wrong;
	if (e.found)
		credit_prepare(&d->credit, e.price);
	e.kind = NET_SERVED;
	net_push(n, n->now + (e.found ? 5 + net_random(n) % 400 : 500 + net_random(n) % 2000), e);
}

static void net_on_served(struct net *n, struct net_event e)
{
	struct net_node *d = &n->nodes[e.node];
	if (e.found && credit_deliver(&d->credit, e.price, net_wall(n)) != OK) {
		n->blocked += !d->miserly; /* which lies about what it forgave */
		net_leave(n, e.node, true);
		return;
	}
	e.kind = NET_DELIVERED;
	net_push(n, n->now + d->rtt_ms / 2, e);
}

static void net_on_delivered(struct net *n, const struct net_event *e)
{
	uint64_t id;
	if (!e->found) {
		peers_refused(&n->peers, e->request, false, n->now);
		return;
	}
	const bool late = peers_address(&n->peers, e->request) == NULL;
	if (!peers_delivered(&n->peers, e->request, e->good, n->now, &id)) {
		n->twice += late;
		return;
	}
	n->got++;
	n->paid += e->price;
	n->last_ms = n->now;
	if (n->first_ms == 0)
		n->first_ms = n->now;
}

static void net_on_payment(struct net *n, struct net_event e)
{
	struct net_node *d = &n->nodes[e.node];
	bool grown = false;
	e.refused = credit_settle(&d->credit, e.price, net_wall(n), &e.ack.amount, &grown) != OK;
	e.ack.at_s = net_wall(n).s;
	if (d->miserly) /* it takes, and says that it did not */
		e.ack.amount = 0;
	e.kind = NET_ACK;
	net_push(n, n->now + d->rtt_ms / 2, e);
	if (grown)
		net_push(n, n->now + d->rtt_ms,
			 (struct net_event){.kind = NET_ANNOUNCES, .node = e.node, .epoch = e.epoch});
}

static void net_on(struct net *n, const struct net_event *e)
{
	struct net_node *d = &n->nodes[e->node];
	if (e->kind == NET_READY) {
		net_on_ready(n, e);
		return;
	}
	if (!d->connected || d->epoch != e->epoch)
		return;
	switch (e->kind) {
	case NET_ANNOUNCES:
		peers_announced(&n->peers, d->slot, d->credit.threshold);
		break;
	case NET_TELLS:
		for (unsigned i = 0; i < NET_HIVE_N; i++)
			net_tell(n, net_random(n) % n->nodes_n, PEERS_GOSSIPED, true);
		break;
	case NET_REQUEST:
		net_on_request(n, *e);
		break;
	case NET_SERVED:
		net_on_served(n, *e);
		break;
	case NET_DELIVERED:
		net_on_delivered(n, e);
		break;
	case NET_PAYMENT:
		net_on_payment(n, *e);
		break;
	case NET_ACK:
		peers_settled(&n->peers, d->slot, e->refused ? NULL : &e->ack, n->now);
		break;
	case NET_GONE:
		net_leave(n, e->node, false);
		break;
	case NET_READY:
	default:
		break;
	}
}

static unsigned net_node_of(const struct net *n, unsigned slot)
{
	return load_be32(n->peers.nodes[slot].address);
}

/* Carries out what the client wants now; when it wants to be called again. */
static uint64_t net_drive(struct net *n)
{
	struct peers_want w;
	for (peers_next(&n->peers, &w, n->now); w.kind != PEERS_WANT_WAIT; peers_next(&n->peers, &w, n->now)) {
		const unsigned node = net_node_of(n, w.node);
		const struct net_node *d = &n->nodes[node];
		struct net_event e = {.node = node, .epoch = d->epoch, .request = w.request, .price = w.amount};
		switch (w.kind) {
		case PEERS_WANT_DIAL: /* six round trips until both know each other */
			n->dials++;
			e.kind = NET_READY;
			e.request = w.node;
			net_push(n, n->now + 6 * d->rtt_ms, e);
			break;
		case PEERS_WANT_ASK: /* one round trip for the headers, then the request */
			n->requests++;
			e.kind = NET_REQUEST;
			e.price = price_of(d->overlay, w.address.p);
			net_push(n, n->now + d->rtt_ms + d->rtt_ms / 2, e);
			break;
		case PEERS_WANT_SETTLE:
			e.kind = NET_PAYMENT;
			net_push(n, n->now + d->rtt_ms + d->rtt_ms / 2, e);
			break;
		case PEERS_WANT_DROP:
			net_disconnect(n, node, false);
			break;
		case PEERS_WANT_WAIT:
		default:
			break;
		}
	}
	return w.at_ms;
}

/* Fetches so many chunks with so many wanted at once; false: not done in so much time. */
static bool net_fetch(struct net *n, unsigned chunks, unsigned at_once, uint64_t limit_ms)
{
	uint64_t id = 0, tick = 0;
	int err;
	while (n->got + n->failed < chunks) {
		uint8_t address[32];
		while (id < chunks && id - n->got - n->failed < at_once) {
			net_random_address(n, address);
			if (peers_want(&n->peers, id, address, n->now) != OK)
				break;
			id++;
		}
		tick = net_drive(n);
		uint64_t failed_id;
		while (peers_failed(&n->peers, &failed_id, &err))
			n->failed++;
		if (n->events_n == 0 && tick == UINT64_MAX)
			return n->got + n->failed == chunks;
		if (n->events_n == 0 || tick < n->events[0].at) {
			n->now = tick;
		} else {
			n->now = n->events[0].at;
			while (n->events_n > 0 && n->events[0].at <= n->now) {
				const struct net_event e = net_pop(n);
				net_on(n, &e);
			}
		}
		if (n->now > limit_ms)
			return false;
	}
	for (unsigned i = 0; i < n->nodes_n; i++) /* the time that connections have stood */
		if (n->nodes[i].connected)
			n->connected_ms += n->now - n->nodes[i].since_ms;
	return true;
}

#endif
