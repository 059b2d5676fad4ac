#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fetch/artifact_url.h"
#include "host/clock.h"
#include "host/download_parts.h"

bool transfer_url(const struct download *d, unsigned source, const char *suffix, char url[DOWNLOAD_URL_BYTES])
{
	struct writer w = writer_of(url, DOWNLOAD_URL_BYTES - 1);
	const char *place = download_source_url(d, source);
	bool there = true;
	if (place == NULL) { /* the absolute URL is a source of its own */
		write_bytes(&w, d->artifact->download_url);
		write_text(&w, suffix);
		there = artifact_url_absolute(d->artifact);
	} else if (source >= d->places.roots_n) {
		there = suffix[0] == 0 && artifact_url_write_gateway(bytes_text(place), d->artifact, &w);
	} else {
		artifact_url_write(bytes_text(place), d->manifest, d->artifact, suffix, &w);
	}
	url[w.n] = 0;
	return there && !w.full;
}

static size_t take_header(char *p, size_t size, size_t n, void *context)
{
	struct transfer *t = context;
	answer_line(&t->answer, bytes_of(p, size * n));
	return size * n;
}

static int judge(const struct transfer *t)
{
	struct asked asked = {.offset = t->offset,
			      .length = t->length,
			      .size = t->download->fetch.size,
			      .whole = t->whole};
	return answer_judge(&t->answer, &asked);
}

static size_t refuse(struct transfer *t, int err)
{
	t->err = err;
	return 0; /* curl ends the transfer */
}

static void note_disk_error(struct download *d)
{
	d->disk_err = ERR_IO;
	d->disk_errno = errno;
}

static size_t take_body(char *p, size_t size, size_t n, void *context)
{
	struct transfer *t = context;
	struct download *d = t->download;
	struct bytes data = bytes_of(p, size * n);
	if (!t->judged) {
		int err = judge(t);
		if (err != OK)
			return refuse(t, err);
		t->judged = true;
	}
	while (data.n > 0) {
		uint64_t offset;
		uint32_t piece;
		bool store;
		size_t take = fetch_arrived(&d->fetch, t->request, data.n, clock_now_ms(), &offset, &store);
		if (take == 0)
			return refuse(t, OK); /* it needs no more */
		if (store && part_file_write(&d->part, bytes_of(data.p, take), offset) != OK) {
			note_disk_error(d);
			return refuse(t, OK);
		}
		while (fetch_completed(&d->fetch, t->request, &piece)) {
			checker_add(&d->checker, piece);
			if (d->fetch.has_tree)
				continue; /* marked when it was checked */
			if (part_file_mark(&d->part, piece, true) != OK)
				note_disk_error(d);
		}
		data = bytes_skip(data, take);
	}
	return size * n;
}

int transfer_begin(struct download *d, const struct fetch_want *want)
{
	struct transfer *t = &d->transfers[want->request];
	char url[DOWNLOAD_URL_BYTES], range[64];
	CURL *easy = t->easy != NULL ? t->easy : transfer_handle(d->cli);
	*t = (struct transfer){.download = d,
			       .easy = easy,
			       .request = want->request,
			       .offset = want->offset,
			       .length = want->length,
			       .whole = want->whole};
	if (easy == NULL)
		return ERR_NO_MEMORY;
	if (!transfer_url(d, want->source, "", url)) {
		fetch_ended(&d->fetch, want->request, ERR_NOT_FOUND, clock_now_ms());
		return OK;
	}
	(void)snprintf(range, sizeof range, "%llu-%llu", (unsigned long long)want->offset,
		       (unsigned long long)(want->offset + want->length - 1));
	CURLcode bad = curl_easy_setopt(easy, CURLOPT_URL, url);
	bad |= curl_easy_setopt(easy, CURLOPT_RANGE, want->whole ? NULL : range);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	bad |= curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	if (bad != CURLE_OK || curl_multi_add_handle(d->multi, easy) != CURLM_OK)
		return ERR_NO_MEMORY;
	t->active = true;
	return OK;
}

static void end(struct download *d, struct transfer *t, int err)
{
	(void)curl_multi_remove_handle(d->multi, t->easy); /* it is one of ours */
	t->active = false;
	fetch_ended(&d->fetch, t->request, err, clock_now_ms());
}

void transfer_abandon(struct download *d, unsigned request)
{
	struct transfer *t = &d->transfers[request];
	if (t->active)
		end(d, t, OK);
}

static int err_of_curl(struct transfer *t, CURLcode code)
{
	if (t->err != OK)
		return t->err;
	if (code == CURLE_WRITE_ERROR)
		return OK; /* we stopped it: it needed no more */
	if (!t->judged && code == CURLE_OK)
		return judge(t) == OK ? ERR_CLOSED : judge(t); /* no body at all */
	return transfer_handle_err(code);
}

void transfer_reap(struct download *d)
{
	int left;
	const CURLMsg *m;
	while ((m = curl_multi_info_read(d->multi, &left)) != NULL) {
		struct transfer *t = NULL;
		if (m->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t) != CURLE_OK)
			continue;
		const unsigned source = d->fetch.requests[t->request].source;
		int err = err_of_curl(t, m->data.result);
		if (err != OK)
			cli_debug(d->cli, "source %u: %s (%s)", source, err_text(err),
				  curl_easy_strerror(m->data.result));
		if (err == ERR_IO)
			d->cause[source] = t->err == OK ? m->data.result : CURLE_OK;
		end(d, t, err);
	}
}

void transfer_free_all(struct download *d)
{
	for (size_t i = 0; i < FETCH_REQUESTS_MAX; i++) {
		struct transfer *t = &d->transfers[i];
		if (t->active)
			(void)curl_multi_remove_handle(d->multi, t->easy); /* it is one of ours */
		if (t->easy != NULL)
			curl_easy_cleanup(t->easy);
		*t = (struct transfer){.easy = NULL};
	}
}
