#include "phase/document.h"

#include "core/arch.h"
#include "core/hex.h"
#include "core/utf8.h"

int document_misfit(struct document *d, enum err err, const char *what, const struct json_node *node)
{
	return why_not(d->why, err, what, node == NULL ? 0 : node->at, d->part);
}

int document_open(struct document *d, struct bytes text, struct arena *a, struct why *why)
{
	*d = (struct document){.why = why};
	if (text.n > DOCUMENT_BYTES_MAX)
		return why_not(why, ERR_LIMIT, "document", DOCUMENT_BYTES_MAX, BYTES_NONE);
	size_t nodes_n = text.n / 2 + 1;
	if (nodes_n > DOCUMENT_NODES_MAX)
		nodes_n = DOCUMENT_NODES_MAX;
	struct json_node *nodes = arena_take(a, nodes_n * sizeof *nodes);
	uint8_t *strings = arena_take(a, text.n);
	if (nodes == NULL || strings == NULL)
		return why_not(why, ERR_NO_SPACE, "arena", 0, BYTES_NONE);
	d->strings = writer_of(strings, text.n);
	int err = json_parse(&d->json, text, nodes, nodes_n, why);
	if (err == OK && json_root(&d->json)->type != JSON_OBJECT)
		err = document_misfit(d, ERR_TYPE, "document", json_root(&d->json));
	return err;
}

/* Absent is no error here: *out is NULL then. */
static int find(struct document *d, const struct json_node *object, const char *name, bool required,
		const struct json_node **out)
{
	*out = json_member(&d->json, object, name);
	return *out == NULL && required ? document_misfit(d, ERR_MISSING, name, object) : OK;
}

/* Unescapes a string; the view stays for the arena's life. */
static int unescape(struct document *d, const char *what, const struct json_node *node, struct bytes *out)
{
	size_t start = d->strings.n;
	if (json_string(&d->json, node, &d->strings) != OK)
		return document_misfit(d, ERR_TYPE, what, node);
	*out = bytes_of(d->strings.p + start, d->strings.n - start);
	return OK;
}

int document_version(struct document *d, const char *name, bool required)
{
	uint64_t version = 1;
	int err = document_uint(d, json_root(&d->json), name, required, &version);
	if (err == OK && version != 1)
		err = document_misfit(d, ERR_VERSION, name, json_member(&d->json, json_root(&d->json), name));
	return err;
}

int document_text(struct document *d, const struct json_node *object, const char *name, bool required,
		  bool (*valid)(struct bytes), struct bytes *out)
{
	const struct json_node *node;
	struct bytes text;
	int err = find(d, object, name, required, &node);
	if (err != OK || node == NULL)
		return err;
	if ((err = unescape(d, name, node, &text)) != OK)
		return err;
	if (!valid(text))
		return document_misfit(d, ERR_VALUE, name, node);
	*out = text;
	return OK;
}

int document_uint(struct document *d, const struct json_node *object, const char *name, bool required, uint64_t *out)
{
	const struct json_node *node;
	int err = find(d, object, name, required, &node);
	if (err != OK || node == NULL)
		return err;
	return json_uint(&d->json, node, out) == OK ? OK : document_misfit(d, ERR_TYPE, name, node);
}

int document_wall(struct document *d, const char *name, bool required, struct wall *out, bool *present)
{
	const struct json_node *node;
	struct bytes text;
	int err = find(d, json_root(&d->json), name, required, &node);
	if (present != NULL)
		*present = node != NULL;
	if (err != OK || node == NULL)
		return err;
	if ((err = unescape(d, name, node, &text)) != OK)
		return err;
	return wall_read(text, out) == OK ? OK : document_misfit(d, ERR_VALUE, name, node);
}

int document_arch(struct document *d, bool required, struct bytes *out)
{
	struct bytes text = BYTES_NONE;
	int err = document_text(d, json_root(&d->json), "arch", required, name_is_safe, &text);
	if (err != OK || text.n == 0)
		return err;
	const char *arch = arch_canonical(text);
	if (arch == NULL)
		return document_misfit(d, ERR_VALUE, "arch", json_member(&d->json, json_root(&d->json), "arch"));
	*out = bytes_text(arch);
	return OK;
}

int document_hex(struct document *d, const struct json_node *object, const char *name, bool required,
		 const char *prefix, uint8_t *out, size_t n, bool *present)
{
	const struct json_node *node;
	struct bytes text;
	int err = find(d, object, name, required, &node);
	if (present != NULL)
		*present = node != NULL;
	if (err != OK || node == NULL)
		return err;
	if ((err = unescape(d, name, node, &text)) != OK)
		return err;
	if (!bytes_starts(text, prefix) || hex_decode(bytes_skip(text, bytes_text(prefix).n), out, n) != OK)
		return document_misfit(d, ERR_VALUE, name, node);
	return OK;
}

int document_member(struct document *d, const struct json_node *object, const char *name, bool required,
		    enum json_type type, const struct json_node **out)
{
	int err = find(d, object, name, required, out);
	if (err == OK && *out != NULL && (*out)->type != type)
		err = document_misfit(d, ERR_TYPE, name, *out);
	return err;
}

int document_texts(struct document *d, const struct json_node *object, const char *name, bool (*valid)(struct bytes),
		   const struct json_node **out)
{
	const struct json_node *array;
	int err = document_member(d, object, name, false, JSON_ARRAY, &array);
	if (err != OK)
		return err;
	for (const struct json_node *e = json_child(&d->json, array); e != NULL; e = json_next(&d->json, e)) {
		struct bytes text;
		if ((err = unescape(d, name, e, &text)) != OK)
			return err;
		if (!valid(text))
			return document_misfit(d, ERR_VALUE, name, e);
	}
	*out = array;
	return OK;
}

static bool is_listed(const struct json *j, const struct json_node *node, const char *const *names, size_t names_n)
{
	for (size_t i = 0; i < names_n; i++)
		if (json_string_is(j, node, names[i]))
			return true;
	return false;
}

int document_critical(struct document *d, const char *const *understood, size_t understood_n, struct bytes *unknown)
{
	const struct json_node *array;
	int err = document_member(d, json_root(&d->json), "critical", false, JSON_ARRAY, &array);
	if (err != OK)
		return err;
	struct bytes first = BYTES_NONE;
	for (const struct json_node *e = json_child(&d->json, array); e != NULL; e = json_next(&d->json, e)) {
		struct bytes name;
		if ((err = unescape(d, "critical", e, &name)) != OK)
			return err;
		/* an empty name would pass for "none unknown" */
		if (!name_is_printable(name))
			return document_misfit(d, ERR_VALUE, "critical", e);
		if (first.n == 0 && !is_listed(&d->json, e, understood, understood_n))
			first = name;
	}
	if (first.n != 0)
		*unknown = first;
	return OK;
}

int document_signature(struct document *d, const struct json_node *entry, struct signature *s)
{
	*s = (struct signature){.known = false};
	if (entry->type != JSON_OBJECT)
		return document_misfit(d, ERR_TYPE, "signatures", entry);
	const struct json_node *key = json_member(&d->json, entry, "key_id");
	const struct json_node *value = json_member(&d->json, entry, "signature");
	struct bytes text;
	if (key == NULL || key->type != JSON_STRING ||
	    !json_string_is(&d->json, json_member(&d->json, entry, "algorithm"), "ed25519"))
		return OK;
	if (unescape(d, "key_id", key, &text) != OK || hex_decode(text, s->key, sizeof s->key) != OK)
		return OK;
	s->known = true;
	if (value == NULL || value->type != JSON_STRING || unescape(d, "signature", value, &text) != OK)
		return OK;
	s->well_formed = hex_decode(text, s->signature, sizeof s->signature) == OK;
	return OK;
}

int document_signatures(struct document *d, struct signature signatures[static SIGNATURES_MAX], size_t *n)
{
	const struct json_node *array;
	int err = document_member(d, json_root(&d->json), "signatures", false, JSON_ARRAY, &array);
	if (err != OK)
		return err;
	if (array != NULL && array->n > SIGNATURES_MAX)
		return document_misfit(d, ERR_LIMIT, "signatures", array);
	size_t i = 0;
	for (const struct json_node *e = json_child(&d->json, array); e != NULL; e = json_next(&d->json, e))
		if ((err = document_signature(d, e, &signatures[i++])) != OK)
			return err;
	*n = i;
	return OK;
}

int document_message(struct document *d, const char *prefix, struct arena *a, struct bytes *out)
{
	size_t room = DOCUMENT_SIGNED_PREFIX_MAX + d->json.text.n; /* the canonical form is never longer */
	void *p = arena_take(a, room);
	if (p == NULL)
		return document_misfit(d, ERR_NO_SPACE, "arena", NULL);
	struct writer w = writer_of(p, room);
	write_text(&w, prefix);
	json_canonical(&d->json, json_root(&d->json), "signatures", &w);
	if (w.full)
		return document_misfit(d, ERR_NO_SPACE, "signed bytes", NULL);
	*out = writer_view(&w);
	return OK;
}

bool name_is_printable(struct bytes name)
{
	return name.n > 0 && name.n <= DOCUMENT_NAME_MAX && utf8_printable(name);
}

bool name_is_safe(struct bytes name)
{
	if (!name_is_printable(name) || name.p[0] == '.')
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '/' || name.p[i] == '\\')
			return false;
	return true;
}
