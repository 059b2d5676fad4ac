#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/hex.h"
#include "host/http_content.h"
#include "host/serve_parts.h"

/* What every answer about a file tells, whether it has a body or not. */
static void add_validators(struct MHD_Response *r, const struct serve_item *item)
{
	http_add_header(r, "Accept-Ranges", "bytes");
	http_add_header(r, "ETag", item->etag);
	http_add_header(r, "Last-Modified", item->modified);
	if (item->hash[0] != 0)
		http_add_header(r, "X-Artifact-Hash", item->hash);
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

/* The ranges' bytes, from the file. */
static ssize_t read_file(void *fd, uint64_t offset, char *buf, size_t max)
{
	return pread((int)(intptr_t)fd, buf, max, (off_t)offset);
}

static void close_file(void *fd)
{
	(void)close((int)(intptr_t)fd); /* only read from */
}

static struct MHD_Response *from_parts(const struct serve_item *item, const struct ranges *ranges)
{
	int own = fcntl(item->fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		return NULL;
	const struct http_body body = {.read = read_file, .free = close_file, .context = (void *)(intptr_t)own};
	return http_parts(ranges, item->size, item->type, body);
}

static enum MHD_Result send_partial(struct MHD_Connection *c, const struct serve_item *item,
				    const struct ranges *ranges)
{
	struct MHD_Response *r = ranges->n == 1 ? from_offset(item, ranges->v[0]) : from_parts(item, ranges);
	if (r == NULL)
		return MHD_NO;
	if (ranges->n == 1) {
		http_add_content_range(r, ranges->v[0], item->size);
		http_add_header(r, "Content-Type", item->type);
	}
	add_validators(r, item);
	return http_queue(c, MHD_HTTP_PARTIAL_CONTENT, r);
}

static enum MHD_Result send_refused(struct serve *s, struct MHD_Connection *c, const struct serve_item *item)
{
	struct MHD_Response *r =
		serve_problem_make(s, MHD_HTTP_RANGE_NOT_SATISFIABLE, "No byte of the range asked for is in the file.");
	if (r != NULL)
		http_add_refused_range(r, item->size);
	return http_queue(c, MHD_HTTP_RANGE_NOT_SATISFIABLE, r);
}

static enum MHD_Result send_not_modified(struct MHD_Connection *c, const struct serve_item *item)
{
	struct MHD_Response *r = http_empty();
	if (r != NULL)
		add_validators(r, item);
	return http_queue(c, MHD_HTTP_NOT_MODIFIED, r);
}

/* The whole file, marked as never changing: the client has asked for it by its hash. */
static enum MHD_Result send_immutable(struct MHD_Connection *c, const struct serve_item *item)
{
	int own = fcntl(item->fd, F_DUPFD_CLOEXEC, 0);
	struct MHD_Response *r = own < 0 ? NULL : MHD_create_response_from_fd64(item->size, own);
	if (r == NULL)
		return MHD_NO;
	http_add_header(r, "Content-Type", item->type);
	http_add_header(r, "Cache-Control", "public, max-age=31536000, immutable");
	add_validators(r, item);
	return http_queue(c, MHD_HTTP_OK, r);
}

static enum MHD_Result send_whole(struct MHD_Connection *c, const struct serve_item *item)
{
	struct http_client *client = http_client_of(c);
	const char *hash = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "h");
	if (hash != NULL && item->hash[0] != 0 && strcmp(hash, item->hash) == 0)
		return send_immutable(c, item);
	if (client != NULL)
		client->status = MHD_HTTP_OK;
	return MHD_queue_response(c, MHD_HTTP_OK, item->whole); /* shared: not destroyed */
}

enum MHD_Result serve_file(struct serve *s, struct MHD_Connection *c, const struct serve_item *item, bool head)
{
	struct ranges ranges = {.n = 0};
	const enum http_wanted wanted = http_wanted(c, item->etag, item->modified, item->size, &ranges);
	if (wanted == HTTP_CHANGED)
		return serve_problem(s, c, MHD_HTTP_PRECONDITION_FAILED, "The file is another one by now.");
	if (wanted == HTTP_NOT_MODIFIED)
		return send_not_modified(c, item);
	if (wanted == HTTP_REFUSED)
		return send_refused(s, c, item);
	uint64_t n = wanted == HTTP_PARTIAL ? 0 : item->size;
	for (size_t i = 0; wanted == HTTP_PARTIAL && i < ranges.n; i++)
		n += ranges.v[i].last - ranges.v[i].first + 1;
	atomic_fetch_add(&s->bytes_served_total, head ? 0 : n);
	struct http_client *client = http_client_of(c);
	if (client != NULL)
		atomic_store(&client->watch, item->watch);
	return wanted == HTTP_PARTIAL ? send_partial(c, item, &ranges) : send_whole(c, item);
}
