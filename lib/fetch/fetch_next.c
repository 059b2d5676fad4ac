/* What to do next: whom to ask for which pieces. */
#include <assert.h>

#include "fetch/fetch_parts.h"

#define RESCUES_MAX 3           /* pieces that others had to finish until a source is too slow */
#define RESCUE_GAIN_MS 250      /* taking over must save at least this much */
#define RESCUE_PATIENCE_MS 1000 /* for the first byte of an answer */
#define RATE_UNKNOWN 1000000    /* bytes per second to reckon with before the first answer */

static bool any_fine(const struct fetch *f)
{
	for (size_t i = 0; i < f->sources_n; i++)
		if (f->sources[i].fault == FETCH_FINE && !f->sources[i].late)
			return true;
	return false;
}

/* A slow source is better than none. */
static bool may_ask(const struct fetch *f, unsigned source)
{
	enum fetch_fault fault = f->sources[source].fault;
	if (f->solo != FETCH_NO_SOURCE)
		return f->solo == source && (fault == FETCH_FINE || fault == FETCH_SLOW);
	return fault == FETCH_FINE || (fault == FETCH_SLOW && !any_fine(f));
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
						      .heard_ms = now_ms,
						      .progress_ms = now_ms};
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
				    .length = fetch_piece_end(f, end - 1) - offset,
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
	uint64_t left = fetch_piece_end(f, r->end - 1) - fetch_position(f, r);
	if (r->got == 0 && ms < RESCUE_PATIENCE_MS)
		return 0;
	return left / (r->got / ms + 1); /* bytes per ms */
}

/* Nothing is missing, but a source is idle: takes over the end of what a slower one has to do. */
static bool rescue(struct fetch *f, unsigned source, uint64_t now_ms, struct fetch_want *want)
{
	unsigned slowest = FETCH_REQUESTS_MAX;
	uint64_t longest = 0, rate = f->sources[source].rate == 0 ? RATE_UNKNOWN : f->sources[source].rate;
	/* a slow one of unknown speed: two of that kind would take from each other for ever */
	if (f->sources[source].no_ranges || (f->sources[source].fault == FETCH_SLOW && f->sources[source].rate == 0))
		return false;
	for (unsigned i = 0; i < FETCH_REQUESTS_MAX; i++) {
		const struct fetch_request *r = &f->requests[i];
		if (!r->active || r->abandoned || r->source == source ||
		    fetch_position(f, r) >= fetch_piece_end(f, r->end - 1))
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
	uint32_t current = (uint32_t)(fetch_position(f, r) / f->piece_bytes), first = r->end - 1;
	uint64_t alone = fetch_piece_bytes(f, first) * 1000 / rate + RESCUE_GAIN_MS;
	if (!fetch_owns(f, slowest, first) || longest < 2 * alone)
		return false;
	uint32_t end = r->end;
	if (first == current && ++f->sources[r->source].rescued >= RESCUES_MAX)
		fetch_drop(f, r->source, FETCH_SLOW, ERR_TIMEOUT);
	else if (first == current)
		fetch_abandon(f, slowest);
	f->state[first] = FETCH_MISSING;
	if (first != current)
		r->end = first;
	ask(f, source, first, end, now_ms, want);
	return true;
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

void fetch_next(struct fetch *f, uint64_t now_ms, struct fetch_want *want)
{
	fetch_look_for_stalls(f, now_ms);
	if (want_abandon(f, want))
		return;
	if (f->done_n == f->pieces_n) {
		for (unsigned i = 0; i < FETCH_REQUESTS_MAX; i++)
			if (f->requests[i].active && !f->requests[i].abandoned)
				fetch_abandon(f, i);
		if (!want_abandon(f, want))
			*want = (struct fetch_want){.kind = FETCH_WANT_HASH};
		return;
	}
	fetch_move_solo(f);
	unsigned source = free_source(f, now_ms);
	if (source != FETCH_NO_SOURCE && (ask_missing(f, source, now_ms, want) || rescue(f, source, now_ms, want)))
		return;
	want_wait(f, now_ms, want);
}
