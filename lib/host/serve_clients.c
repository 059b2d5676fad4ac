/* The connections of the provider, for what libmicrohttpd does not do by itself: a limit for the
 * whole of a request's header (its own timeout starts anew with every byte), cutting answers whose
 * file changes under them, and closing idle connections at the end. shutdown(2) is all that is
 * done to a socket here; MHD notices and cleans up. */
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/serve_parts.h"

static void lock(struct serve *s)
{
	(void)pthread_mutex_lock(&s->clients_lock); /* of a mutex that is ours: cannot fail */
}

static void unlock(struct serve *s)
{
	(void)pthread_mutex_unlock(&s->clients_lock);
}

static void cut(const struct serve_client *c)
{
	(void)shutdown(c->fd, SHUT_RDWR); /* fails when the other side has cut it: as well */
}

struct serve_client *serve_client_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info == NULL ? NULL : info->socket_context;
}

static void add_client(struct serve *s, struct MHD_Connection *c, void **socket_context)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct serve_client *client = info == NULL ? NULL : calloc(1, sizeof *client);
	*socket_context = client;
	if (client == NULL)
		return; /* it is refused at its first request */
	client->fd = info->connect_fd;
	atomic_store(&client->watch, -1);
	atomic_store(&client->since_ms, clock_now_ms());
	lock(s);
	client->next = s->clients;
	if (s->clients != NULL)
		s->clients->previous = client;
	s->clients = client;
	unlock(s);
}

static void remove_client(struct serve *s, struct serve_client *client)
{
	lock(s);
	if (client->next != NULL)
		client->next->previous = client->previous;
	if (client->previous != NULL)
		client->previous->next = client->next;
	else
		s->clients = client->next;
	unlock(s);
	free(client);
}

void serve_client_changed(void *serve, struct MHD_Connection *c, void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct serve *s = serve;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		atomic_fetch_add(&s->connections, 1);
		add_client(s, c, socket_context);
		return;
	}
	/* MHD closes the socket after this, so that nobody cuts a number that was given out anew. */
	atomic_fetch_sub(&s->connections, 1);
	if (*socket_context != NULL)
		remove_client(s, *socket_context);
	*socket_context = NULL;
}

void serve_client_done(void *serve, struct MHD_Connection *c, void **request, enum MHD_RequestTerminationCode code)
{
	struct serve_client *client = serve_client_of(c); /* *request is none before the first answer */
	(void)serve;
	(void)code;
	*request = NULL;
	if (client == NULL)
		return;
	atomic_store(&client->watch, -1);
	atomic_store(&client->since_ms, clock_now_ms());
}

bool serve_client_sends(struct serve *s, int watch)
{
	bool found = false;
	lock(s);
	for (const struct serve_client *c = s->clients; c != NULL && !found; c = c->next)
		found = atomic_load(&c->watch) == watch;
	unlock(s);
	return found;
}

void serve_clients_cut_idle(struct serve *s)
{
	lock(s);
	for (const struct serve_client *c = s->clients; c != NULL; c = c->next)
		if (atomic_load(&c->since_ms) != 0)
			cut(c);
	unlock(s);
}

static void cut_late(struct serve *s)
{
	/* A connection may be idle for its timeout; the request that comes then gets half of it. */
	uint64_t now = clock_now_ms(), limit = s->o.idle_ms + s->o.idle_ms / 2;
	lock(s);
	for (const struct serve_client *c = s->clients; c != NULL; c = c->next) {
		uint64_t since = atomic_load(&c->since_ms);
		if (since != 0 && now > since && now - since > limit)
			cut(c);
	}
	unlock(s);
}

static void cut_receivers(struct serve *s, int watch)
{
	lock(s);
	for (const struct serve_client *c = s->clients; c != NULL; c = c->next) {
		if (atomic_load(&c->watch) != watch)
			continue;
		cut(c);
		cli_warn(s->cli, "a file changed while it was sent: connection cut");
	}
	unlock(s);
}

int serve_watch_fd(const struct serve *s)
{
	return s->inotify;
}

void serve_watch(struct serve *s)
{
	_Alignas(struct inotify_event) char events[4096];
	ssize_t n;
	while ((n = read(s->inotify, events, sizeof events)) > 0) {
		for (const char *p = events; p < events + n;) {
			const struct inotify_event *e = (const struct inotify_event *)(const void *)p;
			if ((e->mask & IN_MODIFY) != 0)
				cut_receivers(s, e->wd);
			p += sizeof *e + e->len;
		}
	}
	cut_late(s);
}
