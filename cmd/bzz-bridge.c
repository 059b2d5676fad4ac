/* bzz-bridge: content of Swarm for whoever speaks libp2p, and no Swarm. */
#include <stddef.h>
#include <stdlib.h>

#include <curl/curl.h>

#include "host/bzz_bridge.h"
#include "host/cli_url.h"
#include "host/dht.h"

#define CONNECTIONS_LIMIT 65536
#define ACCEPT_EVERY_MS 50 /* from one address, when so many as it may have came at once */

struct options {
	struct dht_options node;
	struct cli_texts gateways, peers, bootnodes;
	uint64_t network_id;
	uint64_t connections_max, per_client_max;
};

#define FIELD(name) offsetof(struct options, name)
static const struct cli_option table[] = {
	{'l', "listen", CLI_TEXTS, FIELD(node.listen), "MULTIADDR",
	 "listen there; may be repeated (UDP and TCP port 4001)"},
	{0, "advertise", CLI_TEXTS, FIELD(node.advertise), "MULTIADDR",
	 "tell clients this address too, as of a NAT in front; may be repeated"},
	{'g', "gateway", CLI_TEXTS, FIELD(gateways), "URL", "ask this gateway (a bee node's API); may be repeated"},
	{0, "peer", CLI_TEXTS, FIELD(peers), "MULTIADDR", "ask this node of Swarm; may be repeated"},
	{0, "bootnode", CLI_TEXTS, FIELD(bootnodes), "MULTIADDR", "learn of nodes from this one; may be repeated"},
	{0, "network-id", CLI_UINT, FIELD(network_id), "N", "the Swarm network: 1 is the main one (1)"},
	{'i', "identity", CLI_TEXT, FIELD(node.identity), "FILE",
	 "key to be known by, made when it is not there (a fresh one)"},
	{0, "connections", CLI_UINT, FIELD(connections_max), "N", "how many connections at once (512)"},
	{0, "per-client", CLI_UINT, FIELD(per_client_max), "N", "how many of them from one address (256)"},
};

static const struct cli_program program = {
	.name = "bzz-bridge",
	.operands = "[STORE...]",
	.summary = "serve content of Swarm over libp2p (/deboot/fetch/1.0.0), from stores, gateways and nodes",
	.text = "Prints one JSON line when ready. Ends with 0 on SIGTERM and SIGINT. A client opens a stream, sends\n"
		"a line such as {\"type\":\"artifact\",\"hash\":\"64 hex digits\"}, and gets\n"
		"{\"ok\":true,\"size\":N} and N bytes behind it, or {\"ok\":false,\"error\":\"...\"}. Stores are asked "
		"first.\n\n"
		"examples:\n"
		"  bzz-bridge --gateway http://localhost:1633\n"
		"  bzz-bridge --bootnode /dnsaddr/mainnet.ethswarm.org\n"
		"  bzz-bridge --listen /ip4/127.0.0.1/tcp/4001 --identity bridge.key /srv/chunks",
	.options = table,
	.options_n = sizeof table / sizeof table[0],
	.operands_max = 64,
};

static int serve(struct cli *cli, const struct options *o, struct bzz_bridge *b)
{
	struct dht *d = NULL;
	size_t peers_n;
	int err = dht_open(cli, &o->node, &d);
	if (err != OK)
		return err;
	err = bzz_bridge_serve(b, dht_node(d));
	if (err == OK)
		err = dht_begin(d, &peers_n); /* alone: no peers to enter by */
	if (err == OK)
		err = dht_run(d);
	dht_close(d);
	return err;
}

static int run(struct cli *cli, const struct options *o, const struct gateway_source_others *others)
{
	struct chunk_stores stores;
	struct bzz_bridge *b = NULL;
	int err = chunk_stores_open(cli, cli->operands.v, cli->operands.n, &stores);
	if (err != OK)
		return err;
	const struct chunk_source source = chunk_stores_source(&stores);
	err = bzz_bridge_open(cli, &source, others, &b);
	if (err == OK)
		err = serve(cli, o, b);
	bzz_bridge_close(b);
	chunk_stores_close(&stores);
	return err;
}

int main(int argc, char **argv)
{
	static const char *everywhere[] = {"/ip4/0.0.0.0/udp/4001/quic-v1", "/ip4/0.0.0.0/tcp/4001"};
	struct options o = {.node = {.alone = true, .says_ready = true},
			    .connections_max = 512,
			    .per_client_max = 256,
			    .network_id = 1};
	struct gateway_source_others others = {.gateways = &o.gateways,
					       .network = {.peers = &o.peers, .bootnodes = &o.bootnodes}};
	struct cli cli;
	(void)setenv("UV_THREADPOOL_SIZE", "12",
		     1); /* BZZ_BRIDGE_STORE_READERS and _GATEWAY_READERS; else a reader waits for another's gateway */
	cli_start(&cli, &program, argc, argv, &o);
	others.network.network_id = o.network_id;
	if (cli.operands.n == 0 && !gateway_source_anybody(&others))
		cli_usage(&cli, "where from? give a STORE, a --gateway, a --peer or a --bootnode");
	bzz_peers_check(&cli, &others.network);
	for (size_t i = 0; i < o.gateways.n; i++)
		cli_url(&cli, "--gateway", o.gateways.v[i]);
	if (o.connections_max == 0 || o.connections_max > CONNECTIONS_LIMIT)
		cli_usage(&cli, "--connections: 1 to %d", CONNECTIONS_LIMIT);
	if (o.per_client_max == 0 || o.per_client_max > o.connections_max)
		cli_usage(&cli, "--per-client: 1 to the number of --connections");
	dht_check_usage(&cli, &o.node);
	const struct options given = o;
	if (o.node.listen.n == 0)
		o.node.listen = (struct cli_texts){.v = everywhere, .n = sizeof everywhere / sizeof everywhere[0]};
	o.node.limits.connections_max = (size_t)o.connections_max;
	o.node.limits.per_ip_max = (size_t)o.per_client_max;
	o.node.limits.accept_burst = (size_t)o.per_client_max; /* a rack behind one address is switched on */
	o.node.limits.accept_every_ms = ACCEPT_EVERY_MS;
	int err = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? OK : ERR_NO_MEMORY;
	if (err == OK)
		err = run(&cli, &o, &others);
	curl_global_cleanup();
	o = given; /* whose lists cli_end frees */
	return cli_end(&cli, err);
}
