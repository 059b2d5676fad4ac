#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "fetch/gateway_url.h"
#include "host/clock.h"
#include "host/gateways_parts.h"

#define URL_BYTES (GATEWAY_URL_MAX + 2 * REFERENCE_BYTES + 16)

static size_t take_header(char *p, size_t size, size_t n, void *context)
{
	struct gateway_transfer *t = context;
	answer_line(&t->answer, bytes_of(p, size * n));
	return size * n;
}

/* Whether the answer may be what was asked for. */
static int judge(const struct gateway_transfer *t)
{
	if (t->by_range)
		return answer_judge(&t->answer, &t->asked);
	if (t->answer.status == 404)
		return ERR_NOT_FOUND;
	if (t->answer.status == 500) /* a bee node that does not find it */
		return ERR_SOURCE;
	return t->answer.status == 200 ? OK : ERR_PROTOCOL;
}

static size_t refuse(struct gateway_transfer *t, int err)
{
	t->err = err;
	return 0; /* curl ends the transfer */
}

/* Whether there are buffers for n bytes more: curl gives all of them again later, or none. */
static bool fits(const struct gateway_transfer *t, size_t n)
{
	const size_t chunks = t->by_range ? n / CHUNK_PAYLOAD_MAX + 2 : 1;
	return t->gateways->free_n + (t->buffer != NULL) >= chunks;
}

static void store(struct gateway_transfer *t, const struct asks_part *part, struct bytes data)
{
	struct gateways *g = t->gateways;
	const size_t at = part->at + (part->by_range ? CHUNK_SPAN_BYTES : 0);
	if (t->buffer == NULL)
		t->buffer = g->free[--g->free_n];
	assert(at + data.n <= sizeof t->buffer->chunk);
	memcpy(t->buffer->chunk + at, data.p, data.n);
	t->buffer->n = at + data.n;
}

/* A leaf of a range gets its span back, which follows from its size. */
static void deliver(struct gateway_transfer *t, const struct asks_part *part)
{
	struct gateways *g = t->gateways;
	struct gateway_buffer *b = t->buffer;
	assert(b != NULL); /* all of its bytes were wanted */
	if (part->by_range)
		store_le64(b->chunk, b->n - CHUNK_SPAN_BYTES);
	b->part = *part;
	gateways_ready(g, b);
	t->buffer = NULL;
}

static size_t take_body(char *p, size_t size, size_t n, void *context)
{
	struct gateway_transfer *t = context;
	struct gateways *g = t->gateways;
	struct bytes in = bytes_of(p, size * n);
	if (in.n == 0)
		return 0; /* an empty body */
	if (!t->judged) {
		const int err = judge(t);
		if (err != OK)
			return refuse(t, err);
		t->judged = true;
	}
	if (!fits(t, in.n)) {
		t->paused = true;
		asks_pause(&g->asks, t->request);
		return CURL_WRITEFUNC_PAUSE;
	}
	const uint64_t now = clock_now_ms();
	while (in.n > 0) {
		struct asks_part part;
		const size_t take = asks_arrived(&g->asks, t->request, in.n, now, &part);
		if (take == 0)
			return refuse(t, ERR_LIMIT);
		if (part.wanted)
			store(t, &part, bytes_of(in.p, take));
		if (part.complete)
			deliver(t, &part);
		in = bytes_skip(in, take);
	}
	return size * n;
}

static void write_url(const struct gateways *g, const struct asks_want *want, char url[URL_BYTES])
{
	struct writer w = writer_of(url, URL_BYTES - 1);
	gateway_url_write(bytes_text(g->v[want->source].url), want->by_range ? "/bytes/" : "/chunks/",
			  want->by_range ? g->file : want->address, &w);
	assert(!w.full); /* GATEWAY_URL_MAX */
	url[w.n] = 0;
}

int gateway_transfer_begin(struct gateways *g, const struct asks_want *want)
{
	struct gateway_transfer *t = &g->transfers[want->request];
	char url[URL_BYTES], range[64];
	CURL *easy = t->easy != NULL ? t->easy : transfer_handle(g->cli);
	if (easy == NULL)
		return ERR_NO_MEMORY;
	*t = (struct gateway_transfer){
		.gateways = g,
		.easy = easy,
		.by_range = want->by_range,
		.request = want->request,
		.source = want->source,
		.asked = {.offset = want->offset, .length = want->length, .size = g->file_size},
	};
	write_url(g, want, url);
	(void)snprintf(range, sizeof range, "%llu-%llu", (unsigned long long)want->offset,
		       (unsigned long long)(want->offset + want->length - 1));
	CURLcode bad = curl_easy_setopt(easy, CURLOPT_URL, url);
	bad |= curl_easy_setopt(easy, CURLOPT_RANGE, want->by_range ? range : NULL);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	bad |= curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	if (bad != CURLE_OK || curl_multi_add_handle(g->multi, easy) != CURLM_OK)
		return ERR_NO_MEMORY;
	t->active = true;
	return OK;
}

void gateway_transfer_stop(struct gateways *g, struct gateway_transfer *t)
{
	(void)curl_multi_remove_handle(g->multi, t->easy); /* it is one of ours */
	t->active = false;
	if (t->buffer != NULL)
		g->free[g->free_n++] = t->buffer;
	t->buffer = NULL;
}

void gateway_transfer_resume(struct gateways *g, struct gateway_transfer *t)
{
	t->paused = false;
	asks_resume(&g->asks, t->request, clock_now_ms());
	(void)curl_easy_pause(t->easy, CURLPAUSE_CONT); /* an error ends the transfer, and is seen then */
}

static int err_of(const struct gateway_transfer *t, CURLcode code)
{
	if (t->err != OK)
		return t->err;
	if (code == CURLE_OK && !t->judged) /* no body at all */
		return judge(t) == OK ? ERR_CLOSED : judge(t);
	return transfer_handle_err(code);
}

static void tell(struct gateway_transfer *t, int err, CURLcode code)
{
	char text[64];
	const bool by_curl = t->err == OK && code != CURLE_OK;
	if (err == OK || err == ERR_NOT_FOUND || (t->by_range && err == ERR_PROTOCOL))
		return;
	(void)snprintf(text, sizeof text, "it answers with status %u", t->answer.status);
	gateways_tell_failing(t->gateways, t->source,
			      by_curl                                    ? curl_easy_strerror(code)
			      : err == ERR_SOURCE || err == ERR_PROTOCOL ? text
									 : err_text(err));
}

size_t gateway_transfers_reap(struct gateways *g)
{
	const CURLMsg *m;
	size_t n = 0;
	int left;
	while ((m = curl_multi_info_read(g->multi, &left)) != NULL) {
		struct gateway_transfer *t = NULL;
		struct asks_part part;
		if (m->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t) != CURLE_OK)
			continue;
		const CURLcode code = m->data.result;
		const int err = err_of(t, code);
		if (err == OK && asks_whole(&g->asks, t->request, clock_now_ms(), &part))
			deliver(t, &part);
		tell(t, err, code);
		gateway_transfer_stop(g, t);
		asks_ended(&g->asks, t->request, err, clock_now_ms());
		n++;
	}
	return n;
}
