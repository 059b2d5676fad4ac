#include "host/p2p_channel.h"

#include <stdlib.h>

#include "core/err.h"

#define QUERY_MS 1500 /* until the next name server is asked, or the same again */
#define QUERY_TRIES 2

/* A socket of the library. */
struct p2p_channel_watch {
	uv_poll_t poll;
	struct p2p_channel *channel;
	struct p2p_channel_watch *next;
	ares_socket_t fd;
};

static void on_socket(uv_poll_t *poll, int status, int events)
{
	const struct p2p_channel_watch *w = poll->data;
	struct p2p_channel *c = w->channel;
	const bool in = status < 0 || (events & UV_READABLE) != 0, out = status < 0 || (events & UV_WRITABLE) != 0;
	ares_process_fd(c->ares, in ? w->fd : ARES_SOCKET_BAD, out ? w->fd : ARES_SOCKET_BAD);
	c->went(c->context);
}

static void watch_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static struct p2p_channel_watch *watch_new(struct p2p_channel *c, ares_socket_t fd)
{
	struct p2p_channel_watch *w = calloc(1, sizeof *w);
	if (w == NULL || uv_poll_init(c->loop, &w->poll, fd) != 0) {
		free(w);
		return NULL;
	}
	w->poll.data = w;
	w->channel = c;
	w->fd = fd;
	w->next = c->watches;
	c->watches = w;
	return w;
}

static void on_socket_state(void *context, ares_socket_t fd, int in, int out)
{
	struct p2p_channel *c = context;
	struct p2p_channel_watch **at = &c->watches;
	while (*at != NULL && (*at)->fd != fd)
		at = &(*at)->next;
	struct p2p_channel_watch *w = *at;
	if (!in && !out) {
		if (w == NULL)
			return;
		*at = w->next;
		(void)uv_poll_stop(&w->poll);
		uv_close((uv_handle_t *)&w->poll, watch_closed);
		return;
	}
	if (w == NULL)
		w = watch_new(c, fd);
	/* Without one the question ends by its deadline. */
	if (w != NULL)
		(void)uv_poll_start(&w->poll, (in ? UV_READABLE : 0) | (out ? UV_WRITABLE : 0), on_socket);
}

int p2p_channel_open(struct p2p_channel *c)
{
	struct ares_options options = {.timeout = QUERY_MS,
				       .tries = QUERY_TRIES,
				       .sock_state_cb = on_socket_state,
				       .sock_state_cb_data = c};
	if (c->is_open)
		return OK;
	if (ares_init_options(&c->ares, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) !=
	    ARES_SUCCESS)
		return ERR_IO;
	c->is_open = true;
	if (c->servers == NULL || ares_set_servers_ports_csv(c->ares, c->servers) == ARES_SUCCESS)
		return OK;
	p2p_channel_close(c);
	return ERR_VALUE;
}

void p2p_channel_close(struct p2p_channel *c)
{
	if (!c->is_open)
		return;
	ares_destroy(c->ares);
	c->is_open = false;
}

uint64_t p2p_channel_wait_ms(const struct p2p_channel *c)
{
	struct timeval t;
	if (!c->is_open || ares_timeout(c->ares, NULL, &t) == NULL)
		return UINT64_MAX;
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_usec / 1000 + 1;
}

void p2p_channel_time(struct p2p_channel *c)
{
	if (c->is_open)
		ares_process_fd(c->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}
