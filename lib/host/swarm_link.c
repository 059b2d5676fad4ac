/* A link that has a socket: its session, what it reads and sends, its end. */
#include "host/swarm_link.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"
#include "crypto/secret.h"
#include "host/clock.h"
#include "host/random.h"
#include "host/swarm_link_parts.h"

/* Then the others have their turn. */
#define ROUNDS_MAX 16

/* --- the end --- */

void swarm_link_free_if_over(struct swarm_link *l)
{
	struct swarm_links *links = l->links;
	if (!l->timer_closed || l->resolving)
		return;
	if (l->previous != NULL)
		l->previous->next = l->next;
	else
		links->links = l->next;
	if (l->next != NULL)
		l->next->previous = l->previous;
	errno = l->os_error;
	l->user->ended(l, l->err);
	free(l->kept);
	free(l);
	swarm_links_less(links);
}

static void timer_closed(uv_handle_t *handle)
{
	struct swarm_link *l = handle->data;
	l->timer_closed = true;
	swarm_link_free_if_over(l);
}

static void socket_closed(uv_handle_t *handle)
{
	struct swarm_link_socket *socket = handle->data;
	(void)close(socket->fd);
	free(socket);
}

/* Sends what there is. False: the socket takes no more now; *err: the connection broke. */
static bool send_out(struct swarm_link *l, bool *went, int *err)
{
	*err = OK;
	for (;;) {
		const struct bytes out = session_out(&l->s);
		if (out.n == 0)
			return true;
		const ssize_t n = send(l->socket->fd, out.p, out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
			l->os_error = errno;
			*err = errno == ECONNRESET || errno == EPIPE ? ERR_CLOSED : ERR_IO;
		}
		if (n <= 0)
			return false;
		session_sent(&l->s, (size_t)n);
		*went = true;
	}
}

/* Neither session nor socket any more. */
static void leave_socket(struct swarm_link *l)
{
	if (l->begun)
		session_end(&l->s);
	l->begun = false;
	if (l->kept != NULL)
		secret_wipe(l->kept, l->kept_n); /* partly opened */
	l->kept_n = 0;
	if (l->socket != NULL) {
		l->socket->poll.data = l->socket;
		uv_close((uv_handle_t *)&l->socket->poll, socket_closed);
	}
	l->socket = NULL;
	l->events = 0;
}

void swarm_link_end(struct swarm_link *l, int err)
{
	bool went;
	int ignored;
	if (l->stage == SWARM_LINK_ENDING)
		return;
	if (l->stage == SWARM_LINK_UP)
		(void)send_out(l, &went, &ignored);
	l->stage = SWARM_LINK_ENDING;
	l->err = err;
	swarm_link_clean(l);
	leave_socket(l);
	uv_close((uv_handle_t *)&l->timer, timer_closed);
}

/* A name may lead to several nodes: until one is ready the next has its turn. */
void swarm_link_failed(struct swarm_link *l, int err)
{
	if (l->stage == SWARM_LINK_ENDING)
		return;
	if ((l->stage == SWARM_LINK_UP && l->s.ready) || l->tried_n == l->candidates_n) {
		swarm_link_end(l, err);
		return;
	}
	leave_socket(l);
	swarm_link_try(l);
}

/* --- events --- */

static void on_timer(uv_timer_t *timer)
{
	struct swarm_link *l = timer->data;
	l->armed_ms = UINT64_MAX;
	swarm_link_serve(l);
}

static void on_poll(uv_poll_t *poll, int status, int events);

/* Has the timer and the poll say what the link waits for. */
static void wait_for(struct swarm_link *l, int events)
{
	const uint64_t deadline = l->stage == SWARM_LINK_UP ? session_deadline(&l->s) : l->connect_deadline_ms;
	if (deadline != l->armed_ms) {
		const uint64_t now = clock_now_ms();
		l->armed_ms = deadline;
		if (deadline == UINT64_MAX)
			(void)uv_timer_stop(&l->timer);
		else
			(void)uv_timer_start(&l->timer, on_timer, deadline > now ? deadline - now : 0, 0);
	}
	if (events == l->events)
		return;
	l->events = events;
	if (events == 0)
		(void)uv_poll_stop(&l->socket->poll);
	else
		(void)uv_poll_start(&l->socket->poll, events, on_poll);
}

/* Takes from in what can be taken; *used of it. */
static int take(struct swarm_link *l, uint8_t *in, size_t in_n, size_t *used)
{
	struct session_event event;
	size_t n;
	*used = 0;
	while (l->stage == SWARM_LINK_UP) {
		const int err = session_take(&l->s, in + *used, in_n - *used, &n, &event, clock_now_ms());
		*used += n;
		if (err != OK || event.type == SESSION_NOTHING)
			return err;
		if (event.type == SESSION_READY && l->role == CONNECTION_DIALER)
			swarm_links_note_seen(l->links, session_seen(&l->s), swarm_link_remote(l));
		l->user->event(l, &event);
	}
	return OK;
}

/* Takes what was kept, and in_n bytes with those that have just arrived behind it. */
static int take_all(struct swarm_link *l, uint8_t *in, size_t in_n)
{
	size_t used;
	const int err = take(l, in, in_n, &used);
	if (err != OK || l->stage != SWARM_LINK_UP)
		return err;
	l->kept_n = in_n - used;
	if (l->kept_n == 0) {
		free(l->kept);
		l->kept = NULL;
		return OK;
	}
	if (l->kept == NULL)
		l->kept = malloc(SWARM_LINK_IN_BYTES);
	if (l->kept == NULL) {
		l->kept_n = 0;
		return ERR_NO_MEMORY;
	}
	memmove(l->kept, in + used, l->kept_n);
	return OK;
}

static bool may_read(const struct swarm_link *l)
{
	return l->kept_n < SWARM_LINK_IN_BYTES;
}

static int read_in(struct swarm_link *l)
{
	uint8_t *in = l->kept != NULL ? l->kept : l->links->in;
	ssize_t n;
	if (!may_read(l))
		return OK;
	do
		n = recv(l->socket->fd, in + l->kept_n, SWARM_LINK_IN_BYTES - l->kept_n, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return OK;
	if (n > 0)
		return take_all(l, in, l->kept_n + (size_t)n);
	l->os_error = n < 0 ? errno : 0;
	return n == 0 || errno == ECONNRESET ? ERR_CLOSED : ERR_IO;
}

/* Sends and takes in turns while one makes room for the other. *events: what is to be waited for then. */
static int exchange(struct swarm_link *l, int *events)
{
	int err = session_tick(&l->s, clock_now_ms());
	for (unsigned round = 0; err == OK && l->stage == SWARM_LINK_UP; round++) {
		bool went = false;
		err = take_all(l, l->kept, l->kept_n);
		if (err != OK || l->stage != SWARM_LINK_UP)
			break;
		const bool all = send_out(l, &went, &err);
		if (err == OK)
			err = l->s.err;
		if (!all || !went || round == ROUNDS_MAX) {
			/* After the last round the socket is asked again whether it takes more; it will. */
			*events = (!all || went ? UV_WRITABLE : 0) | (may_read(l) ? UV_READABLE : 0);
			break;
		}
	}
	return err;
}

void swarm_link_serve(struct swarm_link *l)
{
	int events = UV_READABLE;
	if (l->stage == SWARM_LINK_CONNECTING && clock_now_ms() >= l->connect_deadline_ms) {
		swarm_link_failed(l, ERR_TIMEOUT);
		return;
	}
	if (l->stage == SWARM_LINK_CONNECTING)
		wait_for(l, UV_WRITABLE);
	if (l->stage != SWARM_LINK_UP)
		return;
	const int err = exchange(l, &events);
	if (err != OK)
		swarm_link_failed(l, err);
	else if (l->stage == SWARM_LINK_UP)
		wait_for(l, events);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct swarm_link *l = poll->data;
	int err = OK;
	if (l->stage == SWARM_LINK_CONNECTING) {
		swarm_link_connected(l);
		return;
	}
	if (status < 0 || (events & UV_READABLE) != 0)
		err = read_in(l);
	if (err != OK)
		swarm_link_failed(l, err);
	else
		swarm_link_serve(l);
}

/* --- the beginning --- */

struct swarm_link *swarm_link_new(struct swarm_links *links, enum connection_role role,
				  const struct swarm_link_user *user, void *owner)
{
	/* The session's own rooms are not touched before they are needed: most links never need all of them. */
	const size_t client = offsetof(struct swarm_link, s) + SESSION_CLIENT_BYTES;
	struct swarm_link *l = malloc(links->config.serves ? sizeof *l : client);
	if (l == NULL)
		return NULL;
	memset(l, 0, offsetof(struct swarm_link, s));
	l->links = links;
	l->role = role;
	l->user = user;
	l->owner = owner;
	l->armed_ms = UINT64_MAX;
	(void)uv_timer_init(links->loop, &l->timer); /* cannot fail */
	l->timer.data = l;
	l->next = links->links;
	if (l->next != NULL)
		l->next->previous = l;
	links->links = l;
	links->handles_n++;
	return l;
}

int swarm_link_take_socket(struct swarm_link *l, int fd)
{
	const int yes = 1;
	struct swarm_link_socket *socket = malloc(sizeof *socket);
	if (socket == NULL || uv_poll_init(l->links->loop, &socket->poll, fd) != 0) {
		(void)close(fd);
		free(socket);
		l->os_error = socket == NULL ? 0 : EIO;
		return socket == NULL ? ERR_NO_MEMORY : ERR_IO;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	socket->poll.data = l;
	socket->fd = fd;
	l->socket = socket;
	l->events = 0;
	return OK;
}

int swarm_link_begin(struct swarm_link *l, const struct peer_id *expected)
{
	struct noise_secrets secrets;
	const struct session_start start = {.secrets = &secrets,
					    .remote = p2p_address_bytes(&l->remote),
					    .expected = expected,
					    .now = {clock_wall_s()}};
	const int err = random_fill(&secrets, sizeof secrets);
	memcpy(secrets.identity_seed, l->links->seed, sizeof secrets.identity_seed);
	if (err == OK)
		session_init(&l->s, l->role, &l->links->config, &start, clock_now_ms());
	else
		l->os_error = errno;
	secret_wipe(&secrets, sizeof secrets);
	if (err != OK)
		return err;
	l->begun = true;
	l->stage = SWARM_LINK_UP;
	return OK;
}

/* --- verbs --- */

void *swarm_link_owner(const struct swarm_link *l)
{
	return l->owner;
}

struct bytes swarm_link_remote(const struct swarm_link *l)
{
	return p2p_address_bytes(&l->remote);
}

const struct session *swarm_link_session(const struct swarm_link *l)
{
	return &l->s;
}

int swarm_link_ask(struct swarm_link *l, const uint8_t address[static REFERENCE_BYTES], uint64_t tag)
{
	if (l->stage != SWARM_LINK_UP)
		return ERR_CLOSED;
	swarm_link_dirty(l);
	return session_ask(&l->s, address, tag, clock_now_ms());
}

int swarm_link_settle(struct swarm_link *l, uint64_t amount)
{
	if (l->stage != SWARM_LINK_UP)
		return ERR_CLOSED;
	swarm_link_dirty(l);
	return session_settle(&l->s, amount, clock_now_ms());
}

int swarm_link_announce(struct swarm_link *l, uint64_t threshold)
{
	if (l->stage != SWARM_LINK_UP)
		return ERR_CLOSED;
	swarm_link_dirty(l);
	return session_announce(&l->s, threshold, clock_now_ms());
}

bool swarm_link_deliver(struct swarm_link *l, uint32_t stream, const struct retrieval_delivery *delivery)
{
	if (l->stage != SWARM_LINK_UP)
		return false;
	swarm_link_dirty(l);
	return session_deliver(&l->s, stream, delivery);
}

bool swarm_link_acknowledge(struct swarm_link *l, uint32_t stream, const struct pseudosettle_ack *ack)
{
	if (l->stage != SWARM_LINK_UP)
		return false;
	swarm_link_dirty(l);
	return session_acknowledge(&l->s, stream, ack);
}
