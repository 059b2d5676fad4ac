#include <stdio.h>
#include <string.h>

#include "core/hex.h"
#include "host/clock.h"
#include "host/gateways_parts.h"

#define URL_BYTES 4096
#define STALL_S 40L /* a node that looks for a chunk in its network says nothing for up to 30 s */

static size_t take_header(char *p, size_t size, size_t n, void *context)
{
	struct gateway_transfer *t = context;
	answer_line(&t->answer, bytes_of(p, size * n));
	return size * n;
}

/* Whether the answer may be what was asked for. */
static int judge(const struct gateway_transfer *t)
{
	if (t->by_range) {
		const struct asked asked = {.offset = t->offset, .length = t->length, .size = t->gateways->file_size};
		return answer_judge(&t->answer, &asked);
	}
	if (t->answer.status == 404)
		return ERR_NOT_FOUND;
	return t->answer.status == 200 ? OK : ERR_SOURCE;
}

/* The bytes of the chunk that is being received are complete. */
static void deliver(struct gateway_transfer *t)
{
	struct gateways *g = t->gateways;
	const uint32_t i = t->asks[t->asks_done++];
	struct ask *a = &g->asks[i];
	struct gateway *from = &g->v[t->gateway];
	from->count.bytes += t->got;
	from->failures = 0;
	a->under_way--;
	if (!a->active)
		gateways_release(g, i);
	if (a->active && !a->answered) {
		struct gateway_ready *r = &g->ready[g->ready_in++ % GATEWAYS_READY];
		a->answered = true;
		r->ask = i;
		r->gateway = t->gateway;
		r->by_range = t->by_range;
		r->n = t->got;
		memcpy(r->chunk, t->chunk, t->got);
	}
	t->got = 0;
	t->begun_ms = t->heard_ms;
}

static size_t refuse(struct gateway_transfer *t, int err)
{
	t->err = err;
	return 0;
}

/* A range: every leaf gets its span back, which follows from its place. */
static size_t take_leaves(struct gateway_transfer *t, struct bytes in)
{
	const size_t n = in.n;
	while (in.n > 0) {
		if (t->asks_done == t->asks_n)
			return refuse(t, ERR_PROTOCOL);
		const uint32_t size = t->gateways->asks[t->asks[t->asks_done]].leaf.size;
		if (t->got == 0) {
			store_le64(t->chunk, size);
			t->got = CHUNK_SPAN_BYTES;
		}
		const size_t missing = CHUNK_SPAN_BYTES + size - t->got, take = in.n < missing ? in.n : missing;
		memcpy(t->chunk + t->got, in.p, take);
		t->got += take;
		in = bytes_skip(in, take);
		if (take == missing)
			deliver(t);
	}
	return n;
}

static size_t take_body(char *p, size_t size, size_t n, void *context)
{
	struct gateway_transfer *t = context;
	const struct bytes in = bytes_of(p, size * n);
	t->heard_ms = clock_now_ms();
	if (!t->judged) {
		int err = judge(t);
		if (err != OK)
			return refuse(t, err);
		t->judged = true;
	}
	if (t->by_range && !gateways_fit(t->gateways, in.n / CHUNK_PAYLOAD_MAX + 2)) {
		t->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (t->by_range)
		return take_leaves(t, in);
	if (in.n > sizeof t->chunk - t->got)
		return refuse(t, ERR_LIMIT);
	memcpy(t->chunk + t->got, in.p, in.n);
	t->got += in.n;
	return in.n;
}

static void write_url(const struct gateways *g, const struct gateway_transfer *t, char url[URL_BYTES])
{
	char address[2 * REFERENCE_BYTES + 1];
	const char *root = g->v[t->gateway].url;
	size_t n = strlen(root);
	while (n > 0 && root[n - 1] == '/')
		n--;
	hex_encode(bytes_of(g->asks[t->asks[0]].address, REFERENCE_BYTES), address);
	address[2 * REFERENCE_BYTES] = 0;
	(void)snprintf(url, URL_BYTES, "%.*s/%s/%s", (int)n, root, t->by_range ? "bytes" : "chunks",
		       t->by_range ? g->file : address);
}

int gateway_transfer_begin(struct gateways *g, struct gateway_transfer *t, unsigned gateway, const uint32_t *asks,
			   size_t n)
{
	char url[URL_BYTES], range[64];
	CURL *easy = t->easy != NULL ? t->easy : transfer_handle();
	if (easy == NULL)
		return ERR_NO_MEMORY;
	t->gateways = g;
	t->easy = easy;
	t->by_range = n > 1;
	t->paused = t->judged = t->hedged = false;
	t->gateway = gateway;
	t->heard_ms = t->begun_ms = clock_now_ms();
	t->answer = (struct answer){.status = 0};
	t->err = OK;
	t->asks_n = n;
	t->asks_done = t->got = 0;
	memcpy(t->asks, asks, n * sizeof asks[0]);
	t->offset = g->asks[asks[0]].leaf.offset;
	t->length = g->asks[asks[n - 1]].leaf.offset + g->asks[asks[n - 1]].leaf.size - t->offset;
	write_url(g, t, url);
	(void)snprintf(range, sizeof range, "%llu-%llu", (unsigned long long)t->offset,
		       (unsigned long long)(t->offset + t->length - 1));
	CURLcode bad = curl_easy_setopt(easy, CURLOPT_URL, url);
	bad |= curl_easy_setopt(easy, CURLOPT_RANGE, t->by_range ? range : NULL);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	bad |= curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, STALL_S);
	if (bad != CURLE_OK || curl_multi_add_handle(g->multi, easy) != CURLM_OK)
		return ERR_NO_MEMORY;
	t->active = true;
	g->reserved += !t->by_range;
	g->v[gateway].under_way++;
	g->v[gateway].count.requests++;
	return OK;
}

void gateway_transfer_end(struct gateway_transfer *t, int err)
{
	struct gateways *g = t->gateways;
	(void)curl_multi_remove_handle(g->multi, t->easy); /* it is one of ours */
	t->active = false;
	g->reserved -= !t->by_range;
	g->v[t->gateway].under_way--;
	const bool refused = t->by_range && (err == ERR_PROTOCOL || err == ERR_SIZE || err == ERR_NOT_FOUND);
	if (refused) { /* its chunks may be had all the same */
		g->v[t->gateway].no_ranges = true;
		err = ERR_PROTOCOL;
	} else if (err != OK && err != ERR_NOT_FOUND) {
		gateways_fault(g, t->gateway, err);
	}
	if (t->by_range && t->asks_done > 0 &&
	    t->asks_done < t->asks_n) { /* it stopped there: what lacks may be this one only */
		g->asks[t->asks[t->asks_done]].alone = true;
		err = ERR_PROTOCOL;
	}
	for (; t->asks_done < t->asks_n; t->asks_done++)
		gateways_missed(g, t->asks[t->asks_done], t->gateway, err == OK ? ERR_CLOSED : err);
}

static int err_of(const struct gateway_transfer *t, CURLcode code)
{
	if (t->err != OK)
		return t->err;
	if (code == CURLE_OK && !t->judged) /* no body at all */
		return judge(t) == OK ? ERR_CLOSED : judge(t);
	if (code == CURLE_OK)
		return OK;
	return code == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT : ERR_CLOSED;
}

void gateway_transfers_reap(struct gateways *g)
{
	const CURLMsg *m;
	int left;
	while ((m = curl_multi_info_read(g->multi, &left)) != NULL) {
		struct gateway_transfer *t = NULL;
		if (m->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t) != CURLE_OK)
			continue;
		int err = err_of(t, m->data.result);
		if (err == OK && !t->by_range) /* a chunk has no other end than that of the answer */
			deliver(t);
		gateway_transfer_end(t, err);
	}
}
