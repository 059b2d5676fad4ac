/* Identify: what is said to others about this node, and what they say about themselves. */
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/varint.h"
#include "host/p2p_node_parts.h"
#include "p2p/envelope.h"
#include "p2p/peer_key.h"

#define EXCHANGE_MS 10000
#define PROTOCOL_VERSION "ipfs/0.1.0" /* what everybody says; nobody insists on it any more */
#define SAID_BYTES_MAX (IDENTIFY_BYTES_MAX + 10 * VARINT_BYTES_MAX)

static const char *const ask_names[] = {IDENTIFY_PROTOCOL}, *const push_names[] = {IDENTIFY_PUSH_PROTOCOL};

/* --- what is said --- */

/* To a peer on this machine everything, to others nothing that means themselves. */
static size_t addresses_for(const struct p2p_connection *c, struct bytes *out)
{
	const bool all = p2p_address_is_loopback(p2p_address_bytes(&c->link->remote));
	size_t n = 0;
	for (size_t i = 0; i < c->node->own_n; i++) {
		const struct bytes one = p2p_address_bytes(&c->node->own[i]);
		if (all || !p2p_address_is_loopback(one))
			out[n++] = one;
	}
	return n;
}

static int write_said(const struct p2p_connection *c, struct writer *w)
{
	const struct p2p_node *node = c->node;
	uint8_t key[ED25519_KEY_BYTES], protobuf[PEER_KEY_ED25519_BYTES], envelope[ENVELOPE_BYTES_MAX];
	struct peer_record record = {.sequence = node->sequence};
	struct identify id = {.protocol_version = BYTES_LITERAL(PROTOCOL_VERSION),
			      .agent_version = bytes_text(node->agent),
			      .observed = p2p_address_bytes(&c->link->remote)};
	_Static_assert(P2P_OWN_ADDRESSES_MAX <= ENVELOPE_ADDRESSES_MAX, "all fit");
	_Static_assert(P2P_OWN_ADDRESSES_MAX <= IDENTIFY_ADDRESSES_MAX, "all fit");
	ed25519_public(node->local.identity_seed, key);
	peer_key_ed25519(key, protobuf);
	id.key = bytes_of(protobuf, sizeof protobuf);
	id.addresses_n = addresses_for(c, id.addresses);
	for (size_t i = 0; i < node->local.protocols_n; i++)
		id.protocols[id.protocols_n++] = bytes_text(node->local.protocols[i]);
	record.addresses_n = addresses_for(c, record.addresses);
	struct writer e = writer_of(envelope, sizeof envelope);
	if (record.addresses_n > 0 && envelope_write(&e, &record, node->local.identity_seed) == OK)
		id.signed_record = writer_view(&e);
	const struct writer before = *w;
	const int err = identify_write(w, &id);
	if (err != ERR_NO_SPACE || id.signed_record.n == 0)
		return err;
	*w = before;
	id.signed_record = BYTES_NONE;
	return identify_write(w, &id);
}

/* On a stream that is open, and closes it. */
static void say(struct p2p_stream *s)
{
	uint8_t message[IDENTIFY_SENT_BYTES_MAX];
	struct writer w = writer_of(message, sizeof message);
	if (write_said(s->connection, &w) != OK || p2p_stream_send(s, writer_view(&w)) != OK) {
		p2p_stream_reset(s);
		return;
	}
	p2p_stream_close(s);
}

/* --- what others say --- */

struct saying {
	bool push;
	size_t n;
	uint8_t bytes[SAID_BYTES_MAX];
};

/* Several messages are one: they are put together without their lengths (a protobuf message that follows another
 * adds to it). Gives how many bytes are whole messages. */
static size_t join_messages(uint8_t *p, size_t n)
{
	struct reader r = reader_of(bytes_of(p, n));
	size_t whole = 0;
	while (r.left.n > 0) {
		const struct bytes body = read_bytes(&r, varint_read(&r));
		if (r.dead)
			break;
		memmove(p + whole, body.p, body.n);
		whole += body.n;
	}
	return whole;
}

static bool is_of_peer(const struct p2p_connection *c, const struct identify *id)
{
	struct peer_id peer;
	if (id->key.n == 0)
		return true;
	peer_id_of_key(&peer, id->key);
	return peer_id_equal(&peer, &c->peer);
}

/* A push has what changed only. */
static void add_unchanged(struct identify *id, const struct identify *before)
{
	if (id->protocol_version.n == 0)
		id->protocol_version = before->protocol_version;
	if (id->agent_version.n == 0)
		id->agent_version = before->agent_version;
	if (id->protocols_n == 0) {
		memcpy(id->protocols, before->protocols, sizeof id->protocols);
		id->protocols_n = before->protocols_n;
	}
	if (id->addresses_n == 0) {
		memcpy(id->addresses, before->addresses, sizeof id->addresses);
		id->addresses_n = before->addresses_n;
	}
}

static void keep(struct p2p_connection *c, const struct identify *id)
{
	struct p2p_node *node = c->node;
	uint8_t message[IDENTIFY_BYTES_MAX + VARINT_BYTES_MAX];
	struct writer w = writer_of(message, sizeof message);
	if (identify_write(&w, id) != OK || !p2p_node_hold(node, w.n))
		return;
	uint8_t *said = malloc(w.n);
	if (said == NULL) {
		p2p_node_release(node, w.n);
		return;
	}
	memcpy(said, message, w.n);
	p2p_node_release(node, c->said_n);
	free(c->said);
	c->said = said;
	c->said_n = w.n;
}

static bool read_said(const struct p2p_connection *c, struct identify *id)
{
	struct reader r = reader_of(bytes_of(c->said, c->said_n));
	const struct bytes message = read_bytes(&r, varint_read(&r));
	return c->said_n > 0 && !r.dead && identify_read(id, message) == OK;
}

static void heard(struct p2p_connection *c, struct saying *saying)
{
	struct p2p_node *node = c->node;
	struct identify id, before;
	const size_t n = join_messages(saying->bytes, saying->n);
	saying->n = 0; /* so that it is heard once */
	if (n == 0 || c->ending || identify_read(&id, bytes_of(saying->bytes, n)) != OK || !is_of_peer(c, &id))
		return;
	if (saying->push && read_said(c, &before))
		add_unchanged(&id, &before);
	keep(c, &id);
	if (node->user->identified != NULL)
		node->user->identified(node, &c->peer, &id);
}

static void on_data(struct p2p_stream *s, struct bytes data)
{
	struct saying *saying = s->context;
	p2p_stream_consumed(s, data.n);
	if (saying == NULL)
		return;
	/* What is more than anybody has to say is not heard. */
	const size_t room = sizeof saying->bytes - saying->n, n = data.n < room ? data.n : room;
	memcpy(saying->bytes + saying->n, data.p, n);
	saying->n += n;
}

static void on_ended(struct p2p_stream *s)
{
	if (s->context != NULL)
		heard(s->connection, s->context);
	p2p_stream_close(s);
}

static void on_gone(struct p2p_stream *s, int err)
{
	struct saying *saying = s->context;
	(void)err;
	if (saying == NULL)
		return;
	/* However it ended: what was whole counts. */
	heard(s->connection, saying);
	p2p_node_release(s->connection->node, sizeof *saying);
	free(saying);
}

static struct saying *saying_new(struct p2p_node *node, bool push)
{
	if (!p2p_node_hold(node, sizeof(struct saying)))
		return NULL;
	struct saying *saying = malloc(sizeof *saying);
	if (saying == NULL) {
		p2p_node_release(node, sizeof *saying);
		return NULL;
	}
	saying->push = push;
	saying->n = 0;
	return saying;
}

/* --- streams --- */

static void on_asked(struct p2p_stream *s)
{
	p2p_stream_expire(s, EXCHANGE_MS);
	say(s);
}

static void on_pushed(struct p2p_stream *s)
{
	p2p_stream_expire(s, EXCHANGE_MS);
	s->context = saying_new(s->connection->node, true);
}

static const struct p2p_stream_user asked = {.opened = on_asked, .gone = on_gone};
static const struct p2p_stream_user pushed = {.opened = on_pushed, .data = on_data, .ended = on_ended, .gone = on_gone};
static const struct p2p_stream_user asks = {.data = on_data, .ended = on_ended, .gone = on_gone};
static const struct p2p_stream_user pushes = {.opened = say, .gone = on_gone};
static const struct p2p_service services[] = {
	{.name = IDENTIFY_PROTOCOL, .user = &asked, .per_peer_max = 4},
	{.name = IDENTIFY_PUSH_PROTOCOL, .user = &pushed, .per_peer_max = 2},
};

int p2p_identify_begin(struct p2p_node *node)
{
	const int err = p2p_node_handle(node, &services[0]);
	return err != OK ? err : p2p_node_handle(node, &services[1]);
}

void p2p_identify_ask(struct p2p_connection *c)
{
	struct p2p_stream *s;
	struct saying *saying = saying_new(c->node, false);
	if (saying == NULL)
		return;
	if (p2p_streams_open(c, ask_names, 1, &asks, saying, &s) == OK) {
		p2p_stream_expire(s, EXCHANGE_MS);
		return;
	}
	p2p_node_release(c->node, sizeof *saying);
	free(saying);
}

void p2p_identify_push(struct p2p_node *node)
{
	struct p2p_stream *s;
	for (size_t i = 0; i < node->limits.connections_max; i++) {
		struct p2p_connection *c = node->connections[i];
		if (c == NULL || !c->ready || c->ending || !p2p_identify_says(c, IDENTIFY_PUSH_PROTOCOL))
			continue;
		if (p2p_streams_open(c, push_names, 1, &pushes, NULL, &s) == OK)
			p2p_stream_expire(s, EXCHANGE_MS);
	}
}

bool p2p_identify_says(const struct p2p_connection *c, const char *protocol)
{
	struct identify id;
	if (!read_said(c, &id))
		return false;
	for (size_t i = 0; i < id.protocols_n; i++)
		if (bytes_is(id.protocols[i], protocol))
			return true;
	return false;
}
