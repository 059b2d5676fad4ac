/* What p2p_tcp.c and p2p_tcp_link.c share; nobody else's. */
#ifndef HOST_P2P_TCP_PARTS_H
#define HOST_P2P_TCP_PARTS_H

#include "host/p2p_listener.h"
#include "host/p2p_tcp.h"

/* A frame of which a part has arrived, and as much again to read at once. */
#define P2P_TCP_IN_BYTES (2 * NOISE_FRAME_BYTES_MAX)

struct p2p_tcp {
	struct p2p_transport transport;
	uv_prepare_t prepare;
	uv_idle_t idle;
	size_t handles_n; /* that are not closed yet */
	bool ending;
	struct p2p_listener *listeners[P2P_LISTENS_MAX];
	size_t listeners_n;
	struct p2p_tcp_link *links, *dirty;
	uint8_t in[P2P_TCP_IN_BYTES]; /* of whichever link reads; what is left over goes to its own */
};

enum p2p_tcp_stage { P2P_TCP_CONNECTING, P2P_TCP_UP, P2P_TCP_ENDING };

struct p2p_tcp_link {
	struct p2p_link link;
	struct p2p_tcp *tcp;
	struct p2p_tcp_link *next, *previous, *next_dirty;
	bool is_dirty, expects, was_up;
	enum p2p_tcp_stage stage;
	int fd, err, events;
	unsigned handles_n;
	uv_poll_t poll;
	uv_timer_t timer;
	uint64_t connect_deadline_ms, armed_ms;
	struct peer_id expected;
	uint8_t *kept; /* the beginning of a frame; NULL: none */
	size_t kept_n;
	/* Streams whose last write found no room. */
	uint32_t short_streams[YAMUX_STREAMS_MAX];
	size_t short_n;
	bool has_room;       /* something has left since they were told */
	struct connection c; /* the last member, and not set before the link is up */
};

/* A link on fd, which it owns then, also on failure. */
MUST_CHECK int p2p_tcp_link_new(struct p2p_tcp *tcp, int fd, enum connection_role role,
				const struct sockaddr_storage *remote, const struct peer_id *expected,
				struct p2p_tcp_link **link);
/* Takes, sends and tells whatever there is to. */
void p2p_tcp_link_serve(struct p2p_tcp_link *l);
/* A verb was called: it is to be served before the loop waits. */
void p2p_tcp_dirty(struct p2p_tcp_link *l);
/* A handle of the transport's, or a link, is no more; with the last of an ending transport that goes, too. */
void p2p_tcp_less(struct p2p_tcp *tcp);
void p2p_tcp_link_end(struct p2p_tcp_link *l, int err);

#endif
