#include "host/p2p_node.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "crypto/secret.h"
#include "host/clock.h"
#include "host/p2p_node_parts.h"
#include "host/p2p_quic.h"
#include "host/p2p_tcp.h"
#include "host/random.h"
#include "p2p/peer_key.h"

#define REFRESH_MS 30000         /* until the machine's addresses are looked at again */
#define WINDOWS_BYTES (4U << 20) /* of a connection's fast streams together */

/* --- time --- */

static void wake(uv_timer_t *timer)
{
	struct p2p_node *node = timer->data;
	const uint64_t now = clock_now_ms();
	node->wake_ms = UINT64_MAX;
	if (node->ending)
		return;
	const uint64_t connections = p2p_connections_tick(node, now);
	const uint64_t dials = node->ending ? UINT64_MAX : p2p_dials_tick(node, now);
	const uint64_t requests = node->ending ? UINT64_MAX : p2p_requests_tick(node, now);
	if (node->ending)
		return;
	if (now >= node->refresh_ms && node->listens_n > 0) {
		node->refresh_ms = now + REFRESH_MS;
		p2p_node_refresh(node);
	}
	if (node->listens_n > 0)
		p2p_node_wake_at(node, node->refresh_ms);
	p2p_node_wake_at(node, connections);
	p2p_node_wake_at(node, dials);
	p2p_node_wake_at(node, requests);
}

void p2p_node_wake_at(struct p2p_node *node, uint64_t when_ms)
{
	if (when_ms >= node->wake_ms || node->ending)
		return;
	const uint64_t now = clock_now_ms();
	node->wake_ms = when_ms;
	/* The loop's own clock may be behind. */
	uv_update_time(node->local.loop);
	(void)uv_timer_start(&node->timer, wake, when_ms > now ? when_ms - now : 0, 0);
}

/* --- memory that others cost --- */

bool p2p_node_hold(struct p2p_node *node, size_t n)
{
	if (n > node->limits.held_bytes_max - node->held_bytes)
		return false;
	node->held_bytes += n;
	return true;
}

void p2p_node_release(struct p2p_node *node, size_t n)
{
	node->held_bytes -= n;
}

/* --- beginning --- */

static void set_default(size_t *n, size_t value)
{
	if (*n == 0)
		*n = value;
}

static struct p2p_limits with_defaults(struct p2p_limits l)
{
	set_default(&l.connections_max, 256);
	set_default(&l.per_ip_max, 16);
	set_default(&l.per_peer_max, 4);
	set_default(&l.handshakes_max, 64);
	set_default(&l.accept_burst, 32);
	set_default(&l.held_bytes_max, 64U << 20);
	l.accept_every_ms = l.accept_every_ms == 0 ? 500 : l.accept_every_ms;
	l.idle_ms = l.idle_ms == 0 ? 60000 : l.idle_ms;
	return l;
}

static void set_id(struct p2p_node *node, const uint8_t *seed)
{
	uint8_t key[ED25519_KEY_BYTES], protobuf[PEER_KEY_ED25519_BYTES];
	memcpy(node->local.identity_seed, seed, sizeof node->local.identity_seed);
	ed25519_public(seed, key);
	peer_key_ed25519(key, protobuf);
	peer_id_of_key(&node->id, bytes_of(protobuf, sizeof protobuf));
}

static int begin_parts(struct p2p_node *node, const char *name_servers)
{
	int err = random_fill(&node->backoff_seed, sizeof node->backoff_seed);
	if (err == OK)
		err = random_fill(&node->rates.seed, sizeof node->rates.seed);
	if (err == OK)
		err = p2p_identify_begin(node);
	if (err == OK)
		err = p2p_ping_begin(node);
	if (err == OK)
		err = p2p_resolver_new(node->local.loop, name_servers, &node->resolver);
	if (err == OK)
		err = p2p_tcp_new(&node->local, &node->transports[0]);
	if (err == OK)
		node->transports_n = 1;
	if (err == OK)
		err = p2p_quic_new(&node->local, &node->transports[1]);
	if (err == OK)
		node->transports_n = 2;
	return err;
}

static void resolver_ended(void *context);

int p2p_node_new(struct p2p_node **out, const struct p2p_node_config *config)
{
	if (sodium_init() < 0) /* so that it takes what this processor has, not what all have */
		return ERR_CRYPTO;
	struct p2p_node *node = calloc(1, sizeof *node);
	if (node == NULL)
		return ERR_NO_MEMORY;
	node->limits = with_defaults(config->limits);
	node->connections = calloc(node->limits.connections_max, sizeof(struct p2p_connection *));
	if (node->connections == NULL) {
		free(node);
		return ERR_NO_MEMORY;
	}
	node->local.loop = config->loop;
	node->local.window_budget_bytes = WINDOWS_BYTES;
	node->local.admits = p2p_connections_admit;
	node->local.accepted = p2p_connections_accepted;
	set_id(node, config->identity_seed);
	node->user = config->user;
	node->owner = config->owner;
	node->agent = config->agent;
	node->sequence = (uint64_t)clock_wall_s();
	node->wake_ms = UINT64_MAX;
	const int err = begin_parts(node, config->name_servers);
	if (err != OK) {
		/* Nothing has begun that could be under way; what is to be closed does not come back to the node. */
		for (size_t i = 0; i < node->transports_n; i++)
			node->transports[i]->verbs->end(node->transports[i]);
		if (node->resolver != NULL)
			p2p_resolver_end(node->resolver, NULL, NULL);
		secret_wipe(node->local.identity_seed, sizeof node->local.identity_seed);
		free(node->connections);
		free(node);
		return err;
	}
	(void)uv_timer_init(node->local.loop, &node->timer); /* cannot fail */
	node->timer.data = node;
	*out = node;
	return OK;
}

/* --- the end --- */

void p2p_node_end_if_over(struct p2p_node *node)
{
	if (!node->ending || !node->timer_closed || !node->resolver_ended || node->connections_n > 0)
		return;
	p2p_dials_sweep(node);
	if (node->dials != NULL)
		return;
	node->ending = false; /* so that this is once */
	if (node->user->ended != NULL)
		node->user->ended(node);
	secret_wipe(node->local.identity_seed, sizeof node->local.identity_seed);
	free(node->connections);
	free(node);
}

static void timer_closed(uv_handle_t *handle)
{
	struct p2p_node *node = handle->data;
	node->timer_closed = true;
	p2p_dials_end(node);
	p2p_node_end_if_over(node);
}

static void resolver_ended(void *context)
{
	struct p2p_node *node = context;
	node->resolver_ended = true;
	p2p_node_end_if_over(node);
}

void p2p_node_end(struct p2p_node *node)
{
	if (node->ending)
		return;
	node->ending = true;
	for (size_t i = 0; i < node->transports_n; i++)
		node->transports[i]->verbs->end(node->transports[i]);
	p2p_resolver_end(node->resolver, resolver_ended, node);
	uv_close((uv_handle_t *)&node->timer, timer_closed);
}

/* --- what others ask --- */

void *p2p_node_owner(const struct p2p_node *node)
{
	return node->owner;
}

const struct peer_id *p2p_node_id(const struct p2p_node *node)
{
	return &node->id;
}

uv_loop_t *p2p_node_loop(const struct p2p_node *node)
{
	return node->local.loop;
}

int p2p_node_handle(struct p2p_node *node, const struct p2p_service *service)
{
	if (node->local.protocols_n == P2P_PROTOCOLS_MAX)
		return ERR_LIMIT;
	node->services[node->local.protocols_n] = service;
	node->local.protocols[node->local.protocols_n++] = service->name;
	return OK;
}

int p2p_node_listen(struct p2p_node *node, struct bytes address)
{
	if (node->listens_n == P2P_LISTENS_MAX)
		return ERR_LIMIT;
	for (size_t i = 0; i < node->transports_n; i++) {
		struct p2p_transport *t = node->transports[i];
		if (!t->verbs->knows(t, address))
			continue;
		const int err = t->verbs->listen(t, address, &node->listens[node->listens_n]);
		if (err != OK)
			return err;
		node->listens_n++;
		p2p_node_refresh(node);
		node->refresh_ms = clock_now_ms() + REFRESH_MS;
		p2p_node_wake_at(node, node->refresh_ms);
		return OK;
	}
	return ERR_VALUE;
}
