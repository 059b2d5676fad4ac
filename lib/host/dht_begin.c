/* The addresses of a program in the DHT: those on its command line and in the file of peers, what it listens on and
 * enters by. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/dht_parts.h"
#include "host/file.h"

#define BOOTSTRAP_BYTES_MAX 65536
#define EXAMPLE "/ip4/192.0.2.1/tcp/4001/p2p/12D3..."

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

/* --- beginning --- */

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
	if (err == OK && n == 0 && !d->o->alone)
		err = enter_by_file(d, &n);
	if (err == OK)
		*peers_n = n;
	return err;
}
