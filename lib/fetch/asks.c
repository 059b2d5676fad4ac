/* What came of the wants: the bookkeeping of asks, requests and sources. */
#include "fetch/asks.h"

#include <assert.h>
#include <string.h>

#include "fetch/asks_parts.h"
#include "swarm/chunk.h"

#define ROUNDS 8         /* times that sources which fail are tried for a chunk */
#define ROUNDS_UNKNOWN 3 /* the same while none of them has given anything */

static_assert(ASKS_SOURCES_MAX <= 32, "a bit each");

void asks_init(struct asks *a)
{
	memset(a, 0, sizeof *a);
	a->slots_n = ASKS_REQUESTS_MAX;
	asks_forget(a);
}

unsigned asks_source_add(struct asks *a, bool by_address, bool by_range)
{
	if (a->sources_n == ASKS_SOURCES_MAX)
		return ASKS_SOURCES_MAX;
	a->sources[a->sources_n] = (struct asks_source){.by_address = by_address, .by_range = by_range};
	return (unsigned)a->sources_n++;
}

unsigned asks_source_add_wide(struct asks *a)
{
	const unsigned i = asks_source_add(a, true, false);
	if (i < ASKS_SOURCES_MAX) {
		a->sources[i].wide = true;
		a->slots_n = ASKS_SLOTS_MAX;
	}
	return i;
}

void asks_allow(struct asks *a, unsigned source, unsigned requests)
{
	assert(a->sources[source].wide);
	a->sources[source].most = requests;
}

size_t asks_room(const struct asks *a)
{
	return ASKS_MAX - a->asks_n;
}

void asks_forget(struct asks *a)
{
	for (size_t i = 0; i < a->sources_n; i++)
		a->sources[i].under_way = a->sources[i].ranges_n = 0;
	memset(a->requests, 0, sizeof a->requests);
	memset(a->asks, 0, sizeof a->asks);
	a->asks_n = a->queued_n = 0;
	a->queue = a->failed = (struct asks_list){ASKS_NONE, ASKS_NONE};
	for (uint32_t i = 0; i < ASKS_MAX; i++)
		a->free[i] = ASKS_MAX - 1 - i;
}

static void append(struct asks *a, struct asks_list *l, uint32_t i)
{
	a->asks[i].next = ASKS_NONE;
	if (l->head == ASKS_NONE)
		l->head = i;
	else
		a->asks[l->tail].next = i;
	l->tail = i;
}

void asks_queue(struct asks *a, uint32_t ask, bool front)
{
	a->asks[ask].queued = true;
	a->queued_n++;
	if (!front || a->queue.head == ASKS_NONE) {
		append(a, &a->queue, ask);
		return;
	}
	a->asks[ask].next = a->queue.head;
	a->queue.head = ask;
}

void asks_add(struct asks *a, uint64_t id, const uint8_t address[static REFERENCE_BYTES], struct asks_leaf leaf)
{
	assert(a->asks_n < ASKS_MAX && leaf.size <= CHUNK_PAYLOAD_MAX);
	const uint32_t i = a->free[ASKS_MAX - 1 - a->asks_n++];
	a->asks[i] = (struct ask){.id = id, .active = true, .leaf = leaf};
	memcpy(a->asks[i].address, address, REFERENCE_BYTES);
	asks_queue(a, i, false);
}

uint64_t asks_id(const struct asks *a, uint32_t ask)
{
	return a->asks[ask].id;
}

void asks_release(struct asks *a, uint32_t i)
{
	struct ask *k = &a->asks[i];
	k->active = false;
	if (k->under_way == 0 && !k->queued)
		a->free[ASKS_MAX - a->asks_n--] = i;
}

uint32_t asks_usable(const struct asks *a, const struct ask *k)
{
	uint32_t mask = 0;
	for (size_t i = 0; i < a->sources_n; i++) {
		const struct asks_source *s = &a->sources[i];
		if (!s->dropped && (s->by_address || (s->by_range && k->leaf.size > 0)))
			mask |= 1U << i;
	}
	return mask;
}

static bool any_gave(const struct asks *a)
{
	for (size_t i = 0; i < a->sources_n; i++)
		if (!a->sources[i].dropped && a->sources[i].bytes > a->sources[i].bad_bytes)
			return true;
	return false;
}

void asks_try_again(struct asks *a, uint32_t i)
{
	struct ask *k = &a->asks[i];
	const uint32_t over = k->absent | k->spent;
	if ((asks_usable(a, k) & ~over) != 0 && ++k->rounds < (any_gave(a) ? ROUNDS : ROUNDS_UNKNOWN)) {
		k->tried = over;
		k->late = false;
		asks_queue(a, i, true);
	} else {
		append(a, &a->failed, i);
	}
}

/* An ask has one fewer that may bring it: whoever was not tried yet is next. */
static void ask_others(struct asks *a, uint32_t i)
{
	const struct ask *k = &a->asks[i];
	if (k->answered || k->queued || (k->under_way > 0 && !k->late))
		return;
	if ((asks_usable(a, k) & ~k->tried) != 0)
		asks_queue(a, i, true);
	else if (k->under_way == 0)
		asks_try_again(a, i);
}

/* A request that was to bring it ended without it. again: the same source may be asked once more. */
static void missed(struct asks *a, uint32_t i, unsigned source, int err, bool again)
{
	struct ask *k = &a->asks[i];
	k->under_way--;
	if (!k->active) { /* its answer came from somebody else, and was taken */
		asks_release(a, i);
		return;
	}
	const bool wide = a->sources[source].wide;
	const bool unable = err == ERR_SOURCE && !wide, again_unable = unable && (k->unable >> source & 1) != 0;
	if (wide && err != OK && err != ERR_NOT_FOUND)
		k->spent |= 1U << source;
	if ((err == ERR_NOT_FOUND || again_unable) && !a->sources[source].dropped)
		k->absent |= 1U << source;
	if (unable)
		k->unable |= 1U << source;
	if (again)
		k->tried &= ~(1U << source);
	ask_others(a, i);
}

static void fault(struct asks_source *s, int err, uint64_t now_ms)
{
	const unsigned n = s->failures + s->helped_n;
	const unsigned doublings = n < ASKS_BACKOFF_DOUBLINGS ? n : ASKS_BACKOFF_DOUBLINGS;
	s->failures++;
	s->last = err;
	s->retry_at_ms = now_ms + ((uint64_t)ASKS_BACKOFF_MS << doublings);
}

/* The bytes of the chunk that is being received are all there. */
static void complete(struct asks *a, struct asks_request *r, struct asks_part *part)
{
	const uint32_t i = asks_of(a, r, r->asks_done++);
	struct asks_source *s = &a->sources[r->source];
	struct ask *k = &a->asks[i];
	s->bytes += r->got + (r->by_range ? CHUNK_SPAN_BYTES : 0);
	s->failures = 0;
	part->complete = k->active && !k->answered && !r->skipped;
	if (part->complete) {
		k->under_way--;
		k->answered = true;
	} else {
		missed(a, i, r->source, OK, r->skipped); /* skipped: what others brought was wrong in the meantime */
	}
	r->got = 0;
	r->skipped = false;
	r->begun_ms = r->heard_ms;
}

static struct asks_part part_of(const struct asks *a, const struct asks_request *r)
{
	const uint32_t i = asks_of(a, r, r->asks_done);
	return (struct asks_part){.ask = i,
				  .at = r->got,
				  .wanted = a->asks[i].active && !a->asks[i].answered && !r->skipped,
				  .by_range = r->by_range,
				  .source = r->source};
}

size_t asks_arrived(struct asks *a, unsigned request, size_t n, uint64_t now_ms, struct asks_part *part)
{
	struct asks_request *r = &a->requests[request];
	assert(request < a->slots_n && r->active && n > 0);
	r->heard_ms = now_ms;
	if (r->asks_done == r->asks_n)
		return 0;
	*part = part_of(a, r);
	r->skipped = !part->wanted;
	if (!r->by_range) {
		if (n > CHUNK_STORED_BYTES_MAX - r->got)
			return 0;
		r->got += n;
		return n;
	}
	const size_t missing = a->asks[part->ask].leaf.size - r->got, take = n < missing ? n : missing;
	r->got += take;
	if (take == missing)
		complete(a, r, part);
	return take;
}

bool asks_whole(struct asks *a, unsigned request, uint64_t now_ms, struct asks_part *part)
{
	struct asks_request *r = &a->requests[request];
	assert(request < a->slots_n && r->active);
	r->heard_ms = now_ms;
	if (r->by_range || r->asks_done == r->asks_n)
		return false;
	*part = part_of(a, r);
	complete(a, r, part);
	return part->complete;
}

void asks_pause(struct asks *a, unsigned request)
{
	a->requests[request].paused = true;
}

void asks_resume(struct asks *a, unsigned request, uint64_t now_ms)
{
	struct asks_request *r = &a->requests[request];
	r->paused = false;
	r->heard_ms = r->begun_ms = now_ms;
}

void asks_ended(struct asks *a, unsigned request, int err, uint64_t now_ms)
{
	struct asks_request *r = &a->requests[request];
	struct asks_source *s = &a->sources[r->source];
	assert(request < a->slots_n && r->active);
	bool again = false;
	r->active = false;
	s->under_way--;
	s->ranges_n -= r->by_range;
	if (err == OK && r->asks_done < r->asks_n)
		err = ERR_CLOSED;
	if (err == OK && r->by_range)
		s->helped_n = 0;
	if (r->by_range && (err == ERR_PROTOCOL || err == ERR_SIZE || err == ERR_NOT_FOUND || err == ERR_LIMIT)) {
		s->by_range = false;
		s->last = err;
		again = true; /* its chunks may be had all the same */
	} else if (err != OK && err != ERR_NOT_FOUND && !s->wide && (r->by_range || err != ERR_SOURCE)) {
		fault(s, err, now_ms);
	}
	if (r->by_range && r->asks_done > 0 && r->asks_done < r->asks_n) { /* what lacks may be this one only */
		a->asks[asks_of(a, r, r->asks_done)].alone = true;
		again = true;
	}
	for (; r->asks_done < r->asks_n; r->asks_done++)
		missed(a, asks_of(a, r, r->asks_done), r->source, again || r->by_range ? OK : err, again);
}

void asks_right(struct asks *a, uint32_t ask)
{
	asks_release(a, ask);
}

void asks_wrong(struct asks *a, const struct asks_part *part, size_t n)
{
	struct asks_source *s = &a->sources[part->source];
	struct ask *k = &a->asks[part->ask];
	s->bad_bytes += n;
	k->answered = false;
	if (part->by_range) { /* its chunks may be right all the same */
		s->by_range = false;
		k->tried &= ~(1U << part->source);
	} else {
		k->lied |= 1U << part->source;
		s->dropped = ++s->wrong_n >= ASKS_WRONG_MAX;
	}
	s->last = ERR_SOURCE_LIES;
	ask_others(a, part->ask);
}

/* Whether all that could be asked for it sent wrong bytes: for it, or so many that they are asked no more. */
static bool all_lied(const struct asks *a, const struct ask *k)
{
	const uint32_t usable = asks_usable(a, k);
	size_t liars = 0;
	for (size_t i = 0; i < a->sources_n; i++) {
		const struct asks_source *s = &a->sources[i];
		const bool for_others = s->by_range && !s->by_address && k->leaf.size == 0;
		const bool lied = s->dropped || (k->lied >> i & 1) != 0 || ((usable >> i & 1) == 0 && s->bad_bytes > 0);
		if (!lied && !for_others)
			return false;
		liars += lied;
	}
	return liars > 0;
}

bool asks_failed(struct asks *a, uint64_t *id, int *err)
{
	const uint32_t i = a->failed.head;
	if (i == ASKS_NONE)
		return false;
	const struct ask *k = &a->asks[i];
	const bool hope = (asks_usable(a, k) & ~k->absent & ~k->lied) != 0;
	*id = k->id;
	*err = hope ? ERR_SOURCE : k->absent != 0 ? ERR_NOT_FOUND : all_lied(a, k) ? ERR_SOURCE_LIES : ERR_SOURCE;
	a->failed.head = k->next;
	asks_release(a, i);
	return true;
}
