/* One connection to a node: its name, its addresses one after the other, and the session on it. */
#include <string.h>

#include "crypto/secret.h"
#include "efi/native_parts.h"

static struct native_link *free_link(struct native *n)
{
	for (size_t i = 0; i < NATIVE_CONNECTIONS_MAX; i++) {
		uint8_t *pages;
		if (n->links[i] != NULL && n->links[i]->used)
			continue;
		if (n->links[i] == NULL) {
			if (platform_pages(n->with.report->platform, NATIVE_LINK_BYTES, &pages) != OK)
				return NULL;
			n->links[i] = (struct native_link *)(void *)pages; /* pages are aligned for anything */
		}
		return n->links[i];
	}
	return NULL;
}

/* Begins a connection to the next address that can be tried. */
static int connect_next(struct native *n, struct native_link *l, uint64_t now_ms)
{
	for (; l->to_at < l->to.n; l->to_at++) {
		const struct net_address *to = &l->to.v[l->to_at];
		if (to->six ? l->target.no_six : l->target.no_four)
			continue;
		l->c = web_dial(n->with.web, to, l->target.port);
		l->began_ms = now_ms;
		l->stage = NATIVE_CONNECTING;
		if (l->c != NET_NONE)
			return OK;
	}
	return ERR_CLOSED;
}

bool native_link_dial(struct native *n, unsigned node, struct bytes address, uint64_t now_ms)
{
	struct native_link *l = free_link(n);
	if (l == NULL)
		return false;
	memcpy(l->address, address.p, address.n); /* peers took none that is longer */
	if (!target_read(bytes_of(l->address, address.n), &l->target))
		return false;
	l->used = true;
	l->stage = NATIVE_NAMED;
	l->node = node;
	l->c = NET_NONE;
	l->to.v[0] = l->target.ip;
	l->to.n = l->target.named ? 0 : 1;
	l->to_at = 0;
	l->began_ms = now_ms;
	n->dialed_n++;
	if (l->target.named || connect_next(n, l, now_ms) == OK)
		return true;
	l->used = false;
	return false;
}

void native_link_end(struct native *n, struct native_link *l)
{
	if (l->c != NET_NONE)
		net_end(n->with.net, l->c);
	if (l->stage == NATIVE_SPEAKING)
		session_end(&l->session);
	l->used = false;
}

/* Strangers tell of nodes by name: some of the resolver's room stays for providers. */
static bool is_in_turn(const struct native *n, const struct native_link *l)
{
	unsigned before = 0;
	for (size_t i = 0; i < NATIVE_CONNECTIONS_MAX && n->links[i] != l; i++)
		before += n->links[i] != NULL && n->links[i]->used && n->links[i]->stage == NATIVE_NAMED;
	return before < NATIVE_RESOLVING_MAX;
}

static int find_name(struct native *n, struct native_link *l, uint64_t now_ms)
{
	const int err = !is_in_turn(n, l) ? RESOLVE_WAIT
					  : resolver_find(&n->with.web->resolver, l->target.name, now_ms, &l->to);
	if (err == RESOLVE_WAIT)
		return now_ms < l->began_ms + RESOLVE_GIVE_UP_MS ? OK : ERR_TIMEOUT;
	return err == OK ? connect_next(n, l, now_ms) : err;
}

static void speak(struct native *n, struct native_link *l, uint64_t now_ms)
{
	/* The date of others' records says nothing that matters here, and our own clock may be wrong. */
	static const struct wall late = {253402300799}; /* 9999-12-31 */
	struct noise_secrets secrets;
	(void)platform_random(n->with.report->platform, (uint8_t *)&secrets, sizeof secrets);
	memcpy(secrets.identity_seed, n->seed, sizeof n->seed);
	const struct session_start start = {.secrets = &secrets,
					    .remote = l->target.remote,
					    .expected = l->target.has_peer ? &l->target.peer : NULL,
					    .now = late};
	l->in_n = 0;
	session_init(&l->session, CONNECTION_DIALER, &n->config, &start, now_ms);
	secret_wipe(&secrets, sizeof secrets);
	l->stage = NATIVE_SPEAKING;
}

static int await_connection(struct native *n, struct native_link *l, uint64_t now_ms)
{
	const enum net_state state = net_state(n->with.net, l->c);
	if (state == NET_OPEN) {
		speak(n, l, now_ms);
		return OK;
	}
	if (state == NET_CONNECTING && now_ms < l->began_ms + NATIVE_CONNECT_MS)
		return OK;
	net_end(n->with.net, l->c);
	l->c = NET_NONE;
	l->to_at++;
	const int err = connect_next(n, l, now_ms);
	return err == OK ? OK : state == NET_CONNECTING ? ERR_TIMEOUT : ERR_CLOSED;
}

/* Into the room that the session opens frames in. */
static void receive(struct native *n, struct native_link *l)
{
	const struct bytes arrived = net_received(n->with.net, l->c);
	const size_t room = sizeof l->in - l->in_n, take = arrived.n < room ? arrived.n : room;
	if (take == 0)
		return;
	memcpy(l->in + l->in_n, arrived.p, take);
	l->in_n += take;
	net_took(n->with.net, l->c, take);
}

static int take(struct native *n, struct native_link *l, uint64_t now_ms)
{
	struct session_event e = {.type = SESSION_READY};
	size_t at = 0, used;
	while (l->used && e.type != SESSION_NOTHING) {
		const int err = session_take(&l->session, l->in + at, l->in_n - at, &used, &e, now_ms);
		if (err != OK)
			return err;
		at += used;
		if (e.type != SESSION_NOTHING)
			native_event(n, l, &e, now_ms);
	}
	if (at > 0)
		memmove(l->in, l->in + at, l->in_n - at);
	l->in_n -= at;
	return OK;
}

static void give(struct native *n, struct native_link *l)
{
	for (;;) {
		const struct bytes out = session_out(&l->session);
		const size_t sent = out.n == 0 ? 0 : net_send(n->with.net, l->c, out);
		if (sent == 0)
			return;
		session_sent(&l->session, sent);
	}
}

int native_link_step(struct native *n, struct native_link *l, uint64_t now_ms)
{
	int err = OK;
	if (l->stage == NATIVE_NAMED)
		return find_name(n, l, now_ms);
	if (l->stage == NATIVE_CONNECTING)
		return await_connection(n, l, now_ms);
	receive(n, l);
	if (session_deadline(&l->session) <= now_ms)
		err = session_tick(&l->session, now_ms);
	if (err == OK)
		err = take(n, l, now_ms);
	if (err != OK || !l->used)
		return err;
	give(n, l);
	const enum net_state state = net_state(n->with.net, l->c);
	const bool over = state == NET_ENDED || state == NET_FAILED;
	return over && net_received(n->with.net, l->c).n == 0 ? ERR_CLOSED : OK;
}
