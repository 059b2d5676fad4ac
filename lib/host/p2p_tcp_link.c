#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"
#include "crypto/secret.h"
#include "host/clock.h"
#include "host/p2p_address.h"
#include "host/p2p_tcp_parts.h"
#include "host/random.h"

/* Then the others have their turn. */
#define ROUNDS_MAX 16

static struct p2p_tcp_link *of(const struct p2p_link *link)
{
	/* The head of it, and links are never const to their transport. */
	return (struct p2p_tcp_link *)(uintptr_t)link;
}

/* --- the end --- */

static void closed(uv_handle_t *handle)
{
	struct p2p_tcp_link *l = handle->data;
	struct p2p_tcp *tcp = l->tcp;
	if (--l->handles_n > 0)
		return;
	(void)close(l->fd);
	if (l->previous != NULL)
		l->previous->next = l->next;
	else
		tcp->links = l->next;
	if (l->next != NULL)
		l->next->previous = l->previous;
	if (l->link.user != NULL)
		l->link.user->ended(&l->link, l->err);
	if (l->was_up)
		connection_end(&l->c);
	free(l->kept);
	free(l);
	p2p_tcp_less(tcp);
}

/* Sends what there is. False: the socket takes no more now, or the link ends. */
static bool send_out(struct p2p_tcp_link *l, bool *went)
{
	for (;;) {
		const struct bytes out = connection_out(&l->c);
		if (out.n == 0)
			return l->c.err == OK;
		const ssize_t n = send(l->fd, out.p, out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
			p2p_tcp_link_end(l, errno == ECONNRESET || errno == EPIPE ? ERR_CLOSED : ERR_IO);
		if (n <= 0)
			return false;
		connection_sent(&l->c, (size_t)n);
		*went = true;
	}
}

void p2p_tcp_link_end(struct p2p_tcp_link *l, int err)
{
	bool went;
	if (l->stage == P2P_TCP_ENDING)
		return;
	l->was_up = l->stage == P2P_TCP_UP;
	l->stage = P2P_TCP_ENDING;
	l->err = err;
	if (l->was_up)
		(void)send_out(l, &went);
	if (l->is_dirty) {
		struct p2p_tcp_link **at = &l->tcp->dirty;
		while (*at != l)
			at = &(*at)->next_dirty;
		*at = l->next_dirty;
		l->is_dirty = false;
	}
	uv_close((uv_handle_t *)&l->poll, closed);
	uv_close((uv_handle_t *)&l->timer, closed);
}

/* --- events --- */

static void on_timer(uv_timer_t *timer)
{
	struct p2p_tcp_link *l = timer->data;
	l->armed_ms = UINT64_MAX;
	p2p_tcp_link_serve(l);
}

/* Has the timer and the poll say what the link waits for. */
static void on_poll(uv_poll_t *poll, int status, int events);

static void wait_for(struct p2p_tcp_link *l, int events)
{
	const uint64_t deadline = l->stage == P2P_TCP_CONNECTING ? l->connect_deadline_ms : connection_deadline(&l->c);
	if (deadline != l->armed_ms) {
		const uint64_t now = clock_now_ms();
		l->armed_ms = deadline;
		if (deadline == UINT64_MAX)
			(void)uv_timer_stop(&l->timer);
		else
			(void)uv_timer_start(&l->timer, on_timer, deadline > now ? deadline - now : 0, 0);
	}
	if (events != l->events) {
		l->events = events;
		if (events == 0)
			(void)uv_poll_stop(&l->poll);
		else
			(void)uv_poll_start(&l->poll, events, on_poll);
	}
}

/* Takes from in what can be taken; *used of it. */
static void take(struct p2p_tcp_link *l, uint8_t *in, size_t in_n, size_t *used)
{
	struct connection_event event;
	size_t n;
	*used = 0;
	while (l->stage == P2P_TCP_UP) {
		const int err = connection_take(&l->c, in + *used, in_n - *used, &n, &event, clock_now_ms());
		*used += n;
		if (err != OK)
			p2p_tcp_link_end(l, err);
		if (err != OK || event.type == CONNECTION_NOTHING)
			return;
		l->link.user->event(&l->link, &event);
	}
}

/* Takes what was kept, and in_n bytes that have just arrived behind it. False: not enough memory. */
static bool take_all(struct p2p_tcp_link *l, uint8_t *in, size_t in_n)
{
	size_t used;
	take(l, in, in_n, &used);
	if (l->stage != P2P_TCP_UP)
		return true;
	l->kept_n = in_n - used;
	if (l->kept_n == 0) {
		free(l->kept);
		l->kept = NULL;
		return true;
	}
	if (l->kept == NULL)
		l->kept = malloc(P2P_TCP_IN_BYTES);
	if (l->kept == NULL)
		return false;
	memmove(l->kept, in + used, l->kept_n);
	return true;
}

/* Where what arrives lies: behind what is kept, or in the room that all links share. */
static uint8_t *in_of(struct p2p_tcp_link *l)
{
	return l->kept != NULL ? l->kept : l->tcp->in;
}

static bool may_read(const struct p2p_tcp_link *l)
{
	return l->kept_n < P2P_TCP_IN_BYTES;
}

static void read_in(struct p2p_tcp_link *l)
{
	uint8_t *in = in_of(l);
	ssize_t n;
	if (!may_read(l))
		return;
	do
		n = recv(l->fd, in + l->kept_n, P2P_TCP_IN_BYTES - l->kept_n, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return;
	if (n <= 0)
		p2p_tcp_link_end(l, n == 0 || errno == ECONNRESET ? ERR_CLOSED : ERR_IO);
	else if (!take_all(l, in, l->kept_n + (size_t)n))
		p2p_tcp_link_end(l, ERR_NO_MEMORY);
}

/* There is room again: who found none is told. */
static void tell_short(struct p2p_tcp_link *l)
{
	uint32_t streams[YAMUX_STREAMS_MAX];
	const size_t n = l->short_n;
	memcpy(streams, l->short_streams, n * sizeof *streams);
	l->short_n = 0;
	for (size_t i = 0; i < n && l->stage == P2P_TCP_UP; i++) {
		const struct connection_event event = {.type = CONNECTION_WRITABLE, .stream = streams[i]};
		l->link.user->event(&l->link, &event);
	}
}

void p2p_tcp_link_serve(struct p2p_tcp_link *l)
{
	int events = UV_READABLE;
	if (l->stage == P2P_TCP_CONNECTING && clock_now_ms() >= l->connect_deadline_ms)
		p2p_tcp_link_end(l, ERR_TIMEOUT);
	if (l->stage == P2P_TCP_CONNECTING)
		wait_for(l, UV_WRITABLE);
	if (l->stage != P2P_TCP_UP)
		return;
	int err = connection_tick(&l->c, clock_now_ms());
	for (unsigned round = 0; err == OK && l->stage == P2P_TCP_UP; round++) {
		bool went = false;
		if (!take_all(l, in_of(l), l->kept_n))
			err = ERR_NO_MEMORY;
		if (err != OK || l->stage != P2P_TCP_UP)
			break;
		const bool all = send_out(l, &went);
		l->has_room |= went;
		if (!all || !l->has_room || round == ROUNDS_MAX) {
			/* After the last round the socket is asked again whether it takes more; it will. */
			events = (!all || l->has_room ? UV_WRITABLE : 0) | (may_read(l) ? UV_READABLE : 0);
			break;
		}
		l->has_room = false;
		tell_short(l);
	}
	if (err == OK && l->stage == P2P_TCP_UP)
		err = l->c.err;
	if (err != OK)
		p2p_tcp_link_end(l, err);
	if (l->stage == P2P_TCP_UP)
		wait_for(l, events);
}

/* --- the beginning --- */

static int begin(struct p2p_tcp_link *l)
{
	struct noise_secrets secrets;
	const struct p2p_local *local = l->tcp->transport.local;
	const int yes = 1;
	(void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	const int err = random_fill(&secrets, sizeof secrets);
	memcpy(secrets.identity_seed, local->identity_seed, sizeof secrets.identity_seed);
	if (err == OK)
		connection_init(&l->c, l->link.role, &secrets, l->expects ? &l->expected : NULL, local->protocols,
				local->protocols_n, local->window_budget_bytes, clock_now_ms());
	secret_wipe(&secrets, sizeof secrets);
	if (err == OK)
		l->stage = P2P_TCP_UP;
	return err;
}

static void on_connected(struct p2p_tcp_link *l)
{
	int failed = 0, err;
	socklen_t n = sizeof failed;
	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &failed, &n) != 0)
		failed = errno;
	if (failed != 0)
		err = failed == ECONNREFUSED || failed == ECONNRESET ? ERR_CLOSED
		      : failed == ETIMEDOUT                          ? ERR_TIMEOUT
								     : ERR_IO;
	else
		err = begin(l);
	if (err != OK)
		p2p_tcp_link_end(l, err);
	else
		p2p_tcp_link_serve(l);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct p2p_tcp_link *l = poll->data;
	if (l->stage == P2P_TCP_CONNECTING) {
		on_connected(l);
		return;
	}
	if (status < 0 || (events & UV_READABLE) != 0)
		read_in(l);
	p2p_tcp_link_serve(l);
}

/* --- verbs --- */

static const struct peer_id *link_peer(const struct p2p_link *link)
{
	return connection_peer(&of(link)->c);
}

static int link_open(struct p2p_link *link, const char *const *names, size_t names_n, bool lazy, uint32_t *stream)
{
	if (of(link)->stage != P2P_TCP_UP)
		return ERR_CLOSED;
	p2p_tcp_dirty(of(link));
	return connection_open(&of(link)->c, names, names_n, lazy, stream);
}

static void note_short(struct p2p_tcp_link *l, uint32_t stream)
{
	for (size_t i = 0; i < l->short_n; i++)
		if (l->short_streams[i] == stream)
			return;
	/* Of streams that are over there may be some in it. */
	if (l->short_n == YAMUX_STREAMS_MAX)
		memmove(l->short_streams, l->short_streams + 1, --l->short_n * sizeof *l->short_streams);
	l->short_streams[l->short_n++] = stream;
}

static int link_write(struct p2p_link *link, uint32_t stream, struct bytes data, size_t *n)
{
	struct p2p_tcp_link *l = of(link);
	*n = 0;
	if (l->stage != P2P_TCP_UP)
		return ERR_CLOSED;
	const int err = connection_write(&l->c, stream, data, n);
	if (err == OK && *n < data.n)
		note_short(l, stream);
	p2p_tcp_dirty(l);
	return err;
}

static void link_consumed(struct p2p_link *link, uint32_t stream, size_t n)
{
	connection_consumed(&of(link)->c, stream, n);
	p2p_tcp_dirty(of(link));
}

static void link_close(struct p2p_link *link, uint32_t stream)
{
	connection_close(&of(link)->c, stream);
	p2p_tcp_dirty(of(link));
}

static void link_reset(struct p2p_link *link, uint32_t stream, uint32_t code)
{
	connection_reset(&of(link)->c, stream, code);
	p2p_tcp_dirty(of(link));
}

static void link_end(struct p2p_link *link, int err)
{
	p2p_tcp_link_end(of(link), err);
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

int p2p_tcp_link_new(struct p2p_tcp *tcp, int fd, enum connection_role role, const struct sockaddr_storage *remote,
		     const struct peer_id *expected, struct p2p_tcp_link **link)
{
	uv_loop_t *loop = tcp->transport.local->loop;
	/* The connection's own buffer is not touched before it is needed: most connections never need all of it. */
	struct p2p_tcp_link *l = malloc(sizeof *l);
	if (l != NULL)
		memset(l, 0, offsetof(struct p2p_tcp_link, c));
	if (l == NULL || uv_poll_init(loop, &l->poll, fd) != 0) {
		(void)close(fd);
		free(l);
		return l == NULL ? ERR_NO_MEMORY : ERR_IO;
	}
	(void)uv_timer_init(loop, &l->timer); /* cannot fail */
	l->poll.data = l->timer.data = l;
	l->handles_n = 2;
	l->link = (struct p2p_link){.verbs = &verbs, .role = role};
	p2p_address_of(&l->link.remote, remote, MULTIADDR_TCP);
	l->tcp = tcp;
	l->fd = fd;
	l->armed_ms = UINT64_MAX;
	l->stage = P2P_TCP_CONNECTING;
	l->connect_deadline_ms = clock_now_ms() + P2P_TCP_CONNECT_MS;
	l->expects = expected != NULL;
	if (l->expects)
		l->expected = *expected;
	l->next = tcp->links;
	if (l->next != NULL)
		l->next->previous = l;
	tcp->links = l;
	tcp->handles_n++;
	if (role == CONNECTION_LISTENER) {
		const int err = begin(l);
		if (err != OK)
			p2p_tcp_link_end(l, err);
	}
	p2p_tcp_dirty(l);
	*link = l;
	return OK;
}
