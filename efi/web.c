#include "efi/web.h"

#include <string.h>

void web_init(struct web *w, struct platform *p, struct net *net)
{
	memset(w, 0, sizeof *w);
	w->net = net;
	resolver_init(&w->resolver, p, net);
}

void web_close(struct web *w)
{
	for (size_t i = 0; i < WEB_KEPT_MAX; i++)
		if (w->kept[i].used)
			net_end(w->net, w->kept[i].c);
	memset(w->kept, 0, sizeof w->kept);
	resolver_close(&w->resolver);
}

static bool same(const struct net_address *a, const struct net_address *b)
{
	return a->six == b->six && memcmp(a->ip, b->ip, a->six ? 16 : 4) == 0;
}

bool web_is_bad(const struct web *w, const struct net_address *a, uint64_t now_ms)
{
	for (size_t i = 0; i < WEB_BAD_MAX; i++)
		if (now_ms < w->bad[i].until_ms && same(&w->bad[i].address, a))
			return true;
	return false;
}

void web_note_bad(struct web *w, const struct net_address *a, uint64_t now_ms)
{
	if (!web_is_bad(w, a, now_ms))
		w->bad[w->bad_next++ % WEB_BAD_MAX] = (struct web_bad){*a, now_ms + WEB_BAD_MS};
}

/* Ends the connection that has waited longest. False: none is kept. */
static bool drop_kept(struct web *w)
{
	struct web_kept *oldest = NULL;
	for (size_t i = 0; i < WEB_KEPT_MAX; i++)
		if (w->kept[i].used && (oldest == NULL || w->kept[i].since_ms < oldest->since_ms))
			oldest = &w->kept[i];
	if (oldest == NULL)
		return false;
	net_end(w->net, oldest->c);
	oldest->used = false;
	return true;
}

uint32_t web_take(struct web *w, const struct net_address *to, uint16_t port, uint64_t now_ms)
{
	for (size_t i = 0; i < WEB_KEPT_MAX; i++) {
		struct web_kept *k = &w->kept[i];
		if (!k->used)
			continue;
		bool alive = net_state(w->net, k->c) == NET_OPEN && net_received(w->net, k->c).n == 0 &&
			     now_ms < k->since_ms + WEB_KEPT_MS;
		if (alive && (k->port != port || !same(&k->to, to)))
			continue;
		k->used = false;
		if (alive)
			return k->c;
		net_end(w->net, k->c);
	}
	return NET_NONE;
}

void web_keep(struct web *w, uint32_t c, const struct net_address *to, uint16_t port, uint64_t now_ms)
{
	for (size_t i = 0; i < WEB_KEPT_MAX; i++) {
		if (w->kept[i].used)
			continue;
		w->kept[i] = (struct web_kept){true, c, *to, port, now_ms};
		return;
	}
	net_end(w->net, c);
}

uint32_t web_dial(struct web *w, const struct net_address *to, uint16_t port)
{
	uint32_t c;
	do
		c = net_connect(w->net, to, port);
	while (c == NET_NONE && drop_kept(w));
	return c;
}
