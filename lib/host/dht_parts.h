/* What dht.c, dht_begin.c and dht_usage.c share; nobody else's. */
#ifndef HOST_DHT_PARTS_H
#define HOST_DHT_PARTS_H

#include "host/dht.h"

#define DHT_EXAMPLE "/ip4/192.0.2.1/tcp/4001/p2p/12D3..."

/* A peer that the network is entered by. */
struct dht_entry {
	struct peer_id peer;
	char text[MULTIADDR_TEXT_MAX + 1]; /* as it was given */
	bool ours;                         /* it is ourselves */
	int err;                           /* what came of it the last time */
	const char *why;                   /* in words; NULL: OK, or not known yet */
};

struct dht {
	struct cli *cli;
	const struct dht_options *o;
	uv_loop_t loop;
	struct p2p_node *node;
	struct p2p_dht *table;
	bool stopped;
	enum kad_scope scope; /* the narrowest */
	struct dht_entry entries[P2P_DHT_BOOTSTRAP_MAX];
	size_t entries_n;
	char agent[64];
};

/* False: it is none. */
bool dht_parse(const char *text, uint8_t out[static MULTIADDR_BYTES_MAX], struct bytes *address);
/* Whether its last part is "/p2p/ID". */
bool dht_names_peer(struct bytes address);

#endif
