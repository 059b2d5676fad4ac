/* What dht.c and dht_begin.c share; nobody else's. */
#ifndef HOST_DHT_PARTS_H
#define HOST_DHT_PARTS_H

#include "host/dht.h"

struct dht {
	struct cli *cli;
	const struct dht_options *o;
	uv_loop_t loop;
	struct p2p_node *node;
	struct p2p_dht *table;
	bool stopped;
	enum kad_scope scope; /* the narrowest */
	/* What came of entering by each peer the last time. */
	struct {
		struct peer_id peer;
		int err;
	} entered[P2P_DHT_BOOTSTRAP_MAX];
	size_t entered_n;
	char agent[64];
};

#endif
