#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/http_server_parts.h"

static void lock(struct http_server *s)
{
	(void)pthread_mutex_lock(&s->clients_lock); /* of a mutex that is ours: cannot fail */
}

static void unlock(struct http_server *s)
{
	(void)pthread_mutex_unlock(&s->clients_lock);
}

/* shutdown(2) is all that is done to a socket here; MHD notices and cleans up. */
static void cut(const struct http_client *c)
{
	(void)shutdown(c->fd, SHUT_RDWR); /* fails when the other side has cut it: as well */
}

struct http_client *http_client_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info == NULL ? NULL : info->socket_context;
}

static void add_client(struct http_server *s, struct MHD_Connection *c, void **socket_context)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http_client *client = info == NULL ? NULL : calloc(1, sizeof *client);
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

static void remove_client(struct http_server *s, struct http_client *client)
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

void http_client_changed(void *server, struct MHD_Connection *c, void **socket_context,
			 enum MHD_ConnectionNotificationCode code)
{
	struct http_server *s = server;
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

void http_client_done(void *server, struct MHD_Connection *c, void **request, enum MHD_RequestTerminationCode code)
{
	struct http_client *client = http_client_of(c); /* *request is none before the first answer */
	(void)server;
	(void)code;
	*request = NULL;
	if (client == NULL)
		return;
	atomic_store(&client->watch, -1);
	atomic_store(&client->since_ms, clock_now_ms());
}

bool http_server_sends(struct http_server *s, int watch)
{
	bool found = false;
	lock(s);
	for (const struct http_client *c = s->clients; c != NULL && !found; c = c->next)
		found = atomic_load(&c->watch) == watch;
	unlock(s);
	return found;
}

void http_clients_cut_idle(struct http_server *s)
{
	lock(s);
	for (const struct http_client *c = s->clients; c != NULL; c = c->next)
		if (atomic_load(&c->since_ms) != 0)
			cut(c);
	unlock(s);
}

void http_server_cut_late(struct http_server *s)
{
	/* A connection may be idle for its timeout; the request that comes then gets half of it. */
	uint64_t now = clock_now_ms(), limit = s->idle_ms + s->idle_ms / 2;
	lock(s);
	for (const struct http_client *c = s->clients; c != NULL; c = c->next) {
		uint64_t since = atomic_load(&c->since_ms);
		if (since != 0 && now > since && now - since > limit)
			cut(c);
	}
	unlock(s);
}

void http_server_cut_receivers(struct http_server *s, int watch)
{
	lock(s);
	for (const struct http_client *c = s->clients; c != NULL; c = c->next) {
		if (atomic_load(&c->watch) != watch)
			continue;
		cut(c);
		cli_warn(s->cli, "a file changed while it was sent: connection cut");
	}
	unlock(s);
}
