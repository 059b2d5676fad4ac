/* The connections of a node: who may come in, one table of all, when they are closed. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "host/clock.h"
#include "host/p2p_node_parts.h"

#define TRIM_AFTER_MS 5000 /* without a stream, before a connection gives way to a new one */

/* --- the table --- */

static struct p2p_connection *connection_add(struct p2p_node *node, struct bytes address)
{
	struct p2p_connection *c = calloc(1, sizeof *c);
	if (c == NULL)
		return NULL;
	c->node = node;
	c->group = p2p_rate_group(address);
	c->begun_ms = c->idle_since_ms = clock_now_ms();
	for (size_t i = 0; i < node->limits.connections_max; i++) {
		if (node->connections[i] != NULL)
			continue;
		node->connections[i] = c;
		node->connections_n++;
		return c;
	}
	free(c);
	return NULL;
}

static void connection_remove(struct p2p_connection *c)
{
	struct p2p_node *node = c->node;
	for (size_t i = 0; i < node->limits.connections_max; i++)
		if (node->connections[i] == c)
			node->connections[i] = NULL;
	node->connections_n--;
	p2p_node_release(node, c->said_n);
	free(c->said);
	free(c);
}

struct p2p_connection *p2p_connections_find(const struct p2p_node *node, const struct peer_id *peer)
{
	struct p2p_connection *found = NULL;
	for (size_t i = 0; i < node->limits.connections_max; i++) {
		struct p2p_connection *c = node->connections[i];
		if (c == NULL || !c->ready || c->ending || c->goes || !peer_id_equal(&c->peer, peer))
			continue;
		/* The oldest: both sides come to the same. */
		if (found == NULL || c->begun_ms < found->begun_ms)
			found = c;
	}
	return found;
}

bool p2p_node_is_connected(const struct p2p_node *node, const struct peer_id *peer)
{
	return p2p_connections_find(node, peer) != NULL;
}

bool p2p_node_remote(const struct p2p_node *node, const struct peer_id *peer, struct p2p_address *address,
		     enum connection_role *role)
{
	const struct p2p_connection *c = p2p_connections_find(node, peer);
	if (c == NULL)
		return false;
	*address = c->link->remote;
	*role = c->link->role;
	return true;
}

void p2p_node_each_peer(const struct p2p_node *node, void (*each)(const struct peer_id *peer, void *context),
			void *context)
{
	for (size_t i = 0; i < node->limits.connections_max; i++) {
		const struct p2p_connection *c = node->connections[i];
		if (c != NULL && c->ready && !c->ending && p2p_connections_find(node, &c->peer) == c)
			each(&c->peer, context);
	}
}

void p2p_node_disconnect(struct p2p_node *node, const struct peer_id *peer)
{
	for (size_t i = 0; i < node->limits.connections_max; i++)
		if (node->connections[i] != NULL && node->connections[i]->ready &&
		    peer_id_equal(&node->connections[i]->peer, peer))
			p2p_connection_end(node->connections[i], ERR_CLOSED);
}

/* --- limits --- */

/* Closes the connection that was without a stream for the longest time, so that there is room. */
static bool make_room(struct p2p_node *node, uint64_t now_ms)
{
	struct p2p_connection *idle = NULL;
	if (node->connections_n < node->limits.connections_max)
		return true;
	for (size_t i = 0; i < node->limits.connections_max; i++) {
		struct p2p_connection *c = node->connections[i];
		if (c == NULL)
			continue;
		if (c->ending)
			return false; /* there will be room soon: one is enough for a newcomer */
		if (c->ready && c->streams_n == 0 && (idle == NULL || c->idle_since_ms < idle->idle_since_ms))
			idle = c;
	}
	if (idle != NULL && now_ms - idle->idle_since_ms >= TRIM_AFTER_MS)
		p2p_connection_end(idle, ERR_LIMIT);
	return false;
}

bool p2p_connections_admit(struct p2p_local *local, const struct sockaddr_storage *from)
{
	struct p2p_node *node = (struct p2p_node *)local; /* its first member */
	static_assert(offsetof(struct p2p_node, local) == 0, "so that a local is its node");
	struct p2p_address address;
	const uint64_t now = clock_now_ms();
	size_t of_group = 0, handshakes = 0;
	p2p_address_of(&address, from, MULTIADDR_TCP);
	const uint64_t group = p2p_rate_group(p2p_address_bytes(&address));
	if (node->ending ||
	    !p2p_rates_allow(&node->rates, group, node->limits.accept_burst, node->limits.accept_every_ms, now) ||
	    !make_room(node, now))
		return false;
	for (size_t i = 0; i < node->limits.connections_max; i++) {
		const struct p2p_connection *c = node->connections[i];
		if (c == NULL || c->link->role != CONNECTION_LISTENER)
			continue;
		of_group += c->group == group;
		handshakes += !c->ready;
	}
	return of_group < node->limits.per_ip_max && handshakes < node->limits.handshakes_max;
}

/* --- what links say --- */

static bool is_one_too_many(const struct p2p_connection *c)
{
	size_t n = 0;
	for (size_t i = 0; i < c->node->limits.connections_max; i++) {
		const struct p2p_connection *other = c->node->connections[i];
		n += other != NULL && other->ready && !other->ending && peer_id_equal(&other->peer, &c->peer);
	}
	return n >= c->node->limits.per_peer_max;
}

/* Whether there is another connection with this peer, if only one that ends. */
static bool is_alone(const struct p2p_connection *c)
{
	for (size_t i = 0; i < c->node->limits.connections_max; i++) {
		const struct p2p_connection *other = c->node->connections[i];
		if (other != NULL && other != c && other->ready && peer_id_equal(&other->peer, &c->peer))
			return false;
	}
	return true;
}

static void on_ready(struct p2p_connection *c)
{
	struct p2p_node *node = c->node;
	c->peer = *c->link->verbs->peer(c->link);
	c->idle_since_ms = clock_now_ms();
	if (c->dial != NULL) {
		p2p_backoff_clear(node, &c->peer, p2p_address_bytes(&c->link->remote));
		c->dial->links_n--;
		c->dial = NULL;
	}
	if (node->ending || peer_id_equal(&c->peer, &node->id) || is_one_too_many(c)) {
		p2p_connection_end(c, ERR_LIMIT);
		return;
	}
	c->ready = true;
	const bool first = is_alone(c);
	p2p_node_wake_at(node, c->idle_since_ms + node->limits.idle_ms);
	p2p_identify_ask(c);
	if (first && node->user->connected != NULL)
		node->user->connected(node, &c->peer, p2p_address_bytes(&c->link->remote), c->link->role);
	p2p_dials_ready(node, &c->peer);
}

static void on_event(struct p2p_link *link, const struct connection_event *event)
{
	struct p2p_connection *c = link->owner;
	if (event->type == CONNECTION_READY) {
		on_ready(c);
	} else if (event->type == CONNECTION_GONE) {
		c->goes = true;
		if (c->streams_n == 0)
			p2p_connection_end(c, ERR_CLOSED);
	} else {
		p2p_streams_event(c, event);
	}
}

static void on_ended(struct p2p_link *link, int err)
{
	struct p2p_connection *c = link->owner;
	struct p2p_node *node = c->node;
	c->ending = true;
	p2p_streams_lost(c, err);
	const struct peer_id peer = c->peer;
	const bool last = c->ready && is_alone(c);
	if (c->dial != NULL) {
		c->dial->links_n--;
		p2p_dials_failed(c->dial, p2p_address_bytes(&link->remote), err);
	}
	connection_remove(c);
	if (last && node->user->disconnected != NULL)
		node->user->disconnected(node, &peer, err);
	p2p_node_end_if_over(node);
}

static const struct p2p_link_user link_user = {.event = on_event, .ended = on_ended};

void p2p_connections_accepted(struct p2p_local *local, struct p2p_link *link)
{
	struct p2p_node *node = (struct p2p_node *)local;
	struct p2p_connection *c = connection_add(node, p2p_address_bytes(&link->remote));
	link->user = &link_user;
	link->owner = c;
	if (c != NULL)
		c->link = link;
	else
		link->user = NULL;
	if (c == NULL)
		link->verbs->end(link, ERR_NO_MEMORY);
}

int p2p_connections_dial(struct p2p_dial *dial, struct bytes address)
{
	struct p2p_node *node = dial->node;
	if (!make_room(node, clock_now_ms()))
		return ERR_LIMIT;
	for (size_t i = 0; i < node->transports_n; i++) {
		struct p2p_transport *t = node->transports[i];
		if (!t->verbs->knows(t, address))
			continue;
		struct p2p_connection *c = connection_add(node, address);
		if (c == NULL)
			return ERR_NO_MEMORY;
		const int err = t->verbs->dial(t, address, &dial->peer, &link_user, c, &c->link);
		if (err != OK) {
			connection_remove(c);
			return err;
		}
		c->dial = dial;
		dial->links_n++;
		return OK;
	}
	return ERR_VALUE;
}

void p2p_connection_end(struct p2p_connection *c, int err)
{
	if (c->ending)
		return;
	c->ending = true;
	c->link->verbs->end(c->link, err);
}

uint64_t p2p_connections_tick(struct p2p_node *node, uint64_t now_ms)
{
	uint64_t next = UINT64_MAX;
	for (size_t i = 0; i < node->limits.connections_max; i++) {
		struct p2p_connection *c = node->connections[i];
		if (c == NULL || !c->ready || c->ending)
			continue;
		const uint64_t streams = p2p_streams_tick(c, now_ms);
		next = streams < next ? streams : next;
		if (c->streams_n > 0)
			continue;
		const uint64_t idle = c->idle_since_ms + node->limits.idle_ms;
		if (now_ms >= idle)
			p2p_connection_end(c, ERR_TIMEOUT);
		else
			next = idle < next ? idle : next;
	}
	return next;
}
