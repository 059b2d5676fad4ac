#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/download_parts.h"
#include "host/gateways.h"
#include "swarm/tree_fill.h"

#define TAKE_MAX (8 * BMT_BATCH)
#define DROP_EVERY_CHUNKS 2048 /* pages that were filled are given back: 8 MiB */

struct filling {
	struct download *download;
	struct gateways *gateways; /* providers are asked like these */
	struct tree_fill fill;
	uint8_t *file; /* owned: a mapping of a file without a name */
};

/* Room for all of it on the disk: a page of a mapping that finds none there would end the program. */
static bool map(struct filling *f)
{
	const uint64_t bytes = tree_fill_bytes(&f->fill);
	const int fd = open(f->download->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	void *p = MAP_FAILED;
	if (posix_fallocate(fd, 0, (off_t)bytes) == 0)
		p = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd); /* the mapping stays */
	if (p == MAP_FAILED)
		return false;
	f->file = p;
	tree_fill_memory(&f->fill, f->file);
	return true;
}

static void ask(struct filling *f)
{
	struct tree_fill_want want;
	while (gateways_room(f->gateways) > 0 && tree_fill_want(&f->fill, &want))
		gateways_ask(f->gateways, want.id, want.address);
}

/* False: the tree is not to be had. */
static bool take(struct filling *f, const struct gateway_answer *answers, size_t n)
{
	struct tree_fill_arrival arrivals[TAKE_MAX];
	const struct gateway_answer *of[TAKE_MAX];
	size_t arrivals_n = 0;
	bool all = true;
	for (size_t i = 0; i < n; i++) {
		all &= answers[i].err == OK;
		if (answers[i].err != OK)
			continue;
		of[arrivals_n] = &answers[i];
		arrivals[arrivals_n++] = (struct tree_fill_arrival){.id = answers[i].id, .data = answers[i].data};
	}
	const int err = tree_fill_chunks(&f->fill, arrivals, arrivals_n, NULL);
	if (err != OK)
		cli_warn(f->download->cli, "%.*s: its Swarm reference: %s", (int)f->download->artifact->filename.n,
			 (const char *)f->download->artifact->filename.p, err_text(err));
	for (size_t i = 0; i < arrivals_n && err == OK; i++)
		if (arrivals[i].err != OK)
			gateways_wrong(f->gateways, of[i]);
	return all && err == OK;
}

static bool fill(struct filling *f)
{
	struct gateway_answer answers[TAKE_MAX];
	struct cli *cli = f->download->cli;
	const uint64_t begun = clock_now_ms();
	char name[256], quoted[200];
	uint64_t dropped_n = 0;
	(void)snprintf(name, sizeof name, "tree of %s",
		       cli_quote(f->download->artifact->filename, quoted, sizeof quoted));
	while (tree_fill_bytes(&f->fill) == 0 || f->file != NULL || map(f)) {
		const uint64_t ms = clock_now_ms() - begun, limit = tree_fill_limit_ms(&f->fill);
		size_t n = 0;
		if (tree_fill_done(&f->fill))
			return true;
		ask(f);
		if (f->fill.there_n > 0)
			cli_progress(cli, name, f->fill.there_n * TREE_CHUNK_BYTES, tree_fill_bytes(&f->fill));
		if (ms >= limit ||
		    gateways_take(f->gateways, answers, TAKE_MAX, (int)(limit - ms < 1000 ? limit - ms : 1000), &n) !=
			    OK ||
		    !take(f, answers, n))
			return false;
		if (f->file != NULL && f->fill.there_n - dropped_n >= DROP_EVERY_CHUNKS) {
			dropped_n = f->fill.there_n;
			(void)madvise(f->file, (size_t)tree_fill_bytes(&f->fill), MADV_DONTNEED);
		}
	}
	return false;
}

static size_t collect_urls(const struct download *d, const char *urls[static FETCH_SOURCES_MAX])
{
	const char *url;
	size_t n = 0;
	for (size_t i = 0; (url = download_source_url(d, i)) != NULL; i++)
		if (d->fetch.sources[i].fault == FETCH_FINE && strlen(url) <= GATEWAY_URL_MAX)
			urls[n++] = url;
	return n;
}

static void tell(const struct filling *f, bool whole)
{
	struct cli *cli = f->download->cli;
	const struct artifact *a = f->download->artifact;
	for (unsigned i = 0; i < gateways_n(f->gateways); i++)
		if (gateways_count(f->gateways, i).bad_bytes > 0)
			cli_warn(cli, "%s: sent wrong chunks of the tree of %.*s", gateways_url(f->gateways, i),
				 (int)a->filename.n, (const char *)a->filename.p);
	cli_debug(cli, "%.*s: %llu chunks of its tree came one by one%s", (int)a->filename.n,
		  (const char *)a->filename.p, (unsigned long long)f->fill.there_n, whole ? "" : ": not all of them");
}

bool tree_get_chunks(struct download *d, struct checker_tree *tree)
{
	const char *urls[FETCH_SOURCES_MAX];
	struct cli quiet = *d->cli; /* that a provider knows nothing of chunks is no news */
	struct filling *f = calloc(1, sizeof *f);
	const size_t n = collect_urls(d, urls);
	bool got = false;
	quiet.quiet = true;
	quiet.verbose = false;
	if (f != NULL && n > 0 && gateways_open(&quiet, urls, n, NULL, &f->gateways) == OK) {
		f->download = d;
		tree_fill_init(&f->fill, d->artifact->size, d->artifact->swarm, keccak_widest());
		got = fill(f);
		cli_progress_end(d->cli);
		tell(f, got);
		gateways_close(f->gateways);
	}
	if (got) {
		tree->shape = f->fill.tree;
		tree->file = bytes_of(f->file, (size_t)f->fill.tree.bytes);
	} else if (f != NULL && f->file != NULL) {
		(void)munmap(f->file, (size_t)f->fill.tree.bytes); /* what mmap gave */
	}
	free(f);
	return got;
}
