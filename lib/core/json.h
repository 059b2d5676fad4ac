/* JSON, strictly: RFC 8259 with the refusals that signed documents need, and the canonical form
 * of RFC 8785.
 *
 * One parse into nodes that the caller lends; no allocation, no copies: a node is a span of the
 * text. Refused with the byte offset in why->at: duplicate member names (after unescaping) at any
 * depth, trailing bytes, invalid UTF-8, lone surrogates, nesting deeper than JSON_DEPTH_MAX, and
 * every number that is not an integer in 0..2^53-1 written without sign, fraction or exponent.
 * White space around the document is allowed, a byte order mark is not.
 *
 * The members of an object are linked in canonical order (UTF-16 code units, RFC 8785 section
 * 3.2.3), so that neighbours show duplicates and the canonical writer only walks. */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include "core/bytes.h"
#include "core/err.h"

#define JSON_DEPTH_MAX 16               /* objects and arrays around a value */
#define JSON_BYTES_MAX (16U << 20)      /* no document of ours is larger; keeps offsets in 32 bits */
#define JSON_UINT_MAX 9007199254740991U /* 2^53 - 1 */

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* Links are indices into the node table, 0 for none (node 0 is the root). */
struct json_node {
	uint32_t at, end;         /* the value's span in the text, quotes and brackets included */
	uint32_t key_at, key_end; /* member name without quotes, escapes as written; 0, 0 for none */
	uint32_t next;            /* sibling: next element, or next member in canonical order */
	uint32_t child;           /* first element or member */
	uint32_t n;               /* number of elements or members */
	uint8_t type;             /* enum json_type */
};

struct json {
	struct bytes text; /* borrowed, must outlive the nodes' use */
	const struct json_node *nodes;
	uint32_t nodes_n;
};

/* A document of n bytes has at most n / 2 + 1 values; a caller may lend fewer nodes. A text with
 * more values than nodes is ERR_LIMIT. On failure *j is untouched and the nodes are anything. */
MUST_CHECK int json_parse(struct json *j, struct bytes text, struct json_node *nodes, size_t nodes_max,
			  struct why *why);

const struct json_node *json_root(const struct json *j);
/* Walks children: NULL at the end (and for values without children). */
const struct json_node *json_child(const struct json *j, const struct json_node *parent);
const struct json_node *json_next(const struct json *j, const struct json_node *node);
/* The member called name, or NULL; NULL also when object is NULL or no object. */
const struct json_node *json_member(const struct json *j, const struct json_node *object, const char *name);

/* The span of the value as written. */
struct bytes json_span(const struct json *j, const struct json_node *node);
/* Writes the unescaped text of a string; at most as many bytes as the span has. ERR_TYPE when
 * node is NULL or no string. */
MUST_CHECK int json_string(const struct json *j, const struct json_node *node, struct writer *w);
/* The same for the member's name. */
void json_key(const struct json *j, const struct json_node *node, struct writer *w);
/* Whether node (NULL: no) is a string that unescapes to exactly s. */
bool json_string_is(const struct json *j, const struct json_node *node, const char *s);
/* Whether node is a member whose name unescapes to exactly s. */
bool json_key_is(const struct json *j, const struct json_node *node, const char *s);
/* The value of a number; ERR_TYPE when node is NULL or no number. */
MUST_CHECK int json_uint(const struct json *j, const struct json_node *node, uint64_t *out);

/* Writes the canonical form (RFC 8785) of node, never longer than its span. Members called omit
 * directly in node are left out (NULL: none); with omit the canonical form of the rest. */
void json_canonical(const struct json *j, const struct json_node *node, const char *omit, struct writer *w);
/* Writes text as a JSON string with quotes: the escapes of RFC 8785, all else as it is. text must
 * be valid UTF-8. */
void json_write_string(struct writer *w, struct bytes text);

#endif
