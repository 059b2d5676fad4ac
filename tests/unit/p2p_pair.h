/* Two nodes on the loopback interface, in one loop; both are told of in the same record. */
#ifndef UNIT_P2P_PAIR_H
#define UNIT_P2P_PAIR_H

#include "core/err.h"
#include "host/clock.h"
#include "host/p2p_node.h"
#include "test.h"

#define PAIR_PATIENCE_MS 60000 /* for what comes at once when all is well */

struct pair_side {
	struct p2p_node *node;
	struct peer_id id;
	uint8_t address[MULTIADDR_BYTES_MAX]; /* where it listens */
	size_t address_n;
	unsigned connected_n, disconnected_n, identified_n;
	int disconnected_err;
	bool ended;
	size_t protocols_n, addresses_n;
	char agent[64];
};

static uv_loop_t pair_loop;
static const char *pair_name_servers; /* NULL: this machine's */

static void pair_connected(struct p2p_node *node, const struct peer_id *peer, struct bytes address,
			   enum connection_role role)
{
	struct pair_side *s = p2p_node_owner(node);
	(void)peer, (void)address, (void)role;
	s->connected_n++;
}

static void pair_disconnected(struct p2p_node *node, const struct peer_id *peer, int err)
{
	struct pair_side *s = p2p_node_owner(node);
	(void)peer;
	s->disconnected_n++;
	s->disconnected_err = err;
}

static void pair_identified(struct p2p_node *node, const struct peer_id *peer, const struct identify *id)
{
	struct pair_side *s = p2p_node_owner(node);
	(void)peer;
	s->identified_n++;
	s->protocols_n = id->protocols_n;
	s->addresses_n = id->addresses_n;
	(void)snprintf(s->agent, sizeof s->agent, "%.*s", (int)id->agent_version.n, (const char *)id->agent_version.p);
}

static void pair_ended(struct p2p_node *node)
{
	struct pair_side *s = p2p_node_owner(node);
	s->ended = true;
	s->node = NULL;
}

static const struct p2p_node_user pair_user = {.connected = pair_connected,
					       .disconnected = pair_disconnected,
					       .identified = pair_identified,
					       .ended = pair_ended};

static void pair_on_tick(uv_timer_t *timer)
{
	(void)timer;
}

/* Lets the loop do something, or a little time pass. */
static void pair_turn(void)
{
	uv_timer_t tick;
	(void)uv_timer_init(&pair_loop, &tick);
	(void)uv_timer_start(&tick, pair_on_tick, 5, 0);
	(void)uv_run(&pair_loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&tick, NULL);
	(void)uv_run(&pair_loop, UV_RUN_NOWAIT);
}

/* Runs the loop until *flag; false after too long. */
__attribute__((unused)) static bool pair_until(const bool *flag)
{
	const uint64_t end = clock_now_ms() + PAIR_PATIENCE_MS;
	while (!*flag && clock_now_ms() < end)
		pair_turn();
	return *flag;
}

/* The same until *n is at least so many. */
__attribute__((unused)) static bool pair_until_n(const unsigned *n, unsigned least)
{
	const uint64_t end = clock_now_ms() + PAIR_PATIENCE_MS;
	while (*n < least && clock_now_ms() < end)
		pair_turn();
	return *n >= least;
}

__attribute__((unused)) static void pair_side_begin(struct pair_side *s, uint8_t seed_byte, const char *agent,
						    const struct p2p_limits *limits)
{
	uint8_t seed[ED25519_SEED_BYTES], any[32];
	memset(s, 0, sizeof *s);
	memset(seed, seed_byte, sizeof seed);
	const struct p2p_node_config config = {.loop = &pair_loop,
					       .identity_seed = seed,
					       .agent = agent,
					       .name_servers = pair_name_servers,
					       .limits = limits == NULL ? (struct p2p_limits){0} : *limits,
					       .user = &pair_user,
					       .owner = s};
	struct writer w = writer_of(any, sizeof any);
	if (p2p_node_new(&s->node, &config) != OK || multiaddr_parse(&w, bytes_text("/ip4/127.0.0.1/tcp/0")) != OK ||
	    p2p_node_listen(s->node, writer_view(&w)) != OK) {
		printf("Bail out! no node\n");
		exit(1);
	}
	size_t n;
	const struct p2p_address *a = p2p_node_addresses(s->node, &n);
	s->id = *p2p_node_id(s->node);
	s->address_n = a->n;
	memcpy(s->address, a->bytes, a->n);
}

/* Ends it, and runs the loop until it has ended. */
__attribute__((unused)) static void pair_side_end(struct pair_side *s)
{
	if (s->node != NULL)
		p2p_node_end(s->node);
	CHECK(pair_until(&s->ended));
}

#endif
