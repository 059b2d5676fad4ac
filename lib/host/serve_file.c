#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/hex.h"
#include "host/random.h"
#include "host/serve_parts.h"
#include "http/range.h"

#define PART_HEAD_BYTES 192 /* boundary, type and three numbers: 150 at most */

void serve_header(struct MHD_Response *r, const char *name, const char *value)
{
	(void)MHD_add_response_header(r, name, value); /* fails for lack of memory only: an answer without it */
}

enum MHD_Result serve_queue(struct MHD_Connection *c, unsigned status, struct MHD_Response *r)
{
	struct serve_client *client = serve_client_of(c);
	if (r == NULL)
		return MHD_NO;
	if (client != NULL)
		client->status = status;
	enum MHD_Result queued = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return queued;
}

/* What every answer about a file tells, whether it has a body or not. */
static void add_validators(struct MHD_Response *r, const struct serve_item *item)
{
	serve_header(r, "Accept-Ranges", "bytes");
	serve_header(r, "ETag", item->etag);
	serve_header(r, "Last-Modified", item->modified);
	if (item->hash[0] != 0)
		serve_header(r, "X-Artifact-Hash", item->hash);
}

static struct MHD_Response *empty_response(void)
{
	static char nothing[1];
	return MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
}

static struct MHD_Response *from_offset(const struct serve_item *item, struct range r)
{
	int own = fcntl(item->fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		return NULL;
	struct MHD_Response *response = MHD_create_response_from_fd_at_offset64(r.last - r.first + 1, own, r.first);
	if (response == NULL)
		(void)close(own); /* only read from */
	return response;
}

/* multipart/byteranges, made while it is sent: heads in memory, bytes from the file. */
struct parts {
	int fd; /* owned */
	size_t n;
	struct {
		struct range range;
		char head[PART_HEAD_BYTES];
		size_t head_n;
	} v[RANGES_MAX];
	char tail[64];
	size_t tail_n;
};

static ssize_t read_from_text(const char *text, size_t n, uint64_t *position, char *buf, size_t max)
{
	size_t left = n - (size_t)*position, give = left < max ? left : max;
	memcpy(buf, text + *position, give);
	return (ssize_t)give;
}

static ssize_t read_parts(void *context, uint64_t position, char *buf, size_t max)
{
	struct parts *p = context;
	for (size_t i = 0; i < p->n; i++) {
		uint64_t body = p->v[i].range.last - p->v[i].range.first + 1;
		if (position < p->v[i].head_n)
			return read_from_text(p->v[i].head, p->v[i].head_n, &position, buf, max);
		position -= p->v[i].head_n;
		if (position < body) {
			size_t want = body - position < max ? (size_t)(body - position) : max;
			ssize_t n = pread(p->fd, buf, want, (off_t)(p->v[i].range.first + position));
			return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR; /* it shrank */
		}
		position -= body;
	}
	return read_from_text(p->tail, p->tail_n, &position, buf, max);
}

static void free_parts(void *context)
{
	struct parts *p = context;
	(void)close(p->fd); /* only read from */
	free(p);
}

static struct MHD_Response *from_parts(const struct serve_item *item, const struct ranges *ranges)
{
	struct parts *p = calloc(1, sizeof *p);
	uint64_t chance, size = 0;
	if (p == NULL || random_fill(&chance, sizeof chance) != OK ||
	    (p->fd = fcntl(item->fd, F_DUPFD_CLOEXEC, 0)) < 0) {
		free(p);
		return NULL;
	}
	char boundary[24], type[80];
	(void)snprintf(boundary, sizeof boundary, "%020llu", (unsigned long long)chance);
	for (; p->n < ranges->n; p->n++) {
		struct range r = ranges->v[p->n];
		int n = snprintf(p->v[p->n].head, PART_HEAD_BYTES,
				 "\r\n--%s\r\nContent-Type: %s\r\nContent-Range: bytes %llu-%llu/%llu\r\n\r\n",
				 boundary, item->type, (unsigned long long)r.first, (unsigned long long)r.last,
				 (unsigned long long)item->size);
		p->v[p->n].range = r;
		p->v[p->n].head_n = (size_t)n;
		size += (uint64_t)n + (r.last - r.first + 1);
	}
	p->tail_n = (size_t)snprintf(p->tail, sizeof p->tail, "\r\n--%s--\r\n", boundary);
	size += p->tail_n;
	struct MHD_Response *response = MHD_create_response_from_callback(size, 16384, read_parts, p, free_parts);
	if (response == NULL) {
		free_parts(p);
		return NULL;
	}
	(void)snprintf(type, sizeof type, "multipart/byteranges; boundary=%s", boundary);
	serve_header(response, "Content-Type", type);
	return response;
}

static const char *header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

/* Whether a list of entity tags ("a", W/"b", or *) names the item's; a weak one does not when the
 * comparison is a strong one. */
static bool names_etag(const char *list, const char *etag, bool strong)
{
	for (const char *p = list; (p = strstr(p, etag)) != NULL; p++)
		if (!strong || p - list < 2 || memcmp(p - 2, "W/", 2) != 0)
			return true;
	return strcmp(list, "*") == 0;
}

static enum MHD_Result send_partial(struct MHD_Connection *c, const struct serve_item *item,
				    const struct ranges *ranges)
{
	char text[96];
	struct MHD_Response *r = ranges->n == 1 ? from_offset(item, ranges->v[0]) : from_parts(item, ranges);
	if (r == NULL)
		return MHD_NO;
	if (ranges->n == 1) {
		(void)snprintf(text, sizeof text, "bytes %llu-%llu/%llu", (unsigned long long)ranges->v[0].first,
			       (unsigned long long)ranges->v[0].last, (unsigned long long)item->size);
		serve_header(r, "Content-Range", text);
		serve_header(r, "Content-Type", item->type);
	}
	add_validators(r, item);
	return serve_queue(c, MHD_HTTP_PARTIAL_CONTENT, r);
}

static enum MHD_Result send_refused(struct serve *s, struct MHD_Connection *c, const struct serve_item *item)
{
	char text[48];
	struct MHD_Response *r =
		serve_problem_make(s, MHD_HTTP_RANGE_NOT_SATISFIABLE, "No byte of the range asked for is in the file.");
	(void)snprintf(text, sizeof text, "bytes */%llu", (unsigned long long)item->size);
	if (r != NULL) {
		serve_header(r, "Content-Range", text);
		serve_header(r, "Accept-Ranges", "bytes");
	}
	return serve_queue(c, MHD_HTTP_RANGE_NOT_SATISFIABLE, r);
}

static enum MHD_Result send_not_modified(struct MHD_Connection *c, const struct serve_item *item)
{
	struct MHD_Response *r = empty_response();
	if (r != NULL)
		add_validators(r, item);
	return serve_queue(c, MHD_HTTP_NOT_MODIFIED, r);
}

/* The whole file, marked as never changing: the client has asked for it by its hash. */
static enum MHD_Result send_immutable(struct MHD_Connection *c, const struct serve_item *item)
{
	int own = fcntl(item->fd, F_DUPFD_CLOEXEC, 0);
	struct MHD_Response *r = own < 0 ? NULL : MHD_create_response_from_fd64(item->size, own);
	if (r == NULL)
		return MHD_NO;
	serve_header(r, "Content-Type", item->type);
	serve_header(r, "Cache-Control", "public, max-age=31536000, immutable");
	add_validators(r, item);
	return serve_queue(c, MHD_HTTP_OK, r);
}

static enum MHD_Result send_whole(struct MHD_Connection *c, const struct serve_item *item)
{
	struct serve_client *client = serve_client_of(c);
	const char *hash = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "h");
	if (hash != NULL && item->hash[0] != 0 && strcmp(hash, item->hash) == 0)
		return send_immutable(c, item);
	if (client != NULL)
		client->status = MHD_HTTP_OK;
	return MHD_queue_response(c, MHD_HTTP_OK, item->whole); /* shared: not destroyed */
}

/* The Range header, unless If-Range says that the client has parts of another file. */
static const char *range_wanted(struct MHD_Connection *c, const struct serve_item *item)
{
	const char *if_range = header(c, "If-Range");
	bool other = if_range != NULL && strcmp(if_range, item->etag) != 0 && strcmp(if_range, item->modified) != 0;
	return other ? NULL : header(c, "Range");
}

enum MHD_Result serve_file(struct serve *s, struct MHD_Connection *c, const struct serve_item *item, bool head)
{
	const char *if_match = header(c, "If-Match"), *if_none = header(c, "If-None-Match");
	const char *since = header(c, "If-Modified-Since");
	struct ranges ranges = {.n = 0};
	if (if_match != NULL && !names_etag(if_match, item->etag, true))
		return serve_problem(s, c, MHD_HTTP_PRECONDITION_FAILED, "The file is another one by now.");
	if (if_none != NULL ? names_etag(if_none, item->etag, false)
			    : since != NULL && strcmp(since, item->modified) == 0)
		return send_not_modified(c, item);
	const char *range = range_wanted(c, item);
	enum range_answer answer = range == NULL ? RANGE_WHOLE : range_read(bytes_text(range), item->size, &ranges);
	if (answer == RANGE_REFUSED)
		return send_refused(s, c, item);
	uint64_t n = answer == RANGE_PARTIAL ? 0 : item->size;
	for (size_t i = 0; answer == RANGE_PARTIAL && i < ranges.n; i++)
		n += ranges.v[i].last - ranges.v[i].first + 1;
	atomic_fetch_add(&s->bytes_served_total, head ? 0 : n);
	struct serve_client *client = serve_client_of(c);
	if (client != NULL)
		atomic_store(&client->watch, item->watch);
	return answer == RANGE_PARTIAL ? send_partial(c, item, &ranges) : send_whole(c, item);
}
