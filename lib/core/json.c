#include "core/json.h"

#include "core/json_text.h"
#include "core/utf8.h"

struct parser {
	struct bytes text;
	size_t at;
	struct json_node *nodes;
	size_t nodes_max;
	uint32_t nodes_n;
	struct why *why;
};

static int fail(struct parser *p, enum err err, const char *what, size_t at)
{
	return why_not(p->why, err, what, at, BYTES_NONE);
}

static bool peek(const struct parser *p, uint8_t c)
{
	return p->at < p->text.n && p->text.p[p->at] == c;
}

static bool take(struct parser *p, uint8_t c)
{
	if (!peek(p, c))
		return false;
	p->at++;
	return true;
}

static int expected(struct parser *p, const char *what)
{
	return fail(p, p->at == p->text.n ? ERR_TRUNCATED : ERR_SYNTAX, what, p->at);
}

static void skip_space(struct parser *p)
{
	while (peek(p, ' ') || peek(p, '\t') || peek(p, '\n') || peek(p, '\r'))
		p->at++;
}

/* Takes a string with its quotes; *start and *end bound the body. */
static int take_string(struct parser *p, uint32_t *start, uint32_t *end)
{
	if (!take(p, '"'))
		return expected(p, "string");
	*start = (uint32_t)p->at;
	for (;;) {
		struct bytes rest = bytes_skip(p->text, p->at);
		if (rest.n == 0)
			return expected(p, "end of string");
		if (rest.p[0] == '"')
			break;
		size_t before = rest.n;
		uint32_t code;
		int err = json_text_take(&rest, &code);
		if (err != OK)
			return fail(p, (enum err)err, "string", p->at);
		p->at += before - rest.n;
	}
	*end = (uint32_t)p->at++;
	return OK;
}

static int take_number(struct parser *p)
{
	size_t start = p->at;
	uint64_t v = 0;
	while (p->at < p->text.n && p->text.p[p->at] >= '0' && p->text.p[p->at] <= '9') {
		v = v * 10 + (p->text.p[p->at++] - '0');
		if (v > JSON_UINT_MAX || (p->at - start > 1 && p->text.p[start] == '0'))
			return fail(p, ERR_NUMBER, "number", start);
	}
	if (p->at == start || peek(p, '.') || peek(p, 'e') || peek(p, 'E'))
		return fail(p, ERR_NUMBER, "number", start);
	return OK;
}

static int take_literal(struct parser *p, struct json_node *node)
{
	static const char *const words[] = {[JSON_NULL] = "null", [JSON_FALSE] = "false", [JSON_TRUE] = "true"};
	for (unsigned type = JSON_NULL; type <= JSON_TRUE; type++) {
		if (bytes_starts(bytes_skip(p->text, p->at), words[type])) {
			p->at += bytes_text(words[type]).n;
			node->type = (uint8_t)type;
			return OK;
		}
	}
	return expected(p, "value");
}

static struct bytes key_body(struct bytes text, const struct json_node *node)
{
	return bytes_of(text.p + node->key_at, node->key_end - node->key_at);
}

/* Merges two sorted chains; 0 ends a chain. */
static uint32_t merge(struct parser *p, uint32_t a, uint32_t b)
{
	uint32_t head = 0, *tail = &head;
	while (a != 0 && b != 0) {
		int order = json_text_order(key_body(p->text, &p->nodes[a]), key_body(p->text, &p->nodes[b]));
		uint32_t *from = order <= 0 ? &a : &b;
		*tail = *from;
		tail = &p->nodes[*from].next;
		*from = *tail;
	}
	*tail = a != 0 ? a : b;
	return head;
}

/* Merge sort by runs of 1, 2, 4 …: chains[i] is empty or a sorted chain of 2^i members. */
static uint32_t sort_members(struct parser *p, uint32_t chain)
{
	uint32_t chains[32] = {0}; /* 2^32 nodes do not exist */
	while (chain != 0) {
		uint32_t one = chain;
		chain = p->nodes[one].next;
		p->nodes[one].next = 0;
		size_t i = 0;
		for (; chains[i] != 0; i++) {
			one = merge(p, chains[i], one);
			chains[i] = 0;
		}
		chains[i] = one;
	}
	uint32_t sorted = 0;
	for (size_t i = 0; i < 32; i++)
		if (chains[i] != 0)
			sorted = merge(p, chains[i], sorted);
	return sorted;
}

static int close_object(struct parser *p, uint32_t self)
{
	p->nodes[self].child = sort_members(p, p->nodes[self].child);
	for (uint32_t i = p->nodes[self].child; i != 0 && p->nodes[i].next != 0; i = p->nodes[i].next) {
		const struct json_node *a = &p->nodes[i], *b = &p->nodes[a->next];
		if (json_text_order(key_body(p->text, a), key_body(p->text, b)) == 0)
			return fail(p, ERR_DUPLICATE, "member name", a->key_at > b->key_at ? a->key_at : b->key_at);
	}
	return OK;
}

static int take_value(struct parser *p, unsigned depth, uint32_t *index);

static int take_member(struct parser *p, unsigned depth, bool keyed, uint32_t *index)
{
	uint32_t start = 0, end = 0;
	int err;
	if (keyed) {
		if ((err = take_string(p, &start, &end)) != OK)
			return err;
		skip_space(p);
		if (!take(p, ':'))
			return expected(p, "colon");
		skip_space(p);
	}
	if ((err = take_value(p, depth, index)) != OK)
		return err;
	p->nodes[*index].key_at = start;
	p->nodes[*index].key_end = end;
	return OK;
}

static int take_container(struct parser *p, unsigned depth, uint32_t self)
{
	bool object = p->nodes[self].type == JSON_OBJECT;
	uint8_t closing = object ? '}' : ']';
	if (depth == JSON_DEPTH_MAX)
		return fail(p, ERR_DEPTH, "value", p->at);
	p->at++;
	skip_space(p);
	uint32_t last = 0;
	if (take(p, closing))
		return OK;
	for (;;) {
		uint32_t index = 0;
		int err = take_member(p, depth + 1, object, &index);
		if (err != OK)
			return err;
		*(last == 0 ? &p->nodes[self].child : &p->nodes[last].next) = index;
		last = index;
		p->nodes[self].n++;
		skip_space(p);
		if (take(p, closing))
			return object ? close_object(p, self) : OK;
		if (!take(p, ','))
			return expected(p, object ? "comma or }" : "comma or ]");
		skip_space(p);
	}
}

static int take_value(struct parser *p, unsigned depth, uint32_t *index)
{
	if (p->at == p->text.n)
		return expected(p, "value");
	if (p->nodes_n == p->nodes_max)
		return fail(p, ERR_LIMIT, "number of values", p->at);
	uint32_t self = p->nodes_n++, start, end;
	p->nodes[self] = (struct json_node){.at = (uint32_t)p->at};
	uint8_t c = p->text.p[p->at];
	int err;
	if (c == '{' || c == '[') {
		p->nodes[self].type = c == '{' ? JSON_OBJECT : JSON_ARRAY;
		err = take_container(p, depth, self);
	} else if (c == '"') {
		p->nodes[self].type = JSON_STRING;
		err = take_string(p, &start, &end);
	} else if (c == '-' || (c >= '0' && c <= '9')) {
		p->nodes[self].type = JSON_NUMBER;
		err = take_number(p);
	} else {
		err = take_literal(p, &p->nodes[self]);
	}
	if (err != OK)
		return err;
	p->nodes[self].end = (uint32_t)p->at;
	*index = self;
	return OK;
}

int json_parse(struct json *j, struct bytes text, struct json_node *nodes, size_t nodes_max, struct why *why)
{
	struct parser p = {.text = text, .nodes = nodes, .nodes_max = nodes_max, .why = why};
	if (text.n > JSON_BYTES_MAX)
		return fail(&p, ERR_LIMIT, "document", JSON_BYTES_MAX);
	uint32_t root;
	skip_space(&p);
	int err = take_value(&p, 0, &root);
	if (err != OK)
		return err;
	skip_space(&p);
	if (p.at != text.n)
		return fail(&p, ERR_TRAILING, "document", p.at);
	*j = (struct json){.text = text, .nodes = nodes, .nodes_n = p.nodes_n};
	return OK;
}

const struct json_node *json_root(const struct json *j)
{
	return &j->nodes[0];
}

const struct json_node *json_child(const struct json *j, const struct json_node *parent)
{
	return parent == NULL || parent->child == 0 ? NULL : &j->nodes[parent->child];
}

const struct json_node *json_next(const struct json *j, const struct json_node *node)
{
	return node->next == 0 ? NULL : &j->nodes[node->next];
}

const struct json_node *json_member(const struct json *j, const struct json_node *object, const char *name)
{
	if (object == NULL || object->type != JSON_OBJECT)
		return NULL;
	for (const struct json_node *m = json_child(j, object); m != NULL; m = json_next(j, m))
		if (json_key_is(j, m, name))
			return m;
	return NULL;
}

struct bytes json_span(const struct json *j, const struct json_node *node)
{
	return bytes_of(j->text.p + node->at, node->end - node->at);
}

static struct bytes string_body(const struct json *j, const struct json_node *node)
{
	return bytes_of(j->text.p + node->at + 1, node->end - node->at - 2);
}

int json_string(const struct json *j, const struct json_node *node, struct writer *w)
{
	if (node == NULL || node->type != JSON_STRING)
		return ERR_TYPE;
	json_text_unescape(string_body(j, node), w);
	return OK;
}

void json_key(const struct json *j, const struct json_node *node, struct writer *w)
{
	json_text_unescape(key_body(j->text, node), w);
}

bool json_string_is(const struct json *j, const struct json_node *node, const char *s)
{
	return node != NULL && node->type == JSON_STRING && json_text_is(string_body(j, node), s);
}

bool json_key_is(const struct json *j, const struct json_node *node, const char *s)
{
	return node->key_at != 0 && json_text_is(key_body(j->text, node), s);
}

int json_uint(const struct json *j, const struct json_node *node, uint64_t *out)
{
	if (node == NULL || node->type != JSON_NUMBER)
		return ERR_TYPE;
	struct bytes digits = json_span(j, node);
	uint64_t v = 0;
	for (size_t i = 0; i < digits.n; i++)
		v = v * 10 + (digits.p[i] - '0');
	*out = v;
	return OK;
}

void json_write_string(struct writer *w, struct bytes text)
{
	uint32_t code;
	write_u8(w, '"');
	while (utf8_take(&text, &code))
		json_text_write(w, code);
	write_u8(w, '"');
}

/* Recursion is bounded: json_parse refuses what is deeper than JSON_DEPTH_MAX. */
void json_canonical(const struct json *j, const struct json_node *node, const char *omit, struct writer *w)
{
	if (node->type == JSON_STRING) {
		json_text_canonical(string_body(j, node), w);
		return;
	}
	if (node->type != JSON_OBJECT && node->type != JSON_ARRAY) {
		write_bytes(w, json_span(j, node));
		return;
	}
	bool first = true;
	write_u8(w, node->type == JSON_OBJECT ? '{' : '[');
	for (const struct json_node *m = json_child(j, node); m != NULL; m = json_next(j, m)) {
		if (omit != NULL && node->type == JSON_OBJECT && json_key_is(j, m, omit))
			continue;
		if (!first)
			write_u8(w, ',');
		first = false;
		if (node->type == JSON_OBJECT) {
			json_text_canonical(key_body(j->text, m), w);
			write_u8(w, ':');
		}
		json_canonical(j, m, NULL, w);
	}
	write_u8(w, node->type == JSON_OBJECT ? '}' : ']');
}
