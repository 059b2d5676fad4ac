#include "efi/chunks.h"

#include <string.h>

#include "fetch/gateway_url.h"
#include "swarm/chunk.h"

#define URL_ROOM (URL_BYTES_MAX + 2 * REFERENCE_BYTES + sizeof "/chunks/")

/* A request by HTTP. */
struct transfer {
	bool active;
	uint8_t url[URL_ROOM];
	struct request request;
	uint8_t chunk[CHUNK_STORED_BYTES_MAX];
};

/* Large: in pages. */
struct chunks {
	struct chunks_with with;
	struct platform *platform;
	struct asks asks;
	unsigned native_source; /* ASKS_SOURCES_MAX: none */
	struct bytes urls[ASKS_SOURCES_MAX];
	size_t asked_n;
	int err;                  /* what the judge said from within an answer */
	bool wide[ASKS_WIDE_MAX]; /* requests to nodes that are under way */
	struct transfer transfers[ASKS_REQUESTS_MAX];
};

static void on_answer(void *context, uint64_t id, int err, struct bytes chunk);

int chunks_open(struct chunks **chunks, const struct chunks_with *with)
{
	struct platform *p = with->report->platform;
	uint8_t *pages;
	if (platform_pages(p, sizeof(struct chunks), &pages) != OK)
		return ERR_NO_MEMORY;
	struct chunks *c = (struct chunks *)(void *)pages; /* pages are aligned for anything */
	c->with = *with;
	c->platform = p;
	c->asked_n = 0;
	c->err = OK;
	memset(c->wide, 0, sizeof c->wide);
	for (unsigned i = 0; i < ASKS_REQUESTS_MAX; i++)
		c->transfers[i].active = false;
	asks_init(&c->asks);
	c->native_source = ASKS_SOURCES_MAX;
	if (with->native != NULL) {
		c->native_source = asks_source_add_wide(&c->asks);
		asks_allow(&c->asks, c->native_source, CHUNKS_NATIVE_MAX);
		native_listen(with->native, on_answer, c);
	}
	*chunks = c;
	return OK;
}

void chunks_add_place(struct chunks *c, struct bytes url)
{
	const unsigned i = asks_source_add(&c->asks, true, false);
	if (i < ASKS_SOURCES_MAX)
		c->urls[i] = url;
}

bool chunks_any(const struct chunks *c)
{
	return c->asks.sources_n > 0;
}

size_t chunks_room(const struct chunks *c)
{
	const size_t most = CHUNKS_ASKED_MAX + (c->with.native != NULL ? CHUNKS_NATIVE_MAX : 0);
	return most > c->asked_n ? most - c->asked_n : 0;
}

void chunks_ask(struct chunks *c, uint64_t id, const uint8_t address[static REFERENCE_BYTES])
{
	asks_add(&c->asks, id, address, (struct asks_leaf){.size = 0});
	c->asked_n++;
}

static void end(struct chunks *c, unsigned i, uint64_t now_ms)
{
	bool *active = i < ASKS_REQUESTS_MAX ? &c->transfers[i].active : &c->wide[i - ASKS_REQUESTS_MAX];
	if (*active && i < ASKS_REQUESTS_MAX)
		request_end(&c->transfers[i].request, now_ms);
	else if (*active)
		native_forget(c->with.native, i);
	*active = false;
}

static int begin_native(struct chunks *c, const struct asks_want *want)
{
	const int err = native_ask(c->with.native, want->request, want->address);
	c->wide[want->request - ASKS_REQUESTS_MAX] = err == OK;
	return err;
}

static int begin_http(struct chunks *c, const struct asks_want *want, uint64_t now_ms)
{
	struct transfer *t = &c->transfers[want->request];
	struct writer w = writer_of(t->url, sizeof t->url);
	gateway_url_write(c->urls[want->source], "/chunks/", want->address, &w);
	if (w.full)
		return ERR_NOT_FOUND;
	t->active = true;
	request_begin(&t->request, c->with.web, writer_view(&w), NULL, now_ms);
	return OK;
}

static void begin(struct chunks *c, const struct asks_want *want, uint64_t now_ms)
{
	const int err = want->source == c->native_source ? begin_native(c, want) : begin_http(c, want, now_ms);
	if (err != OK)
		asks_ended(&c->asks, want->request, err, now_ms);
}

/* All of a chunk is there. */
static int judge(struct chunks *c, struct bytes chunk, const struct asks_part *part)
{
	const int err = c->with.judge(c->with.context, asks_id(&c->asks, part->ask), chunk);
	if (err == ERR_HASH) {
		asks_wrong(&c->asks, part, chunk.n);
		return OK;
	}
	asks_right(&c->asks, part->ask);
	c->asked_n--;
	return err;
}

static void on_answer(void *context, uint64_t id, int err, struct bytes chunk)
{
	struct chunks *c = context;
	const unsigned i = (unsigned)id;
	const uint64_t now = platform_now_ms(c->platform);
	struct asks_part part;
	if (!c->wide[i - ASKS_REQUESTS_MAX])
		return;
	c->wide[i - ASKS_REQUESTS_MAX] = false;
	if (err == OK && asks_arrived(&c->asks, i, chunk.n, now, &part) == chunk.n &&
	    asks_whole(&c->asks, i, now, &part) && c->err == OK)
		c->err = judge(c, chunk, &part);
	asks_ended(&c->asks, i, err, now);
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
	struct transfer *t = &c->transfers[i];
	struct request *r = &t->request;
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
			memcpy(t->chunk + part.at, data.p, n);
		request_took(r, n);
	}
	if (r->state == REQUEST_UNDER_WAY)
		return OK;
	if (r->state == REQUEST_DONE && asks_whole(&c->asks, i, now_ms, &part))
		err = judge(c, bytes_of(t->chunk, part.at), &part);
	const int why = err_of(r);
	end(c, i, now_ms);
	asks_ended(&c->asks, i, why, now_ms);
	return err;
}

int chunks_step(struct chunks *c)
{
	struct asks_want want;
	int err = OK;
	net_poll(c->with.net);
	const uint64_t now = platform_now_ms(c->platform);
	if (c->with.native != NULL)
		native_step(c->with.native, now);
	for (unsigned i = 0; i < ASKS_REQUESTS_MAX && err == OK; i++)
		if (c->transfers[i].active)
			err = step(c, i, now);
	if (err == OK)
		err = c->err;
	if (err != OK)
		return err;
	for (asks_next(&c->asks, now, &want); want.kind != ASKS_WANT_WAIT; asks_next(&c->asks, now, &want)) {
		if (want.kind == ASKS_WANT_ASK)
			begin(c, &want, now);
		else
			end(c, want.request, now);
	}
	return OK;
}

bool chunks_failed(struct chunks *c, uint64_t *id, int *err)
{
	if (!asks_failed(&c->asks, id, err))
		return false;
	c->asked_n--;
	return true;
}

void chunks_tell_liars(const struct chunks *c, struct bytes of)
{
	for (unsigned i = 0; i < c->asks.sources_n; i++)
		if (c->asks.sources[i].bad_bytes > 0 && i != c->native_source)
			report(c->with.report, "%.*s: sent wrong chunks of %.*s", REPORT_BYTES(c->urls[i]),
			       REPORT_BYTES(of));
}

void chunks_close(struct chunks *c)
{
	if (c == NULL)
		return;
	for (unsigned i = 0; i < ASKS_SLOTS_MAX; i++)
		end(c, i, platform_now_ms(c->platform));
	if (c->with.native != NULL)
		native_listen(c->with.native, NULL, NULL);
	platform_give_pages(c->platform, (uint8_t *)c, sizeof(struct chunks));
}
