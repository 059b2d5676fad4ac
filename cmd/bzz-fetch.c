/* bzz-fetch: content of Swarm, every chunk checked. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "crypto/secret.h"
#include "host/bzz_list.h"
#include "host/bzz_operand.h"
#include "host/bzz_output.h"
#include "host/bzz_sources.h"
#include "host/cli_url.h"
#include "host/stall.h"

#define TIMEOUT_MS 300000 /* a node that looks for a chunk in its network needs a tenth of that */

struct options {
	struct cli_texts gateways, stores, peers, bootnodes;
	const char *range, *output;
	uint64_t network_id, max_bytes, timeout_ms;
	bool list;
};

#define FIELD(name) offsetof(struct options, name)
static const struct cli_option table[] = {
	{'g', "gateway", CLI_TEXTS, FIELD(gateways), "URL", "ask this gateway (a bee node's API); may be repeated"},
	{0, "peer", CLI_TEXTS, FIELD(peers), "MULTIADDR", "ask this Swarm node, and those it knows; may be repeated"},
	{0, "bootnode", CLI_TEXTS, FIELD(bootnodes), "MULTIADDR",
	 "hear of Swarm nodes from this one, which is not asked; may be repeated"},
	{0, "network-id", CLI_UINT, FIELD(network_id), "N",
	 "of those nodes: 1 the main network, 10 the test network (1)"},
	{'s', "store", CLI_TEXTS, FIELD(stores), "DIR", "take chunks from this store first; may be repeated"},
	{0, "range", CLI_TEXT, FIELD(range), "A-B", "only bytes A to B, counted from 0; A- to the end, -N the last N"},
	{'l', "list", CLI_FLAG, FIELD(list), NULL, "print the manifest's entries (below PATH) instead of content"},
	{0, "max-size", CLI_SIZE, FIELD(max_bytes), "BYTES",
	 "refuse what is larger before it is fetched: 4096, 64k, 20M, 4G"},
	{0, "timeout", CLI_DURATION, FIELD(timeout_ms), "DURATION",
	 "end when for so long next to nothing arrives (5m)"},
	{'o', "output", CLI_TEXT, FIELD(output), "FILE", "write to FILE, which appears when it is whole"},
};
static const struct cli_program program = {
	.name = "bzz-fetch",
	.operands = "REFERENCE[/PATH]",
	.summary = "fetch content of Swarm and check every chunk of it",
	.text = "REFERENCE is what bmt-hash and bzz-put print: 64 hex digits, or 128 for encrypted content.\n"
		"With a slash behind it, it is a manifest, and PATH a file in it (the empty path: its index\n"
		"document). feeds/OWNER/TOPIC is the newest update of a feed. For - it is read from standard\n"
		"input, where no list of processes shows the key of encrypted content. All gateways and nodes are\n"
		"asked at once, none is trusted; what is missing is recovered where the content has parities\n"
		"for it. Nodes are never paid: each gives little at a time, so it takes many to be quick.\n"
		"\n"
		"  bzz-fetch --gateway http://localhost:1633 -o vmlinuz REFERENCE\n"
		"  bzz-fetch --bootnode /dnsaddr/mainnet.ethswarm.org -o vmlinuz REFERENCE\n"
		"  bzz-fetch --store chunks REFERENCE/index.html\n",
	.options = table,
	.options_n = sizeof table / sizeof table[0],
	.operands_min = 1,
	.operands_max = 1,
};

/* Behind feeds and manifests. */
static int find(struct bzz_fetch *f, const struct options *o, const struct bzz_operand *what, struct stall *stall,
		struct bzz_root *root)
{
	const struct bzz_address *a = &what->address;
	int err = a->is_feed ? bzz_fetch_feed(f, a->owner, bytes_of(a->topic, a->topic_n), root) : OK;
	stall_progress(stall, STALL_BYTES);
	if (err == OK && o->list)
		err = bzz_fetch_manifest(f, what->shown, root);
	else if (err == OK && a->has_path)
		err = bzz_fetch_path(f, what->shown, root, a->path);
	stall_progress(stall, STALL_BYTES);
	return err;
}

static int fetch_file(struct cli *cli, const struct options *o, struct bzz_fetch *f, const char *name,
		      const struct bzz_root *root, struct bzz_range range, struct stall *stall)
{
	struct bzz_output output;
	uint64_t size = 0;
	int err = OK;
	if (range.offset == UINT64_MAX || o->max_bytes != UINT64_MAX)
		err = bzz_fetch_measure(f, name, root, o->max_bytes, &range);
	if (err == OK)
		err = bzz_output_open(&output, cli, stall, name, o->output, &range);
	if (err != OK)
		return err;
	const struct bzz_sink sink = bzz_output_sink(&output);
	err = bzz_fetch_file(f, name, root, &range, &sink, &size);
	stall_pause(stall); /* from here on it is the disk that takes its time */
	const uint64_t behind = range.offset < size ? size - range.offset : 0;
	const uint64_t written = range.length < behind ? range.length : behind;
	if (err == OK && range.offset > 0 && behind == 0) {
		err = ERR_VALUE;
		cli_error(cli, err, "--range %s: the content has %llu bytes", o->range, (unsigned long long)size);
	}
	if (err == OK)
		err = bzz_output_finish(&output, written);
	if (err == OK && output.path != NULL)
		err = bzz_sources_tell(output.path, &root->reference, written, bzz_fetch_gateways(f));
	bzz_output_close(&output);
	return err;
}

static int fetch(struct cli *cli, const struct options *o, struct bzz_fetch *f, const struct bzz_operand *what,
		 const struct bzz_range *range, struct stall *stall)
{
	const char *name = what->shown;
	struct bzz_root root = {.reference = what->address.reference};
	int err = find(f, o, what, stall, &root);
	if (err == OK && o->list)
		err = bzz_list(cli, f, stall, name, &root, what->address.path);
	else if (err == OK)
		err = fetch_file(cli, o, f, name, &root, *range, stall);
	secret_wipe(&root, sizeof root);
	const struct bzz_peers *peers = gateways_peers(bzz_fetch_gateways(f));
	if (peers != NULL && (err == ERR_NOT_FOUND || err == ERR_SOURCE))
		bzz_peers_explain(peers);
	return err;
}

int main(int argc, char **argv)
{
	struct options o = {.network_id = 1, .max_bytes = UINT64_MAX, .timeout_ms = TIMEOUT_MS};
	struct bzz_fetch_options sources = {
		.stores = &o.stores,
		.gateways = &o.gateways,
		.network = {.peers = &o.peers, .bootnodes = &o.bootnodes},
	};
	struct bzz_operand what;
	struct bzz_fetch *f = NULL;
	struct stall *stall = NULL;
	struct bzz_range range;
	struct cli cli;
	cli_start(&cli, &program, argc, argv, &o);
	bzz_operand_range(&cli, o.range, &range);
	if (o.list && (o.range != NULL || o.output != NULL || o.max_bytes != UINT64_MAX))
		cli_usage(&cli, "--list goes with none of --range, --output and --max-size");
	for (size_t i = 0; i < o.gateways.n; i++)
		cli_url(&cli, "--gateway", o.gateways.v[i]);
	sources.network.network_id = o.network_id;
	bzz_peers_check(&cli, &sources.network);
	if (o.gateways.n + o.stores.n + o.peers.n + o.bootnodes.n == 0)
		cli_usage(&cli, "where from? give a --gateway, a --peer, a --bootnode or a --store");
	int err = bzz_operand_read(&cli, cli.operands.v[0], &what);
	if (err == OK)
		err = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? OK : ERR_NO_MEMORY;
	if (err == OK)
		err = bzz_fetch_open(&cli, &sources, &f);
	if (err == OK)
		err = stall_watch(&cli, what.shown, o.timeout_ms, &stall);
	if (err == OK)
		err = fetch(&cli, &o, f, &what, &range, stall);
	stall_end(stall);
	bzz_fetch_close(f);
	curl_global_cleanup();
	secret_wipe(&what, sizeof what);
	return cli_end(&cli, err);
}
