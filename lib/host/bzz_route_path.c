#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"
#include "host/bzz_site_parts.h"
#include "host/bzz_walk.h"

static const char nowhere[] = "address not found or incorrect";

#define LOCATION_BYTES_MAX (2 * BZZ_URL_BYTES_MAX)

/* The query comes in pieces, still encoded. */
static enum MHD_Result add_argument(void *context, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct writer *w = context;
	(void)kind;
	write_u8(w, memchr(w->p, '?', w->n) == NULL ? '?' : '&');
	write_text(w, key);
	if (value != NULL) {
		write_u8(w, '=');
		write_text(w, value);
	}
	return MHD_YES;
}

/* The same with a slash behind the path. */
static enum MHD_Result redirect(const struct bzz_request *r)
{
	char location[LOCATION_BYTES_MAX];
	struct writer w = writer_of(location, sizeof location - 1);
	struct MHD_Response *response = http_empty();
	write_text(&w, r->url);
	write_u8(&w, '/');
	(void)MHD_get_connection_values(r->c, MHD_GET_ARGUMENT_KIND, add_argument, &w);
	location[w.n] = 0;
	if (response == NULL || w.full) {
		if (response != NULL)
			MHD_destroy_response(response);
		return w.full ? bzz_problem(r, MHD_HTTP_BAD_REQUEST, "invalid path") : MHD_NO;
	}
	http_add_header(response, "Location", location);
	return http_queue(r->c, MHD_HTTP_PERMANENT_REDIRECT, response);
}

static bool is_header_text(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] < 0x20 || p[i] == 0x7f)
			return false;
	return true;
}

/* What the entry's metadata say of the file. */
static void describe(const struct mantaray_walk *walk, struct bzz_answer *a)
{
	const struct bytes metadata = bytes_of(walk->metadata, walk->metadata_n);
	uint8_t value[MANTARAY_METADATA_MAX];
	struct writer w = writer_of(value, sizeof value);
	if (mantaray_metadata(metadata, "Content-Type", &w) == OK && w.n < sizeof a->type && is_header_text(value, w.n))
		(void)snprintf(a->type, sizeof a->type, "%.*s", (int)w.n, (const char *)value);
	w = writer_of(value, sizeof value);
	if (mantaray_metadata(metadata, "Filename", &w) != OK || !is_header_text(value, w.n))
		return;
	size_t at = w.n; /* the last part of a path */
	while (at > 0 && value[at - 1] != '/')
		at--;
	char text[BZZ_HEADER_BYTES];
	struct writer t = writer_of(text, sizeof text - 1);
	write_text(&t, "inline; filename=\"");
	for (size_t i = at; i < w.n; i++) {
		if (value[i] == '"' || value[i] == '\\')
			write_u8(&t, '\\');
		write_u8(&t, value[i]);
	}
	write_text(&t, "\"");
	text[t.n] = 0;
	if (!t.full)
		bzz_answer_add(a, "Content-Disposition", text);
}

static enum MHD_Result send_entry(const struct bzz_request *r, const struct mantaray_walk *walk, bool by_feed,
				  struct bzz_answer *a)
{
	const struct bzz_root root = {.reference = walk->entry};
	if (reference_is_zero(&walk->entry)) /* metadata only */
		return bzz_problem(r, MHD_HTTP_NOT_FOUND, "Not Found");
	describe(walk, a);
	int err = bzz_answer_open(r, &root, a);
	if (err != OK)
		return bzz_problem_of(r, err, "Not Found");
	if (!by_feed) /* what a feed leads to may be another content tomorrow */
		bzz_answer_etag(a, &walk->entry);
	return bzz_send(r, a);
}

static enum MHD_Result answer(const struct bzz_request *r, const struct bzz_root *root, bool by_feed,
			      struct bzz_path *b, struct bzz_answer *a);

static enum MHD_Result follow(const struct bzz_request *r, struct bzz_path *b, struct bzz_answer *a)
{
	struct bzz_root root;
	int err = bzz_feed_newest(r, b->owner, bytes_of(b->topic, b->topic_n), 0, &root, a);
	return err == OK ? answer(r, &root, true, b, a) : bzz_problem_of(r, err, "no update found");
}

/* b: memory for the machine, which is too large for a stack. */
static enum MHD_Result answer(const struct bzz_request *r, const struct bzz_root *root, bool by_feed,
			      struct bzz_path *b, struct bzz_answer *a)
{
	struct why why = {.what = NULL};
	int err = bzz_walk(&r->source, root, r->rest, !by_feed, b, &why);
	if (err == ERR_NO_MEMORY || err == ERR_IO || err == ERR_HASH)
		return bzz_problem_of(r, err, "Not Found");
	if (err != OK) /* no manifest, a broken one, or one that is not all here */
		return bzz_problem(r, MHD_HTTP_NOT_FOUND, r->rest.n == 0 ? nowhere : "Not Found");
	switch (b->outcome) {
	case BZZ_FILE:
		return send_entry(r, &b->walk, by_feed, a);
	case BZZ_REDIRECT:
		return redirect(r);
	case BZZ_FEED: /* once: what it leads to is searched as it is */
		return follow(r, b, a);
	case BZZ_NOT_FOUND:
	case BZZ_UNDER_WAY:
		break;
	}
	return bzz_problem(r, MHD_HTTP_NOT_FOUND, r->rest.n == 0 ? nowhere : "path address not found");
}

enum MHD_Result bzz_route_path(const struct bzz_request *r)
{
	struct bzz_root root = {.chunk_n = 0};
	struct bzz_answer a = {.headers_n = 0};
	if (!bzz_parse_reference(r->first, &root.reference))
		return bzz_problem(r, MHD_HTTP_BAD_REQUEST, "invalid path params");
	if (!r->has_rest)
		return redirect(r);
	struct bzz_path *b = malloc(sizeof *b);
	if (b == NULL)
		return MHD_NO;
	enum MHD_Result result = answer(r, &root, false, b, &a);
	secret_wipe(b, sizeof *b); /* references with keys, as in what follows */
	secret_wipe(&a, sizeof a);
	secret_wipe(&root, sizeof root);
	free(b);
	return result;
}
