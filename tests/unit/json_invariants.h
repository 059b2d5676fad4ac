/* What holds for every text given to the JSON reader, whatever it is. Shared by the unit tests
 * and the fuzzer, which differ only in where the texts come from. */
#ifndef UNIT_JSON_INVARIANTS_H
#define UNIT_JSON_INVARIANTS_H

#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/utf8.h"

/* Ends the function with the text of the claim that does not hold. */
#define HOLDS(claim)                   \
	do {                           \
		if (!(claim))          \
			return #claim; \
	} while (0)

/* A parsed text in memory of exactly its own size, so that a sanitizer sees a byte too far. */
struct parsed {
	struct json json;
	uint8_t *text;
	struct json_node *nodes;
	uint8_t *canonical, *scratch; /* n bytes each */
	size_t n, canonical_n;
	struct why why;
	int err;
};

static inline void parsed_free(struct parsed *p)
{
	free(p->text);
	free(p->nodes);
	free(p->canonical);
	free(p->scratch);
}

static inline void parsed_of(struct parsed *p, struct bytes text)
{
	size_t nodes_n = text.n / 2 + 1 + JSON_DEPTH_MAX / 2; /* the last: brackets that nothing closes */
	*p = (struct parsed){.text = malloc(text.n), .nodes = calloc(nodes_n, sizeof *p->nodes), .n = text.n};
	p->canonical = malloc(text.n);
	p->scratch = malloc(text.n);
	if (p->nodes == NULL || (text.n > 0 && (p->text == NULL || p->canonical == NULL || p->scratch == NULL)))
		abort();
	if (text.n > 0)
		memcpy(p->text, text.p, text.n);
	p->err = json_parse(&p->json, bytes_of(p->text, text.n), p->nodes, nodes_n, &p->why);
}

static inline const char *string_broken(struct parsed *p, const struct json_node *node)
{
	struct writer w = writer_of(p->scratch, node->end - node->at);
	HOLDS(json_string(&p->json, node, &w) == OK && !w.full);
	HOLDS(utf8_valid(writer_view(&w)));
	/* quoting what was unquoted is the canonical form */
	uint8_t *quoted = malloc(2 * (size_t)(node->end - node->at));
	if (quoted == NULL)
		abort();
	struct writer a = writer_of(quoted, node->end - node->at);
	struct writer b = writer_of(quoted + a.room, a.room);
	json_write_string(&a, writer_view(&w));
	json_canonical(&p->json, node, NULL, &b);
	bool same = !a.full && !b.full && bytes_equal(writer_view(&a), writer_view(&b));
	free(quoted);
	HOLDS(same);
	return NULL;
}

static inline const char *node_broken(struct parsed *p, const struct json_node *node, unsigned depth, uint32_t *count)
{
	HOLDS(depth <= JSON_DEPTH_MAX);
	HOLDS(node->at < node->end && node->end <= p->n);
	++*count;
	if (node->type == JSON_STRING)
		return string_broken(p, node);
	uint64_t number;
	HOLDS((json_uint(&p->json, node, &number) == OK) == (node->type == JSON_NUMBER));
	HOLDS(node->type != JSON_NUMBER || number <= JSON_UINT_MAX);
	uint32_t n = 0, last_end = 0;
	for (const struct json_node *c = json_child(&p->json, node); c != NULL; c = json_next(&p->json, c)) {
		n++;
		HOLDS(c->at > node->at && c->end < node->end);
		HOLDS((c->key_at != 0) == (node->type == JSON_OBJECT));
		if (node->type == JSON_ARRAY) {
			HOLDS(c->at > last_end); /* the order of the text */
			last_end = c->end;
		} else {
			HOLDS(c->key_end >= c->key_at && c->key_end < c->at && c->key_at > node->at);
		}
		const char *broken = node_broken(p, c, depth + 1, count);
		if (broken != NULL)
			return broken;
	}
	HOLDS(n == node->n);
	HOLDS(n == 0 || node->type >= JSON_ARRAY);
	return NULL;
}

static inline const char *accepted_broken(struct parsed *p)
{
	const struct json_node *root = json_root(&p->json);
	uint32_t count = 0;
	const char *broken = node_broken(p, root, 0, &count);
	if (broken != NULL)
		return broken;
	HOLDS(count == p->json.nodes_n && count <= p->n / 2 + 1);
	struct writer w = writer_of(p->canonical, root->end - root->at); /* never longer than the span */
	json_canonical(&p->json, root, NULL, &w);
	HOLDS(!w.full);
	p->canonical_n = w.n;
	return NULL;
}

static inline const char *refused_broken(const struct parsed *p)
{
	HOLDS(p->why.err == p->err && p->why.what != NULL && p->why.at <= p->n);
	HOLDS(p->err == ERR_SYNTAX || p->err == ERR_UTF8 || p->err == ERR_DUPLICATE || p->err == ERR_NUMBER ||
	      p->err == ERR_DEPTH || p->err == ERR_TRAILING || p->err == ERR_TRUNCATED);
	HOLDS(p->err != ERR_TRUNCATED || p->why.at == p->n);
	HOLDS(p->json.nodes == NULL && p->json.nodes_n == 0); /* outputs untouched */
	return NULL;
}

/* The claim that text breaks, or NULL: refused cleanly, or parse, canonical form, parse is a
 * fixpoint. *accepted says which. */
static inline const char *json_broken(struct bytes text, bool *accepted)
{
	struct parsed first, again = {.n = 0};
	parsed_of(&first, text);
	*accepted = first.err == OK;
	const char *broken = *accepted ? accepted_broken(&first) : refused_broken(&first);
	if (broken == NULL && *accepted) {
		parsed_of(&again, bytes_of(first.canonical, first.canonical_n));
		broken = again.err == OK ? accepted_broken(&again) : "the canonical form is accepted";
		if (broken == NULL &&
		    (again.json.nodes_n != first.json.nodes_n ||
		     !bytes_equal(bytes_of(again.canonical, again.canonical_n), bytes_of(again.text, again.n))))
			broken = "the canonical form is its own canonical form";
	}
	parsed_free(&first);
	parsed_free(&again);
	return broken;
}

#endif
