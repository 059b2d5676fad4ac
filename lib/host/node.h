/* A server of the DHT, as phase-node is: it answers, keeps what others put, and itself over restarts.
 *
 * It does not put what it keeps for others at peers that have come nearer to a key meanwhile, as go-libp2p does not
 * either: values change, and holders that pass on what they have bring back old ones. Who publishes puts anew within
 * half of a record's life, and reaches those that are nearest then. */
#ifndef HOST_NODE_H
#define HOST_NODE_H

#include "host/dht.h"

struct node_options {
	struct dht_options dht;
	const char *state;      /* a folder (host/node_state.h), where its identity is unless one is given; or NULL */
	uint64_t save_every_ms; /* when something has changed; and at the end */
};

/* Runs until SIGTERM or SIGINT. Errors are printed. */
MUST_CHECK int node_run(struct cli *cli, const struct node_options *o);

#endif
