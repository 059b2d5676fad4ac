/* The addresses on the command line of a program in the DHT. */
#include <string.h>

#include "host/dht_parts.h"

bool dht_parse(const char *text, uint8_t out[static MULTIADDR_BYTES_MAX], struct bytes *address)
{
	struct writer w = writer_of(out, MULTIADDR_BYTES_MAX);
	if (multiaddr_parse(&w, bytes_text(text)) != OK)
		return false;
	*address = writer_view(&w);
	return true;
}

bool dht_names_peer(struct bytes address)
{
	struct reader r = reader_of(address);
	struct multiaddr_part part = {.code = MULTIADDR_TCP};
	while (multiaddr_next(&r, &part))
		;
	return part.code == MULTIADDR_P2P;
}

/* Whether others can dial it, whoever is there, and wherever a name leads. */
static bool can_be_dialled(struct bytes address)
{
	static const uint8_t anywhere[] = {127, 0, 0, 1};
	uint8_t bytes[MULTIADDR_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof bytes);
	struct reader r = reader_of(address);
	struct multiaddr_part host;
	struct kad_contact anybody;
	kad_contact_init(&anybody, &(struct peer_id){.n = 0});
	if (!multiaddr_next(&r, &host))
		return false;
	if (host.code == MULTIADDR_DNS || host.code == MULTIADDR_DNS4 || host.code == MULTIADDR_DNS6)
		multiaddr_write_part(&w, MULTIADDR_IP4, bytes_of(anywhere, sizeof anywhere));
	else
		multiaddr_write_part(&w, host.code, host.value);
	write_bytes(&w, r.left);
	return !w.full && kad_contact_add(&anybody, writer_view(&w), KAD_SCOPE_LOOPBACK, KAD_CONTACT_BYTES);
}

/* Our own address: what is wrong with it; NULL: nothing. */
static const char *wrong_own(struct bytes address)
{
	return dht_names_peer(address) ? "ends with /p2p/ID: leave that away, the id is that of --identity" : NULL;
}

static const char *wrong_listen(struct bytes address)
{
	struct reader r = reader_of(address);
	struct multiaddr_part ip, port = {.code = MULTIADDR_P2P}, more = port;
	const char *wrong = wrong_own(address);
	if (wrong != NULL || !multiaddr_next(&r, &ip))
		return wrong;
	if (ip.code != MULTIADDR_IP4 && ip.code != MULTIADDR_IP6)
		return "is no address to listen on: it begins with /ip4/ADDRESS or /ip6/ADDRESS, not with a name";
	if (multiaddr_next(&r, &port) && port.code == MULTIADDR_TCP && r.left.n == 0)
		return NULL;
	if (port.code == MULTIADDR_UDP && multiaddr_next(&r, &more) && more.code == MULTIADDR_QUIC_V1 && r.left.n == 0)
		return NULL;
	return "is no address to listen on: neither /tcp/PORT nor /udp/PORT/quic-v1 follows";
}

static void check_own(struct cli *cli, const struct dht_options *o)
{
	uint8_t bytes[MULTIADDR_BYTES_MAX];
	struct bytes address;
	for (size_t i = 0; i < o->listen.n; i++) {
		if (!dht_parse(o->listen.v[i], bytes, &address))
			cli_usage(cli, "--listen: '%s' is no multiaddr such as /ip4/0.0.0.0/tcp/4001", o->listen.v[i]);
		const char *wrong = wrong_listen(address);
		if (wrong != NULL)
			cli_usage(cli, "--listen: '%s' %s", o->listen.v[i], wrong);
	}
	for (size_t i = 0; i < o->advertise.n; i++) {
		const bool parsed = dht_parse(o->advertise.v[i], bytes, &address);
		const char *wrong = parsed ? wrong_own(address) : NULL;
		if (wrong != NULL)
			cli_usage(cli, "--advertise: '%s' %s", o->advertise.v[i], wrong);
		if (!parsed || !can_be_dialled(address))
			cli_usage(cli, "--advertise: '%s' is no multiaddr such as /ip4/192.0.2.1/tcp/4001",
				  o->advertise.v[i]);
	}
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
	check_own(cli, o);
	for (size_t i = 0; i < o->bootstrap.n; i++) {
		if (!dht_parse(o->bootstrap.v[i], bytes, &address))
			cli_usage(cli, "--bootstrap: '%s' is no multiaddr such as " DHT_EXAMPLE, o->bootstrap.v[i]);
		if (!dht_names_peer(address))
			cli_usage(cli, "--bootstrap: '%s' lacks /p2p/ID at its end, as in " DHT_EXAMPLE,
				  o->bootstrap.v[i]);
	}
	for (size_t i = 0; i < o->protocols.n; i++)
		if (o->protocols.v[i][0] != '/' || strlen(o->protocols.v[i]) > MSS_NAME_BYTES_MAX)
			cli_usage(cli, "--protocol: '%s' is no id of a protocol such as %s", o->protocols.v[i],
				  KAD_PROTOCOL);
}
