/* What to do next: whom to ask for which chunks, and who has been silent for too long. */

#include "fetch/asks_parts.h"

#define PER_SOURCE 24 /* requests under way */
#define RANGES_MAX 4  /* of them for ranges: with more they would be short, as the next is asked for at once */
#define RUN_MIN 4     /* leaves that are worth a range */
#define RUN_LEAST 16  /* of one that is asked for while others want some, too */
#define LOOK_AHEAD 64 /* of the queue's whose turn it could be, for one that can be asked for now */

/* Takes the one behind previous (ASKS_NONE: the first) out of the queue. */
static void unqueue(struct asks *a, uint32_t previous)
{
	const uint32_t i = previous == ASKS_NONE ? a->queue.head : a->asks[previous].next;
	if (previous == ASKS_NONE)
		a->queue.head = a->asks[i].next;
	else
		a->asks[previous].next = a->asks[i].next;
	if (a->queue.tail == i)
		a->queue.tail = previous;
	a->asks[i].queued = false;
	a->queued_n--;
}

/* Requests at a time to one that is not wide: those to the slow ones never take the room of the others. */
static unsigned per_source(const struct asks *a)
{
	unsigned n = 0;
	for (size_t i = 0; i < a->sources_n; i++)
		n += !a->sources[i].dropped && !a->sources[i].wide;
	return n * PER_SOURCE <= ASKS_REQUESTS_MAX ? PER_SOURCE : ASKS_REQUESTS_MAX / n;
}

/* Who of those that could be asked now is to be asked for it: the one with the least to do, for what it may have;
 * ASKS_SOURCES_MAX: nobody can. */
static unsigned choose(const struct asks *a, const struct ask *k, uint32_t now)
{
	unsigned best = ASKS_SOURCES_MAX;
	uint64_t best_most = 1;
	const unsigned most = per_source(a);
	const uint32_t left = asks_usable(a, k) & ~k->tried & now;
	for (unsigned i = 0; i < a->sources_n; i++) {
		const struct asks_source *s = &a->sources[i];
		const bool ranging = k->leaf.size > 0 && s->by_range && !k->alone;
		if ((left >> i & 1) == 0 || (ranging && s->ranges_n >= RANGES_MAX))
			continue;
		const uint64_t own_most = s->wide ? s->most : most;
		if (best == ASKS_SOURCES_MAX || s->under_way * best_most < a->sources[best].under_way * own_most) {
			best = i;
			best_most = own_most;
		}
	}
	return best;
}

/* A share of what is queued, so that all have some; one that is alone may have all. */
static size_t run_max(const struct asks *a)
{
	size_t ranging = 0;
	for (size_t i = 0; i < a->sources_n; i++)
		ranging += !a->sources[i].dropped && a->sources[i].by_range;
	const size_t share = ranging > 1 ? a->queued_n / (2 * ranging) : a->queued_n;
	return share < RUN_LEAST ? RUN_LEAST : share > ASKS_RUN_MAX ? ASKS_RUN_MAX : share;
}

/* How many of the queue from ask i on make one range for the source; 0: it is to be asked by address. */
static size_t run_of(const struct asks *a, uint32_t i, unsigned source, uint32_t asks[static ASKS_RUN_MAX])
{
	const struct asks_source *s = &a->sources[source];
	const struct ask *k = &a->asks[i];
	const bool alone = k->alone;
	size_t n = 1;
	asks[0] = i;
	if (k->leaf.size == 0 || !s->by_range || (alone && s->by_address))
		return 0;
	for (const size_t most = run_max(a); n < most && !alone; n++) {
		const uint32_t next = k->next;
		if (next == ASKS_NONE)
			break;
		const struct ask *b = &a->asks[next];
		if (b->leaf.size == 0 || b->alone || b->leaf.offset != k->leaf.offset + k->leaf.size ||
		    (b->tried >> source & 1) != 0)
			break;
		asks[n] = next;
		k = b;
	}
	return n < RUN_MIN && s->by_address ? 0 : n;
}

/* ASKS_SLOTS_MAX: none. */
static unsigned free_request(const struct asks *a, bool wide)
{
	const size_t end = wide ? a->slots_n : ASKS_REQUESTS_MAX;
	unsigned i = wide ? ASKS_REQUESTS_MAX : 0;
	while (i < end && a->requests[i].active)
		i++;
	return i < end ? i : ASKS_SLOTS_MAX;
}

static void ask(struct asks *a, uint32_t previous, uint32_t i, unsigned source, uint64_t now_ms, struct asks_want *want)
{
	struct asks_source *s = &a->sources[source];
	const unsigned request = free_request(a, s->wide);
	struct asks_request *r = &a->requests[request];
	const size_t run = s->wide ? 0 : run_of(a, i, source, a->runs[request]);
	r->active = true;
	r->by_range = run > 0;
	r->paused = r->hedged = r->skipped = false;
	r->source = source;
	r->ask = i;
	r->asked_ms = r->heard_ms = r->begun_ms = now_ms;
	r->asks_n = run > 0 ? run : 1;
	r->asks_done = r->got = 0;
	s->under_way++;
	s->ranges_n += r->by_range;
	s->requests_n++;
	for (size_t k = 0; k < r->asks_n; k++) {
		unqueue(a, previous);
		a->asks[asks_of(a, r, k)].tried |= 1U << source;
		a->asks[asks_of(a, r, k)].under_way++;
	}
	const struct asks_leaf first = a->asks[i].leaf, last = a->asks[asks_of(a, r, r->asks_n - 1)].leaf;
	*want = (struct asks_want){.kind = ASKS_WANT_ASK,
				   .request = request,
				   .source = source,
				   .by_range = r->by_range,
				   .address = a->asks[i].address,
				   .offset = first.offset,
				   .length = last.offset + last.size - first.offset};
}

/* Who could be asked for something now, a bit each. */
static uint32_t ready(const struct asks *a, uint64_t now_ms)
{
	const unsigned most = per_source(a);
	const bool full = free_request(a, false) == ASKS_SLOTS_MAX, wide_full = free_request(a, true) == ASKS_SLOTS_MAX;
	uint32_t mask = 0;
	for (size_t i = 0; i < a->sources_n; i++) {
		const struct asks_source *s = &a->sources[i];
		if (!s->dropped && s->retry_at_ms <= now_ms && s->under_way < (s->wide ? s->most : most) &&
		    !(s->wide ? wide_full : full))
			mask |= 1U << i;
	}
	return mask;
}

/* Those that wait for a source which is full or failed lately hold up nobody behind them. */
static bool ask_one(struct asks *a, uint64_t now_ms, struct asks_want *want)
{
	uint32_t previous = ASKS_NONE, i = a->queue.head;
	const uint32_t now = ready(a, now_ms);
	for (unsigned looked = 0; i != ASKS_NONE && looked < LOOK_AHEAD;) {
		const struct ask *k = &a->asks[i];
		const uint32_t next = k->next;
		looked += now == 0 || (now & ~k->tried) != 0 || !k->active || k->answered;
		if (!k->active || k->answered || (asks_usable(a, k) & ~k->tried) == 0) { /* answered, or nobody left */
			unqueue(a, previous);
			if (!k->active)
				asks_release(a, i);
			else if (!k->answered && k->under_way == 0) /* else asks_wrong may bring it back */
				asks_try_again(a, i);
			i = previous == ASKS_NONE ? a->queue.head : next;
			continue;
		}
		const unsigned source = (now & ~k->tried) == 0 ? ASKS_SOURCES_MAX : choose(a, k, now);
		if (source != ASKS_SOURCES_MAX) {
			ask(a, previous, i, source, now_ms, want);
			return true;
		}
		previous = i;
		i = next;
	}
	return false;
}

/* When a request is to get company, or to be given up; UINT64_MAX: not by time. */
static uint64_t patience_ends(const struct asks *a, const struct asks_request *r)
{
	if (a->sources[r->source].wide)
		return r->hedged ? UINT64_MAX : r->heard_ms + ASKS_HEDGE_MS;
	const uint64_t silence = r->by_range ? ASKS_STALL_MS : r->hedged ? ASKS_SILENCE_MS : ASKS_HEDGE_MS;
	const uint64_t silent = r->heard_ms + silence;
	const uint64_t slow = r->begun_ms + (r->hedged && !r->by_range ? ASKS_CHUNK_MS : ASKS_SLOW_MS);
	return silent < slow ? silent : slow;
}

/* What it has not brought yet is asked of others, too. */
static void get_company(struct asks *a, struct asks_request *r)
{
	r->hedged = true;
	for (size_t i = r->asks_n; i > r->asks_done; i--) { /* to the front: the first is the last */
		struct ask *k = &a->asks[asks_of(a, r, i - 1)];
		k->late = true;
		if (k->active && !k->answered && !k->queued && (asks_usable(a, k) & ~k->tried) != 0)
			asks_queue(a, asks_of(a, r, i - 1), true);
	}
}

/* Whether others have brought all that it would still bring. */
static bool is_superfluous(const struct asks *a, const struct asks_request *r)
{
	size_t i = r->asks_done;
	while (i < r->asks_n && (!a->asks[asks_of(a, r, i)].active || a->asks[asks_of(a, r, i)].answered))
		i++;
	return r->hedged && i == r->asks_n && r->asks_done < r->asks_n;
}

/* A range whose leaves all come in time may still hold everything up for as many times as it has leaves, when all
 * else is there or on its way: another source that has nothing to do ends it. */
static bool crawls(const struct asks *a, const struct asks_request *r, uint64_t now_ms)
{
	if (!r->by_range || r->hedged || a->queued_n > 0 || r->asks_done == r->asks_n ||
	    now_ms < r->asked_ms + ASKS_SLOW_MS)
		return false;
	const struct ask *k = &a->asks[asks_of(a, r, r->asks_done)];
	const uint32_t left = asks_usable(a, k) & ~k->tried;
	for (size_t i = 0; i < a->sources_n; i++) {
		const struct asks_source *s = &a->sources[i];
		if ((left >> i & 1) != 0 && s->under_way == 0 && s->retry_at_ms <= now_ms)
			return true;
	}
	return false;
}

/* Silent and slow ones get company, or are left: true, with the want that stops it. */
static bool watch_one(struct asks *a, unsigned request, uint64_t now_ms, struct asks_want *want)
{
	struct asks_request *r = &a->requests[request];
	const bool late = now_ms >= patience_ends(a, r), superfluous = is_superfluous(a, r);
	if (superfluous || (late && (r->by_range || r->hedged))) {
		a->sources[r->source].helped_n += superfluous && r->by_range;
		*want = (struct asks_want){.kind = ASKS_WANT_ABANDON, .request = request, .source = r->source};
		asks_ended(a, request, ERR_TIMEOUT, now_ms);
		return true;
	}
	if (late || crawls(a, r, now_ms))
		get_company(a, r);
	return false;
}

static uint64_t wait_until(const struct asks *a, uint64_t now_ms)
{
	uint64_t at = UINT64_MAX;
	for (unsigned i = 0; i < a->slots_n; i++) {
		const struct asks_request *r = &a->requests[i];
		if (!r->active || r->paused)
			continue;
		if (patience_ends(a, r) < at)
			at = patience_ends(a, r);
		if (r->by_range && !r->hedged && r->asked_ms + ASKS_SLOW_MS > now_ms && r->asked_ms + ASKS_SLOW_MS < at)
			at = r->asked_ms + ASKS_SLOW_MS;
	}
	for (size_t i = 0; i < a->sources_n && a->queued_n > 0; i++) {
		const struct asks_source *s = &a->sources[i];
		if (!s->dropped && s->retry_at_ms > now_ms && s->retry_at_ms < at)
			at = s->retry_at_ms;
	}
	return at;
}

void asks_next(struct asks *a, uint64_t now_ms, struct asks_want *want)
{
	for (unsigned i = 0; i < a->slots_n; i++)
		if (a->requests[i].active && !a->requests[i].paused && watch_one(a, i, now_ms, want))
			return;
	if (!ask_one(a, now_ms, want))
		*want = (struct asks_want){.kind = ASKS_WANT_WAIT, .at_ms = wait_until(a, now_ms)};
}
