/* Announcing a release in the DHT: its manifest is fetched and looked at, its artifacts are asked for, and where it is
 * is put at the peers nearest to its keys; once, or again and again. Who goes on announcing is in the DHT as a provider
 * of these keys as well, and tells the records itself to who asks (record_exchange.h). */
#ifndef HOST_ANNOUNCE_H
#define HOST_ANNOUNCE_H

#include "host/dht.h"
#include "phase/policy.h"

struct announce_options {
	struct dht_options dht;      /* listen: when it goes on only; none: any free ports */
	const char *url;             /* of the manifest */
	const char *http_addr;       /* HOST:PORT for the record; NULL: the URL's */
	uint64_t ttl_s;              /* how long it is good for */
	uint64_t every_ms;           /* 0: once */
	const struct policy *policy; /* that the release must satisfy; NULL: none */
};

/* Ends the program (status 2) when they are none, or do not go together. */
void announce_check_usage(struct cli *cli, const struct announce_options *o);
/* Prints a line of JSON for each key, each time; messages say what goes wrong. Once: OK when a peer has accepted one of
 * the records; ERR_NOT_FOUND: none; what keeps the release from being announced. Again and again: until SIGTERM or
 * SIGINT, OK; or until it cannot begin at all, or print. */
MUST_CHECK int announce_run(struct cli *cli, const struct announce_options *o);

#endif
