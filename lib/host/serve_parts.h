/* What the files of the HTTP provider share with each other, and nobody else. */
#ifndef HOST_SERVE_PARTS_H
#define HOST_SERVE_PARTS_H

#include <microhttpd.h>
#include <netinet/in.h>
#include <stdatomic.h>

#include "host/serve.h"

#define SERVE_CACHE_N 64     /* whole answers kept ready; the least used one goes */
#define SERVE_SEGMENTS_MAX 8 /* of a path */
#define SERVE_HEADER_BYTES 512

/* What a file is to a client, and what was made of it. Only the HTTP thread touches these. */
struct serve_item {
	char url[1024]; /* the path as asked for; empty: free */
	char file[640]; /* CHANNEL/ARCH/NAME below the store */
	struct stat st;
	int fd; /* owned; kept open while the item lives */
	uint64_t size;
	uint64_t generation;                   /* of the catalogue when it was made */
	uint64_t used;                         /* for finding the least used one */
	char etag[72], modified[40], hash[80]; /* hash: "sha256:…", empty while not known */
	struct MHD_Response *whole;            /* owned */
};

struct serve {
	struct cli *cli;
	struct serve_options o;
	struct catalogue catalogue;
	struct MHD_Daemon *daemon;
	char url[80];
	uint16_t port;
	uint64_t started_ms;
	uint64_t clock; /* counts requests, for used */
	struct serve_item items[SERVE_CACHE_N];
	_Atomic uint64_t requests_total, bytes_served_total, errors_total, connections;
};

/* A path cut at its slashes and percent-decoded; the views lead into room. */
struct serve_path {
	struct bytes v[SERVE_SEGMENTS_MAX];
	size_t n;
	char room[1024];
};

/* All answers: MHD_YES, or MHD_NO when the connection is to be cut. */
enum MHD_Result serve_problem(struct serve *s, struct MHD_Connection *c, unsigned status, const char *detail);
enum MHD_Result serve_text(struct MHD_Connection *c, unsigned status, const char *type, struct bytes body);
/* The file of an item by the rules of RFC 9110: whole, ranges, 304, 412, 416. */
enum MHD_Result serve_file(struct serve *s, struct MHD_Connection *c, const struct serve_item *item, bool head);
/* The manifest of a folder: the signed one that lies there, or an unsigned one made now. */
enum MHD_Result serve_manifest(struct serve *s, struct MHD_Connection *c, const char *url, struct bytes channel,
			       struct bytes arch, bool head);
/* Whether the policy (if there is one) lets the file out; false: *why is a sentence. */
bool serve_allows(struct serve *s, const struct catalogue_file *file, const char **why);
enum MHD_Result serve_page_root(struct serve *s, struct MHD_Connection *c);
enum MHD_Result serve_page_health(struct serve *s, struct MHD_Connection *c);
enum MHD_Result serve_page_status(struct serve *s, struct MHD_Connection *c);
enum MHD_Result serve_page_metrics(struct serve *s, struct MHD_Connection *c);

/* An item for url, made of an open file (ownership of fd moves on success). NULL: no memory. */
struct serve_item *serve_item_make(struct serve *s, const char *url, const struct catalogue_file *file, int fd,
				   const char *type);
/* A ready item for url whose file is still the same, or NULL. */
struct serve_item *serve_item_find(struct serve *s, const char *url);
void serve_items_free(struct serve *s);

#endif
