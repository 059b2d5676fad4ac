/* A network of nodes of the DHT on virtual time: the cores of lib/kad as they are, every message as bytes, and in
 * between latency, loss, churn, clients that cannot be reached, liars, and Sybils around one key. All chance comes
 * from a seed. */
#ifndef SIM_KAD_NETWORK_H
#define SIM_KAD_NETWORK_H

#include "kad/lookup.h"
#include "kad/server.h"

#define NETWORK_TABLE_ROOM 256
#define NETWORK_VALUES_ROOM 16
#define NETWORK_VALUES_BYTES 8192
#define NETWORK_PROVIDERS_ROOM 4
#define NETWORK_WALL_S 1767323045

struct network_rules {
	const char *name;
	unsigned servers, clients;
	unsigned loss_permille;          /* of messages: a second's delay, as TCP sends again */
	unsigned liars_permille;         /* of servers */
	unsigned sybils, sybil_networks; /* nearest to sybil_key, in so many networks */
	struct bytes sybil_key;
	bool churn;
	uint64_t join_ms; /* within these all nodes come, one after the other */
	uint64_t seed;
};

struct node {
	bool server, liar, sybil, online, looking;
	bool stays; /* it has something to publish, and no churn */
	struct kad_contact self;
	struct kad_table table;
	struct kad_table_entry *entries;
	struct kad_slot value_slots[NETWORK_VALUES_ROOM], provider_slots[NETWORK_PROVIDERS_ROOM];
	struct kad_values_entry value_entries[NETWORK_VALUES_ROOM];
	struct kad_provider provider_entries[NETWORK_PROVIDERS_ROOM];
	uint8_t value_bytes[NETWORK_VALUES_BYTES];
	struct kad_values values;
	struct kad_providers providers;
	struct kad_server answers;
	uint64_t wake_ms;
};

/* A look-up under way. */
struct run {
	struct kad_lookup l;
	unsigned node;
	uint64_t serial; /* 0: free */
	uint64_t began_ms, wake_ms;
	uint8_t key[128];
	uint8_t values[4096];
	size_t key_n;
	uint8_t stored[512]; /* what is stored at the end; none: nothing is */
	size_t stored_n;
	bool upkeep, done, aborted; /* done: the caller reads it and calls network_run_free */
};

struct network {
	struct network_rules rules;
	struct node *nodes;
	unsigned n, online_n;
	uint64_t now_ms, random, events_n, messages_n, bytes_n;
	struct event *heap;
	size_t heap_n, heap_room;
	struct run **runs;
	size_t runs_n;
	uint64_t serial;
};

void network_open(struct network *net, const struct network_rules *rules);
void network_close(struct network *net);
uint64_t network_random(struct network *net, uint64_t below);
/* Lets so much time pass. */
void network_pass(struct network *net, uint64_t ms);
/* A server or client that is online and no Sybil or liar. */
unsigned network_somebody(struct network *net);
/* Starts a look-up for values of key at a node, which stores a value (BYTES_NONE: does not) at the end. */
struct run *network_look_up(struct network *net, unsigned node, struct bytes key, struct bytes stored);
void network_run_free(struct run *run);
struct kad_now network_now(const struct network *net);

#endif
