/* Between kad_node.c, the server and the table, and kad_node_search.c, look-ups. */
#ifndef HOST_KAD_NODE_PARTS_H
#define HOST_KAD_NODE_PARTS_H

#include "host/kad_node.h"

#define KAD_NODE_ADDRESSES_MAX (KAD_CONTACT_BYTES / 8)

/* How a connected peer is reached. */
struct kad_node_peer {
	struct peer_id id; /* n 0: free */
	struct p2p_address address;
	bool dialled;
};

struct kad_node_run;

struct kad_node {
	struct kad_node_config config;
	struct kad_contact self;
	struct kad_table table;
	struct kad_table_entry entries[KAD_TABLE_ROOM];
	struct kad_values values;
	struct kad_slot value_slots[KAD_VALUES_ROOM_MAX], provider_slots[KAD_NODE_PROVIDERS_ROOM];
	struct kad_values_entry value_entries[KAD_VALUES_ROOM_MAX];
	uint8_t value_bytes[KAD_NODE_VALUES_BYTES];
	struct kad_providers providers;
	struct kad_provider provider_entries[KAD_NODE_PROVIDERS_ROOM];
	struct kad_server server;
	struct p2p_server serves[KAD_NODE_PROTOCOLS_MAX];
	struct kad_node_peer peers[KAD_NODE_PEERS_MAX];
	struct kad_node_run *runs;
	uv_timer_t timer;
	unsigned entering_n; /* bootstrap peers that have not answered yet */
	bool looking, started, closing;
};

struct kad_now kad_node_now(void);
/* Asks a contact; as p2p_request. */
int kad_node_ask(struct kad_node *k, const struct kad_contact *to, struct bytes request, size_t answer_bytes_max,
		 p2p_answered *done, void *context);
/* A peer has answered as a server, or did not. */
void kad_node_heard(struct kad_node *k, const struct kad_contact *contact);
void kad_node_failed(struct kad_node *k, const struct peer_id *peer);
/* Our own addresses, as they are now. */
const struct kad_contact *kad_node_self(struct kad_node *k);
/* Steps all look-ups that wait for somebody to ask. */
void kad_node_search_waiting(struct kad_node *k);
/* Ends all look-ups. */
void kad_node_search_interrupt(struct kad_node *k);

#endif
