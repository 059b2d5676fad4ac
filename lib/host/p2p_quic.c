#include "host/p2p_quic.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/err.h"
#include "host/p2p_address.h"
#include "host/p2p_quic_parts.h"

#define READS_MAX 32  /* of one socket, before others have their turn */
#define ROUNDS_MAX 16 /* of telling and sending, before the loop looks at its sockets */
#define NS_PER_MS 1000000U

static struct p2p_quic *of(const struct p2p_transport *transport)
{
	/* The head of it, and transports are never const to themselves. */
	return (struct p2p_quic *)(uintptr_t)transport;
}

static int read_address(struct bytes address, struct sockaddr_storage *a)
{
	struct bytes rest;
	struct multiaddr_part part;
	int err = p2p_address_read(address, MULTIADDR_UDP, a, &rest);
	if (err != OK)
		return err;
	struct reader r = reader_of(rest);
	return multiaddr_next(&r, &part) && part.code == MULTIADDR_QUIC_V1 && reader_done(&r) ? OK : ERR_VALUE;
}

static bool quic_knows(const struct p2p_transport *transport, struct bytes address)
{
	struct sockaddr_storage a;
	(void)transport;
	return read_address(address, &a) == OK;
}

/* --- the end --- */

static void less(struct p2p_quic *quic)
{
	if (--quic->handles_n == 0)
		free(quic);
}

static void own_closed(uv_handle_t *handle)
{
	less(handle->data);
}

static void socket_closed(uv_handle_t *handle)
{
	struct p2p_quic_socket *s = handle->data;
	struct p2p_quic *quic = s->quic;
	if (--s->handles_n > 0)
		return;
	(void)close(s->fd);
	quic_endpoint_free(s->endpoint);
	free(s);
	less(quic);
}

/* Everybody is told, and then nothing is heard. */
static void end_all(struct p2p_quic *quic)
{
	for (struct p2p_quic_socket *s = quic->sockets, *next; s != NULL; s = next) {
		next = s->next;
		while (s->links != NULL)
			p2p_quic_link_end(s->links, ERR_CLOSED);
		(void)p2p_quic_links_end(s);
		struct quic_connection *c;
		while ((c = quic_endpoint_next(s->endpoint)) != NULL)
			quic_connection_end(c, 0); /* who has just come */
		(void)p2p_quic_socket_send(s, uv_hrtime());
		uv_close((uv_handle_t *)&s->poll, socket_closed);
		uv_close((uv_handle_t *)&s->timer, socket_closed);
	}
	quic->sockets = NULL;
	uv_close((uv_handle_t *)&quic->prepare, own_closed);
	uv_close((uv_handle_t *)&quic->idle, own_closed);
}

static void quic_end(struct p2p_transport *transport)
{
	of(transport)->ending = true; /* the loop does the rest */
}

/* --- before the loop waits --- */

static void on_idle(uv_idle_t *idle)
{
	(void)idle; /* only so that the loop does not wait */
}

static void on_timer(uv_timer_t *timer)
{
	struct p2p_quic_socket *s = timer->data;
	s->armed_ns = UINT64_MAX;
	s->dirty = true;
}

static void on_poll(uv_poll_t *poll, int status, int events);

/* Has the timer and the poll say what the socket waits for. */
static void wait_for(struct p2p_quic_socket *s, int events)
{
	const uint64_t deadline = quic_endpoint_deadline(s->endpoint);
	if (deadline != s->armed_ns) {
		const uint64_t now = uv_hrtime();
		s->armed_ns = deadline;
		uv_update_time(s->quic->transport.local->loop);
		if (deadline == UINT64_MAX)
			(void)uv_timer_stop(&s->timer);
		else
			(void)uv_timer_start(&s->timer, on_timer,
					     deadline > now ? (deadline - now + NS_PER_MS - 1) / NS_PER_MS : 0, 0);
	}
	if (events != s->events) {
		s->events = events;
		(void)uv_poll_start(&s->poll, events, on_poll);
	}
}

/* False: there is more to do, but others come first. */
static bool serve(struct p2p_quic_socket *s)
{
	bool all = true, more = true;
	uint64_t now = uv_hrtime();
	s->dirty = false;
	quic_endpoint_tick(s->endpoint, now);
	for (unsigned round = 0; more && round < ROUNDS_MAX; round++) {
		more = p2p_quic_links_tell(s);
		more = p2p_quic_links_end(s) || more;
		now = uv_hrtime();
		all = p2p_quic_socket_send(s, now);
	}
	wait_for(s, UV_READABLE | (all ? 0 : UV_WRITABLE));
	return !more && !s->dirty;
}

static void on_prepare(uv_prepare_t *prepare)
{
	struct p2p_quic *quic = prepare->data;
	bool all = true;
	for (struct p2p_quic_socket *s = quic->sockets; s != NULL && !quic->ending; s = s->next)
		if (s->dirty)
			all = serve(s) && all;
	if (quic->ending)
		end_all(quic);
	else if (!all)
		(void)uv_idle_start(&quic->idle, on_idle);
	else
		(void)uv_idle_stop(&quic->idle);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct p2p_quic_socket *s = poll->data;
	s->dirty = true;
	if (status < 0) {
		/* libuv takes an error that waits for the end of the socket: it is to be asked for the rest again. */
		p2p_quic_socket_read_errors(s);
		s->events = 0;
		return;
	}
	if ((events & UV_READABLE) == 0)
		return;
	s->config.protocols_n = s->quic->transport.local->protocols_n;
	const uint64_t now = uv_hrtime();
	for (unsigned i = 0; i < READS_MAX && !s->quic->ending && p2p_quic_socket_read(s, now); i++) {
		(void)p2p_quic_links_tell(s);
		(void)p2p_quic_links_end(s);
	}
}

/* --- sockets --- */

static bool is_everywhere(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)a)->sin6_addr);
	return ((const struct sockaddr_in *)a)->sin_addr.s_addr == INADDR_ANY;
}

static bool ask_admission(void *owner, const struct sockaddr_storage *from)
{
	struct p2p_local *local = owner;
	return local->admits(local, from);
}

/* As much as the streams of another transport's connection get together. */
static uint64_t window_of(const struct p2p_local *local)
{
	return local->window_budget_bytes > QUIC_WINDOW_BYTES_MAX - QUIC_WINDOW_BYTES
		       ? QUIC_WINDOW_BYTES_MAX
		       : QUIC_WINDOW_BYTES + local->window_budget_bytes;
}

static int socket_new(struct p2p_quic *quic, const struct sockaddr_storage *a, bool listens,
		      struct p2p_quic_socket **out)
{
	struct p2p_local *local = quic->transport.local;
	struct p2p_quic_socket *s = calloc(1, sizeof *s);
	if (s == NULL)
		return ERR_NO_MEMORY;
	s->config = (struct quic_config){.identity_seed = local->identity_seed,
					 .protocols = local->protocols,
					 .protocols_n = local->protocols_n,
					 .window_bytes_max = window_of(local),
					 .listens = listens,
					 .owner = local,
					 .admits = ask_admission};
	int err = quic_endpoint_new(&s->endpoint, &s->config);
	if (err != OK) {
		free(s);
		return err;
	}
	s->fd = p2p_quic_socket_open(a, &s->bound);
	if (s->fd < 0 || uv_poll_init(local->loop, &s->poll, s->fd) != 0) {
		const int kept = errno;
		if (s->fd >= 0)
			(void)close(s->fd);
		quic_endpoint_free(s->endpoint);
		free(s);
		errno = kept;
		return ERR_IO;
	}
	(void)uv_timer_init(local->loop, &s->timer); /* cannot fail */
	s->poll.data = s->timer.data = s;
	s->handles_n = 2;
	s->quic = quic;
	s->everywhere = is_everywhere(&s->bound);
	s->segments = true;
	s->armed_ns = UINT64_MAX;
	wait_for(s, UV_READABLE);
	s->next = quic->sockets;
	quic->sockets = s;
	quic->handles_n++;
	*out = s;
	return OK;
}

static int quic_listen(struct p2p_transport *transport, struct bytes address, struct p2p_address *bound)
{
	struct sockaddr_storage a;
	struct p2p_quic_socket *s;
	int err = read_address(address, &a);
	if (err == OK)
		err = socket_new(of(transport), &a, true, &s);
	if (err != OK)
		return err;
	p2p_address_of(bound, &s->bound, MULTIADDR_UDP);
	struct writer w = writer_of(bound->bytes, sizeof bound->bytes);
	w.n = bound->n;
	multiaddr_write_part(&w, MULTIADDR_QUIC_V1, BYTES_NONE);
	assert(!w.full);
	bound->n = (uint8_t)w.n;
	return OK;
}

/* A socket to dial from. */
static int socket_for(struct p2p_quic *quic, sa_family_t family, struct p2p_quic_socket **out)
{
	const struct sockaddr_storage any = {.ss_family = family};
	for (struct p2p_quic_socket *s = quic->sockets; s != NULL; s = s->next)
		if (s->everywhere && s->bound.ss_family == family) {
			*out = s;
			return OK;
		}
	return socket_new(quic, &any, false, out);
}

static int quic_dial(struct p2p_transport *transport, struct bytes address, const struct peer_id *expected,
		     const struct p2p_link_user *user, void *owner, struct p2p_link **link)
{
	struct quic_path path = {0};
	struct quic_connection *c;
	struct p2p_quic_socket *s;
	int err = read_address(address, &path.remote);
	if (err == OK)
		err = socket_for(of(transport), path.remote.ss_family, &s);
	if (err != OK)
		return err;
	path.local = s->bound;
	s->config.protocols_n = transport->local->protocols_n;
	err = quic_endpoint_dial(s->endpoint, &path, expected, uv_hrtime(), &c);
	if (err != OK)
		return err;
	struct p2p_quic_link *l = p2p_quic_link_new(s, c);
	s->dirty = true;
	if (l == NULL) {
		quic_connection_end(c, 0);
		return ERR_NO_MEMORY;
	}
	l->link.user = user;
	l->link.owner = owner;
	*link = &l->link;
	return OK;
}

static const struct p2p_transport_verbs verbs = {
	.knows = quic_knows,
	.listen = quic_listen,
	.dial = quic_dial,
	.end = quic_end,
};

int p2p_quic_new(struct p2p_local *local, struct p2p_transport **transport)
{
	struct p2p_quic *quic = calloc(1, sizeof *quic);
	if (quic == NULL)
		return ERR_NO_MEMORY;
	quic->transport = (struct p2p_transport){.verbs = &verbs, .local = local};
	quic->handles_n = 2;
	quic->prepare.data = quic->idle.data = quic;
	(void)uv_prepare_init(local->loop, &quic->prepare); /* these three cannot fail */
	(void)uv_idle_init(local->loop, &quic->idle);
	(void)uv_prepare_start(&quic->prepare, on_prepare);
	*transport = &quic->transport;
	return OK;
}
