#include "fetch/fetch.h"

#include <assert.h>
#include <string.h>

#define RESCUES_MAX 3        /* pieces that others had to finish until a source is too slow */
#define RESCUE_GAIN_MS 250   /* taking over must save at least this much */
#define RESCUE_PATIENCE_MS 1000 /* for the first byte of an answer */
#define RATE_UNKNOWN 1000000 /* bytes per second to reckon with before the first answer */

void fetch_init(struct fetch *f)
{
	memset(f, 0, sizeof *f);
	f->solo = FETCH_NO_SOURCE;
}

unsigned fetch_source_add(struct fetch *f)
{
	if (f->sources_n == FETCH_SOURCES_MAX)
		return FETCH_NO_SOURCE;
	f->sources[f->sources_n] = (struct fetch_source){.fault = FETCH_FINE};
	return (unsigned)f->sources_n++;
}

void fetch_begin(struct fetch *f, uint64_t size, bool has_tree)
{
	assert(size > 0);
	f->size = size;
	f->has_tree = has_tree;
	f->piece_bytes = FETCH_PIECE_BYTES_MIN;
	while ((size - 1) / f->piece_bytes >= FETCH_PIECES_MAX)
		f->piece_bytes *= 2;
	f->pieces_n = (uint32_t)((size - 1) / f->piece_bytes + 1);
	f->done_n = 0;
	f->solo = FETCH_NO_SOURCE;
	memset(f->tried_solo, 0, sizeof f->tried_solo);
	memset(f->state, FETCH_MISSING, sizeof f->state);
	memset(f->from, FETCH_NO_SOURCE, sizeof f->from);
	memset(f->requests, 0, sizeof f->requests);
	for (size_t i = 0; i < f->sources_n; i++) {
		struct fetch_source *s = &f->sources[i];
		if (s->fault == FETCH_ABSENT || s->fault == FETCH_OTHER_SIZE)
			s->fault = FETCH_FINE;
		s->asked_n = 0;
	}
}

uint64_t fetch_piece_bytes(const struct fetch *f, uint32_t piece)
{
	uint64_t left = f->size - piece * f->piece_bytes;
	return left < f->piece_bytes ? left : f->piece_bytes;
}

static uint64_t end_of(const struct fetch *f, uint32_t piece)
{
	return piece * f->piece_bytes + fetch_piece_bytes(f, piece);
}

void fetch_found(struct fetch *f, uint32_t piece)
{
	assert(piece < f->pieces_n && f->state[piece] == FETCH_MISSING);
	f->state[piece] = FETCH_STORED;
	f->from[piece] = FETCH_NO_SOURCE;
	f->done_n += !f->has_tree;
}

static bool owns(const struct fetch *f, unsigned request, uint32_t piece)
{
	return f->state[piece] == FETCH_ASKED && f->owner[piece] == request;
}

/* The request's claim on what it has not completed ends. */
static void let_go(struct fetch *f, unsigned request)
{
	struct fetch_request *r = &f->requests[request];
	for (uint32_t i = r->first; i < r->end; i++)
		if (owns(f, request, i))
			f->state[i] = FETCH_MISSING;
}

static void abandon(struct fetch *f, unsigned request)
{
	let_go(f, request);
	f->requests[request].abandoned = true;
}

static void drop(struct fetch *f, unsigned source, enum fetch_fault fault, enum err last)
{
	f->sources[source].fault = fault;
	f->sources[source].last = last;
	for (unsigned i = 0; i < FETCH_REQUESTS_MAX; i++)
		if (f->requests[i].active && f->requests[i].source == source)
			abandon(f, i);
}

static void strike(struct fetch *f, unsigned source, enum err err, uint64_t now_ms)
{
	struct fetch_source *s = &f->sources[source];
	s->last = err;
	s->retry_at_ms = now_ms + ((uint64_t)FETCH_BACKOFF_MS << s->strikes);
	if (++s->strikes >= FETCH_STRIKES_MAX)
		drop(f, source, FETCH_FAILING, err);
}

static uint64_t position(const struct fetch *f, const struct fetch_request *r)
{
	return r->first * f->piece_bytes + r->got;
}

size_t fetch_arrived(struct fetch *f, unsigned request, size_t n, uint64_t now_ms, uint64_t *offset, bool *store)
{
	struct fetch_request *r = &f->requests[request];
	assert(request < FETCH_REQUESTS_MAX && r->active);
	uint64_t at = position(f, r);
	uint32_t piece = (uint32_t)(at / f->piece_bytes);
	if (r->abandoned || at >= f->size || piece >= r->end)
		return 0;
	uint64_t left = end_of(f, piece) - at;
	size_t take = n < left ? n : (size_t)left;
	r->heard_ms = now_ms;
	r->got += take;
	f->sources[r->source].strikes = 0;
	*store = owns(f, request, piece);
	if (*store)
		f->sources[r->source].bytes += take;
	*offset = at;
	return take;
}

bool fetch_completed(struct fetch *f, unsigned request, uint32_t *piece)
{
	struct fetch_request *r = &f->requests[request];
	while (r->reported < r->end && position(f, r) >= end_of(f, r->reported)) {
		uint32_t i = r->reported++;
		if (!owns(f, request, i))
			continue;
		f->state[i] = FETCH_STORED;
		f->from[i] = r->source;
		f->done_n += !f->has_tree;
		*piece = i;
		return true;
	}
	return false;
}

void fetch_checked(struct fetch *f, uint32_t piece, bool good)
{
	assert(piece < f->pieces_n && f->state[piece] == FETCH_STORED);
	f->state[piece] = good ? FETCH_GOOD : FETCH_MISSING;
	f->done_n += good;
	if (good || f->from[piece] == FETCH_NO_SOURCE)
		return;
	f->sources[f->from[piece]].bad_bytes += fetch_piece_bytes(f, piece);
	drop(f, f->from[piece], FETCH_WRONG, ERR_SOURCE_LIES);
}

static void learn_rate(struct fetch_source *s, const struct fetch_request *r, uint64_t now_ms)
{
	uint64_t ms = now_ms > r->began_ms ? now_ms - r->began_ms : 1;
	if (r->got < FETCH_PIECE_BYTES_MIN / 4)
		return; /* says more about the latency */
	uint64_t rate = r->got / ms * 1000;
	s->rate = s->rate == 0 ? rate : (3 * s->rate + rate) / 4;
}

void fetch_ended(struct fetch *f, unsigned request, int err, uint64_t now_ms)
{
	struct fetch_request *r = &f->requests[request];
	struct fetch_source *s = &f->sources[r->source];
	assert(request < FETCH_REQUESTS_MAX && r->active);
	bool short_of = !r->abandoned && position(f, r) < end_of(f, r->end - 1);
	learn_rate(s, r, now_ms);
	let_go(f, request);
	r->active = false;
	s->asked_n--;
	if (s->fault != FETCH_FINE || r->abandoned || (err == OK && !short_of))
		return;
	if (err == ERR_NOT_FOUND)
		drop(f, r->source, FETCH_ABSENT, ERR_NOT_FOUND);
	else if (err == ERR_SIZE)
		drop(f, r->source, FETCH_OTHER_SIZE, ERR_SIZE);
	else if (err == ERR_PROTOCOL && !s->no_ranges)
		s->no_ranges = true;
	else
		strike(f, r->source, err == OK ? ERR_CLOSED : (enum err)err, now_ms);
}

static bool any_fine(const struct fetch *f)
{
	for (size_t i = 0; i < f->sources_n; i++)
		if (f->sources[i].fault == FETCH_FINE)
			return true;
	return false;
}

/* A slow source is better than none. */
static bool may_ask(const struct fetch *f, unsigned source)
{
	enum fetch_fault fault = f->sources[source].fault;
	if (fault != FETCH_FINE && !(fault == FETCH_SLOW && !any_fine(f)))
		return false;
	return f->solo == FETCH_NO_SOURCE || f->solo == source;
}

/* Sources that answer ranges go first; one that does not is asked when it is alone. */
static bool any_with_ranges(const struct fetch *f)
{
	for (unsigned i = 0; i < f->sources_n; i++)
		if (may_ask(f, i) && !f->sources[i].no_ranges)
			return true;
	return false;
}

/* The fastest source with room for a request, one of unknown speed before all; none: NO_SOURCE. */
static unsigned free_source(const struct fetch *f, uint64_t now_ms)
{
	unsigned best = FETCH_NO_SOURCE;
	bool ranges = any_with_ranges(f);
	for (unsigned i = 0; i < f->sources_n; i++) {
		const struct fetch_source *s = &f->sources[i];
		unsigned room = s->no_ranges ? 1 : FETCH_PER_SOURCE;
		if (!may_ask(f, i) || s->retry_at_ms > now_ms || s->asked_n >= room || (s->no_ranges && ranges))
			continue;
		if (s->rate == 0 && s->asked_n == 0)
			return i;
		if (best == FETCH_NO_SOURCE || s->rate > f->sources[best].rate)
			best = i;
	}
	return best;
}

static unsigned free_request(const struct fetch *f)
{
	unsigned i = 0;
	while (i < FETCH_REQUESTS_MAX && f->requests[i].active)
		i++;
	assert(i < FETCH_REQUESTS_MAX); /* FETCH_SOURCES_MAX * FETCH_PER_SOURCE */
	return i;
}

static void ask(struct fetch *f, unsigned source, uint32_t first, uint32_t end, uint64_t now_ms,
		struct fetch_want *want)
{
	unsigned request = free_request(f);
	bool whole = f->sources[source].no_ranges;
	if (whole)
		first = 0, end = f->pieces_n;
	f->requests[request] = (struct fetch_request){.active = true,
						      .whole = whole,
						      .source = (uint8_t)source,
						      .first = first,
						      .end = end,
						      .reported = first,
						      .began_ms = now_ms,
						      .heard_ms = now_ms};
	f->sources[source].asked_n++;
	for (uint32_t i = first; i < end; i++) {
		if (f->state[i] != FETCH_MISSING)
			continue;
		f->state[i] = FETCH_ASKED;
		f->owner[i] = (uint8_t)request;
	}
	uint64_t offset = first * f->piece_bytes;
	*want = (struct fetch_want){.kind = FETCH_WANT_ASK,
				    .request = request,
				    .source = source,
				    .offset = offset,
				    .length = end_of(f, end - 1) - offset,
				    .whole = whole};
}

/* How many pieces a source should be asked for at once. */
static uint32_t run_length(const struct fetch *f, unsigned source, uint32_t missing_n)
{
	uint64_t bytes = f->sources[source].rate / 1000 * FETCH_RUN_MS;
	unsigned alive = 0;
	if (bytes > FETCH_RUN_BYTES_MAX)
		bytes = FETCH_RUN_BYTES_MAX;
	for (unsigned i = 0; i < f->sources_n; i++)
		alive += may_ask(f, i);
	uint64_t run = bytes / f->piece_bytes, share = missing_n / (alive * FETCH_PER_SOURCE + 1) + 1;
	if (run > share)
		run = share; /* the end should come for all at the same time */
	return run == 0 ? 1 : (uint32_t)run;
}

static bool ask_missing(struct fetch *f, unsigned source, uint64_t now_ms, struct fetch_want *want)
{
	uint32_t missing_n = 0, first = f->pieces_n;
	for (uint32_t i = f->pieces_n; i > 0; i--) {
		if (f->state[i - 1] != FETCH_MISSING)
			continue;
		missing_n++;
		first = i - 1;
	}
	if (missing_n == 0)
		return false;
	uint32_t end = first + 1, longest = run_length(f, source, missing_n);
	while (end < f->pieces_n && end - first < longest && f->state[end] == FETCH_MISSING)
		end++;
	ask(f, source, first, end, now_ms, want);
	return true;
}

/* Milliseconds until the request will have its pieces, at the speed it has shown. One that has
 * shown nothing yet is given a moment. */
static uint64_t time_left(const struct fetch *f, const struct fetch_request *r, uint64_t now_ms)
{
	uint64_t ms = now_ms > r->began_ms ? now_ms - r->began_ms : 1;
	uint64_t left = end_of(f, r->end - 1) - position(f, r);
	if (r->got == 0 && ms < RESCUE_PATIENCE_MS)
		return 0;
	return left / (r->got / ms + 1); /* bytes per ms */
}

/* Nothing is missing, but a source is idle: takes over the end of what a slower one has to do. */
static bool rescue(struct fetch *f, unsigned source, uint64_t now_ms, struct fetch_want *want)
{
	unsigned slowest = FETCH_REQUESTS_MAX;
	uint64_t longest = 0, rate = f->sources[source].rate == 0 ? RATE_UNKNOWN : f->sources[source].rate;
	if (f->sources[source].no_ranges)
		return false;
	for (unsigned i = 0; i < FETCH_REQUESTS_MAX; i++) {
		const struct fetch_request *r = &f->requests[i];
		if (!r->active || r->abandoned || r->source == source || position(f, r) >= end_of(f, r->end - 1))
			continue;
		uint64_t left = time_left(f, r, now_ms);
		if (slowest == FETCH_REQUESTS_MAX || left > longest) {
			slowest = i;
			longest = left;
		}
	}
	if (slowest == FETCH_REQUESTS_MAX)
		return false;
	struct fetch_request *r = &f->requests[slowest];
	uint32_t current = (uint32_t)(position(f, r) / f->piece_bytes), first = r->end - 1;
	uint64_t alone = fetch_piece_bytes(f, first) * 1000 / rate + RESCUE_GAIN_MS;
	if (!owns(f, slowest, first) || longest < 2 * alone)
		return false;
	uint32_t end = r->end;
	if (first == current && ++f->sources[r->source].rescued >= RESCUES_MAX)
		drop(f, r->source, FETCH_SLOW, ERR_TIMEOUT);
	else if (first == current)
		abandon(f, slowest);
	f->state[first] = FETCH_MISSING;
	if (first != current)
		r->end = first;
	ask(f, source, first, end, now_ms, want);
	return true;
}

static void look_for_stalls(struct fetch *f, uint64_t now_ms)
{
	for (unsigned i = 0; i < FETCH_REQUESTS_MAX; i++) {
		const struct fetch_request *r = &f->requests[i];
		if (!r->active || r->abandoned || now_ms < r->heard_ms + FETCH_STALL_MS)
			continue;
		abandon(f, i);
		strike(f, r->source, ERR_TIMEOUT, now_ms);
	}
}

static bool want_abandon(struct fetch *f, struct fetch_want *want)
{
	for (unsigned i = 0; i < FETCH_REQUESTS_MAX; i++) {
		struct fetch_request *r = &f->requests[i];
		if (!r->active || !r->abandoned || r->told)
			continue;
		r->told = true;
		*want = (struct fetch_want){.kind = FETCH_WANT_ABANDON, .request = i, .source = r->source};
		return true;
	}
	return false;
}

/* Waits for what is under way, or for a source to come out of its back-off; else there is none. */
static void want_wait(const struct fetch *f, uint64_t now_ms, struct fetch_want *want)
{
	uint64_t at_ms = UINT64_MAX;
	bool hope = false;
	for (unsigned i = 0; i < FETCH_REQUESTS_MAX; i++) {
		const struct fetch_request *r = &f->requests[i];
		if (!r->active)
			continue;
		hope = true;
		if (!r->abandoned && r->heard_ms + FETCH_STALL_MS < at_ms)
			at_ms = r->heard_ms + FETCH_STALL_MS;
		if (now_ms + RESCUE_GAIN_MS < at_ms)
			at_ms = now_ms + RESCUE_GAIN_MS; /* rescue looks again */
	}
	for (uint32_t i = 0; i < f->pieces_n && !hope; i++)
		hope = f->has_tree && f->state[i] == FETCH_STORED; /* being checked */
	for (unsigned i = 0; i < f->sources_n; i++) {
		if (!may_ask(f, i))
			continue;
		hope = true;
		if (f->sources[i].retry_at_ms > now_ms && f->sources[i].retry_at_ms < at_ms)
			at_ms = f->sources[i].retry_at_ms;
	}
	*want = (struct fetch_want){.kind = hope ? FETCH_WANT_WAIT : FETCH_WANT_FAIL, .at_ms = at_ms};
}

/* While wholes are tried one source at a time: the next when the present one is dropped. */
static void move_solo(struct fetch *f)
{
	if (f->solo == FETCH_NO_SOURCE || f->sources[f->solo].fault == FETCH_FINE)
		return;
	for (unsigned i = 0; i < f->sources_n; i++) {
		if (f->sources[i].fault != FETCH_FINE || f->tried_solo[i])
			continue;
		f->solo = (uint8_t)i;
		f->tried_solo[i] = true;
		return;
	}
}

void fetch_next(struct fetch *f, uint64_t now_ms, struct fetch_want *want)
{
	look_for_stalls(f, now_ms);
	if (want_abandon(f, want))
		return;
	if (f->done_n == f->pieces_n) {
		for (unsigned i = 0; i < FETCH_REQUESTS_MAX; i++)
			if (f->requests[i].active && !f->requests[i].abandoned)
				abandon(f, i);
		if (!want_abandon(f, want))
			*want = (struct fetch_want){.kind = FETCH_WANT_HASH};
		return;
	}
	move_solo(f);
	unsigned source = free_source(f, now_ms);
	if (source != FETCH_NO_SOURCE && (ask_missing(f, source, now_ms, want) || rescue(f, source, now_ms, want)))
		return;
	want_wait(f, now_ms, want);
}

static void start_over(struct fetch *f)
{
	memset(f->state, FETCH_MISSING, sizeof f->state);
	memset(f->from, FETCH_NO_SOURCE, sizeof f->from);
	f->done_n = 0;
}

/* Who supplied all pieces; *mixed: several did, *found: some were on disk. */
static unsigned supplier(const struct fetch *f, bool *mixed, bool *found)
{
	unsigned who = f->from[0];
	*mixed = *found = false;
	for (uint32_t i = 0; i < f->pieces_n; i++) {
		*mixed |= f->from[i] != who;
		*found |= f->from[i] == FETCH_NO_SOURCE;
	}
	return who;
}

bool fetch_hashed(struct fetch *f, bool good)
{
	bool mixed, found;
	unsigned who = supplier(f, &mixed, &found);
	if (good)
		return true;
	if (f->has_tree) { /* the signed tree and the signed hash contradict each other: nobody can help */
		for (unsigned i = 0; i < f->sources_n; i++)
			drop(f, i, FETCH_WRONG, ERR_HASH);
	} else if (!found && !mixed) {
		f->sources[who].bad_bytes += f->size;
		drop(f, who, FETCH_WRONG, ERR_SOURCE_LIES);
	} else if (!found) {
		f->solo = (uint8_t)f->from[0];
		f->tried_solo[f->solo] = true;
	}
	start_over(f);
	return false;
}

uint64_t fetch_done_bytes(const struct fetch *f)
{
	uint64_t n = 0;
	for (uint32_t i = 0; i < f->pieces_n; i++)
		if (f->state[i] == FETCH_GOOD || f->state[i] == FETCH_STORED)
			n += fetch_piece_bytes(f, i);
	return n;
}
