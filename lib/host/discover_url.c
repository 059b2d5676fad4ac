#include "host/discover_url.h"

#include <curl/curl.h>
#include <stdalign.h>

/* Large, so not on the stack; one answer is read at a time. */
static alignas(16) uint8_t memory[MANIFEST_ARENA_BYTES];
static struct manifest manifest;

struct asked {
	CURL *easy;
	char url[CANDIDATE_URL_MAX + 1];
	uint8_t *body; /* owned */
	size_t body_n, body_room;
	bool too_large, no_memory;
	char error[CURL_ERROR_SIZE];
};

struct discover_urls {
	struct cli *cli;
	discover_url_found *found;
	void *context;
	CURLM *multi;
	size_t n, left;
	struct asked asked[DISCOVER_URLS_MAX];
};

static size_t body_arrived(char *data, size_t size, size_t n, void *context)
{
	struct asked *a = context;
	(void)size; /* is 1, says libcurl */
	if (n > MANIFEST_BYTES_MAX - a->body_n) {
		a->too_large = true;
		return 0;
	}
	if (n > a->body_room - a->body_n) {
		size_t room = a->body_n + n + MANIFEST_BYTES_MAX / 16;
		uint8_t *larger = realloc(a->body, room);
		if (larger == NULL) {
			a->no_memory = true;
			return 0;
		}
		a->body = larger;
		a->body_room = room;
	}
	memcpy(a->body + a->body_n, data, n);
	a->body_n += n;
	return n;
}

static bool set_up(struct asked *a)
{
	CURL *e = a->easy = curl_easy_init();
	return e != NULL && curl_easy_setopt(e, CURLOPT_URL, a->url) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_USERAGENT, "phase-discover/" VERSION) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, body_arrived) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_WRITEDATA, a) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_ERRORBUFFER, a->error) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_PRIVATE, a) == CURLE_OK;
}

struct discover_urls *discover_urls_start(struct cli *cli, const char *const *urls, size_t n, discover_url_found *found,
					  void *context)
{
	struct discover_urls *d = calloc(1, sizeof *d);
	if (d == NULL)
		return NULL;
	*d = (struct discover_urls){.cli = cli, .found = found, .context = context, .multi = curl_multi_init()};
	bool ok = d->multi != NULL;
	for (; ok && d->n < n && d->n < DISCOVER_URLS_MAX; d->n++) {
		struct asked *a = &d->asked[d->n];
		(void)snprintf(a->url, sizeof a->url, "%s", urls[d->n]);
		ok = set_up(a) && curl_multi_add_handle(d->multi, a->easy) == CURLM_OK;
		d->left += ok;
	}
	if (ok)
		return d;
	d->left = 0;
	discover_urls_end(d);
	return NULL;
}

static void failed(struct discover_urls *d, struct asked *a, CURLcode code)
{
	const char *what = a->error[0] != 0 ? a->error : curl_easy_strerror(code);
	if (a->too_large)
		what = "larger than a manifest may be (1 MiB)";
	else if (a->no_memory)
		what = err_text(ERR_NO_MEMORY);
	cli_warn(d->cli, "%s: %s", a->url, what);
}

static void answered(struct discover_urls *d, struct asked *a)
{
	struct discover_candidate c;
	struct arena arena = arena_of(memory, sizeof memory);
	struct why why = {.what = ""};
	long status = 0;
	(void)curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 300 && status <= 399) {
		cli_warn(d->cli, "%s: redirects (HTTP status %ld); name the place itself", a->url, status);
		return;
	}
	if (status != 200) {
		cli_warn(d->cli, "%s: HTTP status %ld", a->url, status);
		return;
	}
	int err = manifest_read(&manifest, bytes_of(a->body, a->body_n), &arena, &why);
	if (err == OK)
		err = discover_candidate_fetched(&c, a->url, &manifest, &why);
	if (err != OK)
		cli_warn(d->cli, "%s: no manifest: %s (%s)", a->url, err_text(err), why.what);
	else
		d->found(d->context, &c);
}

int discover_urls_step(struct discover_urls *d, uint64_t wait_ms)
{
	int running, queued;
	CURLMsg *m;
	char *private;
	CURLMcode code = curl_multi_poll(d->multi, NULL, 0, wait_ms > INT32_MAX ? INT32_MAX : (int)wait_ms, NULL);
	if (code == CURLM_OK)
		code = curl_multi_perform(d->multi, &running);
	if (code != CURLM_OK) {
		cli_error(d->cli, ERR_IO, "%s", curl_multi_strerror(code));
		return ERR_IO;
	}
	while ((m = curl_multi_info_read(d->multi, &queued)) != NULL) {
		if (m->msg != CURLMSG_DONE || curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private) != CURLE_OK)
			continue;
		struct asked *a = (struct asked *)(void *)private;
		CURLcode result = m->data.result;
		d->left--;
		if (result == CURLE_OK)
			answered(d, a);
		else
			failed(d, a, result);
		(void)curl_multi_remove_handle(d->multi, a->easy); /* it is in there */
		curl_easy_cleanup(a->easy);
		a->easy = NULL;
	}
	return OK;
}

size_t discover_urls_left(const struct discover_urls *d)
{
	return d == NULL ? 0 : d->left;
}

void discover_urls_end(struct discover_urls *d)
{
	if (d == NULL)
		return;
	for (size_t k = 0; k < DISCOVER_URLS_MAX; k++) {
		struct asked *a = &d->asked[k];
		if (a->easy != NULL) {
			if (d->left > 0)
				cli_warn(d->cli, "%s: no answer in time", a->url);
			(void)curl_multi_remove_handle(d->multi, a->easy); /* may not be in there */
			curl_easy_cleanup(a->easy);
		}
		free(a->body);
	}
	if (d->multi != NULL)
		(void)curl_multi_cleanup(d->multi);
	free(d);
}
