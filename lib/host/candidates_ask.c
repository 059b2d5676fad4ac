#include <stdlib.h>
#include <string.h>

#include "host/download_parts.h"
#include "host/release.h"

struct asking {
	struct candidate *candidate;
	CURL *easy;
	uint8_t *p; /* owned until it becomes the candidate's text */
	size_t n;
};

static size_t take(char *p, size_t size, size_t n, void *context)
{
	struct asking *a = context;
	if (a->p == NULL)
		a->p = malloc(MANIFEST_BYTES_MAX); /* untouched pages cost nothing */
	if (a->p == NULL || size * n > MANIFEST_BYTES_MAX - a->n) {
		a->candidate->error = "the manifest is larger than 1 MiB";
		return 0;
	}
	memcpy(a->p + a->n, p, size * n);
	a->n += size * n;
	return size * n;
}

static bool begin(CURLM *multi, struct asking *a, uint64_t timeout_ms)
{
	a->easy = transfer_handle();
	if (a->easy == NULL)
		return false;
	CURLcode bad = curl_easy_setopt(a->easy, CURLOPT_URL, a->candidate->url);
	bad |= curl_easy_setopt(a->easy, CURLOPT_WRITEFUNCTION, take);
	bad |= curl_easy_setopt(a->easy, CURLOPT_WRITEDATA, a);
	bad |= curl_easy_setopt(a->easy, CURLOPT_PRIVATE, a);
	bad |= curl_easy_setopt(a->easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	return bad == CURLE_OK && curl_multi_add_handle(multi, a->easy) == CURLM_OK;
}

static void finish(struct asking *a, CURLcode result)
{
	long status = 0;
	(void)curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status); /* else 0: no answer */
	if (a->candidate->error != NULL)
		return;
	if (result != CURLE_OK)
		a->candidate->error = curl_easy_strerror(result);
	else if (status != 200)
		a->candidate->error = status == 404 ? "has no manifest (404)" : "does not answer with a manifest";
	else if (a->n == 0)
		a->candidate->error = "the manifest is empty";
	if (a->candidate->error != NULL)
		return;
	a->candidate->text = bytes_of(a->p, a->n);
	a->p = NULL;
}

static int perform(CURLM *multi)
{
	int running = 1, left;
	while (running > 0) {
		const CURLMsg *m;
		if (curl_multi_perform(multi, &running) != CURLM_OK ||
		    (running > 0 && curl_multi_poll(multi, NULL, 0, 1000, NULL) != CURLM_OK))
			return ERR_NO_MEMORY;
		while ((m = curl_multi_info_read(multi, &left)) != NULL) {
			struct asking *a = NULL;
			if (curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&a) == CURLE_OK)
				finish(a, m->data.result);
		}
	}
	return OK;
}

int candidates_ask(struct cli *cli, struct candidates *c, uint64_t timeout_ms)
{
	struct asking asked[RELEASE_CANDIDATES_MAX];
	CURLM *multi = curl_multi_init();
	int err = multi == NULL ? ERR_NO_MEMORY : OK;
	for (size_t i = 0; i < c->n; i++) {
		asked[i] = (struct asking){.candidate = &c->v[i]};
		if (err == OK && !begin(multi, &asked[i], timeout_ms))
			err = ERR_NO_MEMORY;
	}
	if (err == OK)
		err = perform(multi);
	if (err != OK)
		cli_error(cli, err, "asking the candidates: %s", err_text(err));
	for (size_t i = 0; i < c->n; i++) {
		if (asked[i].easy != NULL) {
			(void)curl_multi_remove_handle(multi, asked[i].easy); /* harmless when it was not added */
			curl_easy_cleanup(asked[i].easy);
		}
		free(asked[i].p);
	}
	if (multi != NULL)
		(void)curl_multi_cleanup(multi); /* its handles are gone */
	return err;
}
