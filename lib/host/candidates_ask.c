#include <stdlib.h>
#include <string.h>

#include "host/candidates.h"
#include "host/download_parts.h"

struct asking;

struct slot {
	struct asking *all;
	size_t i;   /* of the candidate */
	CURL *easy; /* owned; NULL: the slot is free */
	uint8_t *p; /* owned until the answer is told */
	size_t n;
	const char *error; /* NULL: none so far */
};

struct asking {
	struct cli *cli;
	struct candidates *c;
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

static bool begin(struct asking *all, struct slot *s, size_t i)
{
	*s = (struct slot){.all = all, .i = i, .easy = transfer_handle(all->cli)};
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

/* Nothing is there: asks at the next place. ERR_NOT_FOUND: there is none. */
static int ask_elsewhere(struct slot *s)
{
	struct asking *all = s->all;
	size_t i = s->i;
	int err = candidates_next_place(all->c, i);
	if (err != OK)
		return err;
	leave(s);
	return begin(all, s, i) ? OK : ERR_NO_MEMORY;
}

static void complain(const struct slot *s, bool absent)
{
	char places[CANDIDATE_PLACES_TEXT_MAX];
	const struct candidate *v = &s->all->c->v[s->i];
	if (absent && v->root != NULL)
		cli_warn(s->all->cli, "%s: has no manifest (404): asked for %s", v->root,
			 candidates_places(s->all->c, places));
	else
		cli_warn(s->all->cli, "%s: %s", v->url, s->error);
}

static int finish(struct slot *s, CURLcode result)
{
	const struct asking *all = s->all;
	struct bytes text = BYTES_NONE;
	size_t i = s->i;
	long status = 0;
	(void)curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status); /* else 0: no answer */
	bool absent = s->error == NULL && result == CURLE_OK && status == 404;
	if (absent) {
		int err = ask_elsewhere(s);
		if (err != ERR_NOT_FOUND)
			return err;
	}
	if (s->error == NULL && result != CURLE_OK)
		s->error = curl_easy_strerror(result);
	else if (s->error == NULL && status != 200)
		s->error = absent ? "has no manifest (404)" : "does not answer with a manifest";
	else if (s->error == NULL && s->n == 0)
		s->error = "the manifest is empty";
	if (s->error != NULL) {
		complain(s, absent);
	} else {
		text = bytes_of(s->p, s->n);
		s->p = NULL;
	}
	leave(s);
	all->answered(all->context, i, text);
	return OK;
}

/* Takes in those that have answered. */
static int reap(const struct asking *all, bool *any)
{
	const CURLMsg *m;
	int left, err = OK;
	*any = false;
	while (err == OK && (m = curl_multi_info_read(all->multi, &left)) != NULL) {
		struct slot *s = NULL;
		if (curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&s) == CURLE_OK)
			err = finish(s, m->data.result);
		*any = true;
	}
	return err;
}

static int perform(struct asking *all)
{
	size_t asked_n;
	for (;;) {
		bool any;
		int running, err = fill(all, &asked_n);
		if (err != OK || asked_n == 0)
			return err;
		if (curl_multi_perform(all->multi, &running) != CURLM_OK)
			return ERR_NO_MEMORY;
		if ((err = reap(all, &any)) != OK)
			return err;
		if (!any && curl_multi_poll(all->multi, NULL, 0, 1000, NULL) != CURLM_OK)
			return ERR_NO_MEMORY;
	}
}

int candidates_ask(struct cli *cli, struct candidates *c, uint64_t timeout_ms, candidates_answered *answered,
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
