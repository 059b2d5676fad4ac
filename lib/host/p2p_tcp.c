#include "host/p2p_tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"
#include "host/p2p_address.h"
#include "host/p2p_tcp_parts.h"

#define BACKLOG 128
#define ACCEPTS_MAX 16        /* before others have their turn */
#define ACCEPT_PAUSE_MS 200   /* when there are no descriptors left */
#define PREPARE_ROUNDS_MAX 64 /* of links that make each other dirty, before the loop looks at its sockets */

struct p2p_tcp_listener {
	struct p2p_tcp *tcp;
	struct p2p_tcp_listener *next;
	int fd;
	unsigned handles_n;
	uv_poll_t poll;
	uv_timer_t pause;
};

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

static void on_listener(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *pause)
{
	struct p2p_tcp_listener *listener = pause->data;
	(void)uv_poll_start(&listener->poll, UV_READABLE, on_listener);
}

/* False: no more for now. */
static bool accept_one(struct p2p_tcp_listener *listener)
{
	struct p2p_local *local = listener->tcp->transport.local;
	struct sockaddr_storage from = {0};
	socklen_t n = sizeof from;
	struct p2p_tcp_link *l;
	const int fd = accept4(listener->fd, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
		(void)uv_poll_stop(&listener->poll);
		(void)uv_timer_start(&listener->pause, on_pause_over, ACCEPT_PAUSE_MS, 0);
		return false;
	}
	if (fd < 0)
		return errno == EINTR || errno == ECONNABORTED;
	if (!local->admits(local, &from)) {
		(void)close(fd);
		return true;
	}
	if (p2p_tcp_link_new(listener->tcp, fd, CONNECTION_LISTENER, &from, NULL, &l) == OK)
		local->accepted(local, &l->link);
	return true;
}

static void on_listener(uv_poll_t *poll, int status, int events)
{
	(void)status, (void)events;
	for (unsigned i = 0; i < ACCEPTS_MAX && accept_one(poll->data); i++)
		;
}

static int bind_listener(const struct sockaddr_storage *a, struct sockaddr_storage *bound)
{
	const int yes = 1;
	socklen_t n = sizeof *bound;
	const int fd = socket(a->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	*bound = (struct sockaddr_storage){0};
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
	    (a->ss_family != AF_INET6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) == 0) &&
	    bind(fd, (const struct sockaddr *)a, p2p_address_size(a)) == 0 && listen(fd, BACKLOG) == 0 &&
	    getsockname(fd, (struct sockaddr *)bound, &n) == 0)
		return fd;
	const int kept = errno;
	(void)close(fd);
	errno = kept;
	return -1;
}

static int tcp_listen(struct p2p_transport *transport, struct bytes address, struct p2p_address *bound)
{
	struct p2p_tcp *tcp = of(transport);
	struct sockaddr_storage a, got;
	struct bytes rest;
	int err = p2p_address_read(address, MULTIADDR_TCP, &a, &rest);
	if (err != OK || rest.n > 0)
		return ERR_VALUE;
	struct p2p_tcp_listener *listener = calloc(1, sizeof *listener);
	if (listener == NULL)
		return ERR_NO_MEMORY;
	listener->fd = bind_listener(&a, &got);
	if (listener->fd < 0)
		err = ERR_IO;
	else if (uv_poll_init(transport->local->loop, &listener->poll, listener->fd) != 0)
		err = ERR_IO;
	if (err != OK) {
		const int kept = errno;
		if (listener->fd >= 0)
			(void)close(listener->fd);
		free(listener);
		errno = kept;
		return err;
	}
	(void)uv_timer_init(transport->local->loop, &listener->pause); /* cannot fail */
	(void)uv_poll_start(&listener->poll, UV_READABLE, on_listener);
	listener->poll.data = listener->pause.data = listener;
	listener->handles_n = 2;
	listener->tcp = tcp;
	listener->next = tcp->listeners;
	tcp->listeners = listener;
	tcp->handles_n++;
	p2p_address_of(bound, &got, MULTIADDR_TCP);
	return OK;
}

static void listener_closed(uv_handle_t *handle)
{
	struct p2p_tcp_listener *listener = handle->data;
	struct p2p_tcp *tcp = listener->tcp;
	if (--listener->handles_n > 0)
		return;
	(void)close(listener->fd);
	free(listener);
	p2p_tcp_less(tcp);
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
	for (struct p2p_tcp_listener *at = tcp->listeners, *next; at != NULL; at = next) {
		next = at->next;
		uv_close((uv_handle_t *)&at->poll, listener_closed);
		uv_close((uv_handle_t *)&at->pause, listener_closed);
	}
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
