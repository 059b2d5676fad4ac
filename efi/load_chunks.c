/* The tree of the artifact that is being loaded, chunk by chunk: for one that nobody has in one piece. */
#include <string.h>

#include "efi/load_parts.h"
#include "swarm/tree_fill.h"

#define TELL_MS 2000 /* between two lines of progress */

/* Large: in pages, and only while it is needed. */
struct filling {
	struct load *load;
	struct chunks *chunks;
	struct tree_fill fill;
	uint64_t told_ms;
};

static int judge_tree(void *context, uint64_t id, struct bytes chunk)
{
	struct filling *f = context;
	return tree_fill_chunk(&f->fill, id, chunk, NULL);
}

/* Once the root is there: memory for all of it. */
static int take_memory(struct filling *f)
{
	struct load *l = f->load;
	if (l->tree_file != NULL || tree_fill_bytes(&f->fill) == 0)
		return OK;
	l->tree = f->fill.tree;
	if (platform_pages(l->report->platform, l->tree.bytes, &l->tree_file) != OK) {
		l->tree_file = NULL;
		return ERR_NO_MEMORY;
	}
	tree_fill_memory(&f->fill, l->tree_file);
	report(l->report, "%.*s: its tree comes as %llu chunks", REPORT_BYTES(l->artifact->filename),
	       (unsigned long long)f->fill.chunks_n);
	return OK;
}

static void tell_progress(struct filling *f, uint64_t now_ms)
{
	const struct load *l = f->load;
	if (f->fill.there_n == 0 || now_ms < f->told_ms + TELL_MS)
		return;
	f->told_ms = now_ms;
	report(l->report, "%.*s: %llu of %llu chunks of its tree", REPORT_BYTES(l->artifact->filename),
	       (unsigned long long)f->fill.there_n, (unsigned long long)f->fill.chunks_n);
}

static int drive(struct filling *f)
{
	struct platform *p = f->load->report->platform;
	const uint64_t begun_ms = platform_now_ms(p);
	struct tree_fill_want want;
	uint64_t id;
	int err = OK;
	f->told_ms = begun_ms;
	while (err == OK && !tree_fill_done(&f->fill)) {
		while (chunks_room(f->chunks) > 0 && tree_fill_want(&f->fill, &want))
			chunks_ask(f->chunks, want.id, want.address);
		err = chunks_step(f->chunks);
		if (err == OK)
			err = take_memory(f);
		if (err != OK || tree_fill_done(&f->fill) || chunks_failed(f->chunks, &id, &err))
			break;
		const uint64_t now = platform_now_ms(p);
		tell_progress(f, now);
		if (platform_interrupted(p))
			err = ERR_INTERRUPTED;
		else if (now - begun_ms >= tree_fill_limit_ms(&f->fill))
			err = ERR_TIMEOUT;
	}
	return err;
}

int load_chunks_open(struct load *l, struct native *native, chunks_judge *judge, void *context, struct chunks **chunks)
{
	const struct chunks_with with = {.report = l->report,
					 .net = l->net,
					 .web = l->web,
					 .native = native,
					 .judge = judge,
					 .context = context};
	const int err = chunks_open(chunks, &with);
	for (unsigned i = 0; err == OK && i < l->places_n; i++)
		if (l->fetch.sources[i + 1].fault == FETCH_FINE)
			chunks_add_place(*chunks, l->places[i].url);
	return err;
}

int load_tree_chunks(struct load *l, struct native *native)
{
	struct platform *p = l->report->platform;
	uint8_t *pages;
	if (platform_pages(p, sizeof(struct filling), &pages) != OK)
		return ERR_NO_MEMORY;
	struct filling *f = (struct filling *)(void *)pages; /* pages are aligned for anything */
	memset(f, 0, sizeof *f);
	f->load = l;
	tree_fill_init(&f->fill, l->artifact->size, l->artifact->swarm, l->kind);
	int err = load_chunks_open(l, native, judge_tree, f, &f->chunks);
	if (err == OK && !chunks_any(f->chunks))
		err = ERR_NOT_FOUND;
	else if (err == OK)
		err = drive(f);
	if (f->chunks != NULL)
		chunks_tell_liars(f->chunks, l->artifact->filename);
	chunks_close(f->chunks);
	platform_give_pages(p, pages, sizeof(struct filling));
	return err;
}
