/* Asks the DHT where the releases of a channel and an architecture are: the records under both spellings of the
 * architecture, whoever put them, and those of its providers by the protocol of record_exchange.h. */
#ifndef HOST_DISCOVER_DHT_H
#define HOST_DISCOVER_DHT_H

#include "host/dht.h"
#include "host/discover_candidate.h"

struct discover_dht;

/* Gets every record that is no older than it says, once or more often. */
typedef void discover_dht_found(void *context, const struct discover_candidate *c);

struct discover_dht_options {
	struct dht_options dht; /* as a client: it listens nowhere */
	const char *channel;    /* NULL: "stable" */
	const char *arch;       /* canonical; NULL: all */
};

/* Begins. o must outlive it. Errors are printed. ERR_NOT_FOUND: there are no peers to enter the network by. */
MUST_CHECK int discover_dht_open(struct cli *cli, const struct discover_dht_options *o, discover_dht_found *found,
				 void *context, struct discover_dht **discover);
/* Handles what happens within wait_ms; found is called from in here only. */
void discover_dht_step(struct discover_dht *d, uint64_t wait_ms);
/* Whether nothing more will be found. */
bool discover_dht_over(const struct discover_dht *d);
/* How many peers have answered a search, of that with the most. */
unsigned discover_dht_answered(const struct discover_dht *d);
/* How many records were left out as their time is over, or has not come: of the search with the most. */
struct discover_dht_left_out {
	unsigned expired_n, not_yet_n;
};
struct discover_dht_left_out discover_dht_left_out(const struct discover_dht *d);
/* The first of the peers to enter by that could not be, and why; NULL: there is none. */
const char *discover_dht_silent(const struct discover_dht *d, const char **why);
void discover_dht_close(struct discover_dht *d); /* d may be NULL */

#endif
