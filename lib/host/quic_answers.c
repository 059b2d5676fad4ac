/* What is said to a datagram that belongs to no connection, and kept of nobody. */
#include <gnutls/crypto.h>
#include <netinet/in.h>
#include <string.h>

#include "host/quic_parts.h"
#include "host/random.h"

#define INITIAL_BYTES_MIN 1200 /* of a datagram that begins a connection (RFC 9000, 14.1) */
#define RETRY_LIFE_NS (10000 * QUIC_NS_PER_MS)
#define TOKEN_LIFE_NS (24 * 3600 * 1000 * QUIC_NS_PER_MS)
#define RESET_BYTES 42 /* as small a packet as any (RFC 9000, 10.3) */
#define RESETS_PER_S 100

static struct quic_answer *answer_new(struct quic_endpoint *e, const struct quic_path *path)
{
	if (e->answers_n == QUIC_ANSWERS_MAX)
		return NULL;
	struct quic_answer *a = &e->answers[e->answers_n];
	a->path = *path;
	return a;
}

static void answer_made(struct quic_endpoint *e, struct quic_answer *a, ngtcp2_ssize n)
{
	if (n <= 0)
		return;
	a->n = (size_t)n;
	e->answers_n++;
}

static void answer_version(struct quic_endpoint *e, const struct quic_path *path, const ngtcp2_version_cid *ids)
{
	static const uint32_t versions[] = {NGTCP2_PROTO_VER_V1};
	struct quic_answer *a = answer_new(e, path);
	uint8_t unused;
	if (a == NULL || random_fill(&unused, 1) != OK)
		return;
	answer_made(e, a,
		    ngtcp2_pkt_write_version_negotiation(a->bytes, sizeof a->bytes, unused, ids->scid, ids->scidlen,
							 ids->dcid, ids->dcidlen, versions, 1));
}

/* Always smaller than what it answers, so that two that reset each other come to an end. */
static void answer_reset(struct quic_endpoint *e, const struct quic_path *path, const ngtcp2_version_cid *ids,
			 size_t datagram_n, uint64_t now_ns)
{
	uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN], noise[RESET_BYTES];
	ngtcp2_cid cid;
	if (now_ns - e->resets_since_ns >= 1000 * QUIC_NS_PER_MS) {
		e->resets_since_ns = now_ns;
		e->resets_n = 0;
	}
	if (datagram_n <= RESET_BYTES || e->resets_n >= RESETS_PER_S)
		return;
	struct quic_answer *a = answer_new(e, path);
	ngtcp2_cid_init(&cid, ids->dcid, ids->dcidlen);
	if (a == NULL || random_fill(noise, sizeof noise) != OK ||
	    ngtcp2_crypto_generate_stateless_reset_token(token, e->reset_secret, sizeof e->reset_secret, &cid) != 0)
		return;
	e->resets_n++;
	answer_made(e, a,
		    ngtcp2_pkt_write_stateless_reset(a->bytes, RESET_BYTES, token, noise,
						     RESET_BYTES - NGTCP2_STATELESS_RESET_TOKENLEN));
}

static void answer_retry(struct quic_endpoint *e, const struct quic_path *path, const ngtcp2_pkt_hd *first,
			 uint64_t now_ns)
{
	uint8_t token[NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN];
	ngtcp2_cid own = {.datalen = QUIC_CID_BYTES};
	struct quic_answer *a = answer_new(e, path);
	if (a == NULL || random_fill(own.data, own.datalen) != OK)
		return;
	const ngtcp2_ssize n =
		ngtcp2_crypto_generate_retry_token(token, e->token_secret, sizeof e->token_secret, first->version,
						   (const ngtcp2_sockaddr *)&path->remote,
						   quic_address_n(&path->remote), &own, &first->dcid, now_ns);
	if (n > 0)
		answer_made(e, a,
			    ngtcp2_crypto_write_retry(a->bytes, sizeof a->bytes, first->version, &first->scid, &own,
						      &first->dcid, token, (size_t)n));
}

static void answer_close(struct quic_endpoint *e, const struct quic_path *path, const ngtcp2_pkt_hd *first,
			 uint64_t code)
{
	struct quic_answer *a = answer_new(e, path);
	if (a != NULL)
		answer_made(e, a,
			    ngtcp2_crypto_write_connection_close(a->bytes, sizeof a->bytes, first->version,
								 &first->scid, &first->dcid, code, NULL, 0));
}

/* --- who may begin --- */

/* The part of an address that one host, or one site, has to itself. */
static struct bytes neighbourhood(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET6)
		return bytes_of(&((const struct sockaddr_in6 *)a)->sin6_addr, 8);
	return bytes_of(&((const struct sockaddr_in *)a)->sin_addr, 4);
}

static size_t half_open_of(const struct quic_endpoint *e, const struct sockaddr_storage *remote)
{
	size_t n = 0;
	for (const struct quic_connection *c = e->half_open_n > 0 ? e->connections : NULL; c != NULL; c = c->next)
		if (c->half_open && bytes_equal(neighbourhood(&c->path.remote), neighbourhood(remote)))
			n++;
	return n;
}

enum proof { PROOF_NONE, PROOF_GOOD, PROOF_BAD };

/* What the token in a first packet says; *odcid: what it called the server before Retry. */
static enum proof proof_of(const struct quic_endpoint *e, const struct quic_path *path, const ngtcp2_pkt_hd *first,
			   uint64_t now_ns, ngtcp2_cid *odcid)
{
	const ngtcp2_sockaddr *remote = (const ngtcp2_sockaddr *)&path->remote;
	const ngtcp2_socklen remote_n = quic_address_n(&path->remote);
	if (first->token.len == 0)
		return PROOF_NONE;
	if (first->token.base[0] == NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY)
		return ngtcp2_crypto_verify_retry_token(odcid, first->token.base, first->token.len, e->token_secret,
							sizeof e->token_secret, first->version, remote, remote_n,
							&first->dcid, RETRY_LIFE_NS, now_ns) == 0
			       ? PROOF_GOOD
			       : PROOF_BAD;
	return ngtcp2_crypto_verify_regular_token(first->token.base, first->token.len, e->token_secret,
						  sizeof e->token_secret, remote, remote_n, TOKEN_LIFE_NS, now_ns) == 0
		       ? PROOF_GOOD
		       : PROOF_NONE;
}

/* Whether a client may begin now; else it is told what to do, or nothing. */
static bool admit(struct quic_endpoint *e, const struct quic_path *path, ngtcp2_pkt_hd *first, uint64_t now_ns,
		  ngtcp2_cid *odcid)
{
	const size_t same = half_open_of(e, &path->remote);
	const enum proof proof = proof_of(e, path, first, now_ns, odcid);
	if (proof == PROOF_BAD) {
		answer_close(e, path, first, NGTCP2_INVALID_TOKEN);
		return false;
	}
	if (proof == PROOF_NONE) {
		first->token = (ngtcp2_vec){NULL, 0};
		if (e->half_open_n >= QUIC_HALF_OPEN_RETRY || same >= QUIC_HALF_OPEN_RETRY_PER_IP) {
			answer_retry(e, path, first, now_ns);
			return false;
		}
	}
	if (e->half_open_n >= QUIC_HALF_OPEN_MAX || same >= QUIC_HALF_OPEN_PER_IP_MAX ||
	    (e->config->admits != NULL && !e->config->admits(e->config->owner, &path->remote))) {
		answer_close(e, path, first, NGTCP2_CONNECTION_REFUSED);
		return false;
	}
	return true;
}

bool quic_answer(struct quic_endpoint *e, const struct quic_path *path, struct bytes datagram, uint64_t now_ns,
		 ngtcp2_pkt_hd *first, ngtcp2_cid *odcid)
{
	ngtcp2_version_cid ids;
	const int err = ngtcp2_pkt_decode_version_cid(&ids, datagram.p, datagram.n, QUIC_CID_BYTES);
	odcid->datalen = 0;
	if (err != 0 && err != NGTCP2_ERR_VERSION_NEGOTIATION)
		return false;
	if (err == 0 && ids.version == 0 && (datagram.p[0] & 0x80) == 0) {
		answer_reset(e, path, &ids, datagram.n, now_ns);
		return false;
	}
	if (!e->config->listens || datagram.n < INITIAL_BYTES_MIN)
		return false;
	if (err == NGTCP2_ERR_VERSION_NEGOTIATION) {
		answer_version(e, path, &ids);
		return false;
	}
	return ids.version == NGTCP2_PROTO_VER_V1 && ngtcp2_accept(first, datagram.p, datagram.n) == 0 &&
	       admit(e, path, first, now_ns, odcid);
}

/* --- tokens of others --- */

void quic_token_learn(struct quic_endpoint *e, const struct sockaddr_storage *remote, struct bytes token)
{
	if (token.n == 0 || token.n > QUIC_TOKEN_BYTES_MAX)
		return;
	struct quic_token *to = &e->tokens[e->token_next % QUIC_TOKENS_MAX];
	for (size_t i = 0; i < QUIC_TOKENS_MAX; i++)
		if (e->tokens[i].n > 0 && quic_same_host(&e->tokens[i].remote, remote))
			to = &e->tokens[i];
	if (to == &e->tokens[e->token_next % QUIC_TOKENS_MAX])
		e->token_next++;
	to->remote = *remote;
	to->n = token.n;
	memcpy(to->bytes, token.p, token.n);
}

/* One is for one connection: who sees two can tell that they are of the same host. */
struct bytes quic_token_of(struct quic_endpoint *e, const struct sockaddr_storage *remote)
{
	for (size_t i = 0; i < QUIC_TOKENS_MAX; i++) {
		struct quic_token *t = &e->tokens[i];
		if (t->n == 0 || !quic_same_host(&t->remote, remote))
			continue;
		const size_t n = t->n;
		t->n = 0;
		return bytes_of(t->bytes, n);
	}
	return BYTES_NONE;
}
