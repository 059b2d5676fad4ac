/* What p2p_quic.c, p2p_quic_link.c and p2p_quic_socket.c share; nobody else's. */
#ifndef HOST_P2P_QUIC_PARTS_H
#define HOST_P2P_QUIC_PARTS_H

#include "host/p2p_quic.h"
#include "host/quic_endpoint.h"

#define P2P_QUIC_IN_BYTES 65536 /* several datagrams that the kernel has put together */

struct p2p_quic_socket;

struct p2p_quic {
	struct p2p_transport transport;
	uv_prepare_t prepare;
	uv_idle_t idle;
	size_t handles_n; /* that are not closed yet; a socket is one */
	bool ending;
	struct p2p_quic_socket *sockets;
	uint8_t in[P2P_QUIC_IN_BYTES]; /* of whichever socket reads */
};

struct p2p_quic_link {
	struct p2p_link link;
	struct p2p_quic_socket *socket;
	struct quic_connection *c;
	struct p2p_quic_link *next, **self; /* in links or ending of the socket */
	bool ending;
	int err;
};

struct p2p_quic_socket {
	struct p2p_quic *quic;
	struct p2p_quic_socket *next;
	struct sockaddr_storage bound;
	bool everywhere; /* bound to no address of its own */
	bool dirty;      /* to be served before the loop waits */
	bool segments;   /* the kernel cuts what is sent */
	int fd, events;
	unsigned handles_n;
	uv_poll_t poll;
	uv_timer_t timer;
	uint64_t armed_ns;
	struct quic_config config;
	struct quic_endpoint *endpoint;
	struct p2p_quic_link *links, *ending;
	size_t out_at; /* of out, that is sent; until out.n */
	struct quic_out out;
};

/* --- p2p_quic_socket.c --- */
/* A socket bound to a, and what must be asked of the kernel for it; -1 with errno. *bound: where. */
int p2p_quic_socket_open(const struct sockaddr_storage *a, struct sockaddr_storage *bound);
/* Gives the endpoint what has arrived in one call of the kernel's; false: nothing. */
bool p2p_quic_socket_read(struct p2p_quic_socket *s, uint64_t now_ns);
/* The kernel's word about hosts that cannot be reached. */
void p2p_quic_socket_read_errors(struct p2p_quic_socket *s);
/* Sends what there is. False: the socket takes no more now. */
bool p2p_quic_socket_send(struct p2p_quic_socket *s, uint64_t now_ns);

/* --- p2p_quic_link.c --- */
/* A link of c, a connection of s. NULL: no memory. */
struct p2p_quic_link *p2p_quic_link_new(struct p2p_quic_socket *s, struct quic_connection *c);
/* Tells all that there is to be told; false: there was nothing. */
bool p2p_quic_links_tell(struct p2p_quic_socket *s);
/* Links that are to end do. False: there was none. */
bool p2p_quic_links_end(struct p2p_quic_socket *s);
void p2p_quic_link_end(struct p2p_quic_link *l, int err);

#endif
