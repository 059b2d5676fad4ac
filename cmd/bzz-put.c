/* bzz-put: files and folders into a chunk store, a bee node, or both. */
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "core/hex.h"
#include "host/bzz_feed.h"
#include "host/bzz_put.h"
#include "host/bzz_upload.h"
#include "host/bzz_upload_whole.h"
#include "host/cli_json.h"
#include "host/cli_url.h"
#include "host/store_sink.h"

struct options {
	const char *store, *gateway, *stamp, *index, *error, *feed, *key;
	uint64_t level, parallel;
	bool encrypt, manifest, whole;
};

static const struct cli_option options[] = {
	{'s', "store", CLI_TEXT, offsetof(struct options, store), "DIR", "keep the chunks in DIR"},
	{'g', "gateway", CLI_TEXT, offsetof(struct options, gateway), "URL",
	 "upload to the bee node whose API is at URL"},
	{0, "stamp", CLI_TEXT, offsetof(struct options, stamp), "BATCH", "the postage batch that pays for the upload"},
	{0, "parallel", CLI_UINT, offsetof(struct options, parallel), "N", "chunks sent at the same time (32)"},
	{0, "whole", CLI_FLAG, offsetof(struct options, whole), NULL,
	 "send a file in one request, for the node to split"},
	{'e', "encrypt", CLI_FLAG, offsetof(struct options, encrypt), NULL, "encrypt each chunk under a random key"},
	{'r', "redundancy", CLI_LEVEL, offsetof(struct options, level), "LEVEL",
	 "0 to 4, or none, medium, strong, insane, paranoid (none)"},
	{'m', "manifest", CLI_FLAG, offsetof(struct options, manifest), NULL, "make a manifest for a single file, too"},
	{0, "index", CLI_TEXT, offsetof(struct options, index), "NAME", "the index document of folders"},
	{0, "error", CLI_TEXT, offsetof(struct options, error), "PATH", "what is shown for paths that do not exist"},
	{0, "feed", CLI_TEXT, offsetof(struct options, feed), "TOPIC",
	 "make it the newest update of the feed TOPIC, too"},
	{0, "key", CLI_TEXT, offsetof(struct options, key), "FILE",
	 "the secret key of the feed's owner, 64 hex digits"},
};

static const struct cli_program program = {
	.name = "bzz-put",
	.operands = "PATH",
	.summary = "Put a file or a folder into Swarm or a chunk store, and print its reference.",
	.text = "examples:\n"
		"  bzz-put --store /srv/chunks vmlinuz\n"
		"  bzz-put --store /srv/chunks --index index.html site\n"
		"  bzz-put --gateway http://127.0.0.1:1633 --stamp $BATCH -r strong vmlinuz",
	.options = options,
	.options_n = sizeof options / sizeof options[0],
	.operands_min = 1,
	.operands_max = 1,
};

static bool is_regular(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static void judge(struct cli *cli, const struct options *o)
{
	uint8_t batch[32];
	if (o->store == NULL && o->gateway == NULL)
		cli_usage(cli, "--store or --gateway says where to put it");
	if ((o->gateway == NULL) != (o->stamp == NULL))
		cli_usage(cli, "--gateway and --stamp go together");
	if (o->gateway != NULL)
		cli_url(cli, "--gateway", o->gateway);
	if (o->stamp != NULL && hex_decode(bytes_text(o->stamp), batch, sizeof batch) != OK)
		cli_usage(cli, "--stamp: '%s' is not 64 lower-case hexadecimal digits", o->stamp);
	if (o->parallel == 0 || o->parallel > BZZ_UPLOAD_PARALLEL_MAX)
		cli_usage(cli, "--parallel: 1 to %d", BZZ_UPLOAD_PARALLEL_MAX);
	if (o->index != NULL && strchr(o->index, '/') != NULL)
		cli_usage(cli, "--index: '%s' has a slash", o->index);
	if (o->whole && (o->gateway == NULL || o->encrypt || !is_regular(cli->operands.v[0])))
		cli_usage(cli, "--whole goes with --gateway and a regular file, and not with --encrypt");
	if (o->whole && o->feed != NULL)
		cli_usage(cli, "--whole goes not with --feed");
	if ((o->feed == NULL) != (o->key == NULL))
		cli_usage(cli, "--feed and --key go together");
	if (o->feed != NULL && o->encrypt)
		cli_usage(cli, "--feed tells everybody the reference, and with it the key of --encrypt");
	if (o->manifest && strcmp(cli->operands.v[0], "-") == 0)
		cli_usage(cli, "--manifest: standard input has no name");
}

struct feed_shown {
	struct bzz_feed feed;
	struct bzz_feed_result result;
};

static bool add_feed(cJSON *o, const struct feed_shown *f)
{
	char owner[2 * SECP256K1_ADDRESS_BYTES], topic[2 * BZZ_FEED_TOPIC_BYTES], manifest[REFERENCE_TEXT_BYTES];
	cJSON *feed = cJSON_AddObjectToObject(o, "feed");
	hex_encode(bytes_of(f->feed.owner, sizeof f->feed.owner), owner);
	hex_encode(bytes_of(f->feed.topic, sizeof f->feed.topic), topic);
	reference_text(&f->result.manifest, manifest);
	return feed != NULL && cli_json_text(feed, "owner", bytes_of(owner, sizeof owner)) &&
	       cli_json_text(feed, "topic", bytes_of(topic, sizeof topic)) &&
	       cJSON_AddNumberToObject(feed, "index", (double)f->result.number) != NULL &&
	       cli_json_text(feed, "manifest", bytes_text(manifest));
}

/* f: NULL, no feed. */
static int show(const char *path, const struct bzz_put_result *r, uint64_t chunks_n, const struct feed_shown *f)
{
	char text[REFERENCE_TEXT_BYTES], name[4096];
	cJSON *o = cJSON_CreateObject();
	reference_text(&r->reference, text);
	bool good = cli_json_text(o, "file", bytes_text(cli_quote(bytes_text(path), name, sizeof name))) &&
		    cli_json_text(o, "reference", bytes_text(text)) &&
		    cJSON_AddNumberToObject(o, "size", (double)r->size) != NULL &&
		    cJSON_AddNumberToObject(o, "chunks", (double)chunks_n) != NULL &&
		    (r->files_n == 0 || cJSON_AddNumberToObject(o, "files", (double)r->files_n) != NULL) &&
		    (f == NULL || add_feed(o, f));
	if (good)
		return cli_json_print(o);
	cJSON_Delete(o);
	return ERR_NO_MEMORY;
}

/* Content first, and for good: nobody shall be led to what is not there. */
static int put(struct cli *cli, const struct options *o, struct bzz_write *w, struct chunk_store *store)
{
	struct bzz_put_result result;
	struct feed_shown f = {.result = {.number = 0}};
	const char *path = cli->operands.v[0];
	const struct bzz_put p = {
		.cli = cli, .write = w, .manifest = o->manifest, .index = o->index, .error = o->error};
	int err = o->feed == NULL ? OK : bzz_feed_open(cli, o->key, o->feed, &f.feed);
	if (err == OK)
		err = bzz_write_open(w);
	if (err == OK)
		err = bzz_put_path(&p, path, &result);
	if (err == OK)
		err = bzz_write_end(w);
	if (err == OK && o->whole) {
		const struct bzz_upload_whole u = {.gateway = o->gateway,
						   .stamp = o->stamp,
						   .level = (unsigned)o->level,
						   .manifest = o->manifest};
		err = bzz_upload_whole(cli, &u, path, &result.reference);
	}
	if (err == OK && o->feed != NULL &&
	    (err = bzz_feed_update(w, &f.feed, store, o->gateway, &result.reference, &f.result)) == OK)
		err = bzz_write_end(w);
	bzz_write_close(w);
	bzz_feed_close(&f.feed);
	return err == OK ? show(path, &result, w->chunks_n, o->feed == NULL ? NULL : &f) : err;
}

int main(int argc, char **argv)
{
	struct options o = {.parallel = 32};
	struct cli cli;
	cli_start(&cli, &program, argc, argv, &o);
	judge(&cli, &o);
	struct bzz_write w = {.cli = &cli, .level = (unsigned)o.level, .encrypt = o.encrypt};
	struct store_sink store = {.store = NULL};
	struct bzz_upload *upload = NULL;
	int err = OK;
	if (o.store != NULL && (err = store_sink_open(&cli, o.store, &store)) == OK)
		w.sinks[w.sinks_n++] = store_sink(&store);
	if (err == OK && o.gateway != NULL && !o.whole &&
	    (err = bzz_upload_open(&cli, o.gateway, o.stamp, (unsigned)o.parallel, &upload)) == OK)
		w.sinks[w.sinks_n++] = bzz_upload_sink(upload);
	if (err == OK)
		err = put(&cli, &o, &w, store.store);
	bzz_upload_close(upload);
	store_sink_close(&store);
	return cli_end(&cli, err);
}
