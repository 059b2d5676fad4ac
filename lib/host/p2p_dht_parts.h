/* What p2p_dht.c and p2p_dht_search.c share; nobody else's. */
#ifndef HOST_P2P_DHT_PARTS_H
#define HOST_P2P_DHT_PARTS_H

#include "host/p2p_dht.h"

#define P2P_DHT_VALUES_BYTES (1U << 20) /* of the values that a server keeps */
#define P2P_DHT_RPC_MS 10000            /* as all others wait */

struct p2p_bootstrap {
	struct peer_id peer;
	size_t n;
	uint8_t bytes[MULTIADDR_BYTES_MAX];
};

struct p2p_dht {
	struct p2p_node *node;
	const char *const *protocols;
	size_t protocols_n;
	bool server, ended;
	const struct kad_rules *rules;
	void (*entered)(struct p2p_node *node, const struct peer_id *peer, int err);
	void (*refused)(struct p2p_node *node, const struct peer_id *peer, int err);
	uv_timer_t timer;
	struct p2p_server servers[P2P_DHT_PROTOCOLS_MAX];
	struct p2p_bootstrap bootstraps[P2P_DHT_BOOTSTRAP_MAX];
	size_t bootstraps_n;
	unsigned entering_n; /* of them, and of those remembered, that are being asked */
	/* Known before a restart, and asked while few are known; without an address: not there any more. */
	struct kad_contact remembered[KAD_TABLE_ROOM];
	unsigned remembered_n, remembered_next, remembered_asked_n, forgotten_n;
	struct kad_contact self;
	struct kad_table table;
	struct kad_table_entry entries[KAD_TABLE_ROOM];
	struct kad_values values;
	struct kad_providers providers;
	struct kad_server kad;
	struct p2p_search *searches;
	size_t searches_n;
	struct kad_slot value_slots[KAD_VALUES_ROOM_MAX], provider_slots[KAD_PROVIDERS_ROOM_MAX];
	struct kad_values_entry value_entries[KAD_VALUES_ROOM_MAX];
	struct kad_provider provider_entries[KAD_PROVIDERS_ROOM_MAX];
	uint8_t value_bytes[P2P_DHT_VALUES_BYTES];
};

struct kad_now p2p_dht_now(void);
/* Has p2p_dht_turn called at once. */
void p2p_dht_wake(struct p2p_dht *dht);
/* Dials the peers that the network is entered by. */
void p2p_dht_enter(struct p2p_dht *dht);
/* Ourselves, as others can reach us now. */
const struct kad_contact *p2p_dht_self(struct p2p_dht *dht);
/* Asks a peer; errors as p2p_request. */
MUST_CHECK int p2p_dht_ask(struct p2p_dht *dht, const struct kad_contact *to, struct bytes request, size_t answer_max,
			   p2p_answered *done, void *context);
/* What became of it, for the table. */
void p2p_dht_report(struct p2p_dht *dht, const struct kad_contact *contact, int err);
/* Has all searches go on; when they want to be called again. */
uint64_t p2p_dht_searches_turn(struct p2p_dht *dht, uint64_t now_ms);

#endif
