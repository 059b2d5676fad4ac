#include "host/p2p_listener.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"
#include "host/p2p_address.h"

#define BACKLOG 128
#define ACCEPTS_MAX 16      /* before others have their turn */
#define ACCEPT_PAUSE_MS 200 /* when there are no descriptors left */

struct p2p_listener {
	p2p_came_in *came_in;
	void (*closed)(void *context);
	void *context;
	int fd;
	unsigned handles_n;
	uv_poll_t poll;
	uv_timer_t pause;
};

static void on_readable(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *pause)
{
	struct p2p_listener *l = pause->data;
	(void)uv_poll_start(&l->poll, UV_READABLE, on_readable);
}

/* False: no more for now. */
static bool accept_one(struct p2p_listener *l)
{
	struct sockaddr_storage from = {0};
	socklen_t n = sizeof from;
	const int fd = accept4(l->fd, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
		(void)uv_poll_stop(&l->poll);
		(void)uv_timer_start(&l->pause, on_pause_over, ACCEPT_PAUSE_MS, 0);
		return false;
	}
	if (fd < 0)
		return errno == EINTR || errno == ECONNABORTED;
	l->came_in(fd, &from, l->context);
	return true;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct p2p_listener *l = poll->data;
	(void)status, (void)events;
	for (unsigned i = 0; i < ACCEPTS_MAX && !uv_is_closing((uv_handle_t *)poll) && accept_one(l); i++)
		;
}

static int bind_listener(const struct sockaddr_storage *a, struct sockaddr_storage *bound)
{
	const int yes = 1;
	const int fd = socket(a->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes); /* without, a restart has to wait */
	return p2p_address_bind(fd, a, BACKLOG, bound);
}

int p2p_listener_new(uv_loop_t *loop, struct bytes address, p2p_came_in *came_in, void *context,
		     struct p2p_listener **listener, struct p2p_address *bound)
{
	struct sockaddr_storage a, got;
	struct bytes rest;
	if (p2p_address_read(address, MULTIADDR_TCP, &a, &rest) != OK || rest.n > 0)
		return ERR_VALUE;
	struct p2p_listener *l = calloc(1, sizeof *l);
	if (l == NULL)
		return ERR_NO_MEMORY;
	l->fd = bind_listener(&a, &got);
	if (l->fd < 0 || uv_poll_init(loop, &l->poll, l->fd) != 0) {
		const int kept = errno;
		if (l->fd >= 0)
			(void)close(l->fd);
		free(l);
		errno = kept;
		return ERR_IO;
	}
	(void)uv_timer_init(loop, &l->pause); /* cannot fail */
	l->came_in = came_in;
	l->context = context;
	l->poll.data = l->pause.data = l;
	l->handles_n = 2;
	(void)uv_poll_start(&l->poll, UV_READABLE, on_readable);
	p2p_address_of(bound, &got, MULTIADDR_TCP);
	*listener = l;
	return OK;
}

static void on_closed(uv_handle_t *handle)
{
	struct p2p_listener *l = handle->data;
	if (--l->handles_n > 0)
		return;
	(void)close(l->fd);
	if (l->closed != NULL)
		l->closed(l->context);
	free(l);
}

void p2p_listener_end(struct p2p_listener *l, void (*closed)(void *context))
{
	l->closed = closed;
	uv_close((uv_handle_t *)&l->poll, on_closed);
	uv_close((uv_handle_t *)&l->pause, on_closed);
}
