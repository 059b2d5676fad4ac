/* What bzz-put does with its operand: a file or standard input becomes content of Swarm. */
#ifndef HOST_BZZ_PUT_H
#define HOST_BZZ_PUT_H

#include "host/bzz_write.h"

struct bzz_put {
	struct cli *cli;
	struct bzz_write *write;
};

struct bzz_put_result {
	struct reference reference;
	uint64_t size; /* of the content */
};

/* path: "-" is standard input. Messages are printed. */
MUST_CHECK int bzz_put_path(const struct bzz_put *p, const char *path, struct bzz_put_result *result);

#endif
