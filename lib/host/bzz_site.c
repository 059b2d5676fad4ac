#include "host/bzz_site.h"

#include <string.h>

#include "core/hex.h"
#include "crypto/secret.h"
#include "host/bzz_site_parts.h"
#include "swarm/bzz_address.h"
#include "swarm/content_hash.h"

bool bzz_parse_reference(struct bytes text, struct reference *reference)
{
	enum content_hash_codec codec;
	return reference_parse(text, reference) == OK || content_hash_cid_read(text, &codec, reference, NULL) == OK;
}

static enum MHD_Result route_bytes(const struct bzz_request *r)
{
	struct bzz_root root = {.chunk_n = 0};
	struct bzz_answer a = {.type = "application/octet-stream"};
	if (r->has_rest)
		return bzz_problem(r, MHD_HTTP_NOT_FOUND, "Not Found");
	if (!bzz_parse_reference(r->first, &root.reference))
		return bzz_problem(r, MHD_HTTP_BAD_REQUEST, "invalid path params");
	enum MHD_Result result;
	const int err = bzz_answer_open(r, &root, &a);
	if (err == OK) {
		bzz_answer_etag(&a, &root.reference);
		result = bzz_send(r, &a);
	} else {
		result = bzz_problem_of(r, err, "Not Found");
	}
	secret_wipe(&a, sizeof a);
	secret_wipe(&root, sizeof root);
	return result;
}

static enum MHD_Result route_chunks(const struct bzz_request *r)
{
	struct reference reference;
	uint8_t chunk[CHUNK_STORED_BYTES_MAX];
	const struct bzz_answer a = {.type = "binary/octet-stream"};
	size_t n;
	if (r->has_rest)
		return bzz_problem(r, MHD_HTTP_NOT_FOUND, "Not Found");
	if (reference_parse(r->first, &reference) != OK)
		return bzz_problem(r, MHD_HTTP_BAD_REQUEST, "invalid path params");
	int err = chunk_source_get(&r->source, reference.address, chunk, &n);
	return err == OK ? bzz_send_bytes(r, &a, bytes_of(chunk, n)) : bzz_problem_of(r, err, "chunk not found");
}

static const struct route {
	const char *name;
	enum MHD_Result (*answer)(const struct bzz_request *r);
} routes[] = {
	{"bytes", route_bytes}, {"bzz", bzz_route_path},   {"chunks", route_chunks},
	{"soc", bzz_route_soc}, {"feeds", bzz_route_feed},
};

/* The path behind "/v1", where that stands: bee has all paths below both. */
static const char *without_version(const char *url)
{
	return strncmp(url, "/v1/", 4) == 0 ? url + 3 : url;
}

/* The route of a path that has something behind its first part; NULL: none. */
static const struct route *route_of(const char *url)
{
	const char *path = without_version(url);
	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
		const size_t n = strlen(routes[i].name);
		if (path[0] == '/' && strncmp(path + 1, routes[i].name, n) == 0 && path[n + 1] == '/' &&
		    path[n + 2] != 0)
			return &routes[i];
	}
	return NULL;
}

bool bzz_site_has(const char *url)
{
	return route_of(url) != NULL;
}

/* Decodes up to a slash (or all of it), and takes it off; false: malformed, or no room. */
static bool decode(const char **url, bool to_slash, struct writer *w, struct bytes *out)
{
	const size_t begin = w->n;
	const char *p = *url;
	for (; *p != 0 && (!to_slash || *p != '/'); p++) {
		if (*p != '%') {
			write_u8(w, (uint8_t)*p);
			continue;
		}
		const int high = hex_digit((uint8_t)p[1]), low = high < 0 ? -1 : hex_digit((uint8_t)p[2]);
		if (low < 0)
			return false;
		write_u8(w, (uint8_t)(16 * high + low));
		p += 2;
	}
	*url = p;
	*out = bytes_of(w->p + begin, w->n - begin);
	return !w->full;
}

static enum MHD_Result answer(struct bzz_request *r)
{
	const struct route *route = route_of(r->url);
	if (route == NULL)
		return bzz_problem(r, MHD_HTTP_NOT_FOUND, "Not Found");
	const char *p = without_version(r->url) + strlen(route->name) + 2;
	struct writer w = writer_of(r->room, sizeof r->room);
	if (!decode(&p, true, &w, &r->first))
		return bzz_problem(r, MHD_HTTP_BAD_REQUEST, "invalid path");
	r->has_rest = *p == '/';
	if (r->has_rest)
		p++;
	return decode(&p, false, &w, &r->rest) ? route->answer(r)
					       : bzz_problem(r, MHD_HTTP_BAD_REQUEST, "invalid path");
}

enum MHD_Result bzz_site_route(struct bzz_site *site, struct MHD_Connection *c, const char *url, bool head)
{
	char shown[1024]; /* keys are not for logs */
	struct bzz_request r = {.site = site, .meter = bzz_meter_new(&site->source), .c = c, .url = url, .head = head};
	if (r.meter == NULL)
		return MHD_NO;
	r.source = bzz_meter_source(r.meter);
	const enum MHD_Result result = answer(&r);
	if (r.meter->spent)
		cli_warn_rarely(site->cli, "%s: refused: it takes more than %d chunks to answer that",
				bzz_address_shown(bytes_text(url), shown, sizeof shown), BZZ_METER_CHUNKS);
	bzz_meter_release(r.meter);
	secret_wipe(r.room, sizeof r.room); /* there may be a key in its path */
	return result;
}
