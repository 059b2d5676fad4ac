/* bzz-serve: chunk stores over HTTP, as a bee node's API gives their content. */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "core/hex.h"
#include "host/bzz_server.h"
#include "host/stop_signals.h"

#define TICK_MS 1000
#define LINGER_MS 4000 /* what is open may end by itself; the contract gives 5 s */
#define CONNECTIONS_LIMIT 65536

struct options {
	struct bzz_server_options server;
	bool check;
};

static const struct cli_option options[] = {
	{0, "http", CLI_TEXT, offsetof(struct options, server.http), "ADDR:PORT",
	 "where to listen; port 0: any free one (127.0.0.1:1633)"},
	{0, "timeout", CLI_DURATION, offsetof(struct options, server.idle_ms), "DURATION",
	 "how long a connection may stay idle (60s)"},
	{0, "connections", CLI_UINT, offsetof(struct options, server.connections_max), "N",
	 "how many connections at once (1024)"},
	{0, "per-client", CLI_UINT, offsetof(struct options, server.per_client_max), "N",
	 "how many of them from one address (256)"},
	{0, "check", CLI_FLAG, offsetof(struct options, check), NULL,
	 "read every chunk, say which are damaged, and end"},
};

static const struct cli_program program = {
	.name = "bzz-serve",
	.operands = "STORE...",
	.summary = "Serve the content of chunk stores over HTTP, with the paths of a bee node's API.",
	.text = "Prints one JSON line when ready. Ends with 0 on SIGTERM and SIGINT. What bzz-put adds to a store\n"
		"is served as soon as it is there.\n\n"
		"examples:\n"
		"  bzz-serve --http 127.0.0.1:1633 /srv/chunks\n"
		"  curl http://127.0.0.1:1633/bytes/$(bzz-put --store /srv/chunks FILE | jq -r .reference)",
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

static int serve(struct cli *cli, const struct options *o, struct chunk_stores *stores, int signals)
{
	struct bzz_server *s;
	const struct chunk_source source = chunk_stores_source(stores);
	int err = bzz_server_start(cli, &o->server, &source, &s);
	if (err != OK)
		return err;
	struct pollfd event = {.fd = signals, .events = POLLIN};
	uint64_t chunks_n = 0;
	for (size_t i = 0; i < stores->n; i++)
		chunks_n += chunk_store_count(stores->v[i]);
	printf("{\"listening\":\"%s\",\"pid\":%ld,\"chunks\":%llu}\n", bzz_server_url(s), (long)getpid(),
	       (unsigned long long)chunks_n);
	err = cli_flush(cli);
	while (err == OK && event.revents == 0) {
		if (poll(&event, 1, TICK_MS) < 0)
			event.revents = 0;
		bzz_server_tick(s);
	}
	bzz_server_stop(s, LINGER_MS);
	return err;
}

static int run(struct cli *cli, const struct options *o, struct chunk_stores *stores)
{
	if (o->check)
		return check(cli, stores);
	int signals = stop_signals();
	if (signals < 0) { /* it could be ended by SIGKILL only */
		cli_error(cli, ERR_IO, "no descriptor for signals: %s", strerror(errno));
		return ERR_IO;
	}
	int err = serve(cli, o, stores, signals);
	(void)close(signals); /* only read from */
	return err;
}

int main(int argc, char **argv)
{
	struct options o = {
		.server = {.http = "127.0.0.1:1633", .idle_ms = 60000, .connections_max = 1024, .per_client_max = 256}};
	struct chunk_stores stores;
	struct cli cli;
	cli_start(&cli, &program, argc, argv, &o);
	if (o.server.connections_max == 0 || o.server.connections_max > CONNECTIONS_LIMIT)
		cli_usage(&cli, "--connections: 1 to %d", CONNECTIONS_LIMIT);
	if (o.server.per_client_max == 0 || o.server.per_client_max > o.server.connections_max)
		cli_usage(&cli, "--per-client: 1 to the number of --connections");
	o.server.log_requests = cli.verbose;
	int err = chunk_stores_open(&cli, cli.operands.v, cli.operands.n, &stores);
	if (err == OK) {
		err = run(&cli, &o, &stores);
		chunk_stores_close(&stores);
	}
	return cli_end(&cli, err);
}
