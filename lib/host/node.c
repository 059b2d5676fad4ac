#include "host/node.h"

#include <string.h>

#include "host/node_state.h"
#include "host/p2p_address.h"

#define LOOK_MS 30000 /* at our own addresses, as often as they are looked for, and at who is known */

struct node {
	struct cli *cli;
	const struct node_options *o;
	struct dht_options dht_options; /* with the state's identity */
	struct node_state *state;       /* NULL: none */
	struct dht *dht;
	uv_timer_t look, save;
	unsigned known_n; /* peers, when they were counted last */
	size_t told_n;    /* addresses that were told last */
	char told[P2P_OWN_ADDRESSES_MAX][MULTIADDR_TEXT_MAX + 1];
};

/* Takes over the addresses of now. False: they are what they were. */
static bool addresses_changed(struct node *n)
{
	char text[MULTIADDR_TEXT_MAX + 1];
	bool changed = false;
	size_t i = 0;
	for (; i < P2P_OWN_ADDRESSES_MAX && dht_address(n->dht, i, text); i++) {
		changed |= i >= n->told_n || strcmp(n->told[i], text) != 0;
		memcpy(n->told[i], text, sizeof text);
	}
	changed |= i != n->told_n;
	n->told_n = i;
	return changed;
}

static void on_look(uv_timer_t *timer)
{
	struct node *n = timer->data;
	const unsigned known_n = p2p_dht_table(dht_table(n->dht))->n;
	if (known_n != n->known_n)
		cli_debug(n->cli, "servers of the DHT that are known: %u", known_n);
	n->known_n = known_n;
	if (!addresses_changed(n))
		return;
	for (size_t i = 0; i < n->told_n; i++)
		cli_debug(n->cli, "listening on %s", n->told[i]);
}

static void on_save(uv_timer_t *timer)
{
	struct node *n = timer->data;
	node_state_save(n->state, dht_table(n->dht), dht_loop(n->dht));
}

static void begin_timer(struct node *n, uv_timer_t *timer, uv_timer_cb call, uint64_t first_ms, uint64_t every_ms)
{
	(void)uv_timer_init(dht_loop(n->dht), timer); /* these cannot fail */
	timer->data = n;
	(void)uv_timer_start(timer, call, first_ms, every_ms);
}

static int serve(struct node *n)
{
	const unsigned known = n->state == NULL ? 0 : node_state_restore(n->state, dht_table(n->dht));
	size_t peers;
	int err = dht_begin(n->dht, &peers);
	if (err != OK)
		return err;
	if (peers == 0 && known == 0)
		cli_info(n->cli, "no peer to enter a network by: this node is one for others, by their --bootstrap");
	(void)addresses_changed(n);
	if (n->told_n == 0)
		cli_info(n->cli, "no address that others could reach: this machine has none yet");
	begin_timer(n, &n->look, on_look, LOOK_MS, LOOK_MS);
	if (n->state != NULL)
		begin_timer(n, &n->save, on_save, n->o->save_every_ms, n->o->save_every_ms);
	err = dht_run(n->dht);
	uv_close((uv_handle_t *)&n->look, NULL);
	if (n->state != NULL) {
		uv_close((uv_handle_t *)&n->save, NULL);
		node_state_save_now(n->state, dht_table(n->dht), dht_loop(n->dht));
	}
	return err;
}

int node_run(struct cli *cli, const struct node_options *o)
{
	struct node n = {.cli = cli, .o = o, .dht_options = o->dht};
	int err = o->state == NULL ? OK : node_state_open(cli, o->state, &n.state);
	if (err == OK && o->dht.identity == NULL && n.state != NULL)
		n.dht_options.identity = node_state_identity(n.state);
	if (err == OK)
		err = dht_open(cli, &n.dht_options, &n.dht);
	if (err == OK)
		err = serve(&n);
	dht_close(n.dht);
	node_state_close(n.state);
	return err;
}
