#include "host/quic_endpoint.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hkdf.h"
#include "host/quic_parts.h"
#include "host/random.h"
#include "host/secret_free.h"

int quic_endpoint_new(struct quic_endpoint **endpoint, const struct quic_config *config)
{
	struct quic_endpoint *e = calloc(1, sizeof *e);
	if (e == NULL)
		return ERR_NO_MEMORY;
	e->config = config;
	e->stirred_end = &e->stirred;
	e->send_end = &e->send;
	hkdf_sha256(BYTES_NONE, bytes_of(config->identity_seed, ED25519_SEED_BYTES),
		    BYTES_LITERAL("libp2p QUIC stateless reset"), e->reset_secret, sizeof e->reset_secret);
	int err = random_fill(e->token_secret, sizeof e->token_secret);
	if (err == OK)
		err = random_fill(e->cid_key, sizeof e->cid_key);
	if (err == OK)
		err = quic_identity_make(&e->identity, config->identity_seed);
	if (err != OK) {
		secret_free(e, sizeof *e);
		return err;
	}
	*endpoint = e;
	return OK;
}

void quic_endpoint_free(struct quic_endpoint *e)
{
	while (e->connections != NULL) {
		assert(e->connections->ended);
		quic_connection_free(e->connections);
	}
	quic_identity_free(&e->identity);
	secret_free(e, sizeof *e);
}

/* Room for the next that closes: who has waited longest is forgotten. */
static void forget_closed(struct quic_endpoint *e)
{
	while (e->closing_n > QUIC_CLOSING_MAX) {
		struct quic_connection *oldest = NULL;
		for (struct quic_connection *c = e->connections; c != NULL; c = c->next)
			if (c->ended && (oldest == NULL || c->closed_ns < oldest->closed_ns))
				oldest = c;
		if (oldest == NULL)
			return;
		quic_connection_free(oldest);
	}
}

static struct quic_connection *owner_of(const struct quic_endpoint *e, struct bytes datagram)
{
	ngtcp2_version_cid ids;
	const int err = ngtcp2_pkt_decode_version_cid(&ids, datagram.p, datagram.n, QUIC_CID_BYTES);
	if (err != 0 && err != NGTCP2_ERR_VERSION_NEGOTIATION)
		return NULL;
	return quic_cid_find(e, bytes_of(ids.dcid, ids.dcidlen));
}

/* A datagram with no id that is known, from where somebody is talked with: the other side has forgotten that
 * connection, if it ends with a word that was agreed on (RFC 9000, 10.3), which ngtcp2 looks for. */
static bool is_forgotten(struct quic_endpoint *e, const struct quic_path *path, struct bytes datagram, uint64_t now_ns)
{
	struct quic_connection *c = (datagram.p[0] & 0x80) == 0 ? e->connections : NULL;
	for (; c != NULL; c = c->next) {
		if (c->conn == NULL || !c->ready || !quic_same_host(&c->path.remote, &path->remote))
			continue;
		quic_connection_read(c, path, datagram, now_ns);
		if (c->conn == NULL)
			return true;
	}
	return false;
}

void quic_endpoint_take(struct quic_endpoint *e, const struct quic_path *path, struct bytes datagram, uint64_t now_ns)
{
	ngtcp2_pkt_hd first;
	ngtcp2_cid odcid;
	e->now_ns = now_ns;
	if (datagram.n == 0) /* which ngtcp2 takes for our mistake */
		return;
	struct quic_connection *c = owner_of(e, datagram);
	if (c == NULL &&
	    (is_forgotten(e, path, datagram, now_ns) || !quic_answer(e, path, datagram, now_ns, &first, &odcid) ||
	     quic_connection_new(e, path, &first, &odcid, NULL, now_ns, &c) != OK))
		return;
	quic_connection_read(c, path, datagram, now_ns);
}

static bool out_answer(struct quic_endpoint *e, struct quic_out *out)
{
	if (e->answers_sent == e->answers_n)
		return false;
	const struct quic_answer *a = &e->answers[e->answers_sent++];
	out->path = a->path;
	memcpy(out->bytes, a->bytes, a->n);
	out->n = out->segment = a->n;
	if (e->answers_sent == e->answers_n)
		e->answers_sent = e->answers_n = 0;
	return true;
}

bool quic_endpoint_out(struct quic_endpoint *e, struct quic_out *out, uint64_t now_ns)
{
	e->now_ns = now_ns;
	if (out_answer(e, out))
		return true;
	while (e->send != NULL) {
		struct quic_connection *c = e->send;
		e->send = c->send_next;
		if (e->send == NULL)
			e->send_end = &e->send;
		c->sends = false;
		if (!quic_connection_out(c, out, now_ns))
			continue;
		quic_connection_sends(c); /* behind the others */
		return true;
	}
	return false;
}

uint64_t quic_endpoint_deadline(const struct quic_endpoint *e)
{
	uint64_t deadline = UINT64_MAX;
	for (const struct quic_connection *c = e->connections; c != NULL; c = c->next)
		if (c->deadline_ns < deadline)
			deadline = c->deadline_ns;
	return deadline;
}

void quic_endpoint_tick(struct quic_endpoint *e, uint64_t now_ns)
{
	struct quic_connection *next;
	e->now_ns = now_ns;
	for (struct quic_connection *c = e->connections; c != NULL; c = next) {
		next = c->next;
		if (c->deadline_ns > now_ns)
			continue;
		if (c->ended)
			quic_connection_free(c);
		else
			quic_connection_tick(c, now_ns);
	}
	forget_closed(e);
}

struct quic_connection *quic_endpoint_next(struct quic_endpoint *e)
{
	struct quic_connection *c;
	while ((c = e->stirred) != NULL) {
		e->stirred = c->stirred_next;
		if (e->stirred == NULL)
			e->stirred_end = &e->stirred;
		c->stirred = false;
		if (!c->ended)
			return c;
	}
	return NULL;
}

int quic_endpoint_dial(struct quic_endpoint *e, const struct quic_path *path, const struct peer_id *expected,
		       uint64_t now_ns, struct quic_connection **connection)
{
	return quic_connection_new(e, path, NULL, NULL, expected, now_ns, connection);
}

void quic_endpoint_unreachable(struct quic_endpoint *e, const struct sockaddr_storage *remote)
{
	for (struct quic_connection *c = e->connections; c != NULL; c = c->next)
		if (c->role == CONNECTION_DIALER && !c->heard && c->err == OK && !c->ended &&
		    quic_same_host(&c->path.remote, remote))
			quic_connection_fail(c, ERR_CLOSED);
}
