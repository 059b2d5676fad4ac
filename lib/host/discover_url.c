#include "host/discover_url.h"

#include <curl/curl.h>
#include <stdalign.h>
#include <stdarg.h>

#define PROBE_TIMEOUT_MS 3000L /* a neighbour answers at once, or is gone */

/* Large, so not on the stack; one answer is read at a time. */
static alignas(16) uint8_t memory[MANIFEST_ARENA_BYTES];
static struct manifest manifest;

struct asked {
	CURL *easy; /* NULL: the slot is free */
	struct discover_candidate candidate;
	bool announced;  /* the candidate is known, and need only answer */
	const char *url; /* what was given: a manifest's, or a root */
	const struct manifest_places *places;
	unsigned place;
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
	size_t left;
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
	CURL *e = a->easy;
	return curl_easy_setopt(e, CURLOPT_URL, a->candidate.manifest_url) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_USERAGENT, "phase-discover/" VERSION) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, body_arrived) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_WRITEDATA, a) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_ERRORBUFFER, a->error) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_PRIVATE, a) == CURLE_OK &&
	       (!a->announced || (curl_easy_setopt(e, CURLOPT_NOPROXY, "*") == CURLE_OK &&
				  curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, PROBE_TIMEOUT_MS) == CURLE_OK));
}

/* Takes new's place, handle and all. */
static int ask(struct discover_urls *d, const struct asked *new)
{
	struct asked *a = d->asked;
	while (a < d->asked + DISCOVER_URLS_MAX && a->easy != NULL)
		a++;
	if (a == d->asked + DISCOVER_URLS_MAX)
		return ERR_LIMIT;
	*a = *new;
	a->easy = curl_easy_init();
	if (a->easy == NULL)
		return ERR_NO_MEMORY;
	if (!set_up(a) || curl_multi_add_handle(d->multi, a->easy) != CURLM_OK) {
		curl_easy_cleanup(a->easy);
		a->easy = NULL;
		return ERR_NO_MEMORY;
	}
	d->left++;
	return OK;
}

/* ERR_NOT_FOUND: no such place. */
static int write_place(const struct asked *a, unsigned place, char out[static CANDIDATE_URL_MAX + 1])
{
	struct writer w = writer_of(out, CANDIDATE_URL_MAX);
	int err = discover_manifest_url(a->url, NULL, NULL, out);
	if (err != OK)
		return err;
	if (strcmp(out, a->url) == 0)
		return place == 0 ? OK : ERR_NOT_FOUND; /* a manifest's own URL */
	w.n = strlen(out) - strlen("manifest.json");
	if (!manifest_places_write(a->places, place, &w))
		return ERR_NOT_FOUND;
	out[w.full ? 0 : w.n] = 0;
	return w.full ? ERR_LIMIT : OK;
}

int discover_urls_ask(struct discover_urls *d, const char *url, const struct manifest_places *places)
{
	struct asked a = {.candidate = {.via = "url"}, .url = url, .places = places};
	int err = write_place(&a, 0, a.candidate.manifest_url);
	return err == OK ? ask(d, &a) : err;
}

int discover_urls_probe(struct discover_urls *d, const struct discover_candidate *c)
{
	struct asked a = {.candidate = *c, .announced = true};
	return ask(d, &a);
}

struct discover_urls *discover_urls_open(struct cli *cli, discover_url_found *found, void *context)
{
	struct discover_urls *d = calloc(1, sizeof *d);
	if (d == NULL)
		return NULL;
	*d = (struct discover_urls){.cli = cli, .found = found, .context = context, .multi = curl_multi_init()};
	if (d->multi != NULL)
		return d;
	free(d);
	return NULL;
}

__attribute__((format(printf, 3, 4))) static void complain(struct discover_urls *d, const struct asked *a,
							   const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (a->announced && a->candidate.peer[0] == '\0')
		cli_info(d->cli, "%s: found in the DHT, but: %s", a->candidate.manifest_url, text);
	else if (a->announced)
		cli_info(d->cli, "%s: announced by %s, but: %s", a->candidate.manifest_url, a->candidate.peer, text);
	else
		cli_warn(d->cli, "%s: %s", a->candidate.manifest_url, text);
}

static void failed(struct discover_urls *d, struct asked *a, CURLcode code)
{
	const char *what = a->error[0] != 0 ? a->error : curl_easy_strerror(code);
	if (a->too_large)
		what = "larger than a manifest may be (1 MiB)";
	else if (a->no_memory)
		what = err_text(ERR_NO_MEMORY);
	complain(d, a, "%s", what);
}

/* Where else nothing was: people look there next. */
static void complain_of_places(struct discover_urls *d, const struct asked *a)
{
	struct asked before = *a;
	for (unsigned place = 0; place < a->place; place++)
		if (write_place(a, place, before.candidate.manifest_url) == OK)
			complain(d, &before, "HTTP status 404");
}

static void answered(struct discover_urls *d, struct asked *a)
{
	struct discover_candidate c = a->candidate;
	struct arena arena = arena_of(memory, sizeof memory);
	struct why why = {.what = ""};
	long status = 0;
	(void)curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status); /* else 0 */
	if (status >= 300 && status <= 399) {
		complain(d, a, "redirects (HTTP status %ld); name the place itself", status);
		return;
	}
	if (status != 200) {
		complain_of_places(d, a);
		complain(d, a, "HTTP status %ld", status);
		return;
	}
	int err = manifest_read(&manifest, bytes_of(a->body, a->body_n), &arena, &why);
	if (err == OK && !a->announced)
		err = discover_candidate_fetched(&c, a->candidate.manifest_url, &manifest, &why);
	if (err == OK)
		d->found(d->context, &c);
	else
		complain(d, a, "no manifest: %s%s%s", err_text(err), why.what[0] == 0 ? "" : ": ", why.what);
}

static void drop(struct discover_urls *d, struct asked *a)
{
	(void)curl_multi_remove_handle(d->multi, a->easy); /* it is in there */
	curl_easy_cleanup(a->easy);
	free(a->body);
	a->easy = NULL;
	a->body = NULL;
}

/* When nothing is there: asks at the next place instead. Gives whether it does. */
static bool ask_elsewhere(struct discover_urls *d, struct asked *a)
{
	long status = 0;
	struct asked next = {.candidate = a->candidate, .url = a->url, .places = a->places, .place = a->place + 1};
	(void)curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status); /* else 0 */
	if (status != 404 || a->announced || write_place(&next, next.place, next.candidate.manifest_url) != OK)
		return false;
	drop(d, a); /* whose slot is needed */
	int err = ask(d, &next);
	if (err != OK)
		complain(d, &next, "%s", err_text(err));
	return true;
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
		if (result == CURLE_OK && ask_elsewhere(d, a))
			continue;
		if (result == CURLE_OK)
			answered(d, a);
		else
			failed(d, a, result);
		drop(d, a);
	}
	return OK;
}

size_t discover_urls_left(const struct discover_urls *d)
{
	return d == NULL ? 0 : d->left;
}

void discover_urls_close(struct discover_urls *d, bool late)
{
	if (d == NULL)
		return;
	for (struct asked *a = d->asked; a < d->asked + DISCOVER_URLS_MAX; a++) {
		if (a->easy == NULL)
			continue;
		if (late)
			complain(d, a, "no answer in time");
		drop(d, a);
	}
	(void)curl_multi_cleanup(d->multi); /* holds nothing any more */
	free(d);
}
