#include "host/bzz_listen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/bzz_listen_parts.h"
#include "host/clock.h"
#include "host/random.h"

#define PEERS_LIMIT 16384 /* 2 GB of sessions that ask for nothing, 20 GB of ones that do all they may */
#define TICK_MS 1000
#define ACCEPT_BURST 64     /* of one address at once: a rack behind one */
#define ACCEPT_EVERY_MS 250 /* and from then on */
#define HANDSHAKES_MAX 128  /* whose peer is not known yet */
#define HANDSHAKES_PER_CLIENT 32
#define HANDSHAKE_GRACE_MS 3000 /* before one gives way to a new one */
#define GRACE_MS 5000           /* before a peer that was given nothing gives way to a new one */

/* --- usage --- */

/* "/ip4/.../tcp/PORT" or with ip6, as bytes. */
static bool parse(const char *text, struct p2p_address *to)
{
	uint8_t bytes[MULTIADDR_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof bytes);
	struct sockaddr_storage a;
	struct bytes rest;
	if (multiaddr_parse(&w, bytes_text(text)) != OK ||
	    p2p_address_read(writer_view(&w), MULTIADDR_TCP, &a, &rest) != OK || rest.n > 0)
		return false;
	p2p_address_of(to, &a, MULTIADDR_TCP);
	return true;
}

/* As bzz_dials_tick will dial it. */
static bool can_be_dialled(const char *text)
{
	uint8_t bytes[MULTIADDR_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof bytes);
	return multiaddr_parse(&w, bytes_text(text)) == OK && swarm_link_knows(writer_view(&w));
}

void bzz_listen_check_usage(struct cli *cli, const struct bzz_listen_options *o)
{
	struct p2p_address a;
	if (o->listen.n > P2P_LISTENS_MAX)
		cli_usage(cli, "--listen: more than %d", P2P_LISTENS_MAX);
	if (o->advertise.n > P2P_LISTENS_MAX)
		cli_usage(cli, "--advertise: more than %d", P2P_LISTENS_MAX);
	for (size_t i = 0; i < o->listen.n; i++)
		if (!parse(o->listen.v[i], &a))
			cli_usage(cli, "--listen: '%s' is no address such as /ip4/0.0.0.0/tcp/1634", o->listen.v[i]);
	for (size_t i = 0; i < o->advertise.n; i++)
		if (!parse(o->advertise.v[i], &a))
			cli_usage(cli, "--advertise: '%s' is no address such as /ip4/192.0.2.1/tcp/1634",
				  o->advertise.v[i]);
	if (o->announce.n > BZZ_DIALS_MAX)
		cli_usage(cli, "--announce: more than %d", BZZ_DIALS_MAX);
	if (o->announce.n > 0 && o->listen.n == 0)
		cli_usage(cli, "--announce: nobody can come without --listen");
	for (size_t i = 0; i < o->announce.n; i++)
		if (!can_be_dialled(o->announce.v[i]))
			cli_usage(cli, "--announce: '%s' is no address such as /ip4/192.0.2.1/tcp/1634/p2p/Qm...",
				  o->announce.v[i]);
	if (o->peers_max == 0 || o->peers_max > PEERS_LIMIT)
		cli_usage(cli, "--peers: 1 to %d", PEERS_LIMIT);
	if (o->per_client_max == 0)
		cli_usage(cli, "--peers-per-client: 1 at least");
	if (o->credit == 0 || o->credit > CREDIT_TIMES_MAX)
		cli_usage(cli, "--credit: 1 to %d", CREDIT_TIMES_MAX);
}

/* --- who may come in --- */

struct crowd {
	size_t of_group, handshakes, handshakes_of_group;
	struct bzz_peer *oldest_handshake, *idlest;
};

static struct crowd look(const struct bzz_listen *l, uint64_t group)
{
	struct crowd c = {.of_group = 0};
	for (struct bzz_peer *p = l->peers; p != NULL; p = p->next) {
		if (p->ending || p->dial != NULL)
			continue;
		c.of_group += p->group == group;
		if (p->ready) {
			if (c.idlest == NULL || p->given_ms < c.idlest->given_ms)
				c.idlest = p;
			continue;
		}
		c.handshakes++;
		c.handshakes_of_group += p->group == group;
		if (c.oldest_handshake == NULL || p->begun_ms < c.oldest_handshake->begun_ms)
			c.oldest_handshake = p;
	}
	return c;
}

/* Ends p when it has had its time. */
static bool gives_way(struct bzz_peer *p, uint64_t since_ms, uint64_t grace_ms, uint64_t now_ms)
{
	if (p == NULL || now_ms - since_ms < grace_ms)
		return false;
	bzz_peer_end(p, ERR_LIMIT);
	return true;
}

static bool admits(struct bzz_listen *l, const struct sockaddr_storage *from)
{
	struct p2p_address address;
	p2p_address_of(&address, from, MULTIADDR_TCP);
	const uint64_t group = p2p_rate_group(p2p_address_bytes(&address)), now = clock_now_ms();
	if (l->stopping || !p2p_rates_allow(&l->rates, group, ACCEPT_BURST, ACCEPT_EVERY_MS, now))
		return false;
	const struct crowd c = look(l, group);
	if (c.of_group >= l->o->per_client_max || c.handshakes_of_group >= HANDSHAKES_PER_CLIENT)
		return false;
	struct bzz_peer *const shakes = c.oldest_handshake;
	if (c.handshakes >= HANDSHAKES_MAX)
		return gives_way(shakes, shakes->begun_ms, HANDSHAKE_GRACE_MS, now);
	if (l->peers_n < l->o->peers_max)
		return true;
	return gives_way(shakes, shakes != NULL ? shakes->begun_ms : 0, HANDSHAKE_GRACE_MS, now) ||
	       gives_way(c.idlest, c.idlest != NULL ? c.idlest->given_ms : 0, GRACE_MS, now);
}

static void came_in(int fd, const struct sockaddr_storage *from, void *context)
{
	struct bzz_listen *l = context;
	if (admits(l, from))
		bzz_peer_new(l, fd, from);
	else
		(void)close(fd);
}

static void on_timer(uv_timer_t *timer)
{
	struct bzz_listen *l = timer->data;
	const uint64_t now = clock_now_ms();
	for (struct bzz_peer *p = l->peers, *next; p != NULL; p = next) {
		next = p->next;
		if (p->ready && p->dial == NULL && now - p->asked_ms >= l->o->idle_ms)
			bzz_peer_end(p, ERR_TIMEOUT);
	}
	bzz_dials_tick(l, now);
}

/* --- beginning --- */

static int listen_on(struct bzz_listen *l, const char *text)
{
	struct p2p_address a, bound;
	int err = parse(text, &a) ? OK : ERR_VALUE;
	errno = 0;
	if (err == OK)
		err = p2p_listener_new(l->loop, p2p_address_bytes(&a), came_in, l, &l->listeners[l->listeners_n],
				       &bound);
	if (err != OK) {
		cli_error(l->cli, err, "cannot listen on %s: %s", text,
			  err == ERR_IO ? strerror(errno) : err_text(err));
		return err;
	}
	l->listeners_n++;
	l->closing_n++;
	p2p_address_add_reached(l->own, &l->own_n, &bound);
	return OK;
}

static int listen_on_all(struct bzz_listen *l)
{
	int err = OK;
	for (size_t i = 0; i < l->o->advertise.n; i++) {
		struct p2p_address a;
		if (parse(l->o->advertise.v[i], &a))
			p2p_address_add(l->own, &l->own_n, &a);
	}
	for (size_t i = 0; i < l->o->listen.n && err == OK; i++)
		err = listen_on(l, l->o->listen.v[i]);
	if (l->own_n > UNDERLAY_ADDRESSES_MAX) /* a record has no room for more */
		l->own_n = UNDERLAY_ADDRESSES_MAX;
	for (size_t i = 0; i < l->own_n; i++)
		l->own_views[i] = p2p_address_bytes(&l->own[i]);
	return err;
}

static int begin_self(struct bzz_listen *l)
{
	struct why why = {.what = NULL};
	const struct swarm_self_options o = {.file = l->o->identity,
					     .network_id = l->o->network_id,
					     .serves = true,
					     .addresses = l->own_views,
					     .addresses_n = l->own_n,
					     .agent = bytes_text(l->agent)};
	(void)snprintf(l->agent, sizeof l->agent, "%s/" VERSION, l->cli->program->name);
	const int err = swarm_self_init(&l->self, &o, &why);
	if (err != OK) {
		cli_fail(l->cli, err, o.file != NULL ? o.file : "identity", &why);
		return err;
	}
	l->self.config.status.chunks = l->o->chunks_n;
	l->self.config.status.reachable = true;
	return OK;
}

/* What others are told, as text. */
static int write_texts(struct bzz_listen *l)
{
	for (size_t i = 0; i < l->own_n; i++) {
		uint8_t bytes[MULTIADDR_BYTES_MAX];
		char text[MULTIADDR_TEXT_MAX + 1];
		struct writer w = writer_of(bytes, sizeof bytes), t = writer_of(text, sizeof text - 1);
		write_bytes(&w, l->own_views[i]);
		multiaddr_write_part(&w, MULTIADDR_P2P, peer_id_bytes(&l->self.peer));
		const int err = multiaddr_write_text(&t, writer_view(&w));
		if (err != OK)
			return err;
		text[t.n] = '\0';
		l->texts[i] = strdup(text);
		if (l->texts[i] == NULL)
			return ERR_NO_MEMORY;
	}
	return OK;
}

int bzz_listen_start(struct cli *cli, uv_loop_t *loop, const struct bzz_listen_options *o,
		     const struct chunk_source *source, struct bzz_listen **listen)
{
	struct bzz_listen *l = calloc(1, sizeof *l);
	if (l == NULL)
		return ERR_NO_MEMORY;
	l->cli = cli;
	l->loop = loop;
	l->o = o;
	l->source = *source;
	accounts_init(&l->accounts);
	(void)uv_timer_init(loop, &l->timer); /* cannot fail */
	l->timer.data = l;
	int err = random_fill(&l->rates.seed, sizeof l->rates.seed);
	l->shares.seed = l->rates.seed;
	if (err == OK)
		err = listen_on_all(l);
	if (err == OK)
		err = begin_self(l);
	if (err == OK)
		err = write_texts(l);
	if (err == OK)
		err = swarm_links_new(loop, &l->self.config, l->self.seed, NULL, &l->links);
	if (err != OK) {
		bzz_listen_stop(l);
		return err;
	}
	(void)uv_timer_start(&l->timer, on_timer, 0, TICK_MS);
	*listen = l;
	return OK;
}

const char *bzz_listen_address(const struct bzz_listen *l, size_t i)
{
	return i < l->own_n ? l->texts[i] : NULL;
}

struct bytes bzz_listen_overlay(const struct bzz_listen *l)
{
	return bytes_of(l->self.identity.overlay, OVERLAY_BYTES);
}

/* --- the end --- */

void bzz_listen_free_if_over(struct bzz_listen *l)
{
	if (!l->stopping || !l->timer_closed || l->closing_n > 0 || l->peers != NULL || l->reads_n > 0)
		return;
	for (size_t i = 0; i < l->own_n; i++)
		free(l->texts[i]);
	swarm_self_wipe(&l->self);
	free(l);
}

static void listener_closed(void *context)
{
	struct bzz_listen *l = context;
	l->closing_n--;
	bzz_listen_free_if_over(l);
}

static void timer_closed(uv_handle_t *handle)
{
	struct bzz_listen *l = handle->data;
	l->timer_closed = true;
	bzz_listen_free_if_over(l);
}

void bzz_listen_stop(struct bzz_listen *l)
{
	l->stopping = true;
	for (size_t i = 0; i < l->listeners_n; i++)
		p2p_listener_end(l->listeners[i], listener_closed);
	for (struct bzz_peer *p = l->peers, *next; p != NULL; p = next) {
		next = p->next;
		bzz_peer_end(p, ERR_INTERRUPTED);
	}
	if (l->links != NULL)
		swarm_links_end(l->links);
	uv_close((uv_handle_t *)&l->timer, timer_closed);
}
