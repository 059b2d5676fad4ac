/* The head of an HTTP answer, judged: is it what was asked for? For clients that ask for bytes of
 * something whose size they know already (it is signed), and believe nothing else. RFC 9110. */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "http/range.h"

/* What was asked for: length bytes from offset of size, or the whole by a request without Range. */
struct asked {
	uint64_t offset, length, size;
	bool whole;
};

struct answer {
	unsigned status;
	bool has_length, has_range, misfit; /* misfit: a field that contradicts itself or another */
	bool chunked;                       /* Transfer-Encoding; any other one is a misfit */
	bool close;                         /* the connection ends with this answer */
	uint64_t length;                    /* Content-Length */
	struct range range;                 /* Content-Range */
	uint64_t range_size;
};

/* Takes one header line, with or without its line end. Other fields than Content-Length,
 * Content-Range, Transfer-Encoding and Connection are passed over. A status line begins an answer anew (1xx come before
 * the real one). */
void answer_line(struct answer *a, struct bytes line);

/* OK: the body is what was asked for. ERR_NOT_FOUND: it is not there (403, 404, 410). ERR_SIZE:
 * there is something of another size. ERR_PROTOCOL: not the range asked for; ask without one.
 * ERR_SOURCE: any other status. */
MUST_CHECK int answer_judge(const struct answer *a, const struct asked *asked);
/* The same for a whole document of any size. */
MUST_CHECK int answer_judge_document(const struct answer *a);

#endif
