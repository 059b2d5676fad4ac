/* The parts of p2p_node, which is a program for tests against others: what it says, and what it can do. */
#ifndef INTEROP_P2P_NODE_H
#define INTEROP_P2P_NODE_H

#include <cjson/cJSON.h>

#include "host/p2p_dht.h"
#include "host/p2p_stream.h"

/* A command that is being carried out; freed with its answer. */
struct command {
	cJSON *answer;
	uint64_t begun_ns, up_begun_ns, down_begun_ns;
	uint64_t up, up_left, down, got, cut; /* bytes of perf; cut: reset after so many */
	uint8_t head[8];
	size_t head_left;
};

void say(cJSON *object); /* and frees it */
cJSON *event(const char *name);
void add_text(cJSON *object, const char *name, struct bytes text);
void add_peer(cJSON *object, const char *name, const struct peer_id *peer);
void add_address(cJSON *object, const char *name, struct bytes address);
void list_peer(const struct peer_id *peer, void *array);
void list_text(cJSON *array, struct bytes text);
struct bytes member(const cJSON *from, const char *name);
uint64_t number(const cJSON *from, const char *name);

struct command *command_new(const cJSON *from);
void answer(struct command *c, int err);

extern const struct p2p_service perf_service;
int ask_perf(struct p2p_node *node, const cJSON *from, const struct peer_id *peer, struct command *c);
int ask_fetch(struct p2p_node *node, const cJSON *from, const struct peer_id *peer, struct command *c);
int serve_folder(struct p2p_node *node, const cJSON *from);

bool is_search(struct bytes cmd);
int search(struct p2p_dht *dht, struct bytes cmd, const cJSON *from, struct command *c);
void list_table(const struct p2p_dht *dht, struct command *c);

#endif
