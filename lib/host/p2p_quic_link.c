#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "host/p2p_address.h"
#include "host/p2p_quic_parts.h"

#define CODE_NONE 0
#define CODE_SHUTDOWN 0x1006 /* of go-libp2p: the node goes */

static struct p2p_quic_link *of(const struct p2p_link *link)
{
	/* The head of it, and links are never const to their transport. */
	return (struct p2p_quic_link *)(uintptr_t)link;
}

static void enlist(struct p2p_quic_link *l, struct p2p_quic_link **list)
{
	l->next = *list;
	l->self = list;
	if (l->next != NULL)
		l->next->self = &l->next;
	*list = l;
}

static void delist(struct p2p_quic_link *l)
{
	*l->self = l->next;
	if (l->next != NULL)
		l->next->self = l->self;
}

void p2p_quic_link_end(struct p2p_quic_link *l, int err)
{
	if (l->ending)
		return;
	l->ending = true;
	l->err = err;
	delist(l);
	enlist(l, &l->socket->ending);
	l->socket->dirty = true;
}

bool p2p_quic_links_end(struct p2p_quic_socket *s)
{
	struct p2p_quic_link *l;
	const bool any = s->ending != NULL;
	while ((l = s->ending) != NULL) {
		s->ending = l->next;
		if (l->next != NULL)
			l->next->self = &s->ending;
		quic_connection_end(l->c, s->quic->ending ? CODE_SHUTDOWN : CODE_NONE);
		if (l->link.user != NULL)
			l->link.user->ended(&l->link, l->err);
		free(l);
	}
	return any;
}

/* A connection from outside that nobody knows yet. */
static struct p2p_quic_link *accept_link(struct p2p_quic_socket *s, struct quic_connection *c)
{
	struct p2p_local *local = s->quic->transport.local;
	struct p2p_quic_link *l = p2p_quic_link_new(s, c);
	if (l == NULL)
		quic_connection_end(c, CODE_NONE);
	else
		local->accepted(local, &l->link);
	return l;
}

static void tell(struct p2p_quic_link *l)
{
	struct connection_event event;
	while (!l->ending) {
		const int err = quic_connection_take(l->c, &event);
		if (err != OK)
			p2p_quic_link_end(l, err);
		if (err != OK || event.type == CONNECTION_NOTHING)
			return;
		l->link.user->event(&l->link, &event);
	}
}

bool p2p_quic_links_tell(struct p2p_quic_socket *s)
{
	struct quic_connection *c;
	bool any = false;
	while ((c = quic_endpoint_next(s->endpoint)) != NULL) {
		struct p2p_quic_link *l = quic_connection_owner(c);
		any = true;
		if (l == NULL)
			l = accept_link(s, c);
		if (l != NULL)
			tell(l);
	}
	return any;
}

/* --- verbs --- */

static const struct peer_id *link_peer(const struct p2p_link *link)
{
	return quic_connection_peer(of(link)->c);
}

static int link_open(struct p2p_link *link, const char *const *names, size_t names_n, bool lazy, uint32_t *stream)
{
	of(link)->socket->dirty = true;
	return of(link)->ending ? ERR_CLOSED : quic_connection_open(of(link)->c, names, names_n, lazy, stream);
}

static int link_write(struct p2p_link *link, uint32_t stream, struct bytes data, size_t *n)
{
	*n = 0;
	of(link)->socket->dirty = true;
	return of(link)->ending ? ERR_CLOSED : quic_connection_write(of(link)->c, stream, data, n);
}

static void link_consumed(struct p2p_link *link, uint32_t stream, size_t n)
{
	quic_connection_consumed(of(link)->c, stream, n);
	of(link)->socket->dirty = true;
}

static void link_close(struct p2p_link *link, uint32_t stream)
{
	quic_connection_close(of(link)->c, stream);
	of(link)->socket->dirty = true;
}

static void link_reset(struct p2p_link *link, uint32_t stream, uint32_t code)
{
	quic_connection_reset(of(link)->c, stream, code);
	of(link)->socket->dirty = true;
}

static void link_end(struct p2p_link *link, int err)
{
	p2p_quic_link_end(of(link), err);
}

static const struct p2p_link_verbs verbs = {
	.peer = link_peer,
	.open = link_open,
	.write = link_write,
	.consumed = link_consumed,
	.close = link_close,
	.reset = link_reset,
	.end = link_end,
};

struct p2p_quic_link *p2p_quic_link_new(struct p2p_quic_socket *s, struct quic_connection *c)
{
	struct sockaddr_storage remote = {0};
	struct p2p_quic_link *l = calloc(1, sizeof *l);
	if (l == NULL)
		return NULL;
	l->link = (struct p2p_link){.verbs = &verbs, .role = quic_connection_role(c)};
	l->socket = s;
	l->c = c;
	memcpy(&remote, quic_connection_remote(c), sizeof remote);
	p2p_address_of(&l->link.remote, &remote, MULTIADDR_UDP);
	struct writer w = writer_of(l->link.remote.bytes, sizeof l->link.remote.bytes);
	w.n = l->link.remote.n;
	multiaddr_write_part(&w, MULTIADDR_QUIC_V1, BYTES_NONE);
	l->link.remote.n = (uint8_t)w.n;
	quic_connection_own(c, l);
	enlist(l, &s->links);
	return l;
}
