#include "host/candidates.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/arch.h"
#include "core/json.h"
#include "http/url.h"

#define MANIFEST_NODES_MAX 4096 /* values in a manifest: an honest one has a few hundred */
#define LINE_NODES_MAX 64       /* values in one line of phase-discover: it prints eight members */

/* Told once, however long the list is. */
static int leave_out(struct cli *cli, struct candidates *c, const char *authority)
{
	if (c->beyond_n++ > 0)
		return OK;
	if (authority == NULL)
		cli_warn(cli, "more than %d candidates: the rest is left out", CANDIDATES_MAX);
	else
		cli_warn(cli, "more than %d candidates at %s: the rest is left out", CANDIDATES_AUTHORITY_MAX,
			 authority[0] == 0 ? "URLs without a usable host" : authority);
	return OK;
}

/* root: what url was made of; empty: it was given. */
static int add_url(struct cli *cli, struct candidates *c, struct bytes url, struct bytes root)
{
	char text[URL_BYTES_MAX + 1], authority[CANDIDATE_ADDRESS_MAX + 1] = "", shown[256];
	size_t neighbours_n = 0;
	if (!url_ok(url)) {
		cli_error(cli, ERR_VALUE, "'%s' is not an http or https URL", cli_quote(url, shown, sizeof shown));
		return ERR_VALUE;
	}
	for (size_t i = 0; i < c->n; i++)
		if (bytes_is(url, c->v[i].url))
			return OK;
	memcpy(text, url.p, url.n);
	text[url.n] = 0;
	if (discover_candidate_address(text, authority) == ERR_NO_MEMORY)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < c->n; i++)
		neighbours_n += strcasecmp(c->v[i].authority, authority) == 0;
	if (neighbours_n >= CANDIDATES_AUTHORITY_MAX)
		return leave_out(cli, c, authority);
	if (c->n == CANDIDATES_MAX)
		return leave_out(cli, c, NULL);
	struct candidate *new = &c->v[c->n];
	*new = (struct candidate){.url = strdup(text)};
	if (new->url != NULL && root.n > 0)
		new->root = strndup((const char *)root.p, root.n);
	if (new->url == NULL || (root.n > 0 && new->root == NULL)) {
		free(new->url);
		return ERR_NO_MEMORY;
	}
	memcpy(new->authority, authority, sizeof authority);
	c->n++;
	return OK;
}

void candidates_expect(struct candidates *c, const struct policy *policy)
{
	manifest_places_init(&c->places, policy->channel, policy->arch);
}

int candidates_next_place(struct candidates *c, size_t i)
{
	char text[URL_BYTES_MAX + 1];
	struct writer w = writer_of(text, URL_BYTES_MAX);
	struct candidate *v = &c->v[i];
	if (v->root == NULL)
		return ERR_NOT_FOUND;
	write_text(&w, v->root);
	if (!manifest_places_write(&c->places, v->place + 1, &w) || !url_ok(writer_view(&w)))
		return ERR_NOT_FOUND;
	text[w.n] = 0;
	char *url = strdup(text);
	if (url == NULL)
		return ERR_NO_MEMORY;
	free(v->url);
	v->url = url;
	v->place++;
	return OK;
}

const char *candidates_places(const struct candidates *c, char out[static CANDIDATE_PLACES_TEXT_MAX])
{
	struct writer w = writer_of(out, CANDIDATE_PLACES_TEXT_MAX - 1);
	for (unsigned place = 0;; place++) {
		size_t before = w.n;
		write_text(&w, place == 0 ? "" : ", ");
		if (!manifest_places_write(&c->places, place, &w)) {
			w.n = before;
			break;
		}
	}
	out[w.n] = 0;
	return out;
}

int candidates_add_provider(struct cli *cli, struct candidates *c, struct bytes url)
{
	uint8_t text[URL_BYTES_MAX + 1024]; /* three parts of 255 bytes, percent-encoded, are refused */
	struct writer w = writer_of(text, sizeof text);
	if (!url_ok(url) || url_names_json(url))
		return add_url(cli, c, url, BYTES_NONE);
	write_bytes(&w, url);
	if (url.p[url.n - 1] != '/')
		write_u8(&w, '/');
	struct bytes root = writer_view(&w);
	(void)manifest_places_write(&c->places, 0, &w); /* there is always one */
	return add_url(cli, c, writer_view(&w), root);
}

int candidates_add_sources(struct cli *cli, struct candidates *c, const struct policy *policy)
{
	const struct json *json = &policy->json;
	int err = OK;
	if (policy->sources == NULL)
		return OK;
	for (const struct json_node *e = json_child(json, policy->sources); err == OK && e != NULL;
	     e = json_next(json, e)) {
		uint8_t url[POLICY_URL_MAX];
		struct writer w = writer_of(url, sizeof url);
		err = json_string(json, e, &w);
		if (err == OK)
			err = candidates_add_provider(cli, c, writer_view(&w));
	}
	return err;
}

/* Whether the line says itself that it is for something else than the policy accepts. Nothing said
 * is nothing against it: the manifest will say. */
static int judge_line(const struct json *json, const struct policy *policy)
{
	uint8_t channel[DOCUMENT_NAME_MAX], arch[DOCUMENT_NAME_MAX];
	struct writer c = writer_of(channel, sizeof channel), a = writer_of(arch, sizeof arch);
	int channel_err = json_string(json, json_member(json, json_root(json), "channel"), &c);
	int arch_err = json_string(json, json_member(json, json_root(json), "arch"), &a);
	if (policy->channel.n > 0 && channel_err == OK && !bytes_equal(writer_view(&c), policy->channel))
		return ERR_CHANNEL;
	if (policy->arch.n > 0 && arch_err == OK) {
		const char *canonical = arch_canonical(writer_view(&a));
		if (canonical == NULL || !bytes_is(policy->arch, canonical))
			return ERR_ARCH;
	}
	return OK;
}

struct line {
	struct bytes text;
	uint64_t number;
};

/* False when the line is no candidate. */
static bool read_line(struct cli *cli, struct candidates *c, const struct policy *policy, const struct line *line,
		      int *err)
{
	struct json_node nodes[LINE_NODES_MAX];
	uint8_t url[URL_BYTES_MAX + 1];
	struct json json;
	struct writer w = writer_of(url, sizeof url);
	if (bytes_starts(line->text, "http")) {
		*err = candidates_add_provider(cli, c, line->text);
		return true;
	}
	if (json_parse(&json, line->text, nodes, LINE_NODES_MAX, NULL) != OK ||
	    json_string(&json, json_member(&json, json_root(&json), "manifest_url"), &w) != OK || w.full ||
	    !url_ok(writer_view(&w)))
		return false;
	int other = judge_line(&json, policy);
	if (other == OK) {
		*err = add_url(cli, c, writer_view(&w), BYTES_NONE);
		return true;
	}
	cli_debug(cli, "line %llu of the candidates: %s: not asked", (unsigned long long)line->number, err_text(other));
	if (c->others_n++ == 0)
		c->others_err = other;
	return true;
}

int candidates_read(struct cli *cli, struct candidates *c, const struct policy *policy, struct bytes text)
{
	struct line line = {.number = 0};
	while (text.n > 0) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		int err = OK;
		line.text = bytes_of(text.p, end == NULL ? text.n : (size_t)(end - text.p));
		text = bytes_skip(text, line.text.n + 1);
		line.number++;
		while (line.text.n > 0 && (line.text.p[line.text.n - 1] == '\r' || line.text.p[line.text.n - 1] == ' '))
			line.text.n--;
		if (line.text.n > 0 && !read_line(cli, c, policy, &line, &err))
			cli_warn(cli, "line %llu of the candidates is none: neither JSON with manifest_url nor a URL",
				 (unsigned long long)line.number);
		if (err != OK)
			return err;
	}
	return OK;
}

bool candidates_text_is_manifest(struct bytes text)
{
	static const char member[] = "manifest_version";
	struct json json;
	if (text.n == 0 || memmem(text.p, text.n, member, sizeof member - 1) == NULL)
		return false;
	struct json_node *nodes = malloc(MANIFEST_NODES_MAX * sizeof *nodes); /* NULL: it is a hint only */
	bool found = nodes != NULL && json_parse(&json, text, nodes, MANIFEST_NODES_MAX, NULL) == OK &&
		     json_member(&json, json_root(&json), member) != NULL;
	free(nodes);
	return found;
}

static int add_root(struct candidates *c, struct bytes root)
{
	bool slash = root.n > 0 && root.p[root.n - 1] == '/';
	char *copy = NULL;
	if (c->roots_n == CANDIDATES_MAX)
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
		free(c->v[i].root);
	}
	for (size_t i = 0; i < c->roots_n; i++)
		free(c->roots[i]);
	*c = (struct candidates){.n = 0};
}
