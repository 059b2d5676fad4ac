#include "host/p2p_tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"
#include "host/p2p_address.h"
#include "host/p2p_tcp_parts.h"

#define PREPARE_ROUNDS_MAX 64 /* of links that make each other dirty, before the loop looks at its sockets */

static struct p2p_tcp *of(struct p2p_transport *transport)
{
	return (struct p2p_tcp *)transport;
}

static bool tcp_knows(const struct p2p_transport *transport, struct bytes address)
{
	struct sockaddr_storage a;
	struct bytes rest;
	(void)transport;
	return p2p_address_read(address, MULTIADDR_TCP, &a, &rest) == OK && rest.n == 0;
}

void p2p_tcp_less(struct p2p_tcp *tcp)
{
	if (--tcp->handles_n == 0)
		free(tcp);
}

/* --- before the loop waits --- */

static void on_idle(uv_idle_t *idle)
{
	(void)idle; /* only so that the loop does not wait */
}

static void on_prepare(uv_prepare_t *prepare)
{
	struct p2p_tcp *tcp = prepare->data;
	for (unsigned round = 0; tcp->dirty != NULL && round < PREPARE_ROUNDS_MAX; round++) {
		struct p2p_tcp_link *l = tcp->dirty;
		tcp->dirty = l->next_dirty;
		l->is_dirty = false;
		p2p_tcp_link_serve(l);
	}
	if (tcp->dirty != NULL)
		(void)uv_idle_start(&tcp->idle, on_idle);
	else
		(void)uv_idle_stop(&tcp->idle);
}

void p2p_tcp_dirty(struct p2p_tcp_link *l)
{
	struct p2p_tcp_link **at = &l->tcp->dirty;
	if (l->is_dirty || l->stage == P2P_TCP_ENDING)
		return;
	while (*at != NULL)
		at = &(*at)->next_dirty;
	*at = l;
	l->next_dirty = NULL;
	l->is_dirty = true;
}

/* --- listening --- */

static void came_in(int fd, const struct sockaddr_storage *from, void *context)
{
	struct p2p_tcp *tcp = context;
	struct p2p_local *local = tcp->transport.local;
	struct p2p_tcp_link *l;
	if (!local->admits(local, from))
		(void)close(fd);
	else if (p2p_tcp_link_new(tcp, fd, CONNECTION_LISTENER, from, NULL, &l) == OK)
		local->accepted(local, &l->link);
}

static int tcp_listen(struct p2p_transport *transport, struct bytes address, struct p2p_address *bound)
{
	struct p2p_tcp *tcp = of(transport);
	if (tcp->listeners_n == P2P_LISTENS_MAX)
		return ERR_LIMIT;
	const int err = p2p_listener_new(transport->local->loop, address, came_in, tcp,
					 &tcp->listeners[tcp->listeners_n], bound);
	if (err != OK)
		return err;
	tcp->listeners_n++;
	tcp->handles_n++;
	return OK;
}

static void listener_closed(void *context)
{
	p2p_tcp_less(context);
}

/* --- dialing --- */

static int tcp_dial(struct p2p_transport *transport, struct bytes address, const struct peer_id *expected,
		    const struct p2p_link_user *user, void *owner, struct p2p_link **link)
{
	struct sockaddr_storage to;
	struct p2p_tcp_link *l;
	struct bytes rest;
	if (p2p_address_read(address, MULTIADDR_TCP, &to, &rest) != OK || rest.n > 0)
		return ERR_VALUE;
	const int fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_IO;
	if (connect(fd, (const struct sockaddr *)&to, p2p_address_size(&to)) != 0 && errno != EINPROGRESS) {
		const int kept = errno;
		(void)close(fd);
		errno = kept;
		return ERR_IO;
	}
	const int err = p2p_tcp_link_new(of(transport), fd, CONNECTION_DIALER, &to, expected, &l);
	if (err != OK)
		return err;
	l->link.user = user;
	l->link.owner = owner;
	*link = &l->link;
	return OK;
}

/* --- beginning and end --- */

static void own_closed(uv_handle_t *handle)
{
	p2p_tcp_less(handle->data);
}

static void tcp_end(struct p2p_transport *transport)
{
	struct p2p_tcp *tcp = of(transport);
	if (tcp->ending)
		return;
	tcp->ending = true;
	for (size_t i = 0; i < tcp->listeners_n; i++)
		p2p_listener_end(tcp->listeners[i], listener_closed);
	for (struct p2p_tcp_link *l = tcp->links; l != NULL; l = l->next)
		p2p_tcp_link_end(l, ERR_CLOSED);
	uv_close((uv_handle_t *)&tcp->prepare, own_closed);
	uv_close((uv_handle_t *)&tcp->idle, own_closed);
}

static const struct p2p_transport_verbs verbs = {
	.knows = tcp_knows,
	.listen = tcp_listen,
	.dial = tcp_dial,
	.end = tcp_end,
};

int p2p_tcp_new(struct p2p_local *local, struct p2p_transport **transport)
{
	struct p2p_tcp *tcp = calloc(1, sizeof *tcp);
	if (tcp == NULL)
		return ERR_NO_MEMORY;
	tcp->transport = (struct p2p_transport){.verbs = &verbs, .local = local};
	tcp->handles_n = 2;
	tcp->prepare.data = tcp->idle.data = tcp;
	(void)uv_prepare_init(local->loop, &tcp->prepare); /* these three cannot fail */
	(void)uv_idle_init(local->loop, &tcp->idle);
	(void)uv_prepare_start(&tcp->prepare, on_prepare);
	*transport = &tcp->transport;
	return OK;
}
