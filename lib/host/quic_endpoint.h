/* QUIC at one UDP socket: datagrams in and out, and the connections that they belong to. It opens no socket and
 * reads no clock (but to judge dates of certificates); who calls brings datagrams, the time and the socket.
 *
 * Who is not known has to prove that it is where it says (Retry) as soon as QUIC_HALF_OPEN_RETRY handshakes are
 * under way, or QUIC_HALF_OPEN_RETRY_PER_IP with its address; a token of an earlier connection is such a proof.
 * Datagrams of connections that are forgotten are answered by a stateless reset, other versions by
 * the one that is spoken. An address is one of IPv4, or the first half of one of IPv6. */
#ifndef HOST_QUIC_ENDPOINT_H
#define HOST_QUIC_ENDPOINT_H

#include <sys/socket.h>

#include "host/quic_connection.h"

#define QUIC_DATAGRAM_BYTES_MAX 1452 /* sent: what fits into 1500 bytes of Ethernet over IPv6 */
#define QUIC_OUT_BYTES 65000         /* of datagrams given out at once */
#define QUIC_HALF_OPEN_MAX 128       /* handshakes of strangers under way, at once */
#define QUIC_HALF_OPEN_PER_IP_MAX 16
#define QUIC_HALF_OPEN_RETRY 32
#define QUIC_HALF_OPEN_RETRY_PER_IP 4
#define QUIC_CLOSING_MAX 64 /* that are over and still say so */

struct quic_path {
	struct sockaddr_storage local, remote;
};

/* Kept and looked at by the endpoint while it lives; who owns it may change what it says. */
struct quic_config {
	const uint8_t *identity_seed; /* ED25519_SEED_BYTES; only when the endpoint is made */
	const char *const *protocols; /* that the other side's streams may speak, as of now for new connections; */
	size_t protocols_n;           /* they outlive the connections */
	uint64_t window_bytes_max;    /* of a connection, 0 for QUIC_WINDOW_BYTES_MAX */
	bool listens;                 /* takes connections from outside */
	void *owner;                  /* for admits */
	bool (*admits)(void *owner, const struct sockaddr_storage *from); /* or NULL; before anything is kept */
};

/* One datagram or several to the same place; all but the last have segment bytes. */
struct quic_out {
	struct quic_path path; /* local may have no address: whichever leads there */
	size_t n, segment;
	uint8_t bytes[QUIC_OUT_BYTES];
};

struct quic_endpoint;

/* ERR_NO_MEMORY, ERR_CRYPTO, ERR_IO: no randomness. */
MUST_CHECK int quic_endpoint_new(struct quic_endpoint **endpoint, const struct quic_config *config);
/* All connections must have been ended; what they have to say is lost unless it was taken out before. */
void quic_endpoint_free(struct quic_endpoint *e);

/* A datagram that arrived. */
void quic_endpoint_take(struct quic_endpoint *e, const struct quic_path *path, struct bytes datagram, uint64_t now_ns);
/* What is to be sent now; false: nothing. */
MUST_CHECK bool quic_endpoint_out(struct quic_endpoint *e, struct quic_out *out, uint64_t now_ns);
/* When quic_endpoint_tick must be called; UINT64_MAX: never. */
uint64_t quic_endpoint_deadline(const struct quic_endpoint *e);
void quic_endpoint_tick(struct quic_endpoint *e, uint64_t now_ns);
/* A connection with something to tell, by quic_connection_take; one from outside is told of before its handshake,
 * without an owner. NULL: none. */
struct quic_connection *quic_endpoint_next(struct quic_endpoint *e);
/* Begins a connection to expected, or, NULL, to whoever is there. ERR_NO_MEMORY, ERR_CRYPTO, ERR_IO. */
MUST_CHECK int quic_endpoint_dial(struct quic_endpoint *e, const struct quic_path *path, const struct peer_id *expected,
				  uint64_t now_ns, struct quic_connection **connection);
/* The network says that nobody can be reached there: who dials there and has heard nothing fails, ERR_CLOSED. What
 * stands already does not: anybody can say so. */
void quic_endpoint_unreachable(struct quic_endpoint *e, const struct sockaddr_storage *remote);

#endif
