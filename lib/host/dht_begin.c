/* What a program in the DHT listens on, and whom it enters by: of its options, or of the file of peers. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/dht_parts.h"
#include "host/file.h"

#define BOOTSTRAP_BYTES_MAX 65536

/* --- beginning --- */

/* How far what is told by a peer at this address may lead; a name may be that of a private one. */
static enum kad_scope scope_of(struct bytes address)
{
	struct reader r = reader_of(address);
	struct multiaddr_part host;
	const bool ip = multiaddr_next(&r, &host) && (host.code == MULTIADDR_IP4 || host.code == MULTIADDR_IP6);
	return ip ? kad_scope_of(address) : KAD_SCOPE_PRIVATE;
}

/* Remembers how it is named: in messages people look for what they have written. */
static void remember(struct dht *d, struct bytes address, const char *text)
{
	struct reader r = reader_of(address);
	struct multiaddr_part part;
	struct dht_entry *e = &d->entries[d->entries_n];
	*e = (struct dht_entry){.err = OK};
	while (multiaddr_next(&r, &part))
		if (part.code == MULTIADDR_P2P && peer_id_read(&e->peer, part.value) != OK)
			return;
	(void)snprintf(e->text, sizeof e->text, "%s", text);
	e->ours = peer_id_equal(&e->peer, p2p_node_id(d->node));
	d->entries_n++;
}

static int enter_by(struct dht *d, const char *text)
{
	uint8_t bytes[MULTIADDR_BYTES_MAX];
	struct bytes address;
	if (!dht_parse(text, bytes, &address) || !dht_names_peer(address))
		return ERR_VALUE;
	const int err = p2p_dht_bootstrap(d->table, address);
	if (err != OK)
		return err;
	remember(d, address, text);
	if (scope_of(address) < d->scope)
		d->scope = scope_of(address);
	return OK;
}

static int enter_by_options(struct dht *d)
{
	size_t ours_n = 0;
	for (size_t i = 0; i < d->o->bootstrap.n; i++) {
		const int err = enter_by(d, d->o->bootstrap.v[i]);
		if (err != OK) {
			cli_error(d->cli, err, "--bootstrap: %s: %s", d->o->bootstrap.v[i], err_text(err));
			return err;
		}
	}
	for (size_t i = 0; i < d->entries_n; i++)
		ours_n += d->entries[i].ours;
	if (ours_n > 0 && ours_n == d->entries_n)
		cli_warn(d->cli,
			 "%s: this is us, and no other peer is named: has another machine the same identity, as a copy "
			 "of its disk? Each needs its own",
			 d->entries[0].text);
	return OK;
}

/* A peer a line; empty lines and those that begin with '#' are passed over, and those that are wrong are left out with
 * a warning: machines must find the others, also at 3 a.m. text ends with a NUL, and is cut up. */
static void enter_by_lines(struct dht *d, char *text, const char *path)
{
	char *rest = text, *line;
	for (unsigned number = 1; (line = strsep(&rest, "\n")) != NULL; number++) {
		line += strspn(line, " \t\r");
		line[strcspn(line, " \t\r")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		const int err = enter_by(d, line);
		if (err == ERR_VALUE)
			cli_warn(d->cli, "%s: line %u: left out: '%s' is no multiaddr such as " DHT_EXAMPLE, path,
				 number, line);
		else if (err != OK)
			cli_warn(d->cli, "%s: line %u: left out, and all behind it: more than %d peers", path, number,
				 P2P_DHT_BOOTSTRAP_MAX);
		if (err == ERR_LIMIT)
			return;
	}
}

const char *dht_bootstrap_file(void)
{
	const char *given = getenv(DHT_BOOTSTRAP_VARIABLE);
	return given == NULL || given[0] == '\0' ? DHT_BOOTSTRAP_FILE : given;
}

static int enter_by_file(struct dht *d)
{
	const char *path = dht_bootstrap_file();
	struct bytes data;
	int err = file_read(path, BOOTSTRAP_BYTES_MAX, &data);
	if (err == ERR_NOT_FOUND && strcmp(path, DHT_BOOTSTRAP_FILE) == 0)
		return OK;
	if (err != OK) {
		cli_error(d->cli, err, "%s: %s", path, err == ERR_IO ? strerror(errno) : err_text(err));
		return err;
	}
	char *text = strndup((const char *)data.p, data.n);
	err = text == NULL ? ERR_NO_MEMORY : OK;
	if (text != NULL)
		enter_by_lines(d, text, path);
	free(text);
	file_free(data);
	return err;
}

static int listen_on(struct dht *d, const char *text, size_t *n)
{
	uint8_t bytes[MULTIADDR_BYTES_MAX];
	struct bytes address;
	int err = dht_parse(text, bytes, &address) ? OK : ERR_VALUE;
	errno = 0;
	if (err == OK)
		err = p2p_node_listen(d->node, address);
	const bool absent = err == ERR_IO && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL);
	if (absent && d->o->listen_if_present) {
		cli_info(d->cli, "not listening on %s: %s", text, strerror(errno));
		return OK;
	}
	if (err != OK)
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
		err = dht_parse(d->o->advertise.v[i], bytes, &address) ? p2p_node_advertise(d->node, address)
								       : ERR_VALUE;
		if (err != OK)
			cli_error(d->cli, err, "%s: %s", d->o->advertise.v[i], err_text(err));
	}
	return err;
}

int dht_begin(struct dht *d, size_t *peers_n)
{
	int err = listen_and_tell(d);
	if (err == OK && d->o->bootstrap.n > 0)
		err = enter_by_options(d);
	else if (err == OK && !d->o->alone)
		err = enter_by_file(d);
	if (err == OK)
		*peers_n = d->entries_n;
	return err;
}
