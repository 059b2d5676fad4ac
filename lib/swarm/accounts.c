#include "swarm/accounts.h"

#include "core/err.h"

void accounts_init(struct accounts *a)
{
	a->n = 0;
}

static const struct account *find(const struct accounts *a, const struct peer_id *peer)
{
	for (size_t i = 0; i < a->n; i++)
		if (peer_id_equal(&a->v[i].peer, peer))
			return &a->v[i];
	return NULL;
}

bool accounts_admit(const struct accounts *a, const struct peer_id *peer, uint64_t now_ms, int64_t *settled_s)
{
	const struct account *account = find(a, peer);
	*settled_s = account != NULL ? account->settled_s : 0;
	return account == NULL || now_ms >= account->blocked_until_ms;
}

/* Whether x is forgotten before y. */
static bool goes_first(const struct account *x, const struct account *y, uint64_t now_ms)
{
	const bool x_blocked = x->blocked_until_ms > now_ms, y_blocked = y->blocked_until_ms > now_ms;
	if (x_blocked != y_blocked)
		return y_blocked;
	return x_blocked ? x->blocked_until_ms < y->blocked_until_ms : x->seen_ms < y->seen_ms;
}

static struct account *place_for(struct accounts *a, const struct peer_id *peer, uint64_t now_ms)
{
	const struct account *found = find(a, peer);
	struct account *place = a->v;
	if (found != NULL)
		return a->v + (found - a->v);
	if (a->n < ACCOUNTS_MAX)
		place = &a->v[a->n++];
	else
		for (size_t i = 1; i < a->n; i++)
			if (goes_first(&a->v[i], place, now_ms))
				place = &a->v[i];
	*place = (struct account){.peer = *peer};
	return place;
}

static uint64_t blocked_ms(const struct credit *c, bool over)
{
	const int64_t owed = c->balance + (int64_t)(c->shadow + c->ghost);
	if (over)
		return credit_block_s(c) * 1000;
	return owed > 0 ? (uint64_t)owed * 1000 / c->per_s : 0;
}

void accounts_leave(struct accounts *a, const struct peer_id *peer, const struct credit *credit, bool over,
		    uint64_t now_ms)
{
	struct account *account = place_for(a, peer, now_ms);
	const uint64_t until = now_ms + blocked_ms(credit, over);
	account->seen_ms = now_ms;
	if (credit->settled_s > account->settled_s)
		account->settled_s = credit->settled_s;
	if (until > account->blocked_until_ms)
		account->blocked_until_ms = until;
}
