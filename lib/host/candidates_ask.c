#include <stdlib.h>
#include <string.h>

#include "host/candidates.h"
#include "host/download_parts.h"

struct asking;

struct slot {
	const struct asking *all;
	size_t i;   /* of the candidate */
	CURL *easy; /* owned; NULL: the slot is free */
	uint8_t *p; /* owned until the answer is told */
	size_t n;
	const char *error; /* NULL: none so far */
};

struct asking {
	struct cli *cli;
	const struct candidates *c;
	uint64_t timeout_ms;
	candidates_answered *answered;
	void *context;
	CURLM *multi;
	size_t next; /* the candidate to ask next */
	struct slot slots[CANDIDATES_ASKED_MAX];
};

static size_t take(char *p, size_t size, size_t n, void *context)
{
	struct slot *s = context;
	if (s->p == NULL)
		s->p = malloc(MANIFEST_BYTES_MAX); /* untouched pages cost nothing */
	if (s->p == NULL) {
		s->error = err_text(ERR_NO_MEMORY);
		return 0;
	}
	if (size * n > MANIFEST_BYTES_MAX - s->n) {
		s->error = "the manifest is larger than 1 MiB";
		return 0;
	}
	memcpy(s->p + s->n, p, size * n);
	s->n += size * n;
	return size * n;
}

static void leave(struct slot *s)
{
	if (s->easy != NULL) {
		(void)curl_multi_remove_handle(s->all->multi, s->easy); /* harmless when it was not added */
		curl_easy_cleanup(s->easy);
	}
	free(s->p);
	*s = (struct slot){.easy = NULL};
}

static bool begin(const struct asking *all, struct slot *s, size_t i)
{
	*s = (struct slot){.all = all, .i = i, .easy = transfer_handle()};
	if (s->easy == NULL)
		return false;
	CURLcode bad = curl_easy_setopt(s->easy, CURLOPT_URL, all->c->v[i].url);
	bad |= curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, take);
	bad |= curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
	bad |= curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
	bad |= curl_easy_setopt(s->easy, CURLOPT_TIMEOUT_MS, (long)all->timeout_ms);
	return bad == CURLE_OK && curl_multi_add_handle(all->multi, s->easy) == CURLM_OK;
}

/* Asks the next ones in the slots that are free. Gives how many are being asked. */
static int fill(struct asking *all, size_t *asked_n)
{
	*asked_n = 0;
	for (struct slot *s = all->slots; s < all->slots + CANDIDATES_ASKED_MAX; s++) {
		if (s->easy == NULL && all->next < all->c->n && !begin(all, s, all->next++))
			return ERR_NO_MEMORY;
		*asked_n += s->easy != NULL;
	}
	return OK;
}

static void finish(struct slot *s, CURLcode result)
{
	const struct asking *all = s->all;
	struct bytes text = BYTES_NONE;
	size_t i = s->i;
	long status = 0;
	(void)curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status); /* else 0: no answer */
	if (s->error == NULL && result != CURLE_OK)
		s->error = curl_easy_strerror(result);
	else if (s->error == NULL && status != 200)
		s->error = status == 404 ? "has no manifest (404)" : "does not answer with a manifest";
	else if (s->error == NULL && s->n == 0)
		s->error = "the manifest is empty";
	if (s->error != NULL) {
		cli_warn(all->cli, "%s: %s", all->c->v[i].url, s->error);
	} else {
		text = bytes_of(s->p, s->n);
		s->p = NULL;
	}
	leave(s);
	all->answered(all->context, i, text);
}

static int perform(struct asking *all)
{
	size_t asked_n;
	for (;;) {
		int running, left, err = fill(all, &asked_n);
		const CURLMsg *m;
		if (err != OK || asked_n == 0)
			return err;
		if (curl_multi_perform(all->multi, &running) != CURLM_OK)
			return ERR_NO_MEMORY;
		while ((m = curl_multi_info_read(all->multi, &left)) != NULL) {
			struct slot *s = NULL;
			if (curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&s) == CURLE_OK)
				finish(s, m->data.result);
		}
		if ((size_t)running == asked_n && curl_multi_poll(all->multi, NULL, 0, 1000, NULL) != CURLM_OK)
			return ERR_NO_MEMORY;
	}
}

int candidates_ask(struct cli *cli, const struct candidates *c, uint64_t timeout_ms, candidates_answered *answered,
		   void *context)
{
	struct asking all = {.cli = cli,
			     .c = c,
			     .timeout_ms = timeout_ms,
			     .answered = answered,
			     .context = context,
			     .multi = curl_multi_init()};
	int err = all.multi == NULL ? ERR_NO_MEMORY : perform(&all);
	if (err != OK)
		cli_error(cli, err, "asking the candidates: %s", err_text(err));
	for (struct slot *s = all.slots; s < all.slots + CANDIDATES_ASKED_MAX; s++)
		leave(s);
	if (all.multi != NULL)
		(void)curl_multi_cleanup(all.multi); /* its handles are gone */
	return err;
}
