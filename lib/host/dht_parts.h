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
	char agent[64];
};

#endif
