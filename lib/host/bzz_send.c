#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"
#include "host/bzz_site_parts.h"
#include "http/media_type.h"

#define BLOCK_BYTES 65536 /* of content that MHD asks for at once: sixteen leaves */

/* A range of a file on its way to somebody. */
struct stream {
	struct bzz_file *file;   /* owned; NULL: to be opened anew */
	struct bzz_meter *meter; /* held */
	struct bzz_site *site;
	struct bzz_root root;
	uint64_t first, end;
};

/* From the shelf, or anew. */
static int open_file(const struct bzz_site *site, const struct chunk_source *source, const struct bzz_root *root,
		     struct bzz_file **file)
{
	struct why why = {.what = NULL};
	struct bzz_file *known = NULL;
	if (site->shelf != NULL && root->chunk_n == 0)
		known = bzz_shelf_take(site->shelf, &root->reference, source);
	if (known == NULL)
		return bzz_file_open(source, &root->reference, bytes_of(root->chunk, root->chunk_n), file, &why);
	*file = known;
	return OK;
}

/* It was read to its end, or nobody wants the rest. */
static void put_back(const struct bzz_site *site, const struct bzz_root *root, struct bzz_file *file)
{
	if (site->shelf != NULL && root->chunk_n == 0)
		bzz_shelf_put(site->shelf, &root->reference, file);
	else
		bzz_file_close(file);
}

int bzz_answer_open(const struct bzz_request *r, const struct bzz_root *root, struct bzz_answer *a)
{
	int err = open_file(r->site, &r->source, root, &a->file);
	if (err == OK)
		a->root = *root;
	return err;
}

/* Where something was missing the file has memory for recovery, and whoever is slow to take the bytes would keep
 * it: so nothing of it outlives a block, and no more recoveries are under way than there are threads. */
static int read_block(struct stream *s, uint64_t offset, uint64_t end, char *buf, size_t max, size_t *n)
{
	const struct chunk_source source = bzz_meter_source(s->meter);
	struct why why = {.what = NULL};
	int err = OK;
	bzz_meter_refill(s->meter);
	if (s->file == NULL)
		err = open_file(s->site, &source, &s->root, &s->file);
	if (err == OK)
		err = bzz_file_read(s->file, offset, end, buf, max, n, &why);
	if (s->meter->missed) {
		bzz_file_close(s->file);
		s->file = NULL;
	}
	if (err != OK) /* the head is gone already: a body that ends early is all that can be said */
		cli_warn_rarely(s->site->cli, "an answer ends early: %s",
				s->meter->spent ? "it takes too many chunks to go on" : err_text(err));
	return err;
}

static ssize_t read_stream(void *context, uint64_t position, char *buf, size_t max)
{
	struct stream *s = context;
	size_t n = 0;
	if (s->first + position >= s->end)
		return MHD_CONTENT_READER_END_OF_STREAM;
	return read_block(s, s->first + position, s->end, buf, max, &n) == OK ? (ssize_t)n
									      : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_stream(void *context)
{
	struct stream *s = context;
	put_back(s->site, &s->root, s->file);
	bzz_meter_release(s->meter);
	secret_wipe(&s->root, sizeof s->root); /* its key */
	free(s);
}

/* Takes the answer's file in any case. */
static struct stream *stream_of(const struct bzz_request *r, const struct bzz_answer *a, uint64_t first, uint64_t end)
{
	struct stream *s = malloc(sizeof *s);
	const bool anew = s == NULL || r->meter->missed;
	if (anew)
		bzz_file_close(a->file);
	if (s == NULL)
		return NULL;
	*s = (struct stream){.file = anew ? NULL : a->file,
			     .meter = r->meter,
			     .site = r->site,
			     .root = a->root,
			     .first = first,
			     .end = end};
	bzz_meter_hold(s->meter);
	return s;
}

static struct MHD_Response *from_range(const struct bzz_request *r, const struct bzz_answer *a, uint64_t first,
				       uint64_t end)
{
	if (first == end) {
		put_back(r->site, &a->root, a->file);
		return http_empty();
	}
	struct stream *s = stream_of(r, a, first, end);
	if (s == NULL)
		return NULL;
	struct MHD_Response *response =
		MHD_create_response_from_callback(end - first, BLOCK_BYTES, read_stream, s, free_stream);
	if (response == NULL)
		free_stream(s);
	return response;
}

/* Several ranges: each read is one range of its own for the file. */
static ssize_t read_part(void *context, uint64_t offset, char *buf, size_t max)
{
	struct stream *s = context;
	size_t n = 0;
	return read_block(s, offset, offset + max, buf, max, &n) == OK ? (ssize_t)n : -1;
}

static struct MHD_Response *from_ranges(const struct bzz_request *r, const struct bzz_answer *a,
					const struct ranges *ranges, uint64_t size)
{
	if (ranges->n == 1)
		return from_range(r, a, ranges->v[0].first, ranges->v[0].last + 1);
	struct stream *s = stream_of(r, a, 0, size);
	if (s == NULL)
		return NULL;
	return http_parts(ranges, size, a->type,
			  (struct http_body){.read = read_part, .free = free_stream, .context = s});
}

void bzz_answer_add(struct bzz_answer *a, const char *name, const char *value)
{
	if (a->headers_n == BZZ_HEADERS_MAX)
		return;
	a->headers[a->headers_n].name = name;
	(void)snprintf(a->headers[a->headers_n++].value, BZZ_HEADER_BYTES, "%s", value);
}

void bzz_answer_etag(struct bzz_answer *a, const struct reference *reference)
{
	char text[REFERENCE_TEXT_BYTES];
	reference_text(reference, text);
	(void)snprintf(a->etag, sizeof a->etag, "\"%s\"", text);
}

static void add_headers(struct MHD_Response *response, const struct bzz_answer *a)
{
	http_add_header(response, "Accept-Ranges", "bytes");
	if (a->etag[0] != 0)
		http_add_header(response, "ETag", a->etag);
	for (size_t i = 0; i < a->headers_n; i++)
		http_add_header(response, a->headers[i].name, a->headers[i].value);
}

/* By its first bytes, where nothing said what it is. */
static void find_type(struct bzz_answer *a)
{
	uint8_t begin[MEDIA_TYPE_SNIFF_BYTES];
	struct why why;
	size_t n = 0;
	const uint64_t size = bzz_file_size(a->file), end = size < sizeof begin ? size : sizeof begin;
	while (n < end) {
		size_t more = 0;
		if (bzz_file_read(a->file, n, end, begin + n, sizeof begin - n, &more, &why) != OK)
			break;
		n += more;
	}
	(void)snprintf(a->type, sizeof a->type, "%s", media_type_sniff(bytes_of(begin, n)));
}

static enum MHD_Result send_refused(const struct bzz_request *r, uint64_t size)
{
	struct MHD_Response *response = http_empty();
	if (response != NULL)
		http_add_refused_range(response, size);
	return http_queue(r->c, MHD_HTTP_RANGE_NOT_SATISFIABLE, response);
}

enum MHD_Result bzz_send(const struct bzz_request *r, struct bzz_answer *a)
{
	const uint64_t size = bzz_file_size(a->file);
	struct ranges ranges = {.n = 0};
	struct MHD_Response *response;
	enum http_wanted wanted = http_wanted(r->c, a->etag[0] == 0 ? NULL : a->etag, NULL, size, &ranges);
	if (r->head) /* bee tells of the whole file then, whatever is asked for */
		wanted = HTTP_WHOLE;
	if (wanted == HTTP_CHANGED || wanted == HTTP_REFUSED) {
		put_back(r->site, &a->root, a->file);
		return wanted == HTTP_REFUSED ? send_refused(r, size)
					      : bzz_problem(r, MHD_HTTP_PRECONDITION_FAILED, "Precondition Failed");
	}
	if (a->type[0] == 0)
		find_type(a);
	uint64_t n = wanted == HTTP_WHOLE && !r->head ? size : 0;
	for (size_t i = 0; wanted == HTTP_PARTIAL && i < ranges.n; i++)
		n += ranges.v[i].last - ranges.v[i].first + 1;
	atomic_fetch_add(&r->site->bytes_served_total, n);
	if (wanted == HTTP_NOT_MODIFIED) {
		put_back(r->site, &a->root, a->file);
		response = http_empty();
	} else if (wanted == HTTP_PARTIAL) {
		response = from_ranges(r, a, &ranges, size);
	} else {
		response = from_range(r, a, 0, size);
	}
	if (response == NULL)
		return MHD_NO;
	add_headers(response, a);
	if (wanted == HTTP_WHOLE || (wanted == HTTP_PARTIAL && ranges.n == 1))
		http_add_header(response, "Content-Type", a->type);
	if (wanted == HTTP_PARTIAL && ranges.n == 1)
		http_add_content_range(response, ranges.v[0], size);
	return http_queue(r->c,
			  wanted == HTTP_NOT_MODIFIED ? MHD_HTTP_NOT_MODIFIED
			  : wanted == HTTP_PARTIAL    ? MHD_HTTP_PARTIAL_CONTENT
						      : MHD_HTTP_OK,
			  response);
}

enum MHD_Result bzz_send_bytes(const struct bzz_request *r, const struct bzz_answer *a, struct bytes content)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(content.n, (void *)(uintptr_t)content.p, MHD_RESPMEM_MUST_COPY);
	if (response == NULL)
		return MHD_NO;
	http_add_header(response, "Content-Type", a->type);
	if (a->etag[0] != 0)
		http_add_header(response, "ETag", a->etag);
	for (size_t i = 0; i < a->headers_n; i++)
		http_add_header(response, a->headers[i].name, a->headers[i].value);
	atomic_fetch_add(&r->site->bytes_served_total, r->head ? 0 : content.n);
	return http_queue(r->c, MHD_HTTP_OK, response);
}

enum MHD_Result bzz_problem(const struct bzz_request *r, unsigned status, const char *detail)
{
	if (r->meter->spent) {
		status = MHD_HTTP_INTERNAL_SERVER_ERROR;
		detail = "it takes too many chunks to answer that";
	}
	return r->site->problem(r->site->context, r->c, status, detail);
}

enum MHD_Result bzz_problem_of(const struct bzz_request *r, int err, const char *absent)
{
	if (err == ERR_NOT_FOUND)
		return bzz_problem(r, MHD_HTTP_NOT_FOUND, absent);
	if (err == ERR_NO_MEMORY)
		return MHD_NO;
	return bzz_problem(r, MHD_HTTP_INTERNAL_SERVER_ERROR,
			   err == ERR_HASH ? "a chunk of it is damaged here" : err_text(err));
}
