/* HTTP ranges, RFC 9110 section 14, answered as nginx answers them (tests compare case by case).
 *
 * Server: a Range header and the size of what it asks for become a list of ranges.
 * Client: a Content-Range header becomes what the answer claims to be. */
#ifndef HTTP_RANGE_H
#define HTTP_RANGE_H

#include "core/bytes.h"

#define RANGES_MAX 16 /* more in one request: the whole is sent, as RFC 9110 14.2 lets us */

enum range_answer {
	RANGE_WHOLE,   /* 200: no range, another unit, more bytes than the whole, or too many */
	RANGE_PARTIAL, /* 206: the ranges given */
	RANGE_REFUSED, /* 416: malformed, or none lies within */
};

struct range {
	uint64_t first, last; /* inclusive, last < size */
};

struct ranges {
	struct range v[RANGES_MAX];
	size_t n;
};

/* header: the field's value, without its name; size: of the whole. ranges is set for PARTIAL. */
enum range_answer range_read(struct bytes header, uint64_t size, struct ranges *ranges);

/* "bytes FIRST-LAST/SIZE": ERR_PROTOCOL when it is anything else or contradicts itself. */
MUST_CHECK int content_range_read(struct bytes header, struct range *range, uint64_t *size);

#endif
