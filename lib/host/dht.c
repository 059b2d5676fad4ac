#include "host/dht_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/secret.h"
#include "host/cli_json.h"
#include "host/clock.h"
#include "host/keyfile.h"
#include "host/random.h"
#include "host/stop_signals.h"
#include "kad/record.h"

static const char *const default_protocols[] = {KAD_PROTOCOL};

/* --- the node's events --- */

static void on_connected(struct p2p_node *node, const struct peer_id *peer, struct bytes address,
			 enum connection_role role)
{
	struct dht *d = p2p_node_owner(node);
	char id[PEER_ID_TEXT_MAX + 1], at[MULTIADDR_TEXT_MAX];
	struct writer w = writer_of(at, sizeof at - 1);
	if (!d->cli->verbose)
		return;
	dht_peer_text(peer, id);
	at[multiaddr_write_text(&w, address) == OK ? w.n : 0] = '\0';
	cli_debug(d->cli, "connected %s %s at %s", role == CONNECTION_DIALER ? "to" : "from", id, at);
}

static void on_disconnected(struct p2p_node *node, const struct peer_id *peer, int err)
{
	struct dht *d = p2p_node_owner(node);
	char id[PEER_ID_TEXT_MAX + 1];
	dht_peer_text(peer, id);
	cli_debug(d->cli, "disconnected from %s: %s", id, err_text(err));
}

static void on_identified(struct p2p_node *node, const struct peer_id *peer, const struct identify *identify)
{
	struct dht *d = p2p_node_owner(node);
	if (d->table != NULL)
		p2p_dht_identified(d->table, peer, identify);
}

/* What went wrong, where it is one of the usual things. */
static const char *text_of_entering(const struct p2p_node *node, const struct dht_entry *e)
{
	switch (e->err) {
	case ERR_CLOSED:
		return "the connection was refused or cut off: nothing listens there, or it is no libp2p node";
	case ERR_IO:
		return "there is no way to it";
	case ERR_KEY:
		return "another peer than this answers there";
	case ERR_NOT_FOUND:
		if (p2p_node_is_connected(node, &e->peer))
			return "it does not speak the protocol of the DHT (--protocol)";
		return strncmp(e->text, "/dns", 4) == 0 ? "the name leads to no address of it"
							: "this is no address that can be dialled";
	default:
		return err_text(e->err);
	}
}

/* Said when it is another thing than the last time. */
static void on_entered(struct p2p_node *node, const struct peer_id *peer, int err)
{
	struct dht *d = p2p_node_owner(node);
	struct dht_entry *e = d->entries;
	while (e < d->entries + d->entries_n && !peer_id_equal(&e->peer, peer))
		e++;
	if (e == d->entries + d->entries_n || e->err == err)
		return;
	e->err = err;
	if (err == OK) {
		e->why = NULL;
		cli_info(d->cli, "the DHT is entered by %s now", e->text);
		return;
	}
	e->why = text_of_entering(node, e);
	cli_warn(d->cli, "the DHT cannot be entered by %s: %s", e->text, e->why);
}

/* Peers are told no reason, so that it has to be found here. */
static void on_refused(struct p2p_node *node, const struct peer_id *peer, int err)
{
	struct dht *d = p2p_node_owner(node);
	char id[PEER_ID_TEXT_MAX + 1], now[WALL_TEXT_BYTES + 1];
	if (!d->cli->verbose)
		return;
	dht_peer_text(peer, id);
	clock_wall_text(now);
	if (err == ERR_EXPIRED || err == ERR_NOT_YET)
		cli_warn_rarely(d->cli, "refused what %s sends: a record that %s; the clock here says %s", id,
				err == ERR_EXPIRED ? "has expired, or is older than what is there"
						   : "is from the future",
				now);
	else if (err == ERR_LIMIT)
		cli_warn_rarely(d->cli, "refused what %s sends: it has its share of the room, or the key has", id);
	else
		cli_warn_rarely(d->cli, "refused what %s sends: %s", id, err_text(err));
}

const char *dht_silent(const struct dht *d, const char **why)
{
	for (size_t i = 0; i < d->entries_n; i++) {
		if (d->entries[i].why == NULL)
			continue;
		*why = d->entries[i].why;
		return d->entries[i].text;
	}
	return NULL;
}

static void on_ended(struct p2p_node *node)
{
	struct dht *d = p2p_node_owner(node);
	if (d->table != NULL)
		p2p_dht_free(d->table);
	d->table = NULL;
	d->node = NULL;
}

static const struct p2p_node_user user = {.connected = on_connected,
					  .disconnected = on_disconnected,
					  .identified = on_identified,
					  .ended = on_ended};

/* --- opening --- */

static int read_identity(struct dht *d, uint8_t seed[static ED25519_SEED_BYTES])
{
	struct why why = {0};
	int err;
	if (d->o->identity == NULL) {
		err = random_fill(seed, ED25519_SEED_BYTES);
		if (err != OK)
			cli_error(d->cli, err, "no randomness for an identity: %s", strerror(errno));
		return err;
	}
	err = keyfile_secret_or_new(d->o->identity, seed, &why);
	if (err != OK)
		cli_fail(d->cli, err, d->o->identity, &why);
	return err;
}

static int make_node(struct dht *d)
{
	const struct dht_options *o = d->o;
	uint8_t seed[ED25519_SEED_BYTES];
	const struct p2p_node_config config = {.loop = &d->loop,
					       .identity_seed = seed,
					       .agent = d->agent,
					       .limits = o->limits,
					       .user = &user,
					       .owner = d};
	int err = read_identity(d, seed);
	if (err != OK)
		return err;
	err = p2p_node_new(&d->node, &config);
	secret_wipe(seed, sizeof seed);
	if (err == OK && !o->alone) {
		const bool given = o->protocols.n > 0;
		const struct p2p_dht_config of_table = {.node = d->node,
							.protocols = given ? o->protocols.v : default_protocols,
							.protocols_n = given ? o->protocols.n : 1,
							.server = o->server,
							.rules = o->rules == NULL ? &kad_record_rules : o->rules,
							.entered = on_entered,
							.refused = on_refused};
		err = p2p_dht_new(&d->table, &of_table);
	}
	if (err != OK)
		cli_error(d->cli, err, "no node: %s", err_text(err));
	return err;
}

int dht_open(struct cli *cli, const struct dht_options *o, struct dht **dht)
{
	struct dht *d = calloc(1, sizeof *d);
	if (d == NULL || uv_loop_init(&d->loop) != 0) {
		free(d);
		cli_error(cli, ERR_NO_MEMORY, "%s", err_text(ERR_NO_MEMORY));
		return ERR_NO_MEMORY;
	}
	d->cli = cli;
	d->o = o;
	d->scope = KAD_SCOPE_PUBLIC;
	(void)snprintf(d->agent, sizeof d->agent, "%s/" VERSION, cli->program->name);
	const int err = make_node(d);
	if (err != OK) {
		dht_close(d);
		return err;
	}
	*dht = d;
	return OK;
}

enum kad_scope dht_scope(const struct dht *d)
{
	return d->scope;
}

uv_loop_t *dht_loop(struct dht *d)
{
	return &d->loop;
}

struct p2p_node *dht_node(struct dht *d)
{
	return d->node;
}

struct p2p_dht *dht_table(struct dht *d)
{
	return d->table;
}

/* --- running --- */

static void on_signal(uv_poll_t *poll, int status, int events)
{
	(void)status, (void)events;
	dht_stop(poll->data);
}

static int say_ready(struct dht *d)
{
	char text[MULTIADDR_TEXT_MAX + 1], id[PEER_ID_TEXT_MAX + 1];
	cJSON *o = cJSON_CreateObject(), *all = cJSON_AddArrayToObject(o, "listening");
	bool good = all != NULL;
	for (size_t i = 0; good && dht_address(d, i, text); i++) {
		cJSON *one = cJSON_CreateString(text);
		good = one != NULL && cJSON_AddItemToArray(all, one);
	}
	dht_peer_text(p2p_node_id(d->node), id);
	good = good && cJSON_AddStringToObject(o, "peer", id) != NULL &&
	       cJSON_AddNumberToObject(o, "pid", (double)getpid()) != NULL;
	if (!good) {
		cJSON_Delete(o);
		return ERR_NO_MEMORY;
	}
	const int err = cli_json_print(o);
	return err == OK ? cli_flush(d->cli) : err;
}

int dht_run(struct dht *d)
{
	uv_poll_t poll = {.data = d};
	const int fd = stop_signals();
	int err = OK, status = fd < 0 ? -errno : 0;
	if (status == 0)
		status = uv_poll_init(&d->loop, &poll, fd);
	if (status != 0) {
		if (fd >= 0)
			(void)close(fd); /* only read from */
		cli_error(d->cli, ERR_IO, "no descriptor for signals: %s", uv_strerror(status));
		return ERR_IO;
	}
	(void)uv_poll_start(&poll, UV_READABLE, on_signal);
	if (d->o->says_ready)
		err = say_ready(d);
	while (err == OK && !d->stopped)
		(void)uv_run(&d->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&poll, NULL);
	(void)uv_run(&d->loop, UV_RUN_NOWAIT); /* poll is on the stack */
	(void)close(fd);
	return err;
}

void dht_stop(struct dht *d)
{
	d->stopped = true;
}

void dht_close(struct dht *d)
{
	if (d == NULL)
		return;
	if (d->node != NULL)
		p2p_node_end(d->node);
	(void)uv_run(&d->loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&d->loop);
	free(d);
}

/* --- text --- */

void dht_peer_text(const struct peer_id *id, char text[static PEER_ID_TEXT_MAX + 1])
{
	struct writer w = writer_of(text, PEER_ID_TEXT_MAX);
	peer_id_write(&w, id);
	text[w.n] = '\0';
}

bool dht_address(struct dht *d, size_t i, char text[static MULTIADDR_TEXT_MAX + 1])
{
	uint8_t bytes[MULTIADDR_BYTES_MAX];
	size_t n;
	const struct p2p_address *own = p2p_node_addresses(d->node, &n);
	struct writer w = writer_of(bytes, sizeof bytes), t = writer_of(text, MULTIADDR_TEXT_MAX);
	if (i >= n)
		return false;
	write_bytes(&w, bytes_of(own[i].bytes, own[i].n));
	multiaddr_write_part(&w, MULTIADDR_P2P, peer_id_bytes(p2p_node_id(d->node)));
	if (multiaddr_write_text(&t, writer_view(&w)) != OK)
		return false; /* ours can be written */
	text[t.n] = '\0';
	return true;
}
