/* What bzz-put does with its operand: a file, a folder or standard input becomes content of Swarm. */
#ifndef HOST_BZZ_PUT_H
#define HOST_BZZ_PUT_H

#include "host/bzz_write.h"

struct bzz_put {
	struct cli *cli;
	struct bzz_write *write;
	bool manifest;     /* for a single file, too */
	const char *index; /* of a folder: its index document, NULL: none */
	const char *error; /* and what is shown for paths that do not exist, NULL: nothing */
};

struct bzz_put_result {
	struct reference reference;
	uint64_t size;    /* of all content */
	uint64_t files_n; /* 0: it was no folder */
};

/* path: "-" is standard input. Messages are printed. */
MUST_CHECK int bzz_put_path(const struct bzz_put *p, const char *path, struct bzz_put_result *result);

#endif
