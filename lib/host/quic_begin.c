/* How a connection begins, with what parameters, and how it is freed. */
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "host/quic_parts.h"
#include "host/random.h"

#define DIALED_CID_BYTES 18 /* a server's first name, which the client invents */

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
	quic_connection_now(c, now_ns);
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
	quic_connection_find_deadline(c);
	quic_connection_sends(c);
	*connection = c;
	return OK;
}

void quic_connection_free(struct quic_connection *c)
{
	struct quic_endpoint *e = c->endpoint;
	quic_connection_part(c);
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
