/* The tree of the artifact that is being loaded, chunk by chunk: for one that nobody has in one piece. */
#include <assert.h>
#include <string.h>

#include "efi/load_parts.h"
#include "fetch/asks.h"
#include "fetch/gateway_url.h"
#include "swarm/chunk.h"
#include "swarm/tree_fill.h"

#define ASKED_MAX 12 /* chunks at a time: the network has few connections */
#define TELL_MS 2000 /* between two lines of progress */

static_assert(ASKS_REQUESTS_MAX <= FETCH_REQUESTS_MAX, "they use the same transfers, one after the other");

/* Large: in pages, and only while it is needed. */
struct chunks {
	struct load *load;
	struct asks asks;
	struct tree_fill fill;
	unsigned asked_n; /* that are wanted of the machine */
	uint64_t told_ms;
	struct bytes urls[ASKS_SOURCES_MAX];
	uint8_t received[ASKS_REQUESTS_MAX][CHUNK_STORED_BYTES_MAX];
};

static void add_sources(struct chunks *c)
{
	const struct load *l = c->load;
	asks_init(&c->asks);
	for (unsigned i = 0; i < l->places_n; i++)
		if (l->fetch.sources[i + 1].fault == FETCH_FINE)
			c->urls[asks_source_add(&c->asks, true, false)] = l->places[i].url;
}

static void end(struct chunks *c, unsigned i, uint64_t now_ms)
{
	struct load_transfer *t = &c->load->transfers[i];
	if (t->active)
		request_end(&t->request, now_ms);
	t->active = false;
}

static void begin(struct chunks *c, const struct asks_want *want, uint64_t now_ms)
{
	struct load_transfer *t = &c->load->transfers[want->request];
	struct writer w = writer_of(t->url, sizeof t->url);
	gateway_url_write(c->urls[want->source], "/chunks/", want->address, &w);
	if (w.full) {
		asks_ended(&c->asks, want->request, ERR_NOT_FOUND, now_ms);
		return;
	}
	t->active = true;
	request_begin(&t->request, c->load->web, writer_view(&w), NULL, now_ms);
}

/* All of a chunk is there. */
static int judge(struct chunks *c, unsigned i, const struct asks_part *part)
{
	const struct bytes chunk = bytes_of(c->received[i], part->at);
	const int err = tree_fill_chunk(&c->fill, asks_id(&c->asks, part->ask), chunk, NULL);
	if (err == ERR_HASH) {
		asks_wrong(&c->asks, part, chunk.n);
		return OK;
	}
	asks_right(&c->asks, part->ask);
	c->asked_n--;
	return err;
}

/* Why a request ended. Only who was asked can say that he has no such chunk, or cannot give it (500, as a bee node
 * that finds it nowhere); all else is no word about the chunk. */
static int err_of(const struct request *r)
{
	if (r->state == REQUEST_DONE)
		return OK;
	if (r->verdict == ERR_NOT_FOUND)
		return ERR_NOT_FOUND;
	if (r->verdict != OK && r->exchange.answer.status == 500)
		return ERR_SOURCE;
	return r->err == ERR_NOT_FOUND || r->err == ERR_SOURCE ? ERR_CLOSED : r->err;
}

static int step(struct chunks *c, unsigned i, uint64_t now_ms)
{
	struct request *r = &c->load->transfers[i].request;
	struct asks_part part;
	struct bytes data;
	int err = OK;
	request_step(r, now_ms);
	while ((data = request_body(r)).n > 0) {
		const size_t n = asks_arrived(&c->asks, i, data.n, now_ms, &part);
		if (n == 0) {
			end(c, i, now_ms);
			asks_ended(&c->asks, i, ERR_LIMIT, now_ms);
			return OK;
		}
		if (part.wanted)
			memcpy(c->received[i] + part.at, data.p, n);
		request_took(r, n);
	}
	if (r->state == REQUEST_UNDER_WAY)
		return OK;
	if (r->state == REQUEST_DONE && asks_whole(&c->asks, i, now_ms, &part))
		err = judge(c, i, &part);
	end(c, i, now_ms);
	asks_ended(&c->asks, i, err_of(r), now_ms);
	return err;
}

/* Once the root is there: memory for all of it. */
static int take_memory(struct chunks *c)
{
	struct load *l = c->load;
	if (l->tree_file != NULL || tree_fill_bytes(&c->fill) == 0)
		return OK;
	l->tree = c->fill.tree;
	if (platform_pages(l->report->platform, l->tree.bytes, &l->tree_file) != OK) {
		l->tree_file = NULL;
		return ERR_NO_MEMORY;
	}
	tree_fill_memory(&c->fill, l->tree_file);
	report(l->report, "%.*s: its tree comes as %llu chunks", REPORT_BYTES(l->artifact->filename),
	       (unsigned long long)c->fill.chunks_n);
	return OK;
}

/* What the machine wants now. */
static void carry_out(struct chunks *c, uint64_t now_ms)
{
	struct tree_fill_want chunk;
	struct asks_want want;
	while (c->asked_n < ASKED_MAX && tree_fill_want(&c->fill, &chunk)) {
		asks_add(&c->asks, chunk.id, chunk.address, (struct asks_leaf){.size = 0});
		c->asked_n++;
	}
	for (asks_next(&c->asks, now_ms, &want); want.kind != ASKS_WANT_WAIT; asks_next(&c->asks, now_ms, &want)) {
		if (want.kind == ASKS_WANT_ASK)
			begin(c, &want, now_ms);
		else
			end(c, want.request, now_ms);
	}
}

static void tell_progress(struct chunks *c, uint64_t now_ms)
{
	const struct load *l = c->load;
	if (c->fill.there_n == 0 || now_ms < c->told_ms + TELL_MS)
		return;
	c->told_ms = now_ms;
	report(l->report, "%.*s: %llu of %llu chunks of its tree", REPORT_BYTES(l->artifact->filename),
	       (unsigned long long)c->fill.there_n, (unsigned long long)c->fill.chunks_n);
}

static int drive(struct chunks *c)
{
	struct platform *p = c->load->report->platform;
	const uint64_t begun_ms = platform_now_ms(p);
	int err = OK;
	uint64_t id;
	c->told_ms = begun_ms;
	while (err == OK && !tree_fill_done(&c->fill)) {
		net_poll(c->load->net);
		const uint64_t now = platform_now_ms(p);
		for (unsigned i = 0; i < ASKS_REQUESTS_MAX && err == OK; i++)
			if (c->load->transfers[i].active)
				err = step(c, i, now);
		if (err == OK)
			err = take_memory(c);
		if (err != OK || tree_fill_done(&c->fill))
			break;
		carry_out(c, now);
		tell_progress(c, now);
		if (asks_failed(&c->asks, &id, &err))
			break;
		if (platform_interrupted(p))
			err = ERR_INTERRUPTED;
		else if (now - begun_ms >= tree_fill_limit_ms(&c->fill))
			err = ERR_TIMEOUT;
	}
	for (unsigned i = 0; i < ASKS_REQUESTS_MAX; i++)
		end(c, i, platform_now_ms(p));
	return err;
}

static void tell_liars(const struct chunks *c)
{
	const struct load *l = c->load;
	for (unsigned i = 0; i < c->asks.sources_n; i++)
		if (c->asks.sources[i].bad_bytes > 0)
			report(l->report, "%.*s: sent wrong chunks of the tree of %.*s", REPORT_BYTES(c->urls[i]),
			       REPORT_BYTES(l->artifact->filename));
}

int load_tree_chunks(struct load *l)
{
	struct platform *p = l->report->platform;
	uint8_t *pages;
	if (platform_pages(p, sizeof(struct chunks), &pages) != OK)
		return ERR_NO_MEMORY;
	struct chunks *c = (struct chunks *)(void *)pages; /* pages are aligned for anything */
	memset(c, 0, sizeof *c);
	c->load = l;
	add_sources(c);
	tree_fill_init(&c->fill, l->artifact->size, l->artifact->swarm, l->kind);
	const int err = drive(c);
	tell_liars(c);
	platform_give_pages(p, pages, sizeof(struct chunks));
	return err;
}
