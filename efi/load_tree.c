/* FILE.bmt of the artifact that is being loaded, from whoever has it. */
#include <string.h>

#include "efi/load_parts.h"

#define TREE_LIMIT_MS 20000 /* for one source to give the tree */

void load_tree_drop(struct load *l)
{
	if (l->tree_file != NULL)
		platform_give_pages(l->report->platform, l->tree_file, l->tree.bytes);
	l->tree_file = NULL;
}

/* What FILE.bmt begins with tells its redundancy level, and that how large it is; whether it is
 * true is seen when all of it is checked. */
static int begin_tree(struct load *l, const uint8_t span[static CHUNK_SPAN_BYTES])
{
	int err = tree_shape_of(&l->tree, l->artifact->size, span);
	if (err != OK)
		return err;
	err = platform_pages(l->report->platform, l->tree.bytes, &l->tree_file);
	if (err != OK) {
		l->tree_file = NULL;
		return ERR_NO_MEMORY;
	}
	memcpy(l->tree_file, span, CHUNK_SPAN_BYTES);
	return OK;
}

/* Takes what has arrived of it; span: its first bytes, until they are all there. */
static int take_tree(struct load *l, struct request *r, uint8_t span[static CHUNK_SPAN_BYTES], uint64_t *got)
{
	struct bytes data;
	while ((data = request_body(r)).n > 0) {
		const bool begun = *got >= CHUNK_SPAN_BYTES;
		const uint64_t room = (begun ? l->tree.bytes : CHUNK_SPAN_BYTES) - *got;
		const size_t n = data.n < room ? data.n : (size_t)room;
		if (n == 0)
			return ERR_SIZE;
		memcpy((begun ? l->tree_file : span) + *got, data.p, n);
		*got += n;
		request_took(r, n);
		if (!begun && *got == CHUNK_SPAN_BYTES) {
			const int err = begin_tree(l, span);
			if (err != OK)
				return err;
		}
	}
	return OK;
}

/* One source's FILE.bmt. OK, or why not. */
static int get_tree(struct load *l, unsigned source)
{
	struct load_transfer *t = &l->transfers[0];
	struct platform *p = l->report->platform;
	struct writer w = writer_of(t->url, sizeof t->url);
	uint64_t now = platform_now_ms(p), end = now + TREE_LIMIT_MS, got = 0;
	uint8_t span[CHUNK_SPAN_BYTES];
	int err = OK;
	if (!load_url(l, source, ".bmt", &w))
		return ERR_NOT_FOUND;
	request_begin(&t->request, l->web, writer_view(&w), NULL, now);
	while (err == OK && t->request.state == REQUEST_UNDER_WAY) {
		net_poll(l->net);
		now = platform_now_ms(p);
		request_step(&t->request, now);
		err = take_tree(l, &t->request, span, &got);
		if (err == OK && t->request.state == REQUEST_UNDER_WAY)
			err = platform_interrupted(p) ? ERR_INTERRUPTED : now >= end ? ERR_TIMEOUT : OK;
	}
	if (err == OK)
		err = t->request.err;
	request_end(&t->request, now);
	if (err == OK && (l->tree_file == NULL || got != l->tree.bytes))
		err = ERR_SIZE;
	if (err == OK)
		err = tree_check(&l->tree, bytes_of(l->tree_file, (size_t)l->tree.bytes), l->artifact->swarm, l->kind,
				 &l->scratch, NULL);
	return err;
}

/* In one piece, from whoever has FILE.bmt. How large it is, each source says for itself: a lack of memory for what
 * one says is no word about the next one's; *lacked is the least of it. */
static int get_whole(struct load *l, uint64_t *lacked)
{
	for (unsigned i = 0; i < l->fetch.sources_n; i++) {
		if (l->fetch.sources[i].fault != FETCH_FINE || (i > 0 && l->places[i - 1].gateway))
			continue;
		const int err = get_tree(l, i);
		if (err == OK)
			return OK;
		load_tree_drop(l);
		if (err == ERR_INTERRUPTED)
			return err;
		if (err == ERR_NO_MEMORY && (*lacked == 0 || l->tree.bytes < *lacked))
			*lacked = l->tree.bytes;
		if (i > 0)
			report_detail(l->report, "%.*s: tree of %.*s: %s", REPORT_BYTES(l->places[i - 1].url),
				      REPORT_BYTES(l->artifact->filename), err_text(err));
	}
	return ERR_NOT_FOUND;
}

static int try_chunks(struct load *l)
{
	int err = l->native_first ? ERR_NOT_FOUND : load_tree_chunks(l, NULL);
	if (err == OK || err == ERR_INTERRUPTED || err == ERR_NO_MEMORY || l->native == NULL)
		return err;
	load_tree_drop(l);
	const int joined = native_join(l->native);
	if (joined == OK)
		return load_tree_chunks(l, l->native);
	return joined == ERR_TIMEOUT && l->native_first ? load_tree_chunks(l, NULL) : joined;
}

static int get_chunks(struct load *l, uint64_t *lacked)
{
	const int err = try_chunks(l);
	if (err == OK)
		return OK;
	load_tree_drop(l);
	if (err == ERR_NO_MEMORY)
		*lacked = l->tree.bytes;
	if (err != ERR_INTERRUPTED)
		report_detail(l->report, "tree of %.*s, chunk by chunk: %s", REPORT_BYTES(l->artifact->filename),
			      err_text(err));
	return err;
}

bool load_tree_find(struct load *l)
{
	struct report_size needed;
	uint64_t lacked = 0; /* the least memory that was missing for one */
	if (!l->artifact->has_swarm || tree_shape(&l->tree, l->artifact->size, 0) != OK)
		return false;
	if (l->tree.bytes == 0)
		return true; /* one block: the reference is all there is to know */
	int err = get_whole(l, &lacked);
	if (err == ERR_NOT_FOUND && lacked == 0)
		err = get_chunks(l, &lacked);
	if (err == OK || err == ERR_INTERRUPTED)
		return err == OK; /* drive finds the other, too */
	if (lacked > 0)
		report(l->report, "%.*s: no memory for its tree (%s): checked as a whole at the end",
		       REPORT_BYTES(l->artifact->filename), report_size(&needed, lacked));
	else
		report(l->report, "%.*s: nobody has its tree: checked as a whole at the end",
		       REPORT_BYTES(l->artifact->filename));
	return false;
}
