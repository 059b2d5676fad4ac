#include "host/http_content.h"

#include <stdlib.h>
#include <string.h>

#include "host/random.h"

#define PART_HEAD_BYTES (192 + HTTP_TYPE_BYTES) /* boundary, type and three numbers */
#define PART_BLOCK_BYTES 16384

/* multipart/byteranges: heads in memory, bytes from the body. */
struct parts {
	struct http_body body; /* owned */
	size_t n;
	struct {
		struct range range;
		char head[PART_HEAD_BYTES];
		size_t head_n;
	} v[RANGES_MAX];
	char tail[64];
	size_t tail_n;
};

static ssize_t read_from_text(const char *text, size_t n, uint64_t position, char *buf, size_t max)
{
	const size_t left = n - (size_t)position, give = left < max ? left : max;
	memcpy(buf, text + position, give);
	return (ssize_t)give;
}

static ssize_t read_parts(void *context, uint64_t position, char *buf, size_t max)
{
	struct parts *p = context;
	for (size_t i = 0; i < p->n; i++) {
		uint64_t body = p->v[i].range.last - p->v[i].range.first + 1;
		if (position < p->v[i].head_n)
			return read_from_text(p->v[i].head, p->v[i].head_n, position, buf, max);
		position -= p->v[i].head_n;
		if (position < body) {
			size_t want = body - position < max ? (size_t)(body - position) : max;
			ssize_t n = p->body.read(p->body.context, p->v[i].range.first + position, buf, want);
			return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR; /* it shrank */
		}
		position -= body;
	}
	return read_from_text(p->tail, p->tail_n, position, buf, max);
}

static void free_parts(void *context)
{
	struct parts *p = context;
	p->body.free(p->body.context);
	free(p);
}

struct MHD_Response *http_parts(const struct ranges *ranges, uint64_t size, const char *type, struct http_body body)
{
	struct parts *p = calloc(1, sizeof *p);
	uint64_t chance, bytes = 0;
	if (p == NULL || random_fill(&chance, sizeof chance) != OK) {
		body.free(body.context);
		free(p);
		return NULL;
	}
	char boundary[24], whole_type[80];
	(void)snprintf(boundary, sizeof boundary, "%020llu", (unsigned long long)chance);
	p->body = body;
	for (; p->n < ranges->n; p->n++) {
		struct range r = ranges->v[p->n];
		int n = snprintf(p->v[p->n].head, PART_HEAD_BYTES,
				 "\r\n--%s\r\nContent-Type: %.*s\r\nContent-Range: bytes %llu-%llu/%llu\r\n\r\n",
				 boundary, HTTP_TYPE_BYTES - 1, type, (unsigned long long)r.first,
				 (unsigned long long)r.last, (unsigned long long)size);
		p->v[p->n].range = r;
		p->v[p->n].head_n = (size_t)n;
		bytes += (uint64_t)n + (r.last - r.first + 1);
	}
	p->tail_n = (size_t)snprintf(p->tail, sizeof p->tail, "\r\n--%s--\r\n", boundary);
	bytes += p->tail_n;
	struct MHD_Response *response =
		MHD_create_response_from_callback(bytes, PART_BLOCK_BYTES, read_parts, p, free_parts);
	if (response == NULL) {
		free_parts(p);
		return NULL;
	}
	(void)snprintf(whole_type, sizeof whole_type, "multipart/byteranges; boundary=%s", boundary);
	http_add_header(response, "Content-Type", whole_type);
	return response;
}

/* Whether a list of entity tags ("a", W/"b", or *) names this one; a weak one does not when the
 * comparison is a strong one. */
static bool names_etag(const char *list, const char *etag, bool strong)
{
	for (const char *p = list; etag != NULL && (p = strstr(p, etag)) != NULL; p++)
		if (!strong || p - list < 2 || memcmp(p - 2, "W/", 2) != 0)
			return true;
	return strcmp(list, "*") == 0;
}

static bool is(const char *value, const char *validator)
{
	return validator != NULL && strcmp(value, validator) == 0;
}

enum http_wanted http_wanted(struct MHD_Connection *c, const char *etag, const char *modified, uint64_t size,
			     struct ranges *ranges)
{
	const char *if_match = http_header(c, "If-Match"), *if_none = http_header(c, "If-None-Match");
	const char *since = http_header(c, "If-Modified-Since"), *if_range = http_header(c, "If-Range");
	const char *range = http_header(c, "Range");
	if (if_match != NULL && !names_etag(if_match, etag, true))
		return HTTP_CHANGED;
	if (if_none != NULL ? names_etag(if_none, etag, false) : since != NULL && is(since, modified))
		return HTTP_NOT_MODIFIED;
	/* If-Range: the client has parts of another file */
	if (range == NULL || (if_range != NULL && !is(if_range, etag) && !is(if_range, modified)))
		return HTTP_WHOLE;
	switch (range_read(bytes_text(range), size, ranges)) {
	case RANGE_PARTIAL:
		return HTTP_PARTIAL;
	case RANGE_REFUSED:
		return HTTP_REFUSED;
	case RANGE_WHOLE:
		break;
	}
	return HTTP_WHOLE;
}

void http_add_content_range(struct MHD_Response *r, struct range range, uint64_t size)
{
	char text[96];
	(void)snprintf(text, sizeof text, "bytes %llu-%llu/%llu", (unsigned long long)range.first,
		       (unsigned long long)range.last, (unsigned long long)size);
	http_add_header(r, "Content-Range", text);
}

void http_add_refused_range(struct MHD_Response *r, uint64_t size)
{
	char text[48];
	(void)snprintf(text, sizeof text, "bytes */%llu", (unsigned long long)size);
	http_add_header(r, "Content-Range", text);
	http_add_header(r, "Accept-Ranges", "bytes");
}
