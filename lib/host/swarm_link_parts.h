/* What swarm_link.c and swarm_links.c share; nobody else's. */
#ifndef HOST_SWARM_LINK_PARTS_H
#define HOST_SWARM_LINK_PARTS_H

#include "host/p2p_address.h"
#include "host/p2p_resolve.h"
#include "host/swarm_link.h"

/* A frame of which a part has arrived, and as much again to read at once. */
#define SWARM_LINK_IN_BYTES (2 * NOISE_FRAME_BYTES_MAX)
#define SWARM_LINK_ADDRESSES_MAX 8 /* of our sockets, that identify tells */

struct swarm_links {
	uv_loop_t *loop;
	struct session_config config;
	const uint8_t *seed;
	const char *name_servers;
	struct p2p_resolver *resolver; /* NULL: no name was met yet */
	uv_prepare_t prepare;
	uv_idle_t idle;
	size_t handles_n; /* that are not closed yet, and links */
	bool ending;
	struct swarm_link *links, *dirty;
	bool notes_addresses;
	struct p2p_address seen, seen_by; /* where the latest that said so sees us, and who it is; n == 0: nobody */
	struct p2p_address noted[SWARM_LINK_ADDRESSES_MAX];
	struct bytes addresses[SWARM_LINK_ADDRESSES_MAX];
	uint8_t in[SWARM_LINK_IN_BYTES]; /* of whichever link reads; what is left over goes to its own */
};

enum swarm_link_stage { SWARM_LINK_RESOLVING, SWARM_LINK_CONNECTING, SWARM_LINK_UP, SWARM_LINK_ENDING };

struct swarm_link_candidate {
	struct sockaddr_storage to;
	bool expects;
	struct peer_id expected;
};

/* A socket of a link; it goes by itself when its handle is closed. */
struct swarm_link_socket {
	uv_poll_t poll;
	int fd;
};

struct swarm_link {
	struct swarm_links *links;
	struct swarm_link *next, *previous, *next_dirty;
	const struct swarm_link_user *user;
	void *owner;
	enum connection_role role;
	enum swarm_link_stage stage;
	bool is_dirty, resolving, timer_closed;
	bool begun; /* the session was, and is to be ended */
	int err, os_error, events;
	struct swarm_link_socket *socket; /* NULL: none */
	uv_timer_t timer;
	uint64_t connect_deadline_ms, armed_ms;
	struct p2p_address remote;
	struct swarm_link_candidate candidates[SWARM_LINK_CANDIDATES_MAX];
	size_t candidates_n, tried_n;
	uint8_t *kept; /* the beginning of a frame; NULL: none */
	size_t kept_n;
	struct session s; /* the last member, and not set before the link is up */
};

/* A link without a socket, RESOLVING; NULL: not enough memory. */
struct swarm_link *swarm_link_new(struct swarm_links *links, enum connection_role role,
				  const struct swarm_link_user *user, void *owner);
/* Takes fd, which is closed on failure, as its socket. ERR_NO_MEMORY, ERR_IO with errno. */
MUST_CHECK int swarm_link_take_socket(struct swarm_link *l, int fd);
/* The socket is connected: the session begins. */
MUST_CHECK int swarm_link_begin(struct swarm_link *l, const struct peer_id *expected);
/* This attempt failed: the next candidate, or the end. */
void swarm_link_failed(struct swarm_link *l, int err);
/* Tries the next candidate; ends the link when there is none. */
void swarm_link_try(struct swarm_link *l);
/* What identify tells of who listens nowhere: the address of this socket. */
void swarm_links_note_own(struct swarm_links *links, int fd);
/* A node at remote says that it sees us at an address of this field. */
void swarm_links_note_seen(struct swarm_links *links, struct bytes field, struct bytes remote);
/* Its socket says that it is connected, or will not be. */
void swarm_link_connected(struct swarm_link *l);
/* Takes, sends and tells whatever there is to. */
void swarm_link_serve(struct swarm_link *l);
/* A verb was called: it is to be served before the loop waits. */
void swarm_link_dirty(struct swarm_link *l);
/* Nothing waits for it to be served any more. */
void swarm_link_clean(struct swarm_link *l);
/* A link that ended is freed when nothing refers to it any more. */
void swarm_link_free_if_over(struct swarm_link *l);
/* A handle of the links', or a link, is no more; with the last of those that end they go, too. */
void swarm_links_less(struct swarm_links *links);

#endif
