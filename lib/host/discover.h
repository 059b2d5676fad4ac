/* Discovery: asks all ways at once, and prints each candidate as it is found. */
#ifndef HOST_DISCOVER_H
#define HOST_DISCOVER_H

#include "host/dht.h"

struct discover_options {
	const char *channel; /* NULL: any */
	const char *arch;    /* canonical; NULL: any */
	bool mdns;           /* look on the local network */
	bool dht;            /* ask the DHT */
	struct dht_options of_dht;
	struct cli_texts urls; /* of providers or manifests */
	uint64_t timeout_ms;
	bool first; /* end at the first one that answers */
};

/* Ends the program (status 2) when a URL is none, or there are too many. */
void discover_check_usage(struct cli *cli, const struct discover_options *o);
/* One JSON line on stdout for each candidate, until the timeout is over, or nobody is left who
 * could answer. OK when one was printed. Every failure is said; ERR_NOT_FOUND: none. */
MUST_CHECK int discover_run(struct cli *cli, const struct discover_options *o);

#endif
