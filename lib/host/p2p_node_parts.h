/* What the files of the node share; nobody else's. */
#ifndef HOST_P2P_NODE_PARTS_H
#define HOST_P2P_NODE_PARTS_H

#include "host/p2p_address.h"
#include "host/p2p_rate.h"
#include "host/p2p_resolve.h"
#include "host/p2p_stream.h"

#define P2P_STREAMS_MAX YAMUX_STREAMS_MAX /* of a connection */
#define P2P_TRANSPORTS_MAX 2
#define P2P_DIALS_MAX 64 /* peers that are being dialled at once; the others wait */
#define P2P_BACKOFFS_N 512

struct p2p_backoff {
	uint64_t key, until_ms;
	unsigned failures_n;
	int err;
};

struct p2p_stream {
	struct p2p_connection *connection;
	uint32_t id;
	const struct p2p_stream_user *user;
	const struct p2p_service *service; /* of theirs */
	void *context;
	bool agreed, ended, closes, closed, over;
	uint64_t deadline_ms;
	/* What is being sent; owned. */
	uint8_t *out;
	size_t out_n, out_sent;
};

struct p2p_connection {
	struct p2p_node *node;
	struct p2p_link *link;
	struct p2p_dial *dial; /* that has made it, while it is not ready */
	bool ready, ending, goes;
	struct peer_id peer;
	uint64_t group; /* of the address */
	uint64_t begun_ms, idle_since_ms;
	uint64_t opened_at_ms, opened_debt; /* streams that the other side opens */
	size_t streams_n;
	struct p2p_stream *streams[P2P_STREAMS_MAX];
	/* What it said by identify, as one message; owned. */
	uint8_t *said;
	size_t said_n;
};

struct p2p_waiter {
	struct p2p_waiter *next;
	p2p_connected *done;
	void *context;
};

struct p2p_candidate {
	struct p2p_address address;
	bool tried;
};

struct p2p_dial {
	struct p2p_dial *next;
	struct p2p_node *node;
	struct peer_id peer;
	struct p2p_waiter *waiters;
	bool insist, begun, over;
	size_t resolving_n, links_n; /* under way */
	struct p2p_candidate candidates[P2P_DIAL_ADDRESSES_MAX];
	size_t candidates_n;
	uint64_t next_ms, deadline_ms;   /* of the next attempt; of all */
	enum multiaddr_code last_family; /* 0: none yet */
	int err;
};

struct p2p_node {
	struct p2p_local local;
	const struct p2p_node_user *user;
	void *owner;
	const char *agent;
	struct p2p_limits limits;
	struct peer_id id;
	struct p2p_transport *transports[P2P_TRANSPORTS_MAX];
	size_t transports_n;
	const struct p2p_service *services[P2P_PROTOCOLS_MAX];
	struct p2p_resolver *resolver;
	uv_timer_t timer;
	uint64_t wake_ms, refresh_ms;
	bool ending, timer_closed, resolver_ended;
	struct p2p_address listens[P2P_LISTENS_MAX], advertised[P2P_LISTENS_MAX], own[P2P_OWN_ADDRESSES_MAX];
	size_t listens_n, advertised_n, own_n;
	uint64_t sequence; /* of the signed record */
	size_t held_bytes;
	struct p2p_connection **connections; /* limits.connections_max slots */
	size_t connections_n;
	struct p2p_dial *dials;
	struct p2p_asking *askings;
	uint64_t backoff_seed;
	struct p2p_rates rates;
	struct p2p_backoff backoffs[P2P_BACKOFFS_N];
};

/* Has p2p_node_wake called at when_ms at the latest. */
void p2p_node_wake_at(struct p2p_node *node, uint64_t when_ms);
/* Looks what addresses the node has now, and tells everybody when they have changed. */
void p2p_node_refresh(struct p2p_node *node);
/* Memory that peers make the node keep. False: too much. */
bool p2p_node_hold(struct p2p_node *node, size_t n);
void p2p_node_release(struct p2p_node *node, size_t n);
/* When everything of an ending node is closed. */
void p2p_node_end_if_over(struct p2p_node *node);

/* Connections: those of transports come in by these; when their time has come (idle) they are closed. */
bool p2p_connections_admit(struct p2p_local *local, const struct sockaddr_storage *from);
void p2p_connections_accepted(struct p2p_local *local, struct p2p_link *link);
MUST_CHECK int p2p_connections_dial(struct p2p_dial *dial, struct bytes address);
struct p2p_connection *p2p_connections_find(const struct p2p_node *node, const struct peer_id *peer);
/* Does what is due, and gives the time of what will be next. */
uint64_t p2p_connections_tick(struct p2p_node *node, uint64_t now_ms);
void p2p_connection_end(struct p2p_connection *c, int err);

/* Streams. */
void p2p_streams_event(struct p2p_connection *c, const struct connection_event *event);
void p2p_streams_lost(struct p2p_connection *c, int err);
uint64_t p2p_streams_tick(struct p2p_connection *c, uint64_t now_ms);
MUST_CHECK int p2p_streams_open(struct p2p_connection *c, const char *const *names, size_t names_n,
				const struct p2p_stream_user *user, void *context, struct p2p_stream **stream);

/* Dials: what becomes of their links; a connection with peer stands, whoever made it. */
void p2p_dials_failed(struct p2p_dial *dial, struct bytes address, int err);
void p2p_dials_ready(struct p2p_node *node, const struct peer_id *peer);
uint64_t p2p_dials_tick(struct p2p_node *node, uint64_t now_ms);
void p2p_dials_end(struct p2p_node *node);
void p2p_dials_sweep(struct p2p_node *node); /* frees those that are over */

/* Requests: those whose time is over. */
uint64_t p2p_requests_tick(struct p2p_node *node, uint64_t now_ms);

/* Failed addresses. */
bool p2p_backoff_holds(const struct p2p_node *node, const struct peer_id *peer, struct bytes address, uint64_t now_ms,
		       int *err);
void p2p_backoff_failed(struct p2p_node *node, const struct peer_id *peer, struct bytes address, uint64_t now_ms,
			int err);
void p2p_backoff_clear(struct p2p_node *node, const struct peer_id *peer, struct bytes address);

/* Identify and ping. */
MUST_CHECK int p2p_identify_begin(struct p2p_node *node);
void p2p_identify_ask(struct p2p_connection *c);
void p2p_identify_push(struct p2p_node *node);
bool p2p_identify_says(const struct p2p_connection *c, const char *protocol);
MUST_CHECK int p2p_ping_begin(struct p2p_node *node);
/* Whether an address is of this machine only. */
bool p2p_address_is_loopback(struct bytes address);

#endif
