/* The words of a bridge, /deboot/fetch/1.0.0: whoever cannot look for content in Swarm asks one who can. A stream
 * has one question and its answer, each a line of JSON, the answer's followed by bytes:
 *
 *	{"type":"artifact","hash":"<64 hex>"}			what bmt-hash prints of a file
 *	{"type":"manifest","hash":"<64 hex>","offset":0,"length":1048576}
 *	{"type":"chunk","hash":"<64 hex>"}
 *	{"ok":true,"size":N}					N bytes follow, and the end of the stream
 *	{"ok":true,"size":N,"total":T}				of T, where offset or length were said
 *	{"ok":false,"error":"not found"}
 *
 * No word of the other side is believed: who asks checks what he gets against what he knows. Both sides are here, for
 * programs and firmware. */
#ifndef SWARM_BRIDGE_H
#define SWARM_BRIDGE_H

#include "core/err.h"
#include "swarm/reference.h"

#define BRIDGE_PROTOCOL "/deboot/fetch/1.0.0"
#define BRIDGE_LINE_BYTES_MAX 1024 /* with its line feed: six times what either side of ours says */

enum bridge_type {
	BRIDGE_MANIFEST, /* the signed manifest of a release: a file, or the index document of a manifest of Swarm */
	BRIDGE_ARTIFACT, /* a file */
	BRIDGE_CHUNK, /* a chunk as it is on the wire, by which parts of a file can be checked; not every bridge knows
			 it */
};

struct bridge_request {
	enum bridge_type type;
	uint8_t hash[REFERENCE_BYTES];
	bool ranged;             /* offset or length are said */
	uint64_t offset, length; /* UINT64_MAX: to the end */
};

struct bridge_answer {
	bool ok;
	uint64_t size; /* bytes that follow */
	bool has_total;
	uint64_t total; /* of the whole file */
	size_t error_n;
	uint8_t error[BRIDGE_LINE_BYTES_MAX]; /* UTF-8, whatever the other side likes to say; not for printing as it is
					       */
};

/* A line that comes in pieces: all zero in the beginning. */
struct bridge_line {
	size_t n;
	bool whole;
	uint8_t text[BRIDGE_LINE_BYTES_MAX];
};

/* Takes bytes until the line is whole: *used of them, its line feed included. ERR_LIMIT: it is too long; ERR_TRAILING:
 * it was whole before. */
MUST_CHECK int bridge_line_take(struct bridge_line *l, struct bytes in, size_t *used);
/* The line without its line feed; a view. Also of one that the end of the stream has ended. */
struct bytes bridge_line_text(const struct bridge_line *l);

/* Each writes a line. */
void bridge_request_write(struct writer *w, const struct bridge_request *request);
void bridge_answer_write(struct writer *w, uint64_t size);
void bridge_answer_write_part(struct writer *w, uint64_t size, uint64_t total);
/* error: a sentence in UTF-8; what does not fit into a line is cut off. */
void bridge_answer_write_error(struct writer *w, struct bytes error);

/* A line without its line feed. Strictly: errors of json_parse, ERR_MISSING, ERR_TYPE, ERR_VALUE. Members of a request
 * that are not known here are refused, or a misspelt "length" would mean everything; an answer may say more. */
MUST_CHECK int bridge_request_read(struct bridge_request *request, struct bytes line, struct why *why);
MUST_CHECK int bridge_answer_read(struct bridge_answer *answer, struct bytes line, struct why *why);

#endif
