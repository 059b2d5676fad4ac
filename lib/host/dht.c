#include "host/dht.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/secret.h"
#include "host/file.h"
#include "host/keyfile.h"
#include "host/random.h"
#include "host/stop_signals.h"
#include "kad/record.h"

#define BOOTSTRAP_BYTES_MAX 65536
#define EXAMPLE "/ip4/192.0.2.1/tcp/4001/p2p/12D3..."

struct dht {
	struct cli *cli;
	const struct dht_options *o;
	uv_loop_t loop;
	struct p2p_node *node;
	struct p2p_dht *table;
	bool stopped;
	enum kad_scope scope; /* the narrowest */
	char agent[64];
};

static const char *const default_protocols[] = {KAD_PROTOCOL};

/* --- usage --- */

static bool parse(const char *text, uint8_t out[static MULTIADDR_BYTES_MAX], struct bytes *address)
{
	struct writer w = writer_of(out, MULTIADDR_BYTES_MAX);
	if (multiaddr_parse(&w, bytes_text(text)) != OK)
		return false;
	*address = writer_view(&w);
	return true;
}

/* Whether its last part is "/p2p/ID". */
static bool names_peer(struct bytes address)
{
	struct reader r = reader_of(address);
	struct multiaddr_part part = {.code = MULTIADDR_TCP};
	while (multiaddr_next(&r, &part))
		;
	return part.code == MULTIADDR_P2P;
}

/* Whether others can dial it, whoever is there. */
static bool can_be_dialled(struct bytes address)
{
	struct kad_contact anybody;
	kad_contact_init(&anybody, &(struct peer_id){.n = 0});
	return kad_contact_add(&anybody, address, KAD_SCOPE_LOOPBACK, KAD_CONTACT_BYTES);
}

void dht_check_usage(struct cli *cli, const struct dht_options *o)
{
	uint8_t bytes[MULTIADDR_BYTES_MAX];
	struct bytes address;
	if (o->listen.n > DHT_LISTEN_MAX)
		cli_usage(cli, "--listen: more than %d", DHT_LISTEN_MAX);
	if (o->advertise.n > DHT_LISTEN_MAX)
		cli_usage(cli, "--advertise: more than %d", DHT_LISTEN_MAX);
	if (o->bootstrap.n > P2P_DHT_BOOTSTRAP_MAX)
		cli_usage(cli, "--bootstrap: more than %d", P2P_DHT_BOOTSTRAP_MAX);
	if (o->protocols.n > P2P_DHT_PROTOCOLS_MAX)
		cli_usage(cli, "--protocol: more than %d", P2P_DHT_PROTOCOLS_MAX);
	for (size_t i = 0; i < o->listen.n; i++)
		if (!parse(o->listen.v[i], bytes, &address))
			cli_usage(cli, "--listen: '%s' is no multiaddr such as /ip4/0.0.0.0/tcp/4001", o->listen.v[i]);
	for (size_t i = 0; i < o->advertise.n; i++)
		if (!parse(o->advertise.v[i], bytes, &address) || !can_be_dialled(address))
			cli_usage(cli, "--advertise: '%s' is no multiaddr such as /ip4/192.0.2.1/tcp/4001",
				  o->advertise.v[i]);
	for (size_t i = 0; i < o->bootstrap.n; i++)
		if (!parse(o->bootstrap.v[i], bytes, &address) || !names_peer(address))
			cli_usage(cli, "--bootstrap: '%s' is no multiaddr such as %s", o->bootstrap.v[i], EXAMPLE);
	for (size_t i = 0; i < o->protocols.n; i++)
		if (o->protocols.v[i][0] != '/' || strlen(o->protocols.v[i]) > MSS_NAME_BYTES_MAX)
			cli_usage(cli, "--protocol: '%s' is no id of a protocol such as %s", o->protocols.v[i],
				  KAD_PROTOCOL);
}

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
	p2p_dht_identified(d->table, peer, identify);
}

/* What went wrong, where it is one of the usual things. */
static const char *text_of_entering(const struct p2p_node *node, const struct peer_id *peer, int err)
{
	switch (err) {
	case ERR_CLOSED:
		return "the connection was refused or cut off";
	case ERR_IO:
		return "there is no way to it";
	case ERR_KEY:
		return "another peer than this answers there";
	case ERR_NOT_FOUND:
		return p2p_node_is_connected(node, peer) ? "it does not speak the protocol of the DHT (--protocol)"
							 : "no address of it can be dialled";
	default:
		return err_text(err);
	}
}

static void on_entered(struct p2p_node *node, const struct peer_id *peer, int err)
{
	struct dht *d = p2p_node_owner(node);
	char id[PEER_ID_TEXT_MAX + 1];
	const char *name = id;
	if (err == OK)
		return;
	dht_peer_text(peer, id);
	for (size_t i = 0; i < d->o->bootstrap.n; i++)
		if (bytes_ends(bytes_text(d->o->bootstrap.v[i]), id))
			name = d->o->bootstrap.v[i];
	cli_warn(d->cli, "the DHT cannot be entered by %s: %s", name, text_of_entering(node, peer, err));
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
	if (err == OK) {
		const bool given = o->protocols.n > 0;
		const struct p2p_dht_config of_table = {.node = d->node,
							.protocols = given ? o->protocols.v : default_protocols,
							.protocols_n = given ? o->protocols.n : 1,
							.server = o->server,
							.rules = &kad_record_rules,
							.entered = on_entered};
		err = p2p_dht_new(&d->table, &of_table);
	}
	if (err != OK)
		cli_error(d->cli, err, "no node of the DHT: %s", err_text(err));
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

/* How far what is told by a peer at this address may lead; a name may be that of a private one. */
static enum kad_scope scope_of(struct bytes address)
{
	struct reader r = reader_of(address);
	struct multiaddr_part host;
	const enum kad_scope scope = kad_scope_of(address);
	const bool ip = multiaddr_next(&r, &host) && (host.code == MULTIADDR_IP4 || host.code == MULTIADDR_IP6);
	return !ip && (scope == KAD_SCOPE_NONE || scope > KAD_SCOPE_PRIVATE) ? KAD_SCOPE_PRIVATE : scope;
}

/* Enters by a peer. what: where it is named, for messages. */
static int enter_by(struct dht *d, const char *text, const char *what)
{
	uint8_t bytes[MULTIADDR_BYTES_MAX];
	struct bytes address;
	int err = parse(text, bytes, &address) && names_peer(address) ? OK : ERR_VALUE;
	if (err == OK)
		err = p2p_dht_bootstrap(d->table, address);
	if (err == OK && scope_of(address) < d->scope)
		d->scope = scope_of(address);
	if (err == ERR_VALUE)
		cli_error(d->cli, err, "%s: '%s' is no multiaddr such as %s", what, text, EXAMPLE);
	else if (err != OK)
		cli_error(d->cli, err, "%s: more than %d peers", what, P2P_DHT_BOOTSTRAP_MAX);
	return err;
}

/* A peer a line; empty lines and those that begin with '#' are passed over. text ends with a NUL, and is cut up. */
static int enter_by_lines(struct dht *d, char *text, const char *path, size_t *n)
{
	char what[PATH_MAX + 32], *rest = text, *line;
	int err = OK;
	for (unsigned number = 1; err == OK && (line = strsep(&rest, "\n")) != NULL; number++) {
		line += strspn(line, " \t\r");
		line[strcspn(line, " \t\r")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		(void)snprintf(what, sizeof what, "%s: line %u", path, number);
		err = enter_by(d, line, what);
		*n += err == OK;
	}
	return err;
}

static int enter_by_file(struct dht *d, size_t *n)
{
	const char *given = getenv(DHT_BOOTSTRAP_VARIABLE), *path = given == NULL ? DHT_BOOTSTRAP_FILE : given;
	struct bytes data;
	int err = file_read(path, BOOTSTRAP_BYTES_MAX, &data);
	if (err == ERR_NOT_FOUND && given == NULL)
		return OK;
	if (err != OK) {
		cli_error(d->cli, err, "%s: %s", path, err == ERR_IO ? strerror(errno) : err_text(err));
		return err;
	}
	char *text = strndup((const char *)data.p, data.n);
	err = text == NULL ? ERR_NO_MEMORY : enter_by_lines(d, text, path, n);
	free(text);
	file_free(data);
	return err;
}

static int listen_on(struct dht *d, const char *text, size_t *n)
{
	uint8_t bytes[MULTIADDR_BYTES_MAX];
	struct bytes address;
	int err = parse(text, bytes, &address) ? OK : ERR_VALUE;
	errno = 0;
	if (err == OK)
		err = p2p_node_listen(d->node, address);
	const bool absent = err == ERR_IO && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL);
	if (absent && d->o->listen_if_present) {
		cli_info(d->cli, "not listening on %s: %s", text, strerror(errno));
		return OK;
	}
	if (err == ERR_VALUE)
		cli_error(d->cli, err, "cannot listen on %s: neither /tcp/PORT nor /udp/PORT/quic-v1", text);
	else if (err != OK)
		cli_error(d->cli, err, "cannot listen on %s: %s", text,
			  err == ERR_IO ? strerror(errno) : err_text(err));
	*n += err == OK;
	return err;
}

static int listen_and_tell(struct dht *d)
{
	uint8_t bytes[MULTIADDR_BYTES_MAX];
	struct bytes address;
	size_t n = 0;
	int err = OK;
	for (size_t i = 0; i < d->o->listen.n && err == OK; i++)
		err = listen_on(d, d->o->listen.v[i], &n);
	if (err == OK && n == 0 && d->o->listen.n > 0) {
		err = ERR_IO;
		cli_error(d->cli, err, "no address to listen on");
	}
	for (size_t i = 0; i < d->o->advertise.n && err == OK; i++) {
		err = parse(d->o->advertise.v[i], bytes, &address) ? p2p_node_advertise(d->node, address) : ERR_VALUE;
		if (err != OK)
			cli_error(d->cli, err, "%s: %s", d->o->advertise.v[i], err_text(err));
	}
	return err;
}

int dht_begin(struct dht *d, size_t *peers_n)
{
	size_t n = 0;
	int err = listen_and_tell(d);
	for (; n < d->o->bootstrap.n && err == OK; n++)
		err = enter_by(d, d->o->bootstrap.v[n], "--bootstrap");
	if (err == OK && n == 0)
		err = enter_by_file(d, &n);
	if (err == OK)
		*peers_n = n;
	return err;
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

int dht_run(struct dht *d)
{
	uv_poll_t poll = {.data = d};
	const int fd = stop_signals();
	if (fd < 0 || uv_poll_init(&d->loop, &poll, fd) != 0) {
		if (fd >= 0)
			(void)close(fd); /* only read from */
		cli_error(d->cli, ERR_IO, "no descriptor for signals: %s", strerror(errno));
		return ERR_IO;
	}
	(void)uv_poll_start(&poll, UV_READABLE, on_signal);
	while (!d->stopped)
		(void)uv_run(&d->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&poll, NULL);
	(void)uv_run(&d->loop, UV_RUN_NOWAIT); /* poll is on the stack */
	(void)close(fd);
	return OK;
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
