#include "host/bzz_reply.h"

#include <string.h>

#include "core/json.h"
#include "host/cli.h"

#define NODES_MAX 64

size_t bzz_reply_take(char *p, size_t size, size_t n, void *context)
{
	struct bzz_reply *r = context;
	if (size * n > sizeof r->text - r->n)
		return 0; /* curl ends the transfer */
	memcpy(r->text + r->n, p, size * n);
	r->n += size * n;
	return size * n;
}

const char *bzz_reply_member(const struct bzz_reply *r, const char *name, char *text, size_t room)
{
	struct json_node nodes[NODES_MAX];
	struct json json;
	uint8_t raw[BZZ_REPLY_BYTES_MAX];
	struct writer w = writer_of(raw, sizeof raw);
	text[0] = 0;
	if (json_parse(&json, bytes_of(r->text, r->n), nodes, NODES_MAX, NULL) == OK &&
	    json_string(&json, json_member(&json, json_root(&json), name), &w) == OK)
		(void)cli_quote(writer_view(&w), text, room);
	return text;
}

const char *bzz_reply_meaning(long status)
{
	switch (status) {
	case 400:
		return "it finds the request bad; is the batch right?";
	case 401:
		return "it does not take the signature";
	case 402:
		return "the postage batch is full: buy another one, or dilute it";
	case 404:
		return "it has no such postage batch";
	case 405:
		return "it takes no uploads";
	case 422:
		return "the postage batch is not usable yet: wait some blocks";
	default:
		return "it refuses it";
	}
}
