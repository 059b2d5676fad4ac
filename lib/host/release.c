#include "host/release.h"

#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "host/explain.h"
#include "host/file.h"
#include "http/url.h"

#define LINE_NODES_MAX 64 /* values in one line of phase-discover: it prints eight members */

static int add_url(struct cli *cli, struct candidates *c, struct bytes url)
{
	char shown[256];
	if (!url_ok(url)) {
		cli_error(cli, ERR_VALUE, "'%s' is not an http or https URL", cli_quote(url, shown, sizeof shown));
		return ERR_VALUE;
	}
	for (size_t i = 0; i < c->n; i++)
		if (bytes_is(url, c->v[i].url))
			return OK;
	if (c->n == RELEASE_CANDIDATES_MAX) {
		cli_warn(cli, "more than %d candidates: the rest is left out", RELEASE_CANDIDATES_MAX);
		return OK;
	}
	char *copy = strndup((const char *)url.p, url.n);
	if (copy == NULL)
		return ERR_NO_MEMORY;
	c->v[c->n++] = (struct candidate){.url = copy};
	return OK;
}

int candidates_add_provider(struct cli *cli, struct candidates *c, struct bytes url)
{
	uint8_t text[URL_BYTES_MAX + sizeof "/manifest.json"];
	struct writer w = writer_of(text, sizeof text);
	if (!url_ok(url) || url_names_json(url))
		return add_url(cli, c, url);
	write_bytes(&w, url);
	if (url.p[url.n - 1] != '/')
		write_u8(&w, '/');
	write_text(&w, "manifest.json");
	return add_url(cli, c, writer_view(&w));
}

/* One line; false when it is no candidate. */
static bool read_line(struct cli *cli, struct candidates *c, struct bytes line, int *err)
{
	struct json_node nodes[LINE_NODES_MAX];
	uint8_t url[URL_BYTES_MAX + 1];
	struct json json;
	struct writer w = writer_of(url, sizeof url);
	if (bytes_starts(line, "http")) {
		*err = candidates_add_provider(cli, c, line);
		return true;
	}
	if (json_parse(&json, line, nodes, LINE_NODES_MAX, NULL) != OK ||
	    json_string(&json, json_member(&json, json_root(&json), "manifest_url"), &w) != OK || w.full ||
	    !url_ok(writer_view(&w)))
		return false;
	*err = add_url(cli, c, writer_view(&w));
	return true;
}

int candidates_read(struct cli *cli, struct candidates *c, struct bytes text)
{
	uint64_t number = 0;
	while (text.n > 0) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		struct bytes line = bytes_of(text.p, end == NULL ? text.n : (size_t)(end - text.p));
		text = bytes_skip(text, line.n + 1);
		number++;
		while (line.n > 0 && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == ' '))
			line.n--;
		int err = OK;
		if (line.n > 0 && !read_line(cli, c, line, &err))
			cli_warn(cli, "line %llu of the candidates is none: neither JSON with manifest_url nor a URL",
				 (unsigned long long)number);
		if (err != OK)
			return err;
	}
	return OK;
}

static int add_root(struct candidates *c, struct bytes root)
{
	bool slash = root.n > 0 && root.p[root.n - 1] == '/';
	char *copy = NULL;
	if (c->roots_n == RELEASE_CANDIDATES_MAX)
		return OK;
	if (asprintf(&copy, "%.*s%s", (int)root.n, (const char *)root.p, slash ? "" : "/") < 0)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < c->roots_n; i++) {
		if (strcmp(c->roots[i], copy) == 0) {
			free(copy);
			return OK;
		}
	}
	c->roots[c->roots_n++] = copy;
	return OK;
}

int candidates_add_root(struct cli *cli, struct candidates *c, struct bytes root)
{
	char shown[256];
	if (url_ok(root))
		return add_root(c, root);
	cli_error(cli, ERR_VALUE, "'%s' is not an http or https URL", cli_quote(root, shown, sizeof shown));
	return ERR_VALUE;
}

void candidates_free(struct candidates *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].url);
		file_free(c->v[i].text);
	}
	for (size_t i = 0; i < c->roots_n; i++)
		free(c->roots[i]);
	*c = (struct candidates){.n = 0};
}

void release_free(struct release *r)
{
	free(r->memory);
	*r = (struct release){.memory = NULL};
}

struct choosing {
	struct cli *cli;
	const struct trust *trust;
	const char *state;
	struct release *try; /* what is being read */
	size_t best;         /* SIZE_MAX: none yet */
	uint64_t best_release;
	int policy, verify, other; /* the first error of each kind */
};

static void note_error(struct choosing *g, int err)
{
	int *kind = err_class(err) == ERR_CLASS_POLICY   ? &g->policy
		    : err_class(err) == ERR_CLASS_VERIFY ? &g->verify
							 : &g->other;
	if (*kind == OK)
		*kind = err;
}

static int read_text(struct choosing *g, struct bytes text, struct why *why)
{
	struct arena a = arena_of(g->try->memory, MANIFEST_ARENA_BYTES);
	*why = (struct why){.err = OK};
	g->try->text = text;
	return manifest_read(&g->try->manifest, text, &a, why);
}

/* Whether one candidate's release is accepted; reasons are printed, but do not yet decide how the
 * program ends. */
static int judge(struct choosing *g, const struct candidate *c)
{
	struct why why;
	struct verdict *verdict = malloc(sizeof *verdict);
	struct circumstances now = {.now = {clock_wall_s()}, .has_now = true};
	int kept = g->cli->status, err = verdict == NULL ? ERR_NO_MEMORY : read_text(g, c->text, &why);
	if (err != OK) {
		cli_fail(g->cli, err, c->url, &why);
	} else if (g->state == NULL || (err = trust_floor(g->cli, g->state, &g->try->manifest, &now.floor)) == OK) {
		struct judged judged = {.verdict = verdict,
					.manifest = &g->try->manifest,
					.policy = &g->trust->policy,
					.circumstances = &now};
		err = verdict_reach(verdict, &g->try->manifest, &g->trust->policy, &now);
		if (err != OK)
			explain_print(g->cli, c->url, &judged);
	}
	g->cli->status = kept;
	free(verdict);
	return err;
}

static bool same_release(const struct manifest *a, const struct manifest *b)
{
	bool same = a->release == b->release && a->artifacts_n == b->artifacts_n &&
		    bytes_equal(a->channel, b->channel) && bytes_equal(a->arch, b->arch);
	for (size_t i = 0; same && i < a->artifacts_n; i++)
		same = bytes_equal(a->artifacts[i].filename, b->artifacts[i].filename) &&
		       memcmp(a->artifacts[i].sha256, b->artifacts[i].sha256, SHA256_BYTES) == 0;
	return same;
}

/* Those that have exactly the chosen release can give its files. */
static int collect_roots(struct choosing *g, struct candidates *c, struct release *r)
{
	for (size_t i = 0; i < c->n; i++) {
		struct why why;
		if (c->v[i].text.n == 0 || read_text(g, c->v[i].text, &why) != OK ||
		    !same_release(&g->try->manifest, &r->manifest))
			continue;
		int err = add_root(c, url_root(bytes_text(c->v[i].url), r->manifest.channel, r->manifest.arch));
		if (err != OK)
			return err;
	}
	return OK;
}

static void judge_all(struct choosing *g, struct candidates *c)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->v[i].text.n == 0) {
			cli_warn(g->cli, "%s: %s", c->v[i].url, c->v[i].error);
			note_error(g, ERR_SOURCE);
			continue;
		}
		int err = judge(g, &c->v[i]);
		if (err != OK)
			note_error(g, err);
		else if (g->best == SIZE_MAX || g->try->manifest.release > g->best_release) {
			g->best = i;
			g->best_release = g->try->manifest.release;
		}
	}
}

int release_choose(struct cli *cli, struct candidates *c, const struct trust *trust, const char *state,
		   struct release *r)
{
	struct release *try = calloc(1, sizeof *try);
	struct choosing g = {.cli = cli, .trust = trust, .state = state, .try = try, .best = SIZE_MAX};
	int err = ERR_NO_MEMORY;
	*r = (struct release){.memory = malloc(MANIFEST_ARENA_BYTES)};
	if (try == NULL || r->memory == NULL || (try->memory = malloc(MANIFEST_ARENA_BYTES)) == NULL)
		goto out;
	judge_all(&g, c);
	if (g.best == SIZE_MAX) {
		err = g.policy != OK ? g.policy : g.verify != OK ? g.verify : g.other != OK ? g.other : ERR_NOT_FOUND;
		cli_error(cli, err, "no release is acceptable (%zu candidate%s)", c->n, c->n == 1 ? "" : "s");
		goto out;
	}
	struct arena a = arena_of(r->memory, MANIFEST_ARENA_BYTES);
	r->text = c->v[g.best].text;
	err = manifest_read(&r->manifest, r->text, &a, NULL);
	if (err == OK)
		err = collect_roots(&g, c, r);
out:
	if (try != NULL)
		release_free(try);
	free(try);
	if (err != OK)
		release_free(r);
	return err;
}
