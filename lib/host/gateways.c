#include "host/gateways.h"

#include <stdlib.h>
#include <string.h>

#include "core/hex.h"
#include "host/clock.h"
#include "host/gateways_parts.h"

#define PER_GATEWAY 24   /* requests under way */
#define RUN_MIN 4        /* leaves that are worth a range */
#define ROUNDS 8         /* times that gateways which fail are tried for a chunk */
#define ROUNDS_UNKNOWN 3 /* the same while none of them has given anything */
#define BACKOFF_MS 250U  /* after the first failure, doubled by each further one */
#define BACKOFF_DOUBLINGS 6
#define HEDGE_MS 2000       /* silence after which another one is asked too */
#define SLOW_MS 5000        /* the same, for one that is not silent: a chunk, or a leaf of a range */
#define RANGE_STALL_MS 5000 /* silence after which a range is asked of others */
#define WRONG_MAX 3         /* chunks until a gateway is dropped */
#define TICK_MS 100
#define LOOK_AHEAD 64 /* of the queue's, for one that can be asked for now */

int gateways_open(struct cli *cli, const char *const *urls, size_t n, struct gateways **gateways)
{
	struct gateways *g = calloc(1, sizeof *g);
	if (g == NULL)
		return ERR_NO_MEMORY;
	g->cli = cli;
	g->multi = curl_multi_init();
	g->ready = malloc(GATEWAYS_READY * sizeof *g->ready);
	g->n = n < GATEWAYS_MAX ? n : GATEWAYS_MAX;
	for (size_t i = 0; i < g->n; i++)
		g->v[i].url = urls[i];
	if (n > GATEWAYS_MAX)
		cli_warn(cli, "%zu gateways are given, %d are asked", n, GATEWAYS_MAX);
	gateways_forget(g);
	if (g->multi == NULL || g->ready == NULL) {
		gateways_close(g);
		return ERR_NO_MEMORY;
	}
	*gateways = g;
	return OK;
}

void gateways_close(struct gateways *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < GATEWAYS_TRANSFERS; i++) {
		struct gateway_transfer *t = &g->transfers[i];
		if (t->active)
			(void)curl_multi_remove_handle(g->multi, t->easy); /* it is one of ours */
		if (t->easy != NULL)
			curl_easy_cleanup(t->easy);
	}
	if (g->multi != NULL)
		(void)curl_multi_cleanup(g->multi); /* its handles are gone */
	free(g->ready);
	free(g);
}

void gateways_file(struct gateways *g, const uint8_t root[static REFERENCE_BYTES], uint64_t size)
{
	hex_encode(bytes_of(root, REFERENCE_BYTES), g->file);
	g->file_size = size;
	g->has_file = true;
}

void gateways_forget(struct gateways *g)
{
	for (size_t i = 0; i < GATEWAYS_TRANSFERS; i++) {
		struct gateway_transfer *t = &g->transfers[i];
		if (!t->active)
			continue;
		(void)curl_multi_remove_handle(g->multi, t->easy); /* it is one of ours */
		t->active = false;
		g->v[t->gateway].under_way--;
	}
	memset(g->asks, 0, sizeof g->asks);
	g->asks_n = g->queued_n = 0;
	g->queue = g->failed = (struct ask_list){GATEWAYS_NONE, GATEWAYS_NONE};
	g->ready_in = g->ready_out = g->ready_taken = 0;
	g->reserved = 0;
	for (uint32_t i = 0; i < GATEWAYS_ASKS_MAX; i++)
		g->free_asks[i] = GATEWAYS_ASKS_MAX - 1 - i;
}

size_t gateways_room(const struct gateways *g)
{
	return GATEWAYS_ASKS_MAX - g->asks_n;
}

static void append(struct gateways *g, struct ask_list *l, uint32_t i)
{
	g->asks[i].next = GATEWAYS_NONE;
	if (l->head == GATEWAYS_NONE)
		l->head = i;
	else
		g->asks[l->tail].next = i;
	l->tail = i;
}

static void queue(struct gateways *g, uint32_t ask, bool front)
{
	g->asks[ask].queued = true;
	g->queued_n++;
	if (!front || g->queue.head == GATEWAYS_NONE) {
		append(g, &g->queue, ask);
		return;
	}
	g->asks[ask].next = g->queue.head;
	g->queue.head = ask;
}

/* Takes the one behind previous (GATEWAYS_NONE: the first) out of the queue. */
static void unqueue(struct gateways *g, uint32_t previous)
{
	const uint32_t i = previous == GATEWAYS_NONE ? g->queue.head : g->asks[previous].next;
	if (previous == GATEWAYS_NONE)
		g->queue.head = g->asks[i].next;
	else
		g->asks[previous].next = g->asks[i].next;
	if (g->queue.tail == i)
		g->queue.tail = previous;
	g->asks[i].queued = false;
	g->queued_n--;
}

static struct ask *new_ask(struct gateways *g, uint64_t id, const uint8_t *address)
{
	if (g->asks_n == GATEWAYS_ASKS_MAX)
		abort(); /* the caller did not ask for room */
	const uint32_t i = g->free_asks[GATEWAYS_ASKS_MAX - 1 - g->asks_n++];
	struct ask *a = &g->asks[i];
	*a = (struct ask){.id = id, .active = true};
	memcpy(a->address, address, sizeof a->address);
	queue(g, i, false);
	return a;
}

void gateways_ask(struct gateways *g, uint64_t id, const uint8_t address[static REFERENCE_BYTES])
{
	(void)new_ask(g, id, address);
}

void gateways_ask_leaf(struct gateways *g, uint64_t id, const uint8_t address[static REFERENCE_BYTES],
		       struct gateway_leaf leaf)
{
	struct ask *a = new_ask(g, id, address);
	a->is_leaf = true;
	a->leaf = leaf;
}

void gateways_release(struct gateways *g, uint32_t i)
{
	struct ask *a = &g->asks[i];
	a->active = false;
	if (a->under_way == 0 && !a->queued)
		g->free_asks[GATEWAYS_ASKS_MAX - g->asks_n--] = i;
}

static uint32_t usable(const struct gateways *g)
{
	uint32_t mask = 0;
	for (size_t i = 0; i < g->n; i++)
		mask |= g->v[i].dropped ? 0 : 1U << i;
	return mask;
}

static bool any_gave(const struct gateways *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (!g->v[i].dropped && g->v[i].count.bytes > g->v[i].count.bad_bytes)
			return true;
	return false;
}

/* All were asked: those that failed are asked again, some times; or nobody has it. */
static void try_again(struct gateways *g, uint32_t i)
{
	struct ask *a = &g->asks[i];
	const uint32_t left = usable(g) & ~a->absent;
	if (left != 0 && ++a->rounds < (any_gave(g) ? ROUNDS : ROUNDS_UNKNOWN)) {
		a->tried = a->absent;
		queue(g, i, true);
	} else {
		append(g, &g->failed, i);
	}
}

void gateways_missed(struct gateways *g, uint32_t ask, unsigned gateway, int err)
{
	struct ask *a = &g->asks[ask];
	a->under_way--;
	if (!a->active) { /* its answer came from somebody else, and was taken */
		gateways_release(g, ask);
		return;
	}
	if (err == ERR_NOT_FOUND && !g->v[gateway].dropped)
		a->absent |= 1U << gateway;
	if (err == ERR_PROTOCOL) /* it is asked again, in another way */
		a->tried &= ~(1U << gateway);
	if (a->answered || a->queued || a->under_way > 0)
		return;
	if ((usable(g) & ~a->tried) != 0)
		queue(g, ask, true);
	else
		try_again(g, ask);
}

void gateways_fault(struct gateways *g, unsigned gateway, int err)
{
	struct gateway *w = &g->v[gateway];
	const unsigned doublings = w->failures < BACKOFF_DOUBLINGS ? w->failures : BACKOFF_DOUBLINGS;
	if (w->failures++ == 0)
		cli_debug(g->cli, "%s: %s", w->url, err_text(err));
	w->retry_at_ms = clock_now_ms() + (BACKOFF_MS << doublings);
}

/* Requests at a time to one of them: those to the slow ones never take the room of the others. */
static unsigned per_gateway(const struct gateways *g)
{
	unsigned n = 0;
	for (size_t i = 0; i < g->n; i++)
		n += !g->v[i].dropped;
	return n * PER_GATEWAY <= GATEWAYS_TRANSFERS ? PER_GATEWAY : GATEWAYS_TRANSFERS / n;
}

/* Who is to be asked for it now: the one with the least to do; GATEWAYS_NONE: nobody can. */
static uint32_t choose(const struct gateways *g, const struct ask *a, uint64_t now)
{
	uint32_t best = GATEWAYS_NONE;
	const unsigned most = per_gateway(g);
	for (uint32_t i = 0; i < g->n; i++) {
		const struct gateway *w = &g->v[i];
		if (w->dropped || (a->tried >> i & 1) != 0 || w->retry_at_ms > now || w->under_way >= most)
			continue;
		if (best == GATEWAYS_NONE || w->under_way < g->v[best].under_way)
			best = i;
	}
	return best;
}

static size_t run_max(const struct gateways *g)
{
	size_t gateways = 0;
	for (size_t i = 0; i < g->n; i++)
		gateways += !g->v[i].dropped && !g->v[i].no_ranges;
	const size_t share = g->queued_n / (2 * gateways + 1);
	return share < 16 ? 16 : share > GATEWAYS_RUN_MAX ? GATEWAYS_RUN_MAX : share;
}

/* How many of the queue from ask i on make one range for the gateway. */
static size_t run_of(const struct gateways *g, uint32_t i, uint32_t gateway, uint32_t *asks)
{
	const struct ask *a = &g->asks[i];
	size_t n = 1;
	asks[0] = i;
	if (!g->has_file || !a->is_leaf || a->alone || g->v[gateway].no_ranges)
		return 1;
	for (const size_t most = run_max(g); n < most; n++) {
		const uint32_t next = a->next;
		if (next == GATEWAYS_NONE)
			break;
		const struct ask *b = &g->asks[next];
		if (!b->is_leaf || b->alone || b->leaf.offset != a->leaf.offset + a->leaf.size ||
		    (b->tried >> gateway & 1) != 0)
			break;
		asks[n] = next;
		a = b;
	}
	return n < RUN_MIN ? 1 : n;
}

static struct gateway_transfer *free_transfer(struct gateways *g)
{
	for (size_t i = 0; i < GATEWAYS_TRANSFERS; i++)
		if (!g->transfers[i].active)
			return &g->transfers[i];
	return NULL;
}

static int dispatch_one(struct gateways *g, uint32_t previous, uint32_t i, uint32_t gateway)
{
	uint32_t asks[GATEWAYS_RUN_MAX];
	struct gateway_transfer *t = free_transfer(g);
	const size_t n = run_of(g, i, gateway, asks);
	for (size_t k = 0; k < n; k++) {
		unqueue(g, previous);
		g->asks[asks[k]].tried |= 1U << gateway;
		g->asks[asks[k]].under_way++;
	}
	return gateway_transfer_begin(g, t, gateway, asks, n);
}

static int dispatch(struct gateways *g, uint64_t now)
{
	uint32_t previous = GATEWAYS_NONE, i = g->queue.head;
	for (unsigned looked = 0; i != GATEWAYS_NONE && looked < LOOK_AHEAD; looked++) {
		if (free_transfer(g) == NULL || !gateways_fit(g, 1))
			return OK;
		const struct ask *a = &g->asks[i];
		const uint32_t gateway = choose(g, a, now);
		if (!a->active || a->answered || (usable(g) & ~a->tried) == 0) { /* answered, or nobody left */
			unqueue(g, previous);
			if (!a->active)
				gateways_release(g, i);
			else if (!a->answered && a->under_way == 0) /* else gateways_wrong may bring it back */
				try_again(g, i);
		} else if (gateway != GATEWAYS_NONE) {
			int err = dispatch_one(g, previous, i, gateway);
			if (err != OK)
				return err;
		} else {
			previous = i;
		}
		i = previous == GATEWAYS_NONE ? g->queue.head : g->asks[previous].next;
	}
	return OK;
}

/* Silent and slow ones get company, or are left. */
static void watch_one(struct gateways *g, struct gateway_transfer *t, uint64_t now)
{
	const uint64_t silent = now - t->heard_ms, slow = now - t->begun_ms;
	struct ask *a = &g->asks[t->asks[0]];
	if (t->by_range) {
		if (silent >= RANGE_STALL_MS || slow >= SLOW_MS)
			gateway_transfer_end(t, ERR_TIMEOUT);
	} else if (t->hedged && (!a->active || a->answered)) { /* by the company */
		gateway_transfer_end(t, ERR_TIMEOUT);
	} else if ((silent >= HEDGE_MS || slow >= SLOW_MS) && !t->hedged) {
		t->hedged = true;
		if (a->active && !a->answered && !a->queued && (usable(g) & ~a->tried) != 0)
			queue(g, t->asks[0], true);
	}
}

static void watch(struct gateways *g, uint64_t now)
{
	for (size_t i = 0; i < GATEWAYS_TRANSFERS; i++)
		if (g->transfers[i].active && !g->transfers[i].paused)
			watch_one(g, &g->transfers[i], now);
}

static void release_taken(struct gateways *g)
{
	for (; g->ready_out < g->ready_taken; g->ready_out++) {
		const uint32_t i = g->ready[g->ready_out % GATEWAYS_READY].ask;
		if (i != GATEWAYS_NONE)
			gateways_release(g, i);
	}
	for (size_t i = 0; i < GATEWAYS_TRANSFERS; i++) {
		struct gateway_transfer *t = &g->transfers[i];
		if (!t->active || !t->paused)
			continue;
		t->paused = false;
		t->heard_ms = t->begun_ms = clock_now_ms();
		(void)curl_easy_pause(t->easy, CURLPAUSE_CONT); /* an error ends the transfer, and is seen then */
	}
}

static size_t collect(struct gateways *g, struct gateway_answer *answers, size_t max)
{
	size_t n = 0;
	for (; n < max && g->ready_taken < g->ready_in; n++) {
		const struct gateway_ready *r = &g->ready[g->ready_taken++ % GATEWAYS_READY];
		answers[n] = (struct gateway_answer){.id = g->asks[r->ask].id,
						     .data = bytes_of(r->chunk, r->n),
						     .gateway = r->gateway,
						     .by_range = r->by_range,
						     .ask = (unsigned)(g->ready_taken - 1)};
	}
	for (; n < max && g->failed.head != GATEWAYS_NONE; n++) {
		const uint32_t i = g->failed.head;
		const struct ask *a = &g->asks[i];
		const bool absent = a->absent != 0 && (usable(g) & ~a->absent) == 0;
		answers[n] = (struct gateway_answer){.id = a->id, .err = absent ? ERR_NOT_FOUND : ERR_SOURCE};
		g->failed.head = a->next;
		gateways_release(g, i);
	}
	return n;
}

int gateways_take(struct gateways *g, struct gateway_answer *answers, size_t max, int timeout_ms, size_t *n)
{
	const uint64_t end = clock_now_ms() + (uint64_t)timeout_ms;
	int running;
	release_taken(g);
	for (;;) {
		const uint64_t now = clock_now_ms();
		watch(g, now);
		int err = dispatch(g, now);
		if (err != OK)
			return err;
		if (curl_multi_perform(g->multi, &running) != CURLM_OK)
			return ERR_NO_MEMORY;
		gateway_transfers_reap(g);
		*n = collect(g, answers, max);
		if (*n > 0 || now >= end)
			return OK;
		const uint64_t left = end - now;
		if (curl_multi_poll(g->multi, NULL, 0, left < TICK_MS ? (int)left : TICK_MS, NULL) != CURLM_OK)
			return ERR_NO_MEMORY;
	}
}

void gateways_wrong(struct gateways *g, const struct gateway_answer *answer)
{
	struct gateway_ready *r = &g->ready[answer->ask % GATEWAYS_READY];
	struct gateway *w = &g->v[r->gateway];
	struct ask *a = &g->asks[r->ask];
	w->count.bad_bytes += r->n;
	a->answered = false;
	if (r->by_range) { /* its chunks may be right all the same */
		if (!w->no_ranges)
			cli_warn(g->cli, "%s: sent wrong bytes by range; from now on it is asked for chunks", w->url);
		w->no_ranges = true;
		a->tried &= ~(1U << r->gateway);
	} else if (++w->wrong_n >= WRONG_MAX && !w->dropped) {
		cli_warn(g->cli, "%s: dropped: sent wrong chunks", w->url);
		w->dropped = true;
	}
	if (!a->queued && a->under_way == 0 && (usable(g) & ~a->tried) != 0)
		queue(g, r->ask, true);
	else if (!a->queued && a->under_way == 0)
		try_again(g, r->ask);
	r->ask = GATEWAYS_NONE;
}

const char *gateways_url(const struct gateways *g, unsigned i)
{
	return g->v[i].url;
}

size_t gateways_n(const struct gateways *g)
{
	return g->n;
}

struct gateway_count gateways_count(const struct gateways *g, unsigned i)
{
	return g->v[i].count;
}
