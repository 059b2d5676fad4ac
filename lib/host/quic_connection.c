#include "host/quic_connection.h"

#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "host/quic_parts.h"
#include "host/random.h"

#define DIALED_CID_BYTES 18   /* a server's first name, which the client invents */
#define PACED_FROM_NS 2000000 /* of round trip: below, bursts are short anyhow */
#define PACE_LAG_NS 4000000   /* that may be caught up with, by loops that wait whole milliseconds */
#define CLOSING_PTO_N 3       /* RFC 9000, 10.2 */
#define CLOSING_ANSWERS_MAX 8 /* to what arrives when all is over: the 1st, 2nd, 4th ... datagram */

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

/* ngtcp2 takes no step back in time. */
static void now_is(struct quic_connection *c, uint64_t now_ns)
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

/* Half of what a connection takes is TLS's, and keys are ngtcp2's by then. */
static void end_tls(struct quic_connection *c)
{
	if (c->tls == NULL)
		return;
	if (c->conn != NULL)
		ngtcp2_conn_set_tls_native_handle(c->conn, NULL);
	gnutls_deinit(c->tls);
	c->tls = NULL;
}

/* ngtcp2's part ends; what streams have still to tell stays. */
static void part(struct quic_connection *c)
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
	end_tls(c);
}

static void dies(struct quic_connection *c, int liberr)
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
	part(c);
	quic_connection_stir(c);
}

void quic_connection_fail(struct quic_connection *c, int err)
{
	c->err = err;
	part(c);
	quic_connection_stir(c);
}

void quic_connection_end(struct quic_connection *c, uint32_t code)
{
	ngtcp2_connection_close_error why;
	now_is(c, c->endpoint->now_ns);
	if (c->conn != NULL) {
		ngtcp2_connection_close_error_set_application_error(&why, code, NULL, 0);
		write_close(c, &why);
		part(c);
	}
	quic_streams_free(c);
	c->ended = true;
	c->deadline_ns = c->closed_ns;
	c->endpoint->closing_n++;
}

/* --- datagrams --- */

static void find_deadline(struct quic_connection *c)
{
	const uint64_t streams = quic_streams_deadline(c), expiry = ngtcp2_conn_get_expiry(c->conn);
	c->deadline_ns = streams < expiry ? streams : expiry;
	if (c->send != NULL && c->paced_ns > c->now_ns && c->paced_ns < c->deadline_ns)
		c->deadline_ns = c->paced_ns;
}

/* Has what streams say leave evenly, a quarter faster than one congestion window a round trip. ngtcp2 has pacing, too,
 * but when to go on is not in what it says of its deadline. */
static void pace(struct quic_connection *c, size_t sent)
{
	ngtcp2_conn_stat stat;
	ngtcp2_conn_get_conn_stat(c->conn, &stat);
	if (stat.smoothed_rtt < PACED_FROM_NS || stat.cwnd == 0)
		return;
	if (c->now_ns > PACE_LAG_NS && c->paced_ns < c->now_ns - PACE_LAG_NS)
		c->paced_ns = c->now_ns - PACE_LAG_NS;
	c->paced_ns += sent * stat.smoothed_rtt / (stat.cwnd + stat.cwnd / 4);
}

/* Nobody answers for ever to who goes on. */
static void heard_when_closed(struct quic_connection *c)
{
	c->closing_heard++;
	if (c->close_n == 0 || (c->closing_heard & (c->closing_heard - 1)) != 0 ||
	    c->closing_answers >= CLOSING_ANSWERS_MAX)
		return;
	c->closing_answers++;
	c->says_close = true;
	quic_connection_sends(c);
}

void quic_connection_read(struct quic_connection *c, const struct quic_path *path, struct bytes datagram,
			  uint64_t now_ns)
{
	struct sockaddr_storage local = path->local, remote = path->remote;
	const ngtcp2_pkt_info info = {0};
	now_is(c, now_ns);
	if (c->conn == NULL) {
		heard_when_closed(c);
		return;
	}
	if (c->role == CONNECTION_DIALER)
		local = c->path.local; /* which the caller may have left open */
	const ngtcp2_path at = {.local = {(ngtcp2_sockaddr *)&local, quic_address_n(&local)},
				.remote = {(ngtcp2_sockaddr *)&remote, quic_address_n(&remote)}};
	const int liberr = ngtcp2_conn_read_pkt(c->conn, &at, &info, datagram.p, datagram.n, c->now_ns);
	if (liberr != 0 || c->err != OK) {
		dies(c, liberr);
		return;
	}
	c->heard = true;
	if (c->confirmed)
		end_tls(c);
	find_deadline(c);
	quic_connection_sends(c);
}

void quic_connection_tick(struct quic_connection *c, uint64_t now_ns)
{
	now_is(c, now_ns);
	if (c->conn == NULL)
		return;
	quic_streams_tick(c);
	const int liberr = ngtcp2_conn_handle_expiry(c->conn, c->now_ns);
	if (liberr != 0) {
		dies(c, liberr);
		return;
	}
	find_deadline(c);
	quic_connection_sends(c);
}

static bool out_close(struct quic_connection *c, struct quic_out *out)
{
	if (!c->says_close)
		return false;
	c->says_close = false;
	out->path = c->path;
	memcpy(out->bytes, c->close, c->close_n);
	out->n = out->segment = c->close_n;
	return true;
}

/* Whether a datagram with these addresses may follow those in out. */
static bool same_place(const struct quic_out *out, const struct quic_path *path)
{
	return memcmp(&out->path, path, sizeof *path) == 0;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The addresses of a packet as ngtcp2 gives them, with nothing behind them. */
static void path_of(struct quic_path *path, const ngtcp2_path *from)
{
	memset(path, 0, sizeof *path);
	memcpy(&path->local, from->local.addr, least(from->local.addrlen, sizeof path->local));
	memcpy(&path->remote, from->remote.addr, least(from->remote.addrlen, sizeof path->remote));
}

/* Datagrams of one size, a smaller one at most as the last, until limit; what does not fit them is in out alone
 * the next time. Not 0: ngtcp2's error. */
static int fill(struct quic_connection *c, struct quic_out *out, size_t limit, uint64_t now_ns)
{
	ngtcp2_path_storage storage;
	struct quic_path path;
	out->n = out->segment = 0;
	ngtcp2_path_storage_zero(&storage);
	while (out->n + QUIC_DATAGRAM_BYTES_MAX <= limit) {
		const ngtcp2_ssize n =
			quic_streams_write(c, &storage.path, out->bytes + out->n,
					   out->segment > 0 ? out->segment : QUIC_DATAGRAM_BYTES_MAX, now_ns);
		if (n <= 0)
			return (int)n;
		path_of(&path, &storage.path);
		if (out->n == 0) {
			out->path = path;
			out->segment = (size_t)n;
		} else if (!same_place(out, &path)) {
			return 0; /* a probe of another path, that is sent again when it is missed */
		}
		out->n += (size_t)n;
		if ((size_t)n < out->segment)
			break;
	}
	return 0;
}

bool quic_connection_out(struct quic_connection *c, struct quic_out *out, uint64_t now_ns)
{
	if (c->conn == NULL)
		return out_close(c, out);
	now_is(c, now_ns);
	const size_t quantum = ngtcp2_conn_get_send_quantum(c->conn) + QUIC_DATAGRAM_BYTES_MAX;
	const int liberr = fill(c, out, least(quantum, sizeof out->bytes), c->now_ns);
	if (liberr != 0) {
		dies(c, liberr);
		return out_close(c, out);
	}
	if (c->send != NULL && out->n > 0)
		pace(c, out->n);
	find_deadline(c);
	return out->n > 0;
}

/* --- its beginning --- */

static ngtcp2_conn *conn_of(ngtcp2_crypto_conn_ref *ref)
{
	struct quic_connection *c = ref->user_data;
	return c->conn;
}

static void fill_settings(const struct quic_connection *c, ngtcp2_settings *settings, ngtcp2_transport_params *params)
{
	const uint64_t limit = c->endpoint->config->window_bytes_max;
	const uint64_t window = limit == 0 ? QUIC_WINDOW_BYTES_MAX : limit;
	ngtcp2_settings_default(settings);
	settings->initial_ts = c->now_ns;
	settings->handshake_timeout = QUIC_HANDSHAKE_MS * QUIC_NS_PER_MS;
	settings->max_tx_udp_payload_size = QUIC_DATAGRAM_BYTES_MAX;
	settings->max_window = window;
	settings->max_stream_window = window < QUIC_STREAM_WINDOW_BYTES_MAX ? window : QUIC_STREAM_WINDOW_BYTES_MAX;
	ngtcp2_transport_params_default(params);
	params->initial_max_streams_bidi = QUIC_STREAMS_MAX;
	params->initial_max_data = window < QUIC_WINDOW_BYTES ? window : QUIC_WINDOW_BYTES;
	params->initial_max_stream_data_bidi_local = params->initial_max_stream_data_bidi_remote =
		window < QUIC_STREAM_WINDOW_BYTES ? window : QUIC_STREAM_WINDOW_BYTES;
	params->max_idle_timeout = QUIC_IDLE_MS * QUIC_NS_PER_MS;
	params->disable_active_migration = 1;
}

static int begin_server(struct quic_connection *c, const ngtcp2_path *path, const ngtcp2_pkt_hd *first,
			const ngtcp2_cid *odcid, const ngtcp2_cid *own)
{
	ngtcp2_callbacks callbacks;
	ngtcp2_settings settings;
	ngtcp2_transport_params params;
	quic_callbacks_fill(&callbacks);
	fill_settings(c, &settings, &params);
	settings.token = first->token;
	params.original_dcid = first->dcid;
	if (odcid->datalen > 0) {
		params.original_dcid = *odcid;
		params.retry_scid = first->dcid;
		params.retry_scid_present = 1;
	}
	params.stateless_reset_token_present = 1;
	if (ngtcp2_crypto_generate_stateless_reset_token(params.stateless_reset_token, c->endpoint->reset_secret,
							 sizeof c->endpoint->reset_secret, own) != 0)
		return ERR_CRYPTO;
	int err = quic_cid_add(c, &first->dcid);
	if (err != OK)
		return err;
	return ngtcp2_conn_server_new(&c->conn, &first->scid, own, path, first->version, &callbacks, &settings, &params,
				      NULL, c) == 0
		       ? OK
		       : ERR_NO_MEMORY;
}

static int begin_client(struct quic_connection *c, const ngtcp2_path *path, const ngtcp2_cid *own)
{
	ngtcp2_callbacks callbacks;
	ngtcp2_settings settings;
	ngtcp2_transport_params params;
	ngtcp2_cid theirs = {.datalen = DIALED_CID_BYTES};
	const struct bytes token = quic_token_of(c->endpoint, &c->path.remote);
	uint8_t copy[QUIC_TOKEN_BYTES_MAX];
	quic_callbacks_fill(&callbacks);
	fill_settings(c, &settings, &params);
	if (token.n > 0)
		memcpy(copy, token.p, token.n);
	settings.token = (ngtcp2_vec){.base = token.n > 0 ? copy : NULL, .len = token.n};
	const int err = random_fill(theirs.data, theirs.datalen);
	if (err != OK)
		return err;
	return ngtcp2_conn_client_new(&c->conn, &theirs, own, path, NGTCP2_PROTO_VER_V1, &callbacks, &settings, &params,
				      NULL, c) == 0
		       ? OK
		       : ERR_NO_MEMORY;
}

static int begin(struct quic_connection *c, const ngtcp2_pkt_hd *first, const ngtcp2_cid *odcid)
{
	ngtcp2_cid own = {.datalen = QUIC_CID_BYTES};
	const ngtcp2_path path = {.local = {(ngtcp2_sockaddr *)&c->path.local, quic_address_n(&c->path.local)},
				  .remote = {(ngtcp2_sockaddr *)&c->path.remote, quic_address_n(&c->path.remote)}};
	int err = random_fill(own.data, own.datalen);
	if (err == OK)
		err = quic_cid_add(c, &own);
	if (err == OK)
		err = first == NULL ? begin_client(c, &path, &own) : begin_server(c, &path, first, odcid, &own);
	if (err == OK)
		err = quic_tls_begin(&c->tls, first == NULL ? QUIC_TLS_CLIENT : QUIC_TLS_SERVER, &c->endpoint->identity,
				     &c->peer);
	if (err != OK)
		return err;
	c->ref = (ngtcp2_crypto_conn_ref){.get_conn = conn_of, .user_data = c};
	gnutls_session_set_ptr(c->tls, &c->ref);
	ngtcp2_conn_set_tls_native_handle(c->conn, c->tls);
	return (first == NULL ? ngtcp2_crypto_gnutls_configure_client_session(c->tls)
			      : ngtcp2_crypto_gnutls_configure_server_session(c->tls)) == 0
		       ? OK
		       : ERR_CRYPTO;
}

int quic_connection_new(struct quic_endpoint *e, const struct quic_path *path, const ngtcp2_pkt_hd *first,
			const ngtcp2_cid *odcid, const struct peer_id *expected, uint64_t now_ns,
			struct quic_connection **connection)
{
	struct quic_connection *c = calloc(1, sizeof *c);
	if (c == NULL)
		return ERR_NO_MEMORY;
	c->endpoint = e;
	c->role = first == NULL ? CONNECTION_DIALER : CONNECTION_LISTENER;
	c->path = *path;
	c->protocols = e->config->protocols;
	c->protocols_n = e->config->protocols_n;
	c->tell_end = &c->tell;
	c->send_end = &c->send;
	c->peer.expects = expected != NULL;
	if (expected != NULL)
		c->peer.peer = *expected;
	now_is(c, now_ns);
	c->next = e->connections;
	c->link = &e->connections;
	if (c->next != NULL)
		c->next->link = &c->next;
	e->connections = c;
	const int err = begin(c, first, odcid);
	if (err != OK) {
		quic_connection_free(c);
		return err;
	}
	if (first != NULL) {
		c->half_open = true;
		e->half_open_n++;
		quic_connection_stir(c); /* that there is one */
	}
	find_deadline(c);
	quic_connection_sends(c);
	*connection = c;
	return OK;
}

void quic_connection_free(struct quic_connection *c)
{
	struct quic_endpoint *e = c->endpoint;
	part(c);
	quic_streams_free(c);
	quic_cid_remove_all(c);
	struct quic_connection **at;
	if (c->stirred) {
		for (at = &e->stirred; *at != c;)
			at = &(*at)->stirred_next;
		*at = c->stirred_next;
		if (e->stirred_end == &c->stirred_next)
			e->stirred_end = at;
	}
	if (c->sends) {
		for (at = &e->send; *at != c;)
			at = &(*at)->send_next;
		*at = c->send_next;
		if (e->send_end == &c->send_next)
			e->send_end = at;
	}
	if (c->ended)
		e->closing_n--;
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	free(c);
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
		dies(c, NGTCP2_ERR_NOMEM);
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
		dies(c, NGTCP2_ERR_NOMEM);
		return c->err;
	}
	s->lazy = lazy;
	find_deadline(c);
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
