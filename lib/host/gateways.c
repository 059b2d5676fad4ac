#include "host/gateways.h"

#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "host/gateways_parts.h"

static int open_parts(struct gateways *g, const char *const *urls, size_t n)
{
	asks_init(&g->asks);
	for (size_t i = 0; i < n; i++) {
		if (strlen(urls[i]) > GATEWAY_URL_MAX) {
			cli_error(g->cli, ERR_LIMIT, "a gateway's URL is longer than %d bytes", GATEWAY_URL_MAX);
			return ERR_LIMIT;
		}
		g->v[asks_source_add(&g->asks, true, true)].url = urls[i];
	}
	g->urls_n = n;
	g->buffers_n = g->peers == NULL ? GATEWAYS_BUFFERS : GATEWAYS_BUFFERS_MAX;
	g->multi = curl_multi_init();
	g->buffers = malloc(g->buffers_n * sizeof *g->buffers);
	/* by itself curl would close what is not in use, and connect anew */
	if (g->multi == NULL || g->buffers == NULL ||
	    curl_multi_setopt(g->multi, CURLMOPT_MAXCONNECTS, (long)ASKS_REQUESTS_MAX) != CURLM_OK)
		return ERR_NO_MEMORY;
	if (g->peers != NULL)
		gateway_native_add(g);
	gateways_forget(g);
	return OK;
}

int gateways_open(struct cli *cli, const char *const *urls, size_t n, struct bzz_peers *peers,
		  struct gateways **gateways)
{
	struct gateways *g = calloc(1, sizeof *g);
	if (g == NULL) {
		bzz_peers_close(peers);
		return ERR_NO_MEMORY;
	}
	g->cli = cli;
	g->peers = peers;
	const size_t most = peers == NULL ? GATEWAYS_MAX : GATEWAYS_MAX - 1;
	if (n > most)
		cli_warn(cli, "%zu gateways are given, %zu are asked", n, most);
	const int err = open_parts(g, urls, n < most ? n : most);
	if (err != OK) {
		gateways_close(g);
		return err;
	}
	*gateways = g;
	return OK;
}

void gateways_close(struct gateways *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < ASKS_REQUESTS_MAX; i++) {
		struct gateway_transfer *t = &g->transfers[i];
		if (t->active)
			gateway_transfer_stop(g, t);
		if (t->easy != NULL)
			curl_easy_cleanup(t->easy);
	}
	if (g->multi != NULL)
		(void)curl_multi_cleanup(g->multi); /* its handles are gone */
	bzz_peers_close(g->peers);
	free(g->buffers);
	free(g);
}

void gateways_file(struct gateways *g, const uint8_t root[static REFERENCE_BYTES], uint64_t size)
{
	memcpy(g->file, root, sizeof g->file);
	g->file_size = size;
}

void gateways_forget(struct gateways *g)
{
	for (size_t i = 0; i < ASKS_REQUESTS_MAX; i++)
		if (g->transfers[i].active)
			gateway_transfer_stop(g, &g->transfers[i]);
	gateway_natives_forget(g);
	asks_forget(&g->asks);
	g->ready_in = g->ready_out = g->ready_taken = 0;
	g->free_n = g->buffers_n;
	for (size_t i = 0; i < g->buffers_n; i++)
		g->free[i] = &g->buffers[i];
}

size_t gateways_room(const struct gateways *g)
{
	return asks_room(&g->asks);
}

void gateways_ask(struct gateways *g, uint64_t id, const uint8_t address[static REFERENCE_BYTES])
{
	asks_add(&g->asks, id, address, (struct asks_leaf){.size = 0});
}

void gateways_ask_leaf(struct gateways *g, uint64_t id, const uint8_t address[static REFERENCE_BYTES],
		       struct asks_leaf leaf)
{
	asks_add(&g->asks, id, address, leaf);
}

/* One that has given something may hiccup; one that has not is perhaps misspelt. */
void gateways_tell_failing(struct gateways *g, unsigned source, const char *why)
{
	struct gateway *w = &g->v[source];
	if (w->told_failing || g->asks.sources[source].bytes > 0)
		cli_debug(g->cli, "%s: %s", w->url, why);
	else
		cli_warn(g->cli, "%s: %s", w->url, why);
	w->told_failing = true;
}

/* The next thing that the machine wants; false: it waits. */
static bool next(struct gateways *g, uint64_t now, struct asks_want *want)
{
	if (g->peers != NULL)
		gateway_native_allow(g);
	asks_next(&g->asks, now, want);
	return want->kind != ASKS_WANT_WAIT;
}

/* Carries out what the machine wants. *at_ms: when it is to be asked again. */
static int carry_out(struct gateways *g, uint64_t now, uint64_t *at_ms)
{
	struct asks_want want;
	int err = OK;
	while (err == OK && next(g, now, &want)) {
		const bool native = want.request >= ASKS_REQUESTS_MAX;
		if (want.kind == ASKS_WANT_ASK && native) {
			gateway_native_begin(g, &want);
		} else if (want.kind == ASKS_WANT_ASK) {
			err = gateway_transfer_begin(g, &want);
		} else if (native) {
			gateway_native_stop(g, want.request); /* others were quicker */
		} else {
			gateway_transfer_stop(g, &g->transfers[want.request]);
			gateways_tell_failing(g, want.source, err_text(ERR_TIMEOUT));
		}
	}
	*at_ms = want.at_ms;
	return err;
}

/* The caller has seen its answers: those it did not complain of were right. */
static void release_taken(struct gateways *g)
{
	for (; g->ready_out < g->ready_taken; g->ready_out++) {
		struct gateway_buffer *b = g->ready[g->ready_out % GATEWAYS_BUFFERS_MAX];
		if (b->part.ask != ASKS_NONE)
			asks_right(&g->asks, b->part.ask);
		g->free[g->free_n++] = b;
	}
	for (size_t i = 0; i < ASKS_REQUESTS_MAX; i++)
		if (g->transfers[i].active && g->transfers[i].paused)
			gateway_transfer_resume(g, &g->transfers[i]);
}

static size_t collect(struct gateways *g, struct gateway_answer *answers, size_t max)
{
	size_t n = 0;
	for (; n < max && g->ready_taken < g->ready_in; n++) {
		const struct gateway_buffer *b = g->ready[g->ready_taken++ % GATEWAYS_BUFFERS_MAX];
		answers[n] = (struct gateway_answer){.id = asks_id(&g->asks, b->part.ask),
						     .data = bytes_of(b->chunk, b->n),
						     .gateway = b->part.source,
						     .by_range = b->part.by_range,
						     .buffer = (unsigned)(b - g->buffers)};
	}
	for (; n < max; n++) {
		struct gateway_answer a = {.err = OK};
		if (!asks_failed(&g->asks, &a.id, &a.err))
			break;
		answers[n] = a;
	}
	return n;
}

/* Lets curl do what it can now. *reaped: how many requests it has ended. */
static int perform(struct gateways *g, size_t *reaped)
{
	int running;
	if (curl_multi_perform(g->multi, &running) != CURLM_OK)
		return ERR_NO_MEMORY;
	*reaped = gateway_transfers_reap(g) + gateway_natives_run(g);
	return OK;
}

/* Waits until something can be done, but not beyond end. */
static int wait_for(struct gateways *g, uint64_t now, uint64_t end)
{
	struct curl_waitfd network = {.fd = -1, .events = CURL_WAIT_POLLIN};
	if (g->peers != NULL) {
		const uint64_t wait_ms = bzz_peers_wait_ms(g->peers);
		network.fd = bzz_peers_fd(g->peers);
		if (end > now && wait_ms < end - now)
			end = now + wait_ms;
	}
	const int ms = end > now ? (int)(end - now) : 0;
	return curl_multi_poll(g->multi, &network, g->peers != NULL ? 1 : 0, ms, NULL) == CURLM_OK ? OK : ERR_NO_MEMORY;
}

int gateways_take(struct gateways *g, struct gateway_answer *answers, size_t max, int timeout_ms, size_t *n)
{
	const uint64_t end = clock_now_ms() + (uint64_t)timeout_ms;
	size_t reaped;
	release_taken(g);
	int err = perform(g, &reaped); /* nobody listened while the caller was busy: that was not their silence */
	while (err == OK) {
		const uint64_t now = clock_now_ms();
		uint64_t at_ms;
		if ((err = carry_out(g, now, &at_ms)) != OK || (err = perform(g, &reaped)) != OK)
			break;
		*n = collect(g, answers, max);
		if (*n > 0 || now >= end)
			return OK;
		if (reaped == 0) /* else others may be asked now */
			err = wait_for(g, now, at_ms < end ? at_ms : end);
	}
	return err;
}

void gateways_wrong(struct gateways *g, const struct gateway_answer *answer)
{
	struct gateway_buffer *b = &g->buffers[answer->buffer];
	struct gateway *w = &g->v[b->part.source];
	asks_wrong(&g->asks, &b->part, b->n);
	if (b->part.by_range && !w->told_by_range) {
		cli_warn(g->cli, "%s: sent wrong bytes by range; from now on it is asked for chunks", w->url);
		w->told_by_range = true;
	}
	if (g->asks.sources[b->part.source].dropped && !w->told_dropped) {
		cli_warn(g->cli, "%s: dropped: sent wrong chunks", w->url);
		w->told_dropped = true;
	}
	b->part.ask = ASKS_NONE;
}

const char *gateways_url(const struct gateways *g, unsigned i)
{
	return g->v[i].url;
}

size_t gateways_n(const struct gateways *g)
{
	return g->urls_n;
}

bool gateways_any(const struct gateways *g)
{
	return g->asks.sources_n > 0;
}

const struct bzz_peers *gateways_peers(const struct gateways *g)
{
	return g->peers;
}

struct gateway_count gateways_count(const struct gateways *g, unsigned i)
{
	const struct asks_source *s = &g->asks.sources[i];
	return (struct gateway_count){.bytes = s->bytes, .bad_bytes = s->bad_bytes, .requests = s->requests_n};
}
