/* A libp2p connection over QUIC version 1: TLS 1.3 proves both sides (host/quic_tls.h), a stream is a bidirectional
 * stream of QUIC, on which multistream-select comes first. The events and verbs are those of p2p/connection.h, but
 * for what these comments say; its datagrams go through an endpoint (host/quic_endpoint.h).
 *
 * What arrives is kept until it is told, what is written until the other side has acknowledged it. The first is
 * bounded by the windows of flow control, of which nothing that was not told or not consumed is granted again,
 * the second by QUIC_SEND_BYTES_MAX. A side that resets a stream, or wants no more of it (STOP_SENDING) when it has
 * said all itself, is told as CONNECTION_RESET; what is written to one that wants no more is dropped. There is no
 * CONNECTION_GONE. */
#ifndef HOST_QUIC_CONNECTION_H
#define HOST_QUIC_CONNECTION_H

#include "p2p/connection.h"

#define QUIC_STREAMS_MAX 256                  /* at once, of each side */
#define QUIC_STREAM_WINDOW_BYTES (512U << 10) /* at first; they grow with what the caller consumes */
#define QUIC_STREAM_WINDOW_BYTES_MAX (10U << 20)
#define QUIC_WINDOW_BYTES (768U << 10) /* of a connection */
#define QUIC_WINDOW_BYTES_MAX (15U << 20)
#define QUIC_STREAM_SEND_BYTES_MAX (2U << 20) /* written and not acknowledged */
#define QUIC_SEND_BYTES_MAX (4U << 20)        /* by all streams of a connection */
#define QUIC_HANDSHAKE_MS 10000
#define QUIC_IDLE_MS 30000
#define QUIC_KEEP_ALIVE_MS 15000 /* or half of what the other side calls idle */

struct quic_connection;

/* The next event; to be called until it says NOTHING, whenever the endpoint names the connection. Data are a view
 * until the next call. An error comes after all that was told before it, and is the last: ERR_TIMEOUT, also of the
 * handshake; ERR_CLOSED; ERR_PROTOCOL; what quic_certificate_peer says of the other side's certificate, and ERR_KEY
 * for another peer than the expected one; ERR_CRYPTO, ERR_NO_MEMORY. */
MUST_CHECK int quic_connection_take(struct quic_connection *c, struct connection_event *event);
const struct peer_id *quic_connection_peer(const struct quic_connection *c); /* once READY */
enum connection_role quic_connection_role(const struct quic_connection *c);
const struct sockaddr *quic_connection_remote(const struct quic_connection *c);
/* What the caller calls it; NULL at first. */
void quic_connection_own(struct quic_connection *c, void *owner);
void *quic_connection_owner(const struct quic_connection *c);

MUST_CHECK int quic_connection_open(struct quic_connection *c, const char *const *names, size_t names_n, bool lazy,
				    uint32_t *stream);
MUST_CHECK int quic_connection_write(struct quic_connection *c, uint32_t stream, struct bytes data, size_t *n);
void quic_connection_consumed(struct quic_connection *c, uint32_t stream, size_t n);
void quic_connection_close(struct quic_connection *c, uint32_t stream);
void quic_connection_reset(struct quic_connection *c, uint32_t stream, uint32_t code);
/* The other side is told, unless it has ended it; c may not be touched afterwards. To be called for every
 * connection, once, also for one that has failed. */
void quic_connection_end(struct quic_connection *c, uint32_t code);

#endif
