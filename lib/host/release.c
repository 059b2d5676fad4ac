#include "host/release.h"

#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "host/explain.h"
#include "host/file.h"
#include "http/url.h"
#include "phase/manifest_content.h"

void release_free(struct release *r)
{
	file_free(r->text);
	free(r->memory);
	*r = (struct release){.memory = NULL};
}

/* What is left of a candidate when its text is gone. */
struct opinion {
	int err; /* OK: the policy accepts its release */
	bool has_content;
	uint8_t content[SHA256_BYTES]; /* manifest_content */
};

struct choosing {
	struct cli *cli;
	const struct candidates *c;
	const struct release_wanted *wanted;
	struct release *r; /* its memory and manifest are for what is being read; its text is the best one */
	struct opinion opinions[CANDIDATES_MAX];
	size_t best; /* SIZE_MAX: none yet */
	uint64_t best_release;
};

static int read_text(struct release *r, struct bytes text, struct why *why)
{
	struct arena a = arena_of(r->memory, MANIFEST_ARENA_BYTES);
	return manifest_read(&r->manifest, text, &a, why);
}

/* Whether one candidate's release is accepted; reasons are printed, but do not yet decide how the
 * program ends. */
static int judge(struct choosing *g, size_t i, struct bytes text)
{
	struct why why = {.err = OK};
	struct manifest *m = &g->r->manifest;
	const char *url = g->c->v[i].url;
	struct verdict *verdict = malloc(sizeof *verdict);
	struct circumstances now = {.now = {clock_wall_s()}, .has_now = true};
	int kept = g->cli->status, err = verdict == NULL ? ERR_NO_MEMORY : read_text(g->r, text, &why);
	if (err != OK) {
		cli_fail(g->cli, err, url, &why);
		goto out;
	}
	manifest_content(m, g->opinions[i].content);
	g->opinions[i].has_content = true;
	if (g->wanted->state == NULL || (err = trust_floor(g->cli, g->wanted->state, m, &now.floor)) == OK) {
		const struct policy *policy = &g->wanted->trust->policy;
		struct judged judged = {.verdict = verdict, .manifest = m, .policy = policy, .circumstances = &now};
		err = verdict_reach(verdict, m, policy, &now);
		if (err != OK)
			explain_print(g->cli, url, &judged);
	}
out:
	g->cli->status = kept;
	free(verdict);
	return err;
}

/* Which one is chosen must not depend on who answers first. */
static bool is_better(const struct choosing *g, size_t i)
{
	uint64_t release = g->r->manifest.release;
	return g->best == SIZE_MAX || release > g->best_release || (release == g->best_release && i < g->best);
}

/* A candidates_answered: only the best text so far is kept. */
static void take_answer(void *context, size_t i, struct bytes text)
{
	struct choosing *g = context;
	struct bytes freed = text;
	g->opinions[i].err = text.n == 0 ? ERR_SOURCE : judge(g, i, text);
	if (g->opinions[i].err == OK && is_better(g, i)) {
		freed = g->r->text;
		g->r->text = text;
		g->best = i;
		g->best_release = g->r->manifest.release;
	}
	file_free(freed);
}

/* The first error of the most telling kind: policy, then signature, then all others. */
static int worst(const struct choosing *g)
{
	int found[3] = {OK, OK, OK};
	for (size_t i = 0; i < g->c->n; i++) {
		int err = g->opinions[i].err;
		int kind = err_class(err) == ERR_CLASS_POLICY ? 0 : err_class(err) == ERR_CLASS_VERIFY ? 1 : 2;
		if (found[kind] == OK)
			found[kind] = err;
	}
	return found[0] != OK ? found[0] : found[1] != OK ? found[1] : found[2] != OK ? found[2] : ERR_NOT_FOUND;
}

/* Those that have exactly the chosen release can give its files. */
static int collect_roots(const struct choosing *g, struct candidates *c)
{
	const struct manifest *m = &g->r->manifest;
	const uint8_t *chosen = g->opinions[g->best].content;
	for (size_t i = 0; i < c->n; i++) {
		const struct opinion *o = &g->opinions[i];
		if (!o->has_content || memcmp(o->content, chosen, sizeof o->content) != 0)
			continue;
		int err = candidates_add_root(g->cli, c, url_root(bytes_text(c->v[i].url), m->channel, m->arch));
		if (err != OK)
			return err;
	}
	return OK;
}

int release_choose(struct cli *cli, struct candidates *c, const struct release_wanted *wanted, struct release *r)
{
	struct choosing g = {.cli = cli, .c = c, .wanted = wanted, .r = r, .best = SIZE_MAX};
	*r = (struct release){.memory = malloc(MANIFEST_ARENA_BYTES)};
	int err = r->memory == NULL ? ERR_NO_MEMORY : candidates_ask(cli, c, wanted->timeout_ms, take_answer, &g);
	if (err == OK && g.best == SIZE_MAX) {
		err = worst(&g);
		cli_error(cli, err, "no release is acceptable (%zu candidate%s)", c->n, c->n == 1 ? "" : "s");
	}
	if (err == OK)
		err = read_text(r, r->text, NULL);
	if (err == OK)
		err = collect_roots(&g, c);
	if (err != OK)
		release_free(r);
	return err;
}
