/* What ngtcp2 calls while it reads and writes. Nothing is told to the caller from here. */
#include <gnutls/crypto.h>
#include <string.h>

#include "host/quic_parts.h"
#include "host/random.h"

/* ngtcp2 ends the connection; err says why. */
static int fails(struct quic_connection *c, int err)
{
	c->err = err;
	return NGTCP2_ERR_CALLBACK_FAILURE;
}

static void on_random(uint8_t *p, size_t n, const ngtcp2_rand_ctx *context)
{
	(void)context;
	(void)gnutls_rnd(GNUTLS_RND_NONCE, p, n); /* for what need not be secret; it fails where all else has failed */
}

/* --- ids --- */

static int on_new_cid(ngtcp2_conn *conn, ngtcp2_cid *cid, uint8_t *token, size_t n, void *user)
{
	struct quic_connection *c = user;
	(void)conn;
	int err = random_fill(cid->data, n);
	cid->datalen = n;
	if (err == OK && ngtcp2_crypto_generate_stateless_reset_token(token, c->endpoint->reset_secret,
								      sizeof c->endpoint->reset_secret, cid) != 0)
		err = ERR_CRYPTO;
	if (err == OK)
		err = quic_cid_add(c, cid);
	return err == OK ? 0 : fails(c, err);
}

static int on_old_cid(ngtcp2_conn *conn, const ngtcp2_cid *cid, void *user)
{
	(void)conn;
	quic_cid_remove(user, cid);
	return 0;
}

/* --- the connection --- */

/* What comes after the handshake is for those who resume, and nobody does. */
static int on_crypto_data(ngtcp2_conn *conn, ngtcp2_crypto_level level, uint64_t offset, const uint8_t *data, size_t n,
			  void *user)
{
	const struct quic_connection *c = user;
	return c->tls == NULL ? 0 : ngtcp2_crypto_recv_crypto_data_cb(conn, level, offset, data, n, user);
}

static int on_confirmed(ngtcp2_conn *conn, void *user)
{
	struct quic_connection *c = user;
	(void)conn;
	c->confirmed = true;
	return 0;
}

static int on_handshake(ngtcp2_conn *conn, void *user)
{
	struct quic_connection *c = user;
	const ngtcp2_transport_params *theirs = ngtcp2_conn_get_remote_transport_params(conn);
	ngtcp2_duration alive = QUIC_KEEP_ALIVE_MS * QUIC_NS_PER_MS;
	if (theirs != NULL && theirs->max_idle_timeout > 0 && theirs->max_idle_timeout / 2 < alive)
		alive = theirs->max_idle_timeout / 2;
	ngtcp2_conn_set_keep_alive_timeout(conn, alive);
	c->ready = true;
	quic_connection_opened(c);
	quic_connection_stir(c);
	if (c->role == CONNECTION_DIALER)
		return 0;
	c->confirmed = true; /* for a server it is the same */
	/* With it the other side need not prove again where it is. */
	uint8_t token[NGTCP2_CRYPTO_MAX_REGULAR_TOKENLEN];
	const ngtcp2_path *path = ngtcp2_conn_get_path(conn);
	const ngtcp2_ssize n =
		ngtcp2_crypto_generate_regular_token(token, c->endpoint->token_secret, sizeof c->endpoint->token_secret,
						     path->remote.addr, path->remote.addrlen, c->now_ns);
	if (n < 0 || ngtcp2_conn_submit_new_token(conn, token, (size_t)n) != 0)
		return fails(c, ERR_CRYPTO);
	return 0;
}

static int on_token(ngtcp2_conn *conn, const ngtcp2_vec *token, void *user)
{
	struct quic_connection *c = user;
	(void)conn;
	quic_token_learn(c->endpoint, &c->path.remote, bytes_of(token->base, token->len));
	return 0;
}

static int on_stateless_reset(ngtcp2_conn *conn, const ngtcp2_pkt_stateless_reset *reset, void *user)
{
	struct quic_connection *c = user;
	(void)conn;
	(void)reset;
	c->err = ERR_CLOSED;
	return 0;
}

/* --- streams --- */

static int on_stream_open(ngtcp2_conn *conn, int64_t id, void *user)
{
	struct quic_connection *c = user;
	if (id / 2 >= UINT32_MAX)
		return fails(c, ERR_PROTOCOL);
	struct quic_stream *s = quic_stream_new(c, id, MSS_LISTENER, c->protocols, c->protocols_n);
	if (s == NULL || ngtcp2_conn_set_stream_user_data(conn, id, s) != 0)
		return fails(c, ERR_NO_MEMORY);
	quic_stream_tell(c, s); /* our greeting */
	return 0;
}

static int on_stream_data(ngtcp2_conn *conn, uint32_t flags, int64_t id, uint64_t offset, const uint8_t *data, size_t n,
			  void *user, void *stream)
{
	struct quic_connection *c = user;
	struct quic_stream *s = stream;
	(void)conn;
	(void)id;
	(void)offset;
	if (s == NULL)
		return 0;
	if (n > 0 && quic_stream_arrived(c, s, bytes_of(data, n)) != OK)
		return fails(c, ERR_NO_MEMORY);
	if ((flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0) {
		s->ended = true;
		quic_stream_tell(c, s);
	}
	return 0;
}

static int on_acknowledged(ngtcp2_conn *conn, int64_t id, uint64_t offset, uint64_t n, void *user, void *stream)
{
	(void)conn;
	(void)id;
	if (stream != NULL)
		quic_stream_acknowledged(user, stream, offset + n);
	return 0;
}

static int on_credit(ngtcp2_conn *conn, int64_t id, uint64_t to, void *user, void *stream)
{
	(void)conn;
	(void)id;
	(void)to;
	if (stream != NULL)
		quic_stream_credit(user, stream);
	return 0;
}

static int on_stream_reset(ngtcp2_conn *conn, int64_t id, uint64_t size, uint64_t code, void *user, void *stream)
{
	struct quic_stream *s = stream;
	(void)conn;
	(void)id;
	(void)size;
	if (s == NULL)
		return 0;
	s->was_reset = true;
	s->code = code > UINT32_MAX ? UINT32_MAX : (uint32_t)code;
	quic_stream_tell(user, s);
	return 0;
}

static int on_stream_close(ngtcp2_conn *conn, uint32_t flags, int64_t id, uint64_t code, void *user, void *stream)
{
	struct quic_stream *s = stream;
	(void)conn;
	(void)id;
	if (s == NULL)
		return 0;
	/* Of the other side's wish to hear no more ngtcp2 tells nothing: it resets our half, and when that is known
	 * there, and the other half has ended, too, the stream is over. */
	if (!s->closing && (flags & NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET) != 0) {
		s->stopped = true;
		s->code = code > UINT32_MAX ? UINT32_MAX : (uint32_t)code;
	}
	s->over = true;
	quic_stream_unsend(user, s);
	quic_stream_tell(user, s);
	return 0;
}

void quic_callbacks_fill(ngtcp2_callbacks *callbacks)
{
	*callbacks = (ngtcp2_callbacks){
		.client_initial = ngtcp2_crypto_client_initial_cb,
		.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
		.recv_crypto_data = on_crypto_data,
		.encrypt = ngtcp2_crypto_encrypt_cb,
		.decrypt = ngtcp2_crypto_decrypt_cb,
		.hp_mask = ngtcp2_crypto_hp_mask_cb,
		.recv_retry = ngtcp2_crypto_recv_retry_cb,
		.update_key = ngtcp2_crypto_update_key_cb,
		.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
		.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
		.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
		.version_negotiation = ngtcp2_crypto_version_negotiation_cb,
		.rand = on_random,
		.get_new_connection_id = on_new_cid,
		.remove_connection_id = on_old_cid,
		.handshake_completed = on_handshake,
		.handshake_confirmed = on_confirmed,
		.recv_new_token = on_token,
		.recv_stateless_reset = on_stateless_reset,
		.stream_open = on_stream_open,
		.recv_stream_data = on_stream_data,
		.acked_stream_data_offset = on_acknowledged,
		.extend_max_stream_data = on_credit,
		.stream_reset = on_stream_reset,
		.stream_close = on_stream_close,
	};
}
