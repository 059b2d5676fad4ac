#include "efi/load.h"

#include <string.h>

#include "fetch/artifact_url.h"

#define TELL_MS 1000        /* between two lines of progress */
#define TREE_LIMIT_MS 20000 /* for one source to give the tree */

void load_open(struct load *l, struct report *r, struct net *net, struct web *web, const struct manifest *m,
	       enum keccak_kind kind)
{
	l->report = r;
	l->net = net;
	l->web = web;
	l->manifest = m;
	l->kind = kind;
	if (checking_open(&l->checking, r->platform, kind) != OK)
		report(r, "no memory for the work of other processors: this one checks alone");
	fetch_init(&l->fetch);
	(void)fetch_source_add(&l->fetch); /* number 0: the URL that an artifact itself names */
}

void load_add_root(struct load *l, struct bytes root)
{
	for (size_t i = 0; i < l->roots_n; i++)
		if (bytes_equal(l->roots[i], root))
			return;
	if (l->roots_n == LOAD_SOURCES_MAX || fetch_source_add(&l->fetch) == FETCH_NO_SOURCE)
		report(l->report, "%.*s: has the release, but is not asked: %d others have it", REPORT_BYTES(root),
		       LOAD_SOURCES_MAX);
	else
		l->roots[l->roots_n++] = root;
}

/* False: the source has no place for it, or it does not fit. */
static bool source_url(const struct load *l, unsigned source, const char *suffix, struct writer *w)
{
	if (source > 0) {
		artifact_url_write(l->roots[source - 1], l->manifest, l->artifact, suffix, w);
	} else {
		write_bytes(w, l->artifact->download_url);
		write_text(w, suffix);
	}
	return !w->full && (source > 0 || artifact_url_absolute(l->artifact));
}

static void end_transfer(struct load *l, unsigned i, int err, uint64_t now_ms)
{
	if (!l->transfers[i].active)
		return;
	l->transfers[i].active = false;
	request_end(&l->transfers[i].request, now_ms);
	fetch_ended(&l->fetch, i, err, now_ms);
}

static void end_transfers(struct load *l)
{
	for (unsigned i = 0; i < FETCH_REQUESTS_MAX; i++)
		if (l->transfers[i].active)
			end_transfer(l, i, OK, platform_now_ms(l->report->platform));
}

bool load_close(struct load *l)
{
	end_transfers(l);
	bool all = checking_close(&l->checking);
	if (!all)
		report(l->report, "a processor that helped does not come back: the memory it uses stays taken");
	return all;
}

static void begin_checking(struct load *l)
{
	struct bytes file = bytes_of(l->tree_file, l->tree_file == NULL ? 0 : (size_t)l->tree.bytes);
	checking_begin(&l->checking, &l->fetch, l->artifact, l->into, &l->tree, file);
}

static void begin_transfer(struct load *l, const struct fetch_want *want, uint64_t now_ms)
{
	struct load_transfer *t = &l->transfers[want->request];
	struct writer w = writer_of(t->url, sizeof t->url);
	if (!source_url(l, want->source, "", &w)) {
		fetch_ended(&l->fetch, want->request, ERR_NOT_FOUND, now_ms);
		return;
	}
	t->active = true;
	t->asked = (struct asked){.offset = want->offset,
				  .length = want->length,
				  .size = l->artifact->size,
				  .whole = want->whole};
	request_begin(&t->request, l->web, writer_view(&w), &t->asked, now_ms);
}

/* Stores what has arrived. False: the request needs no more. */
static bool take_body(struct load *l, unsigned i, uint64_t now_ms)
{
	struct load_transfer *t = &l->transfers[i];
	struct bytes data;
	while ((data = request_body(&t->request)).n > 0) {
		uint64_t offset;
		uint32_t piece;
		bool store;
		size_t n = fetch_arrived(&l->fetch, i, data.n, now_ms, &offset, &store);
		if (n == 0)
			return false;
		if (store)
			memcpy(l->into + offset, data.p, n);
		request_took(&t->request, n);
		while (fetch_completed(&l->fetch, i, &piece))
			checking_add(&l->checking, piece);
	}
	return true;
}

static bool step_transfer(struct load *l, unsigned i, uint64_t now_ms)
{
	struct load_transfer *t = &l->transfers[i];
	uint64_t before = l->fetch.requests[i].got;
	request_step(&t->request, now_ms);
	if (!take_body(l, i, now_ms)) {
		end_transfer(l, i, OK, now_ms);
		return true;
	}
	if (t->request.state == REQUEST_UNDER_WAY)
		return l->fetch.requests[i].got != before;
	end_transfer(l, i, t->request.state == REQUEST_DONE ? OK : t->request.err, now_ms);
	return true;
}

/* All pieces are there: whether the whole is what was signed. */
static bool judge_whole(struct load *l)
{
	bool good = fetch_hashed(&l->fetch, checking_whole(&l->checking));
	if (!good) {
		report(l->report, "%.*s: %s; loading it again", REPORT_BYTES(l->artifact->filename),
		       err_text(ERR_HASH));
		begin_checking(l);
	}
	return good;
}

static const char *fault_text(const struct fetch_source *s)
{
	switch (s->fault) {
	case FETCH_ABSENT:
		return "does not have it";
	case FETCH_OTHER_SIZE:
		return "has something of another size";
	case FETCH_WRONG:
		return "sent wrong bytes; dropped";
	case FETCH_FAILING:
		return err_text(s->last);
	case FETCH_SLOW:
		return "too slow; dropped";
	case FETCH_FINE:
		break;
	}
	return "is asked again";
}

static void tell_faults(struct load *l)
{
	for (unsigned i = 0; i < l->fetch.sources_n; i++) {
		const struct fetch_source *s = &l->fetch.sources[i];
		if (s->fault == l->told[i])
			continue;
		l->told[i] = s->fault;
		if (i > 0)
			report(l->report, "%.*s: %.*s: %s", REPORT_BYTES(l->roots[i - 1]),
			       REPORT_BYTES(l->artifact->filename), fault_text(s));
		else if (s->fault != FETCH_FINE)
			report(l->report, "%.*s: %s", REPORT_BYTES(l->artifact->download_url), fault_text(s));
	}
}

static void tell_progress(struct load *l, uint64_t now_ms)
{
	struct report_size done, whole, rate;
	uint64_t bytes = fetch_done_bytes(&l->fetch), ms = now_ms - l->began_ms;
	if (now_ms < l->told_ms + TELL_MS)
		return;
	l->told_ms = now_ms;
	report(l->report, "%.*s: %s of %s, %s/s", REPORT_BYTES(l->artifact->filename), report_size(&done, bytes),
	       report_size(&whole, l->artifact->size), report_size(&rate, ms == 0 ? 0 : bytes * 1000 / ms));
}

/* Nobody is left to ask. OK: those that only failed will be asked again. */
static int revive(struct load *l, unsigned *revivals)
{
	bool wrong = false, failed = false;
	for (unsigned i = 0; i < l->fetch.sources_n; i++) {
		enum fetch_fault fault = l->fetch.sources[i].fault;
		wrong |= fault == FETCH_WRONG || fault == FETCH_OTHER_SIZE;
		failed |= fault == FETCH_FAILING || fault == FETCH_SLOW;
	}
	if (!failed)
		return wrong ? ERR_HASH : ERR_NOT_FOUND;
	if (*revivals == LOAD_REVIVALS)
		return ERR_SOURCE;
	uint64_t pause_ms = (uint64_t)LOAD_REVIVE_MS << (*revivals)++;
	report(l->report, "%.*s: no provider answers; trying again in %u s, from where it stopped",
	       REPORT_BYTES(l->artifact->filename), (unsigned)(pause_ms / 1000));
	platform_wait(l->report->platform, pause_ms);
	fetch_revive(&l->fetch);
	return OK;
}

/* The one switch: carries out what the machine wants until the artifact is whole. */
static int drive(struct load *l)
{
	struct platform *p = l->report->platform;
	struct fetch_want want = {.kind = FETCH_WANT_ASK};
	unsigned revivals = 0;
	for (;;) {
		bool news = want.kind != FETCH_WANT_WAIT;
		int err;
		if (platform_interrupted(p))
			return ERR_INTERRUPTED;
		net_poll(l->net);
		uint64_t now = platform_now_ms(p);
		for (unsigned i = 0; i < FETCH_REQUESTS_MAX; i++)
			if (l->transfers[i].active)
				news |= step_transfer(l, i, now);
		news |= checking_step(&l->checking, !news);
		if (!news && now < want.at_ms)
			continue;
		tell_progress(l, now);
		fetch_next(&l->fetch, now, &want);
		tell_faults(l);
		switch (want.kind) {
		case FETCH_WANT_ASK:
			begin_transfer(l, &want, now);
			break;
		case FETCH_WANT_ABANDON:
			end_transfer(l, want.request, OK, now);
			break;
		case FETCH_WANT_WAIT:
			break;
		case FETCH_WANT_HASH:
			if (judge_whole(l))
				return OK;
			break;
		case FETCH_WANT_FAIL:
			if ((err = revive(l, &revivals)) != OK)
				return err;
			break;
		}
	}
}

static void drop_tree(struct load *l)
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
	if (!source_url(l, source, ".bmt", &w))
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

/* Gets the tree from the first source that has the right one. How large it is, each source says for
 * itself: a lack of memory for what one says is no word about the next one's. */
static bool find_tree(struct load *l)
{
	struct report_size needed;
	uint64_t lacked = 0; /* the least memory that was missing for one */
	if (!l->artifact->has_swarm || tree_shape(&l->tree, l->artifact->size, 0) != OK)
		return false;
	if (l->tree.bytes == 0)
		return true; /* one block: the reference is all there is to know */
	for (unsigned i = 0; i < l->fetch.sources_n; i++) {
		if (l->fetch.sources[i].fault != FETCH_FINE)
			continue;
		int err = get_tree(l, i);
		if (err == OK)
			return true;
		drop_tree(l);
		if (err == ERR_INTERRUPTED)
			return false; /* drive finds it, too */
		if (err == ERR_NO_MEMORY && (lacked == 0 || l->tree.bytes < lacked))
			lacked = l->tree.bytes;
		if (i > 0)
			report_detail(l->report, "%.*s: tree of %.*s: %s", REPORT_BYTES(l->roots[i - 1]),
				      REPORT_BYTES(l->artifact->filename), err_text(err));
	}
	if (lacked > 0)
		report(l->report, "%.*s: no memory for its tree (%s): checked as a whole at the end",
		       REPORT_BYTES(l->artifact->filename), report_size(&needed, lacked));
	else
		report(l->report, "%.*s: no provider has its tree: checked as a whole at the end",
		       REPORT_BYTES(l->artifact->filename));
	return false;
}

static void tell_done(struct load *l, const uint64_t before[static FETCH_SOURCES_MAX])
{
	struct report_size size, rate, part;
	uint64_t ms = platform_now_ms(l->report->platform) - l->began_ms;
	report(l->report, "%.*s: %s, verified, %s/s", REPORT_BYTES(l->artifact->filename),
	       report_size(&size, l->artifact->size), report_size(&rate, l->artifact->size * 1000 / (ms + 1)));
	for (unsigned i = 1; i < l->fetch.sources_n; i++)
		report_detail(l->report, "  %s from %.*s", report_size(&part, l->fetch.sources[i].bytes - before[i]),
			      REPORT_BYTES(l->roots[i - 1]));
}

int load_artifact(struct load *l, const struct artifact *a, uint8_t *into)
{
	uint64_t before[FETCH_SOURCES_MAX];
	l->artifact = a;
	l->into = into;
	l->began_ms = l->told_ms = platform_now_ms(l->report->platform);
	for (size_t i = 0; i < FETCH_SOURCES_MAX; i++)
		before[i] = l->fetch.sources[i].bytes;
	fetch_begin(&l->fetch, a->size);
	fetch_source_moved(&l->fetch, 0, artifact_url_absolute(a));
	for (unsigned i = 0; i < l->fetch.sources_n; i++)
		l->told[i] = l->fetch.sources[i].fault;
	if (find_tree(l))
		fetch_use_tree(&l->fetch);
	begin_checking(l);
	int err = drive(l);
	bool quiet = checking_stop(&l->checking);
	end_transfers(l);
	if (!quiet)
		l->tree_file = NULL; /* it may still be read from: kept for ever */
	drop_tree(l);
	if (err == OK)
		tell_done(l, before);
	return err;
}
