/* What the files of the HTTP provider share with each other, and nobody else. */
#ifndef HOST_SERVE_PARTS_H
#define HOST_SERVE_PARTS_H

#include "host/bzz_site.h"
#include "host/chunk_index.h"
#include "host/http_server.h"
#include "host/serve.h"

#define SERVE_CACHE_N 64     /* whole answers kept ready; the least used one goes */
#define SERVE_SEGMENTS_MAX 8 /* of a path */
#define SERVE_REFUSALS_N 16  /* releases whose refusal was said in the log */

/* What a file is to a client, and what was made of it. Only the HTTP thread touches these. */
struct serve_item {
	char url[1024]; /* the path as asked for; empty: free */
	char file[640]; /* CHANNEL/ARCH/NAME below the store, of which st is */
	const char *type;
	struct stat st;
	int fd;                                /* owned; kept open while the item lives */
	int watch;                             /* inotify's number for the file; -1: it is not watched */
	uint64_t size;                         /* of what fd holds */
	bool is_tree;                          /* fd is the file's tree, not the file */
	uint64_t generation;                   /* of the catalogue when it was made */
	uint64_t used;                         /* for finding the least used one */
	char etag[72], modified[40], hash[80]; /* hash: "sha256:…", empty while not known */
	struct MHD_Response *whole;            /* owned */
};

/* A release that the policy refuses, as the log knows it. */
struct serve_refusal {
	struct stat st;
	int err;
};

struct serve {
	struct cli *cli;
	struct serve_options o;
	struct catalogue catalogue;
	struct chunk_index chunks;
	struct chunk_stores stores; /* the one of the options, or none */
	struct bzz_site site;
	struct http_server http;
	uint64_t started_ms;
	uint64_t clock; /* counts requests, for used */
	struct serve_item items[SERVE_CACHE_N];
	struct serve_refusal refusals[SERVE_REFUSALS_N];
	size_t refusals_n;
	pthread_mutex_t refusals_lock;
	_Atomic uint64_t bytes_served_total, errors_total;

	int inotify;

	pthread_t tender;
	pthread_mutex_t tender_lock;
	pthread_cond_t tender_woken;
	bool tender_ends;  /* guarded by tender_lock */
	atomic_bool ready; /* the first scan is hashed */
};

/* A path cut at its slashes and percent-decoded; the views lead into room. */
struct serve_path {
	struct bytes v[SERVE_SEGMENTS_MAX];
	size_t n;
	char room[1024];
};

/* All answers: MHD_YES, or MHD_NO when the connection is to be cut. */
enum MHD_Result serve_route(void *serve, struct MHD_Connection *c, const char *url, bool head);
/* RFC 9457: one sentence. */
enum MHD_Result serve_problem(void *serve, struct MHD_Connection *c, unsigned status, const char *detail);
/* The same, to which headers can be added before it is queued. */
struct MHD_Response *serve_problem_make(struct serve *s, unsigned status, const char *detail);
/* The file of an item by the rules of RFC 9110: whole, ranges, 304, 412, 416. */
enum MHD_Result serve_file(struct serve *s, struct MHD_Connection *c, const struct serve_item *item, bool head);
/* The manifest of a folder: the signed one that lies there, or an unsigned one made now. */
enum MHD_Result serve_manifest(struct serve *s, struct MHD_Connection *c, const char *url, struct bytes channel,
			       struct bytes arch, bool head);
/* Whether the policy (if there is one) lets the file out. Any thread. */
bool serve_allows(struct serve *s, const struct catalogue_file *file);
enum MHD_Result serve_page_root(struct serve *s, struct MHD_Connection *c);
enum MHD_Result serve_page_health(struct serve *s, struct MHD_Connection *c);
enum MHD_Result serve_page_status(struct serve *s, struct MHD_Connection *c);
enum MHD_Result serve_page_metrics(struct serve *s, struct MHD_Connection *c);

/* Opens the chunk store that was named, if one was; the site can be asked from then on. Messages are
 * printed. */
MUST_CHECK int serve_content_open(struct serve *s);

/* An item for url, made of an open file, or the one that is there already. Takes fd in any case.
 * type: a literal. NULL: no memory. */
struct serve_item *serve_item_make(struct serve *s, const char *url, const struct catalogue_file *file, int fd,
				   const char *type);
/* The same for the file's tree, n bytes in fd, where no FILE.bmt lies: good while the file is. */
struct serve_item *serve_item_make_tree(struct serve *s, const char *url, const struct catalogue_file *file, int fd,
					uint64_t n);
/* A ready item for url whose file is still the same, or NULL. */
struct serve_item *serve_item_find(struct serve *s, const char *url);
void serve_items_free(struct serve *s);

#endif
