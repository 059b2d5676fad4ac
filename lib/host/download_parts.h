/* What the files of the downloader share with each other, and nobody else. */
#ifndef HOST_DOWNLOAD_PARTS_H
#define HOST_DOWNLOAD_PARTS_H

#include "host/checker.h"
#include "host/download.h"
#include "host/part_file.h"
#include "host/transfer_handle.h"
#include "http/answer.h"

#define DOWNLOAD_URL_BYTES 4096

/* One request of the fetch machine, carried out by curl. */
struct transfer {
	struct download *download;
	CURL *easy; /* owned; kept for the next request */
	bool active;
	unsigned request;
	uint64_t offset, length;
	bool whole, judged; /* judged: the answer's head was found right */
	struct answer answer;
	int err;
};

struct download {
	struct cli *cli;
	CURLM *multi;
	struct download_places places; /* the sources, in this order; the last is the URL an artifact names itself */
	char *folder;                  /* owned */
	struct fetch fetch;
	struct transfer transfers[FETCH_REQUESTS_MAX];
	struct checker checker;
	struct part_file part;
	const struct manifest *manifest;
	const struct artifact *artifact;
	int disk_err, disk_errno;                 /* this machine's fault, not a source's */
	enum fetch_fault told[FETCH_SOURCES_MAX]; /* faults that were printed */
	CURLcode cause[FETCH_SOURCES_MAX];        /* what was behind a source's last ERR_IO */
};

/* The URL of the artifact at a source, and suffix behind it; false when it does not fit, or the
 * source is the artifact's own URL and the manifest names none, or a gateway and it has no Swarm reference, or a
 * suffix is asked for, which gateways know nothing of. */
bool transfer_url(const struct download *d, unsigned source, const char *suffix, char url[DOWNLOAD_URL_BYTES]);
/* Begins what an ASK wants; when the source has no URL for it, it has ended at once. ERR_NO_MEMORY. */
MUST_CHECK int transfer_begin(struct download *d, const struct fetch_want *want);
/* Ends one that the machine abandons. */
void transfer_abandon(struct download *d, unsigned request);
/* Takes in what curl has finished. */
void transfer_reap(struct download *d);
void transfer_free_all(struct download *d);

/* Gets FILE.bmt from whoever has it, or its chunks, and checks it against the signed reference. True: tree->file
 * is a mapping of it, or empty for a file of one chunk, whose reference is all there is to know.
 * False: the manifest has no reference, or nobody has the tree. tree_release in any case. */
bool tree_get(struct download *d, struct checker_tree *tree);
void tree_release(struct checker_tree *tree);
/* The same chunk by chunk, from gateways and from providers that answer like them, as phase-serve does: for a tree
 * of one chunk at least that nobody has in one piece. Only tree->shape and tree->file are set. */
bool tree_get_chunks(struct download *d, struct checker_tree *tree);

#endif
