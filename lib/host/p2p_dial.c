/* Dialing a peer: all of its addresses, one after the other but not waiting for each to fail (RFC 8305), and the first
 * that proves to be the peer is taken. */
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "host/clock.h"
#include "host/p2p_node_parts.h"

#define STAGGER_MS 250 /* from one attempt to the next; RFC 8305, section 8 */
#define NO_ROOM_MS 100 /* until it is tried again when there are too many connections */

/* --- the addresses --- */

/* Address without "/p2p/..." at its end. False: of another peer, by a relay, or none. */
static bool own_part(struct bytes address, const struct peer_id *peer, struct bytes *part)
{
	struct reader r = reader_of(address);
	struct multiaddr_part p;
	*part = address;
	for (size_t begun = 0; multiaddr_next(&r, &p); begun = address.n - r.left.n) {
		if (p.code == MULTIADDR_P2P_CIRCUIT)
			return false;
		if (p.code != MULTIADDR_P2P)
			continue;
		if (r.left.n > 0 || !bytes_equal(p.value, peer_id_bytes(peer)))
			return false;
		*part = bytes_of(address.p, begun);
	}
	return !r.dead && part->n > 0;
}

static bool is_known(const struct p2p_node *node, struct bytes address)
{
	for (size_t i = 0; i < node->transports_n; i++)
		if (node->transports[i]->verbs->knows(node->transports[i], address))
			return true;
	return false;
}

static void add_candidate(struct p2p_dial *d, struct bytes address)
{
	struct bytes part;
	if (!own_part(address, &d->peer, &part) || part.n > P2P_ADDRESS_BYTES_MAX || !is_known(d->node, part))
		return;
	for (size_t i = 0; i < d->candidates_n; i++)
		if (bytes_equal(p2p_address_bytes(&d->candidates[i].address), part))
			return;
	if (d->candidates_n == P2P_DIAL_ADDRESSES_MAX)
		return;
	struct p2p_candidate *c = &d->candidates[d->candidates_n++];
	*c = (struct p2p_candidate){.address = {.n = (uint8_t)part.n}};
	memcpy(c->address.bytes, part.p, part.n);
	p2p_node_wake_at(d->node, d->next_ms);
}

static void on_found(void *context, struct bytes address)
{
	struct p2p_dial *d = context;
	if (!d->over)
		add_candidate(d, address);
}

static void on_resolved(void *context, int err)
{
	struct p2p_dial *d = context;
	d->resolving_n--;
	if (err != OK)
		d->err = err;
	p2p_node_wake_at(d->node, 0);
	p2p_node_end_if_over(d->node);
}

static void add_address(struct p2p_dial *d, struct bytes address)
{
	if (!p2p_resolve_needed(address)) {
		add_candidate(d, address);
		return;
	}
	const int err = p2p_resolve(d->node->resolver, address, &d->peer, on_found, on_resolved, d);
	if (err == OK)
		d->resolving_n++;
	else
		d->err = err;
}

/* QUIC first, because it takes a round trip less and no Yamux; then the families in turns, IPv6 first. */
static unsigned rank_of(const struct p2p_candidate *c, enum multiaddr_code last)
{
	struct reader r = reader_of(p2p_address_bytes(&c->address));
	struct multiaddr_part ip, port;
	if (!multiaddr_next(&r, &ip) || !multiaddr_next(&r, &port))
		return 4;
	const bool in_turn = last == 0 ? ip.code == MULTIADDR_IP6 : ip.code != last;
	return (port.code == MULTIADDR_UDP ? 0U : 2U) + (in_turn ? 0 : 1);
}

static struct p2p_candidate *next_candidate(struct p2p_dial *d)
{
	struct p2p_candidate *best = NULL;
	for (size_t i = 0; i < d->candidates_n; i++) {
		struct p2p_candidate *c = &d->candidates[i];
		if (!c->tried && (best == NULL || rank_of(c, d->last_family) < rank_of(best, d->last_family)))
			best = c;
	}
	return best;
}

/* --- the end of a dial --- */

static void finish(struct p2p_dial *d, int err)
{
	struct p2p_node *node = d->node;
	d->over = true;
	for (size_t i = 0; i < node->limits.connections_max; i++)
		if (node->connections[i] != NULL && node->connections[i]->dial == d)
			p2p_connection_end(node->connections[i], ERR_INTERRUPTED);
	while (d->waiters != NULL) {
		struct p2p_waiter *waiter = d->waiters;
		d->waiters = waiter->next;
		waiter->done(node, &d->peer, err, waiter->context);
		free(waiter);
	}
	p2p_node_wake_at(node, 0); /* where it is freed */
}

void p2p_dials_sweep(struct p2p_node *node)
{
	for (struct p2p_dial **at = &node->dials; *at != NULL;) {
		struct p2p_dial *d = *at;
		if (!d->over || d->resolving_n > 0 || d->links_n > 0) {
			at = &d->next;
			continue;
		}
		*at = d->next;
		free(d);
	}
}

void p2p_dials_end(struct p2p_node *node)
{
	for (struct p2p_dial *d = node->dials; d != NULL; d = d->next)
		if (!d->over)
			finish(d, ERR_INTERRUPTED);
}

void p2p_dials_ready(struct p2p_node *node, const struct peer_id *peer)
{
	for (struct p2p_dial *d = node->dials; d != NULL; d = d->next)
		if (!d->over && peer_id_equal(&d->peer, peer))
			finish(d, OK);
}

void p2p_dials_failed(struct p2p_dial *d, struct bytes address, int err)
{
	if (err != ERR_INTERRUPTED)
		p2p_backoff_failed(d->node, &d->peer, address, clock_now_ms(), err);
	if (!d->over) {
		d->err = err;
		d->next_ms = 0;
	}
	p2p_node_wake_at(d->node, 0);
}

/* --- its course --- */

/* Begins the next attempt, if there is one. */
static void attempt(struct p2p_dial *d, uint64_t now_ms)
{
	struct p2p_node *node = d->node;
	struct multiaddr_part ip;
	for (struct p2p_candidate *c; (c = next_candidate(d)) != NULL;) {
		const struct bytes address = p2p_address_bytes(&c->address);
		int err;
		c->tried = true;
		if (!d->insist && p2p_backoff_holds(node, &d->peer, address, now_ms, &err)) {
			d->err = err;
			continue;
		}
		err = p2p_connections_dial(d, address);
		if (err == ERR_LIMIT) {
			c->tried = false;
			d->err = err;
			d->next_ms = now_ms + NO_ROOM_MS;
			return;
		}
		if (err != OK) {
			p2p_backoff_failed(node, &d->peer, address, now_ms, err);
			d->err = err;
			continue;
		}
		struct reader r = reader_of(address);
		if (multiaddr_next(&r, &ip))
			d->last_family = ip.code;
		d->next_ms = now_ms + STAGGER_MS;
		return;
	}
}

static uint64_t dial_tick(struct p2p_dial *d, uint64_t now_ms)
{
	if (p2p_connections_find(d->node, &d->peer) != NULL) {
		finish(d, OK);
		return UINT64_MAX;
	}
	if (now_ms >= d->next_ms)
		attempt(d, now_ms);
	const bool more = next_candidate(d) != NULL;
	if (!more && d->links_n == 0 && d->resolving_n == 0)
		finish(d, d->err);
	else if (now_ms >= d->deadline_ms)
		finish(d, d->links_n == 0 && more ? d->err : ERR_TIMEOUT);
	else
		return more && d->next_ms < d->deadline_ms ? d->next_ms : d->deadline_ms;
	return UINT64_MAX;
}

uint64_t p2p_dials_tick(struct p2p_node *node, uint64_t now_ms)
{
	uint64_t next = UINT64_MAX;
	size_t begun_n = 0;
	p2p_dials_sweep(node);
	/* New ones are put behind, so that this meets them. */
	for (struct p2p_dial *d = node->dials; d != NULL && !node->ending; d = d->next) {
		if (d->over)
			continue;
		if (!d->begun && begun_n >= P2P_DIALS_MAX)
			continue; /* the end of another wakes this one */
		if (!d->begun) {
			d->begun = true;
			d->deadline_ms = now_ms + P2P_DIAL_MS;
		}
		const uint64_t due = dial_tick(d, now_ms);
		begun_n += !d->over;
		next = due < next ? due : next;
	}
	return next;
}

static struct p2p_dial *dial_of(struct p2p_node *node, const struct peer_id *peer)
{
	struct p2p_dial **at = &node->dials;
	for (; *at != NULL; at = &(*at)->next)
		if (!(*at)->over && peer_id_equal(&(*at)->peer, peer))
			return *at;
	struct p2p_dial *d = calloc(1, sizeof *d);
	if (d == NULL)
		return NULL;
	d->node = node;
	d->peer = *peer;
	d->err = ERR_NOT_FOUND;
	*at = d;
	return d;
}

int p2p_node_connect(struct p2p_node *node, const struct peer_id *peer, const struct bytes *addresses,
		     size_t addresses_n, bool insist, p2p_connected *done, void *context)
{
	struct p2p_waiter *waiter = malloc(sizeof *waiter);
	struct p2p_dial *d = node->ending || waiter == NULL ? NULL : dial_of(node, peer);
	if (d == NULL) {
		free(waiter);
		return node->ending ? ERR_INTERRUPTED : ERR_NO_MEMORY;
	}
	*waiter = (struct p2p_waiter){.next = d->waiters, .done = done, .context = context};
	d->waiters = waiter;
	d->insist |= insist;
	if (p2p_connections_find(node, peer) == NULL && !peer_id_equal(peer, &node->id))
		for (size_t i = 0; i < addresses_n; i++)
			add_address(d, addresses[i]);
	p2p_node_wake_at(node, 0);
	return OK;
}
