#include "swarm/bridge.h"

#include <string.h>

#include "core/hex.h"
#include "core/json.h"

#define NODES_MAX 64 /* an answer may say more than we know; a request has five */

static const char *const types[] = {
	[BRIDGE_MANIFEST] = "manifest", [BRIDGE_ARTIFACT] = "artifact", [BRIDGE_CHUNK] = "chunk"};

/* --- lines --- */

int bridge_line_take(struct bridge_line *l, struct bytes in, size_t *used)
{
	if (l->whole)
		return ERR_TRAILING;
	const uint8_t *end = in.n == 0 ? NULL : memchr(in.p, '\n', in.n);
	const size_t n = end == NULL ? in.n : (size_t)(end - in.p);
	if (n >= sizeof l->text - l->n) /* with the line feed */
		return ERR_LIMIT;
	if (n > 0)
		memcpy(l->text + l->n, in.p, n);
	l->n += n;
	l->whole = end != NULL;
	*used = n + l->whole;
	return OK;
}

struct bytes bridge_line_text(const struct bridge_line *l)
{
	return bytes_of(l->text, l->n);
}

/* --- writing --- */

static void write_member(struct writer *w, const char *name, uint64_t value)
{
	write_text(w, ",\"");
	write_text(w, name);
	write_text(w, "\":");
	write_decimal(w, value);
}

void bridge_request_write(struct writer *w, const struct bridge_request *request)
{
	char hash[2 * REFERENCE_BYTES];
	hex_encode(bytes_of(request->hash, sizeof request->hash), hash);
	write_text(w, "{\"type\":\"");
	write_text(w, types[request->type]);
	write_text(w, "\",\"hash\":\"");
	write_bytes(w, bytes_of(hash, sizeof hash));
	write_u8(w, '"');
	if (request->ranged)
		write_member(w, "offset", request->offset);
	if (request->ranged && request->length != UINT64_MAX)
		write_member(w, "length", request->length);
	write_text(w, "}\n");
}

void bridge_answer_write(struct writer *w, uint64_t size)
{
	write_text(w, "{\"ok\":true");
	write_member(w, "size", size);
	write_text(w, "}\n");
}

void bridge_answer_write_part(struct writer *w, uint64_t size, uint64_t total)
{
	write_text(w, "{\"ok\":true");
	write_member(w, "size", size);
	write_member(w, "total", total);
	write_text(w, "}\n");
}

void bridge_answer_write_error(struct writer *w, struct bytes error)
{
	uint8_t text[BRIDGE_LINE_BYTES_MAX];
	struct writer t = writer_of(text, sizeof text - sizeof "{\"ok\":false,\"error\":}\n");
	for (size_t n = error.n; n == error.n || t.full; n--) {
		if (n < error.n && (error.p[n] & 0xc0) == 0x80)
			continue; /* not in the middle of a character */
		t = writer_of(text, t.room);
		json_write_string(&t, bytes_of(error.p, n));
	}
	write_text(w, "{\"ok\":false,\"error\":");
	write_bytes(w, writer_view(&t));
	write_text(w, "}\n");
}

/* --- reading --- */

static int read_object(struct json *json, struct json_node nodes[static NODES_MAX], struct bytes line, struct why *why)
{
	int err = line.n > BRIDGE_LINE_BYTES_MAX ? ERR_LIMIT : json_parse(json, line, nodes, NODES_MAX, why);
	if (err == OK && json_root(json)->type != JSON_OBJECT)
		err = why_not(why, ERR_TYPE, "an object", 0, BYTES_NONE);
	return err;
}

/* A number that may be missing: *has says whether it is there; *value stays what it is then. */
static int read_number(const struct json *json, const char *name, bool *has, uint64_t *value, struct why *why)
{
	const struct json_node *node = json_member(json, json_root(json), name);
	*has = node != NULL;
	return node == NULL || json_uint(json, node, value) == OK ? OK
								  : why_not(why, ERR_TYPE, name, node->at, BYTES_NONE);
}

static int refuse_unknown(const struct json *json, struct why *why)
{
	static const char *const names[] = {"type", "hash", "offset", "length"};
	for (const struct json_node *m = json_child(json, json_root(json)); m != NULL; m = json_next(json, m)) {
		bool known = false;
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
			known |= json_key_is(json, m, names[i]);
		if (!known)
			return why_not(why, ERR_VALUE, "a member that is not known here", m->key_at, BYTES_NONE);
	}
	return OK;
}

static int read_type(const struct json *json, enum bridge_type *type, struct why *why)
{
	const struct json_node *node = json_member(json, json_root(json), "type");
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (!json_string_is(json, node, types[i]))
			continue;
		*type = (enum bridge_type)i;
		return OK;
	}
	return why_not(why, node == NULL ? ERR_MISSING : ERR_VALUE, "type", node == NULL ? 0 : node->at, BYTES_NONE);
}

static int read_hash(const struct json *json, uint8_t hash[static REFERENCE_BYTES], struct why *why)
{
	const struct json_node *node = json_member(json, json_root(json), "hash");
	uint8_t text[BRIDGE_LINE_BYTES_MAX];
	struct writer w = writer_of(text, sizeof text);
	if (node == NULL)
		return why_not(why, ERR_MISSING, "hash", 0, BYTES_NONE);
	if (json_string(json, node, &w) != OK)
		return why_not(why, ERR_TYPE, "hash", node->at, BYTES_NONE);
	if (hex_decode_any_case(writer_view(&w), hash, REFERENCE_BYTES) != OK)
		return why_not(why, ERR_VALUE, "hash: 64 hex digits", node->at, BYTES_NONE);
	return OK;
}

int bridge_request_read(struct bridge_request *request, struct bytes line, struct why *why)
{
	struct json_node nodes[NODES_MAX];
	struct json json;
	struct bridge_request r = {.offset = 0, .length = UINT64_MAX};
	bool has_offset = false, has_length = false;
	int err = read_object(&json, nodes, line, why);
	if (err == OK)
		err = refuse_unknown(&json, why);
	if (err == OK)
		err = read_type(&json, &r.type, why);
	if (err == OK)
		err = read_hash(&json, r.hash, why);
	if (err == OK)
		err = read_number(&json, "offset", &has_offset, &r.offset, why);
	if (err == OK)
		err = read_number(&json, "length", &has_length, &r.length, why);
	if (err != OK)
		return err;
	r.ranged = has_offset || has_length;
	*request = r;
	return OK;
}

int bridge_answer_read(struct bridge_answer *answer, struct bytes line, struct why *why)
{
	struct json_node nodes[NODES_MAX];
	struct json json;
	uint8_t text[BRIDGE_LINE_BYTES_MAX];
	struct writer w = writer_of(text, sizeof text);
	uint64_t size = 0, total = 0;
	bool has_size = false, has_total = false;
	int err = read_object(&json, nodes, line, why);
	if (err != OK)
		return err;
	const struct json_node *ok = json_member(&json, json_root(&json), "ok");
	if (ok == NULL)
		return why_not(why, ERR_MISSING, "ok", 0, BYTES_NONE);
	if (ok->type != JSON_TRUE && ok->type != JSON_FALSE)
		return why_not(why, ERR_TYPE, "ok", ok->at, BYTES_NONE);
	const bool good = ok->type == JSON_TRUE;
	if (good && (err = read_number(&json, "size", &has_size, &size, why)) == OK && !has_size)
		err = why_not(why, ERR_MISSING, "size", 0, BYTES_NONE);
	if (good && err == OK)
		err = read_number(&json, "total", &has_total, &total, why);
	if (!good && json_string(&json, json_member(&json, json_root(&json), "error"), &w) != OK)
		err = why_not(why, ERR_MISSING, "error", 0, BYTES_NONE);
	if (err != OK)
		return err;
	*answer = (struct bridge_answer){
		.ok = good, .size = size, .has_total = has_total, .total = total, .error_n = w.n};
	memcpy(answer->error, text, w.n);
	return OK;
}
