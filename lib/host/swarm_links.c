/* The links of a node together: how they begin, and what all have. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"
#include "host/clock.h"
#include "host/random.h"
#include "host/swarm_link_parts.h"

#define PREPARE_ROUNDS_MAX 64 /* of links that make each other dirty, before the loop looks at its sockets */

/* --- before the loop waits --- */

static void on_idle(uv_idle_t *idle)
{
	(void)idle; /* only so that the loop does not wait */
}

static void on_prepare(uv_prepare_t *prepare)
{
	struct swarm_links *links = prepare->data;
	for (unsigned round = 0; links->dirty != NULL && round < PREPARE_ROUNDS_MAX; round++) {
		struct swarm_link *l = links->dirty;
		swarm_link_clean(l);
		swarm_link_serve(l);
	}
	if (links->dirty == NULL && !links->ending)
		(void)uv_idle_stop(&links->idle);
}

void swarm_link_dirty(struct swarm_link *l)
{
	struct swarm_link **at = &l->links->dirty;
	if (l->is_dirty || l->stage == SWARM_LINK_ENDING)
		return;
	while (*at != NULL)
		at = &(*at)->next_dirty;
	*at = l;
	l->next_dirty = NULL;
	l->is_dirty = true;
	if (!l->links->ending)
		(void)uv_idle_start(&l->links->idle, on_idle);
}

void swarm_link_clean(struct swarm_link *l)
{
	struct swarm_link **at = &l->links->dirty;
	if (!l->is_dirty)
		return;
	while (*at != l)
		at = &(*at)->next_dirty;
	*at = l->next_dirty;
	l->is_dirty = false;
}

/* --- dialing --- */

/* A host, a port of TCP, and perhaps a peer; nothing else. */
static bool read_candidate(struct bytes address, struct swarm_link_candidate *c)
{
	struct bytes rest;
	struct multiaddr_part part;
	if (p2p_address_read(address, MULTIADDR_TCP, &c->to, &rest) != OK)
		return false;
	c->expects = rest.n > 0;
	if (rest.n == 0)
		return true;
	struct reader r = reader_of(rest);
	return multiaddr_next(&r, &part) && part.code == MULTIADDR_P2P && reader_done(&r) &&
	       peer_id_read(&c->expected, part.value) == OK;
}

/* A socket that is connecting, or connected; -1: none, with errno. */
static int begin_connect(const struct sockaddr_storage *to)
{
	const int fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)to, p2p_address_size(to)) == 0 || errno == EINPROGRESS)
		return fd;
	const int kept = errno;
	(void)close(fd);
	errno = kept;
	return -1;
}

void swarm_link_try(struct swarm_link *l)
{
	int err = ERR_NOT_FOUND;
	while (l->tried_n < l->candidates_n) {
		const struct swarm_link_candidate *c = &l->candidates[l->tried_n++];
		const int fd = begin_connect(&c->to);
		err = ERR_IO;
		if (fd < 0)
			l->os_error = errno;
		else
			err = swarm_link_take_socket(l, fd);
		if (err != OK)
			continue;
		p2p_address_of(&l->remote, &c->to, MULTIADDR_TCP);
		l->connect_deadline_ms = clock_now_ms() + SWARM_LINK_CONNECT_MS;
		l->stage = SWARM_LINK_CONNECTING;
		swarm_link_dirty(l);
		return;
	}
	swarm_link_end(l, err);
}

void swarm_link_connected(struct swarm_link *l)
{
	const struct swarm_link_candidate *c = &l->candidates[l->tried_n - 1];
	int failed = 0, err = OK;
	socklen_t n = sizeof failed;
	if (getsockopt(l->socket->fd, SOL_SOCKET, SO_ERROR, &failed, &n) != 0)
		failed = errno;
	if (failed != 0) {
		l->os_error = failed;
		err = ERR_IO;
	} else {
		swarm_links_note_own(l->links, l->socket->fd);
		err = swarm_link_begin(l, c->expects ? &c->expected : NULL);
	}
	if (err != OK)
		swarm_link_failed(l, err);
	else
		swarm_link_serve(l);
}

/* --- names --- */

static void on_found(void *context, struct bytes address)
{
	struct swarm_link *l = context;
	if (l->candidates_n < SWARM_LINK_CANDIDATES_MAX && read_candidate(address, &l->candidates[l->candidates_n]))
		l->candidates_n++;
}

/* Not all who know a name begin with the same of its nodes. */
static void shuffle(struct swarm_link *l)
{
	uint8_t chance[SWARM_LINK_CANDIDATES_MAX];
	if (random_fill(chance, sizeof chance) != OK)
		return;
	for (size_t i = l->candidates_n; i > 1; i--) {
		const size_t other = chance[i - 1] % i;
		const struct swarm_link_candidate c = l->candidates[other];
		l->candidates[other] = l->candidates[i - 1];
		l->candidates[i - 1] = c;
	}
}

static void on_resolved(void *context, int err)
{
	struct swarm_link *l = context;
	l->resolving = false;
	shuffle(l);
	if (l->stage == SWARM_LINK_ENDING)
		swarm_link_free_if_over(l);
	else if (err != OK)
		swarm_link_end(l, err);
	else
		swarm_link_try(l);
}

static void resolver_ended(void *context)
{
	swarm_links_less(context);
}

static int resolve(struct swarm_link *l, struct bytes address)
{
	struct swarm_links *links = l->links;
	int err = OK;
	if (links->resolver == NULL) {
		err = p2p_resolver_new(links->loop, links->name_servers, &links->resolver);
		links->handles_n += err == OK;
	}
	if (err == OK)
		err = p2p_resolve(links->resolver, address, NULL, on_found, on_resolved, l);
	l->resolving = err == OK;
	return err;
}

/* --- what others call --- */

bool swarm_link_knows(struct bytes address)
{
	struct swarm_link_candidate c;
	struct reader r = reader_of(address);
	struct multiaddr_part part;
	if (!p2p_resolve_needed(address))
		return read_candidate(address, &c);
	bool good = multiaddr_next(&r, &part);
	if (good && part.code != MULTIADDR_DNSADDR)
		good = multiaddr_next(&r, &part) && part.code == MULTIADDR_TCP;
	if (good && r.left.n > 0)
		good = multiaddr_next(&r, &part) && part.code == MULTIADDR_P2P && reader_done(&r);
	return good;
}

int swarm_link_dial(struct swarm_links *links, struct bytes address, const struct swarm_link_user *user, void *owner,
		    struct swarm_link **link)
{
	struct swarm_link_candidate c;
	const bool named = p2p_resolve_needed(address);
	if (!swarm_link_knows(address) || (!named && !read_candidate(address, &c)))
		return ERR_VALUE;
	struct swarm_link *l = swarm_link_new(links, CONNECTION_DIALER, user, owner);
	if (l == NULL)
		return ERR_NO_MEMORY;
	*link = l;
	if (named) {
		const int err = resolve(l, address);
		if (err != OK)
			swarm_link_end(l, err);
		return OK;
	}
	l->candidates[l->candidates_n++] = c;
	swarm_link_try(l);
	return OK;
}

int swarm_link_accept(struct swarm_links *links, int fd, const struct sockaddr_storage *remote,
		      const struct swarm_link_user *user, void *owner, struct swarm_link **link)
{
	struct swarm_link *l = swarm_link_new(links, CONNECTION_LISTENER, user, owner);
	if (l == NULL) {
		(void)close(fd);
		return ERR_NO_MEMORY;
	}
	p2p_address_of(&l->remote, remote, MULTIADDR_TCP);
	int err = swarm_link_take_socket(l, fd);
	if (err == OK)
		err = swarm_link_begin(l, NULL);
	if (err != OK)
		swarm_link_end(l, err);
	swarm_link_dirty(l);
	*link = l;
	return OK;
}

int swarm_links_new(uv_loop_t *loop, const struct session_config *config, const uint8_t seed[static ED25519_SEED_BYTES],
		    const char *name_servers, struct swarm_links **links)
{
	struct swarm_links *l = malloc(sizeof *l);
	if (l == NULL)
		return ERR_NO_MEMORY;
	memset(l, 0, offsetof(struct swarm_links, in));
	l->loop = loop;
	l->config = *config;
	l->seed = seed;
	l->name_servers = name_servers;
	l->notes_addresses = config->addresses_n == 0;
	if (l->notes_addresses)
		l->config.addresses = l->addresses;
	l->handles_n = 2;
	l->prepare.data = l->idle.data = l;
	(void)uv_prepare_init(loop, &l->prepare); /* these three cannot fail */
	(void)uv_idle_init(loop, &l->idle);
	(void)uv_prepare_start(&l->prepare, on_prepare);
	*links = l;
	return OK;
}

void swarm_links_less(struct swarm_links *links)
{
	if (--links->handles_n == 0)
		free(links);
}

static void own_closed(uv_handle_t *handle)
{
	swarm_links_less(handle->data);
}

void swarm_links_end(struct swarm_links *links)
{
	if (links->ending)
		return;
	links->ending = true;
	for (struct swarm_link *l = links->links; l != NULL; l = l->next)
		swarm_link_end(l, ERR_INTERRUPTED);
	if (links->resolver != NULL)
		p2p_resolver_end(links->resolver, resolver_ended, links);
	uv_close((uv_handle_t *)&links->prepare, own_closed);
	uv_close((uv_handle_t *)&links->idle, own_closed);
}
