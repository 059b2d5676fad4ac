/* bzz-serve: chunk stores over HTTP, as a bee node's API gives their content, and to the peers of Swarm. */
#include <stddef.h>

#include "core/hex.h"
#include "host/bzz_serve.h"

#define CONNECTIONS_LIMIT 65536

struct options {
	struct bzz_serve_options serve;
	bool check;
};

#define HTTP(member) offsetof(struct options, serve.http.member)
#define PEERS(member) offsetof(struct options, serve.peers.member)

static const struct cli_option options[] = {
	{0, "http", CLI_TEXT, HTTP(http), "ADDR:PORT",
	 "where to listen for HTTP (127.0.0.1:1633; with --listen: nowhere)"},
	{0, "timeout", CLI_DURATION, HTTP(idle_ms), "DURATION", "how long such a connection may stay idle (60s)"},
	{0, "connections", CLI_UINT, HTTP(connections_max), "N", "how many of them at once (1024)"},
	{0, "per-client", CLI_UINT, HTTP(per_client_max), "N", "how many of them from one address (256)"},
	{0, "listen", CLI_TEXTS, PEERS(listen), "MULTIADDR",
	 "listen for Swarm peers, as at /ip4/0.0.0.0/tcp/1634; may be repeated"},
	{0, "advertise", CLI_TEXTS, PEERS(advertise), "MULTIADDR",
	 "another address that peers are told; may be repeated"},
	{0, "announce", CLI_TEXTS, PEERS(announce), "MULTIADDR",
	 "connect to this node, which tells others of us; may be repeated"},
	{0, "network-id", CLI_UINT, PEERS(network_id), "N",
	 "the Swarm network: 1 is the main one (1), 10 the test network"},
	{0, "identity", CLI_TEXT, PEERS(identity), "FILE",
	 "key to be known by, made when it is not there (a fresh one)"},
	{0, "peers", CLI_UINT, PEERS(peers_max), "N", "how many peers at once (512)"},
	{0, "peers-per-client", CLI_UINT, PEERS(per_client_max), "N", "how many of them from one address (64)"},
	{0, "credit", CLI_UINT, PEERS(credit), "N", "how many times what bee gives a peer may owe and is forgiven (1)"},
	{0, "peer-timeout", CLI_DURATION, PEERS(idle_ms), "DURATION", "how long a peer may ask for nothing (10m)"},
	{0, "check", CLI_FLAG, offsetof(struct options, check), NULL,
	 "read every chunk, say which are damaged, and end"},
};

static const struct cli_program program = {
	.name = "bzz-serve",
	.operands = "STORE...",
	.summary = "Serve the content of chunk stores over HTTP, as a bee node's API does, and to Swarm peers.",
	.text = "Prints one JSON line when ready. Ends with 0 on SIGTERM and SIGINT. What bzz-put adds to a store\n"
		"is served as soon as it is there.\n\n"
		"examples:\n"
		"  bzz-serve --http 127.0.0.1:1633 /srv/chunks\n"
		"  curl http://127.0.0.1:1633/bytes/$(bzz-put --store /srv/chunks FILE | jq -r .reference)\n"
		"  bzz-serve --listen /ip4/0.0.0.0/tcp/1634 --identity /var/lib/bzz-serve/key /srv/chunks",
	.options = options,
	.options_n = sizeof options / sizeof options[0],
	.operands_min = 1,
	.operands_max = 64,
};

static void tell_damage(void *context, const uint8_t address[static REFERENCE_BYTES], int err)
{
	char hex[2 * REFERENCE_BYTES + 1] = "";
	hex_encode(bytes_of(address, REFERENCE_BYTES), hex);
	cli_error(context, err, "chunk %s: %s", hex, err_text(err));
}

static int check(struct cli *cli, const struct chunk_stores *stores)
{
	for (size_t i = 0; i < stores->n; i++) {
		struct why why = {.what = NULL};
		uint64_t n = 0;
		int err = chunk_store_check(stores->v[i], tell_damage, cli, &n, &why);
		if (err != OK) {
			cli_fail(cli, err, stores->names[i], &why);
			return err;
		}
		cli_info(cli, "%s: %llu chunks", stores->names[i], (unsigned long long)n);
	}
	return OK;
}

static void check_usage(struct cli *cli, struct bzz_serve_options *o)
{
	if (o->http.connections_max == 0 || o->http.connections_max > CONNECTIONS_LIMIT)
		cli_usage(cli, "--connections: 1 to %d", CONNECTIONS_LIMIT);
	if (o->http.per_client_max == 0 || o->http.per_client_max > o->http.connections_max)
		cli_usage(cli, "--per-client: 1 to the number of --connections");
	bzz_listen_check_usage(cli, &o->peers);
	if (o->http.http == NULL && o->peers.listen.n == 0)
		o->http.http = "127.0.0.1:1633";
	o->http.log_requests = cli->verbose;
}

int main(int argc, char **argv)
{
	struct options o = {.serve.http = {.idle_ms = 60000, .connections_max = 1024, .per_client_max = 256},
			    .serve.peers = {.network_id = 1,
					    .peers_max = 512,
					    .per_client_max = 64,
					    .idle_ms = 600000,
					    .credit = 1}};
	struct chunk_stores stores;
	struct cli cli;
	cli_start(&cli, &program, argc, argv, &o);
	check_usage(&cli, &o.serve);
	int err = chunk_stores_open(&cli, cli.operands.v, cli.operands.n, &stores);
	if (err == OK) {
		err = o.check ? check(&cli, &stores) : bzz_serve(&cli, &o.serve, &stores);
		chunk_stores_close(&stores);
	}
	return cli_end(&cli, err);
}
