#include "host/quic_connection.h"

#include "host/quic_parts.h"

#define CLOSING_PTO_N 3 /* RFC 9000, 10.2 */

/* --- queues of the endpoint --- */

void quic_connection_stir(struct quic_connection *c)
{
	struct quic_endpoint *e = c->endpoint;
	if (c->stirred || c->ended)
		return;
	c->stirred = true;
	c->stirred_next = NULL;
	*e->stirred_end = c;
	e->stirred_end = &c->stirred_next;
}

void quic_connection_sends(struct quic_connection *c)
{
	struct quic_endpoint *e = c->endpoint;
	if (c->sends)
		return;
	c->sends = true;
	c->send_next = NULL;
	*e->send_end = c;
	e->send_end = &c->send_next;
}

void quic_connection_opened(struct quic_connection *c)
{
	if (c->half_open)
		c->endpoint->half_open_n--;
	c->half_open = false;
}

/* --- its end --- */

void quic_connection_now(struct quic_connection *c, uint64_t now_ns)
{
	if (now_ns > c->now_ns)
		c->now_ns = now_ns;
}

static int err_of(int liberr)
{
	switch (liberr) {
	case NGTCP2_ERR_DRAINING:
	case NGTCP2_ERR_CLOSING:
	case NGTCP2_ERR_DROP_CONN:
	case NGTCP2_ERR_RETRY: /* a first packet that cannot be judged */
	case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
		return ERR_CLOSED;
	case NGTCP2_ERR_IDLE_CLOSE:
	case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
		return ERR_TIMEOUT;
	case NGTCP2_ERR_NOMEM:
		return ERR_NO_MEMORY;
	case NGTCP2_ERR_CRYPTO:
	case NGTCP2_ERR_INTERNAL:
		return ERR_CRYPTO;
	default:
		return ERR_PROTOCOL;
	}
}

/* The last datagram, that tells the other side. */
static void write_close(struct quic_connection *c, const ngtcp2_connection_close_error *why)
{
	ngtcp2_path_storage path;
	ngtcp2_pkt_info info;
	ngtcp2_path_storage_zero(&path);
	const ngtcp2_ssize n = ngtcp2_conn_write_connection_close(c->conn, &path.path, &info, c->close, sizeof c->close,
								  why, c->now_ns);
	if (n <= 0)
		return;
	c->close_n = (size_t)n;
	c->says_close = true;
	quic_connection_sends(c);
}

void quic_connection_end_tls(struct quic_connection *c)
{
	if (c->tls == NULL)
		return;
	if (c->conn != NULL)
		ngtcp2_conn_set_tls_native_handle(c->conn, NULL);
	gnutls_deinit(c->tls);
	c->tls = NULL;
}

void quic_connection_part(struct quic_connection *c)
{
	if (c->conn == NULL)
		return;
	ngtcp2_conn *conn = c->conn;
	quic_connection_opened(c);
	/* A handshake that nobody was told to end may begin anew at once. */
	c->closed_ns = c->now_ns + (c->ready || c->close_n > 0 ? CLOSING_PTO_N * ngtcp2_conn_get_pto(conn) : 0);
	c->deadline_ns = UINT64_MAX; /* all else waits for the caller to hear of it */
	c->conn = NULL;
	ngtcp2_conn_del(conn);
	quic_connection_end_tls(c);
}

void quic_connection_dies(struct quic_connection *c, int liberr)
{
	ngtcp2_connection_close_error why;
	if (c->err == OK)
		c->err = c->peer.err != OK ? c->peer.err : err_of(liberr);
	if (liberr == NGTCP2_ERR_CRYPTO)
		ngtcp2_connection_close_error_set_transport_error_tls_alert(&why, ngtcp2_conn_get_tls_alert(c->conn),
									    NULL, 0);
	else
		ngtcp2_connection_close_error_set_transport_error_liberr(&why, liberr, NULL, 0);
	if (c->err != ERR_CLOSED && c->err != ERR_TIMEOUT)
		write_close(c, &why);
	quic_connection_part(c);
	quic_connection_stir(c);
}

void quic_connection_fail(struct quic_connection *c, int err)
{
	c->err = err;
	quic_connection_part(c);
	quic_connection_stir(c);
}

void quic_connection_end(struct quic_connection *c, uint32_t code)
{
	ngtcp2_connection_close_error why;
	quic_connection_now(c, c->endpoint->now_ns);
	if (c->conn != NULL) {
		ngtcp2_connection_close_error_set_application_error(&why, code, NULL, 0);
		write_close(c, &why);
		quic_connection_part(c);
	}
	quic_streams_free(c);
	c->ended = true;
	c->deadline_ns = c->closed_ns;
	c->endpoint->closing_n++;
}

/* --- the caller's side --- */

int quic_connection_take(struct quic_connection *c, struct connection_event *event)
{
	*event = (struct connection_event){.type = CONNECTION_NOTHING};
	if (c->ready && !c->ready_told) {
		c->ready_told = true;
		event->type = CONNECTION_READY;
		return OK;
	}
	if (c->ready && quic_streams_told(c, event))
		return OK;
	if (c->err != OK && c->conn != NULL)
		quic_connection_dies(c, NGTCP2_ERR_NOMEM);
	return c->err;
}

const struct peer_id *quic_connection_peer(const struct quic_connection *c)
{
	return &c->peer.peer;
}

enum connection_role quic_connection_role(const struct quic_connection *c)
{
	return c->role;
}

const struct sockaddr *quic_connection_remote(const struct quic_connection *c)
{
	return (const struct sockaddr *)&c->path.remote;
}

void quic_connection_own(struct quic_connection *c, void *owner)
{
	c->owner = owner;
}

void *quic_connection_owner(const struct quic_connection *c)
{
	return c->owner;
}

int quic_connection_open(struct quic_connection *c, const char *const *names, size_t names_n, bool lazy,
			 uint32_t *stream)
{
	int64_t id;
	if (c->err != OK || !c->ready)
		return c->err != OK ? c->err : ERR_CLOSED;
	if (c->ours_n >= QUIC_STREAMS_MAX || ngtcp2_conn_get_streams_bidi_left(c->conn) == 0)
		return ERR_LIMIT;
	if (ngtcp2_conn_open_bidi_stream(c->conn, &id, NULL) != 0)
		return ERR_NO_MEMORY;
	struct quic_stream *s = id / 2 < UINT32_MAX ? quic_stream_new(c, id, MSS_DIALER, names, names_n) : NULL;
	if (s == NULL || ngtcp2_conn_set_stream_user_data(c->conn, id, s) != 0 || !quic_stream_send_mss(c, s)) {
		quic_connection_dies(c, NGTCP2_ERR_NOMEM);
		return c->err;
	}
	s->lazy = lazy;
	quic_connection_find_deadline(c);
	*stream = s->id;
	return OK;
}

int quic_connection_write(struct quic_connection *c, uint32_t stream, struct bytes data, size_t *n)
{
	struct quic_stream *s = quic_stream_of(c, stream);
	*n = 0;
	if (c->err != OK)
		return c->err;
	if (s == NULL)
		return ERR_NOT_FOUND;
	if (s->negotiating && !s->lazy)
		return OK;
	return quic_stream_write(c, s, data, n);
}

void quic_connection_consumed(struct quic_connection *c, uint32_t stream, size_t n)
{
	struct quic_stream *s = quic_stream_of(c, stream);
	if (c->err == OK && s != NULL)
		quic_stream_consumed(c, s, n);
}

void quic_connection_close(struct quic_connection *c, uint32_t stream)
{
	struct quic_stream *s = quic_stream_of(c, stream);
	if (c->err != OK || s == NULL || s->closing || s->refused)
		return;
	s->closing = true;
	if (!s->stopped && !s->over)
		quic_stream_send(c, s);
}

void quic_connection_reset(struct quic_connection *c, uint32_t stream, uint32_t code)
{
	struct quic_stream *s = quic_stream_of(c, stream);
	if (c->err != OK || s == NULL)
		return;
	quic_stream_abort(c, s, code);
	quic_stream_forget(c, s);
}
