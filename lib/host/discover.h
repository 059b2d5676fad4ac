/* Discovery: asks all ways at once, prints each candidate as it is found. */
#ifndef HOST_DISCOVER_H
#define HOST_DISCOVER_H

#include "host/cli.h"

#define DISCOVER_CANDIDATES_MAX 1024 /* printed; anybody on the network may announce any number */
#define DISCOVER_SERVICE "_phase-image._tcp"

struct discover_options {
	const char *channel; /* NULL: any */
	const char *arch;    /* canonical; NULL: any */
	bool mdns;
	struct cli_texts urls; /* of providers or manifests */
	uint64_t timeout_ms;
	bool first; /* end at the first candidate that answers */
};

/* Ends the program (status 2) when a URL is none. */
void discover_check_usage(struct cli *cli, const struct discover_options *o);
/* Prints to stdout until the timeout is over, or nothing is left to wait for. OK when a candidate
 * was printed; every failure was said. ERR_TIMEOUT or ERR_SOURCE when none was found. */
MUST_CHECK int discover_run(struct cli *cli, const struct discover_options *o);

#endif
