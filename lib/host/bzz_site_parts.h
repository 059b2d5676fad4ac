/* What the files of the Swarm site share with each other, and nobody else. */
#ifndef HOST_BZZ_SITE_PARTS_H
#define HOST_BZZ_SITE_PARTS_H

#include "host/bzz_file.h"
#include "host/bzz_meter.h"
#include "host/bzz_site.h"
#include "host/http_content.h"
#include "swarm/chunk.h"

#define BZZ_URL_BYTES_MAX 4096
#define BZZ_HEADERS_MAX 5
#define BZZ_HEADER_BYTES 512

/* One request, its path (behind /bytes/ and so on) cut at its first slash, both parts
 * percent-decoded; the views lead into room. */
struct bzz_request {
	struct bzz_site *site;
	struct bzz_meter *meter;    /* what it may read, */
	struct chunk_source source; /* and where it reads */
	struct MHD_Connection *c;
	const char *url; /* as it came */
	bool head;
	struct bytes first, rest; /* first/rest */
	bool has_rest;            /* the slash is there */
	uint8_t room[BZZ_URL_BYTES_MAX];
};

/* What an answer with content has beside the content. */
struct bzz_answer {
	struct bzz_root root;                /* where the content begins, */
	struct bzz_file *file;               /* and the content: owned by bzz_send once it is called */
	char type[HTTP_TYPE_BYTES];          /* empty: by its first bytes */
	char etag[REFERENCE_TEXT_BYTES + 2]; /* empty: none */
	size_t headers_n;
	struct {
		const char *name; /* a literal */
		char value[BZZ_HEADER_BYTES];
	} headers[BZZ_HEADERS_MAX];
};

/* Opens the content that begins at a root. Errors are those of bzz_file_open. */
MUST_CHECK int bzz_answer_open(const struct bzz_request *r, const struct bzz_root *root, struct bzz_answer *a);
void bzz_answer_add(struct bzz_answer *a, const char *name, const char *value);
void bzz_answer_etag(struct bzz_answer *a, const struct reference *reference);
/* The content by the rules of RFC 9110: whole, ranges, 304, 412, 416. */
enum MHD_Result bzz_send(const struct bzz_request *r, struct bzz_answer *a);
/* Some bytes that are here. */
enum MHD_Result bzz_send_bytes(const struct bzz_request *r, const struct bzz_answer *a, struct bytes content);
/* A request that may read no more is answered 500 whatever status is. */
enum MHD_Result bzz_problem(const struct bzz_request *r, unsigned status, const char *detail);
/* The answer for a file that could not be opened: 404, or 500 with what is wrong. */
enum MHD_Result bzz_problem_of(const struct bzz_request *r, int err, const char *absent);

/* 64 or 128 hex digits, or a CID. */
bool bzz_parse_reference(struct bytes text, struct reference *reference);
/* Hex digits of either case, with or without 0x. */
bool bzz_parse_owner(struct bytes text, uint8_t owner[static SECP256K1_ADDRESS_BYTES]);

/* The newest update of a feed, from number first on, and where its content begins; its number and
 * which kind of update it is are added to the answer's headers. ERR_NOT_FOUND: there is none. */
MUST_CHECK int bzz_feed_newest(const struct bzz_request *r, const uint8_t owner[static SECP256K1_ADDRESS_BYTES],
			       struct bytes topic, uint64_t first, struct bzz_root *root, struct bzz_answer *a);

enum MHD_Result bzz_route_path(const struct bzz_request *r);
enum MHD_Result bzz_route_soc(const struct bzz_request *r);
enum MHD_Result bzz_route_feed(const struct bzz_request *r);

#endif
