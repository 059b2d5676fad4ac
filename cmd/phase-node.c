/* phase-node: a server of the DHT, for networks that have none. */
#include <stddef.h>

#include "host/node.h"

#define PORT "4001"

#define CONNECTIONS_LIMIT 65536

struct options {
	struct node_options node;
	struct cli_texts listen;
	uint64_t connections_max, per_client_max;
};

static const struct cli_option options[] = {
	{'l', "listen", CLI_TEXTS, offsetof(struct options, listen), "MULTIADDR",
	 "address to listen on; may be repeated (TCP and QUIC on port " PORT ")"},
	{0, "advertise", CLI_TEXTS, offsetof(struct options, node.dht.advertise), "MULTIADDR",
	 "tell others this address, too: that of a NAT; may be repeated"},
	{'b', "bootstrap", CLI_TEXTS, offsetof(struct options, node.dht.bootstrap), "MULTIADDR",
	 "peer to enter a network by, with /p2p/ID; may be repeated"},
	{0, "protocol", CLI_TEXTS, offsetof(struct options, node.dht.protocols), "ID",
	 "network to serve; twice for two (" KAD_PROTOCOL ")"},
	{'i', "identity", CLI_TEXT, offsetof(struct options, node.dht.identity), "FILE",
	 "secret key; made when it is not there (DIR/identity.key)"},
	{0, "state", CLI_TEXT, offsetof(struct options, node.state), "DIR",
	 "keep identity, peers and records there over restarts"},
	{0, "save-every", CLI_DURATION, offsetof(struct options, node.save_every_ms), "DURATION",
	 "how often the state is written when it has changed (5m)"},
	{0, "connections", CLI_UINT, offsetof(struct options, connections_max), "N",
	 "how many connections at once (512)"},
	{0, "per-client", CLI_UINT, offsetof(struct options, per_client_max), "N",
	 "how many of them from one address (256)"},
};

static const struct cli_program program = {
	.name = "phase-node",
	.operands = "",
	.summary = "Serve the DHT: store and give out records of where releases are; relay nothing.",
	.text = "Prints one JSON line when ready. Ends with 0 on SIGTERM and SIGINT. Without --bootstrap\n"
		"the peers in " DHT_BOOTSTRAP_FILE " are used, and those that --state remembers.\n\n"
		"example:\n"
		"  phase-node --state /var/lib/phase-node\n"
		"  phase-node --bootstrap /ip4/192.0.2.1/tcp/4001/p2p/12D3KooW...",
	.options = options,
	.options_n = sizeof options / sizeof options[0],
};

/* IPv4 first: who reads one address takes the first. */
static const char *default_listen[] = {"/ip4/0.0.0.0/tcp/" PORT, "/ip4/0.0.0.0/udp/" PORT "/quic-v1",
				       "/ip6/::/tcp/" PORT, "/ip6/::/udp/" PORT "/quic-v1"};

int main(int argc, char **argv)
{
	/* A rack behind one NAT asks at once when its power comes back. */
	const struct p2p_limits limits = {.handshakes_max = 256, .accept_burst = 512, .accept_every_ms = 20};
	struct options o = {.connections_max = 512,
			    .per_client_max = 256,
			    .node = {.dht = {.server = true, .says_ready = true, .limits = limits},
				     .save_every_ms = 5 * 60 * 1000}};
	struct cli cli;
	cli_start(&cli, &program, argc, argv, &o);
	o.node.dht.listen = o.listen;
	if (o.listen.n == 0) {
		o.node.dht.listen.v = default_listen;
		o.node.dht.listen.n = sizeof default_listen / sizeof default_listen[0];
		o.node.dht.listen_if_present = true;
	}
	dht_check_usage(&cli, &o.node.dht);
	if (o.connections_max == 0 || o.connections_max > CONNECTIONS_LIMIT)
		cli_usage(&cli, "--connections: 1 to %d", CONNECTIONS_LIMIT);
	if (o.per_client_max == 0 || o.per_client_max > o.connections_max)
		cli_usage(&cli, "--per-client: 1 to the number of --connections");
	o.node.dht.limits.connections_max = (size_t)o.connections_max;
	o.node.dht.limits.per_ip_max = (size_t)o.per_client_max;
	return cli_end(&cli, node_run(&cli, &o.node));
}
