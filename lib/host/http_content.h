/* What a request wants of some content, by the rules of RFC 9110, and several ranges of it as one
 * answer. */
#ifndef HOST_HTTP_CONTENT_H
#define HOST_HTTP_CONTENT_H

#include "host/http_server.h"
#include "http/range.h"

#define HTTP_TYPE_BYTES 128 /* of a media type, with its NUL */

enum http_wanted {
	HTTP_WHOLE,        /* 200 */
	HTTP_PARTIAL,      /* 206: the ranges */
	HTTP_REFUSED,      /* 416 */
	HTTP_NOT_MODIFIED, /* 304 */
	HTTP_CHANGED,      /* 412 */
};

/* Judges If-Match, If-None-Match, If-Modified-Since, If-Range and Range. etag: with its quotes;
 * etag and modified may be NULL. ranges is set for HTTP_PARTIAL. */
enum http_wanted http_wanted(struct MHD_Connection *c, const char *etag, const char *modified, uint64_t size,
			     struct ranges *ranges);

/* Bytes of content, from any offset. */
struct http_body {
	/* At most max bytes, at least one: negative when it cannot. */
	ssize_t (*read)(void *context, uint64_t offset, char *buf, size_t max);
	void (*free)(void *context);
	void *context;
};

/* multipart/byteranges, made while it is sent. Takes the body in any case; NULL: no memory. */
struct MHD_Response *http_parts(const struct ranges *ranges, uint64_t size, const char *type, struct http_body body);
/* Content-Range of one range. */
void http_add_content_range(struct MHD_Response *r, struct range range, uint64_t size);
/* Content-Range and Accept-Ranges of a 416. */
void http_add_refused_range(struct MHD_Response *r, uint64_t size);

#endif
