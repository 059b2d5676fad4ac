#include <string.h>

#include "efi/load_parts.h"
#include "fetch/artifact_url.h"

#define TELL_MS 1000 /* between two lines of progress */

void load_open(struct load *l, const struct load_with *with, const struct manifest *m, size_t gateways_n)
{
	l->report = with->report;
	l->net = with->net;
	l->web = with->web;
	l->kind = with->kind;
	l->native = with->native;
	l->native_first = with->native_first;
	l->manifest = m;
	l->reserved_n = gateways_n < LOAD_GATEWAYS_MAX ? gateways_n : LOAD_GATEWAYS_MAX;
	if (checking_open(&l->checking, l->report->platform, l->kind) != OK)
		report(l->report, "no memory for the work of other processors: this one checks alone");
	fetch_init(&l->fetch);
	(void)fetch_source_add(&l->fetch); /* number 0: the URL that an artifact itself names */
}

static bool add(struct load *l, struct bytes url, bool gateway, size_t most)
{
	for (size_t i = 0; i < l->places_n; i++)
		if (l->places[i].gateway == gateway && bytes_equal(l->places[i].url, url))
			return true;
	if (l->places_n >= most || fetch_source_add(&l->fetch) == FETCH_NO_SOURCE)
		return false;
	l->places[l->places_n++] = (struct load_place){.url = url, .gateway = gateway};
	return true;
}

void load_add_root(struct load *l, struct bytes root)
{
	const unsigned most = LOAD_SOURCES_MAX - (unsigned)l->reserved_n;
	if (!add(l, root, false, most))
		report(l->report, "%.*s: has the release, but is not asked: %u others have it", REPORT_BYTES(root),
		       most);
}

void load_add_gateways(struct load *l, const struct bytes *urls, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (i >= l->reserved_n || !add(l, urls[i], true, LOAD_SOURCES_MAX))
			report(l->report, "gateway %.*s: is not asked: %d others are", REPORT_BYTES(urls[i]),
			       LOAD_GATEWAYS_MAX);
}

bool load_url(const struct load *l, unsigned source, const char *suffix, struct writer *w)
{
	if (source == 0) {
		write_bytes(w, l->artifact->download_url);
		write_text(w, suffix);
		return !w->full && artifact_url_absolute(l->artifact);
	}
	const struct load_place *place = &l->places[source - 1];
	if (place->gateway) /* it knows nothing of suffixes */
		return suffix[0] == 0 && artifact_url_write_gateway(place->url, l->artifact, w) && !w->full;
	artifact_url_write(place->url, l->manifest, l->artifact, suffix, w);
	return !w->full;
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
	if (!load_url(l, want->source, "", &w)) {
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

static void tell_faults(struct load *l)
{
	for (unsigned i = 0; i < l->fetch.sources_n; i++) {
		const struct fetch_source *s = &l->fetch.sources[i];
		if (s->fault == l->told[i])
			continue;
		l->told[i] = s->fault;
		if (i > 0)
			report(l->report, "%.*s: %.*s: %s", REPORT_BYTES(l->places[i - 1].url),
			       REPORT_BYTES(l->artifact->filename), fetch_fault_text(s));
		else if (s->fault != FETCH_FINE)
			report(l->report, "%.*s: %s", REPORT_BYTES(l->artifact->download_url), fetch_fault_text(s));
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

/* Whether nodes of Swarm may be asked for what is missing: the tree tells its chunks. */
static bool has_leaves(const struct load *l)
{
	return l->native != NULL && l->fetch.has_tree;
}

/* Nobody is left to ask by HTTP. OK: the rest came from elsewhere, or those that only failed will be asked again. */
static int revive(struct load *l, unsigned *revivals)
{
	const int leaves = has_leaves(l) ? load_leaves(l) : ERR_NOT_FOUND;
	if (leaves == OK || leaves == ERR_INTERRUPTED)
		return leaves;
	const int err = fetch_verdict(&l->fetch);
	if (err == ERR_NOT_FOUND)
		return leaves;
	if (err != ERR_SOURCE || *revivals == LOAD_REVIVALS)
		return err;
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

static void tell_done(struct load *l, const uint64_t before[static FETCH_SOURCES_MAX])
{
	struct report_size size, rate, part;
	uint64_t ms = platform_now_ms(l->report->platform) - l->began_ms;
	report(l->report, "%.*s: %s, verified, %s/s", REPORT_BYTES(l->artifact->filename),
	       report_size(&size, l->artifact->size), report_size(&rate, l->artifact->size * 1000 / (ms + 1)));
	for (unsigned i = 1; i < l->fetch.sources_n; i++)
		report_detail(l->report, "  %s from %.*s", report_size(&part, l->fetch.sources[i].bytes - before[i]),
			      REPORT_BYTES(l->places[i - 1].url));
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
	if ((l->reserved_n > 0 || l->native != NULL) && !a->has_swarm)
		report(l->report, "%.*s: has no Swarm reference: Swarm is not asked for it", REPORT_BYTES(a->filename));
	if (load_tree_find(l))
		fetch_use_tree(&l->fetch);
	begin_checking(l);
	int err = l->native_first && has_leaves(l) ? load_leaves(l) : OK;
	if (err != ERR_INTERRUPTED) /* what is missing still, if anything */
		err = drive(l);
	bool quiet = checking_stop(&l->checking);
	end_transfers(l);
	if (!quiet)
		l->tree_file = NULL; /* it may still be read from: kept for ever */
	load_tree_drop(l);
	if (err == OK)
		tell_done(l, before);
	return err;
}
