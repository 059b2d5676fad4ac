/* What came of the wants: the bookkeeping of pieces, requests and sources. */
#include "fetch/fetch.h"

#include <assert.h>
#include <string.h>

#include "fetch/fetch_parts.h"

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

void fetch_begin(struct fetch *f, uint64_t size)
{
	assert(size > 0);
	f->size = size;
	f->has_tree = false;
	f->piece_bytes = FETCH_PIECE_BYTES_MIN;
	while ((size - 1) / f->piece_bytes >= FETCH_PIECES_MAX)
		f->piece_bytes *= 2;
	f->pieces_n = (uint32_t)((size - 1) / f->piece_bytes + 1);
	f->done_n = 0;
	f->progress_bytes = f->progress_ms = 0;
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
		s->late = false;
	}
}

void fetch_source_moved(struct fetch *f, unsigned source, bool there)
{
	struct fetch_source *s = &f->sources[source];
	assert(source < f->sources_n && s->asked_n == 0);
	*s = (struct fetch_source){.fault = there ? FETCH_FINE : FETCH_ABSENT,
				   .bytes = s->bytes,
				   .bad_bytes = s->bad_bytes};
}

void fetch_use_tree(struct fetch *f)
{
	assert(f->done_n == 0);
	f->has_tree = true;
}

bool fetch_piece_counts(const struct fetch *f, uint32_t piece)
{
	return f->state[piece] == (f->has_tree ? FETCH_GOOD : FETCH_STORED);
}

uint64_t fetch_piece_bytes(const struct fetch *f, uint32_t piece)
{
	uint64_t left = f->size - piece * f->piece_bytes;
	return left < f->piece_bytes ? left : f->piece_bytes;
}

uint64_t fetch_piece_end(const struct fetch *f, uint32_t piece)
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

bool fetch_owns(const struct fetch *f, unsigned request, uint32_t piece)
{
	return f->state[piece] == FETCH_ASKED && f->owner[piece] == request;
}

/* The request's claim on what it has not completed ends. */
static void let_go(struct fetch *f, unsigned request)
{
	struct fetch_request *r = &f->requests[request];
	for (uint32_t i = r->first; i < r->end; i++)
		if (fetch_owns(f, request, i))
			f->state[i] = FETCH_MISSING;
}

void fetch_abandon(struct fetch *f, unsigned request)
{
	let_go(f, request);
	f->requests[request].abandoned = true;
}

void fetch_drop(struct fetch *f, unsigned source, enum fetch_fault fault, enum err last)
{
	f->sources[source].fault = fault;
	f->sources[source].last = last;
	for (unsigned i = 0; i < FETCH_REQUESTS_MAX; i++)
		if (f->requests[i].active && f->requests[i].source == source)
			fetch_abandon(f, i);
}

void fetch_strike(struct fetch *f, unsigned source, enum err err, uint64_t now_ms)
{
	struct fetch_source *s = &f->sources[source];
	s->last = err;
	s->retry_at_ms = now_ms + ((uint64_t)FETCH_BACKOFF_MS << s->strikes);
	if (++s->strikes >= FETCH_STRIKES_MAX)
		fetch_drop(f, source, FETCH_FAILING, err);
}

uint64_t fetch_position(const struct fetch *f, const struct fetch_request *r)
{
	return r->first * f->piece_bytes + r->got;
}

static void note_progress(struct fetch *f, struct fetch_request *r, size_t n, uint64_t now_ms)
{
	r->heard_ms = now_ms;
	r->got += n;
	f->progress_bytes += n;
	if (r->got - r->progress_got >= FETCH_PROGRESS_BYTES) {
		r->prompt = now_ms < r->progress_ms + FETCH_STALL_MS;
		r->progress_got = r->got;
		r->progress_ms = now_ms;
	}
	if (f->progress_bytes >= FETCH_PROGRESS_BYTES) {
		f->progress_bytes = 0;
		f->progress_ms = now_ms;
	}
}

size_t fetch_arrived(struct fetch *f, unsigned request, size_t n, uint64_t now_ms, uint64_t *offset, bool *store)
{
	struct fetch_request *r = &f->requests[request];
	assert(request < FETCH_REQUESTS_MAX && r->active);
	uint64_t at = fetch_position(f, r);
	uint32_t piece = (uint32_t)(at / f->piece_bytes);
	if (r->abandoned || at >= f->size || piece >= r->end)
		return 0;
	uint64_t left = fetch_piece_end(f, piece) - at;
	size_t take = n < left ? n : (size_t)left;
	note_progress(f, r, take, now_ms);
	*store = fetch_owns(f, request, piece);
	if (*store)
		f->sources[r->source].bytes += take;
	*offset = at;
	return take;
}

bool fetch_completed(struct fetch *f, unsigned request, uint32_t *piece)
{
	struct fetch_request *r = &f->requests[request];
	while (r->reported < r->end && fetch_position(f, r) >= fetch_piece_end(f, r->reported)) {
		uint32_t i = r->reported++;
		if (!fetch_owns(f, request, i))
			continue;
		f->state[i] = FETCH_STORED;
		f->from[i] = r->source;
		f->sources[r->source].strikes = 0; /* a few bytes now and then are no progress */
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
	fetch_drop(f, f->from[piece], FETCH_WRONG, ERR_SOURCE_LIES);
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
	bool short_of = !r->abandoned && fetch_position(f, r) < fetch_piece_end(f, r->end - 1);
	learn_rate(s, r, now_ms);
	let_go(f, request);
	r->active = false;
	s->asked_n--;
	if (s->fault != FETCH_FINE || r->abandoned || (err == OK && !short_of))
		return;
	if (err == ERR_NOT_FOUND)
		fetch_drop(f, r->source, FETCH_ABSENT, ERR_NOT_FOUND);
	else if (err == ERR_SIZE)
		fetch_drop(f, r->source, FETCH_OTHER_SIZE, ERR_SIZE);
	else if (err == ERR_PROTOCOL && !r->whole)
		s->no_ranges = true;
	else
		fetch_strike(f, r->source, err == OK ? ERR_CLOSED : (enum err)err, now_ms);
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
			fetch_drop(f, i, FETCH_WRONG, ERR_HASH);
	} else if (!found) {
		if (!mixed) {
			f->sources[who].bad_bytes += f->size;
			fetch_drop(f, who, FETCH_WRONG, ERR_SOURCE_LIES);
		}
		if (mixed || f->solo != FETCH_NO_SOURCE)
			fetch_begin_solo(f);
	}
	start_over(f);
	return false;
}

void fetch_revive(struct fetch *f)
{
	for (size_t i = 0; i < f->sources_n; i++) {
		struct fetch_source *s = &f->sources[i];
		if (s->fault != FETCH_FAILING && s->fault != FETCH_SLOW)
			continue;
		s->fault = FETCH_FINE;
		s->strikes = s->rescued = 0;
		s->retry_at_ms = 0;
	}
	f->solo = FETCH_NO_SOURCE; /* whose turn it was may be gone for good, and who had one be back */
	memset(f->tried_solo, 0, sizeof f->tried_solo);
}

int fetch_verdict(const struct fetch *f)
{
	bool wrong = false, failed = false;
	for (size_t i = 0; i < f->sources_n; i++) {
		const enum fetch_fault fault = f->sources[i].fault;
		wrong |= fault == FETCH_WRONG || fault == FETCH_OTHER_SIZE;
		failed |= fault == FETCH_FAILING || fault == FETCH_SLOW;
	}
	return failed ? ERR_SOURCE : wrong ? ERR_HASH : ERR_NOT_FOUND;
}

const char *fetch_fault_text(const struct fetch_source *s)
{
	switch (s->fault) {
	case FETCH_ABSENT:
		return "does not have it";
	case FETCH_OTHER_SIZE:
		return "has something of another size";
	case FETCH_WRONG:
		return "sent wrong bytes; dropped";
	case FETCH_FAILING:
		return err_text(s->last);
	case FETCH_SLOW:
		return "too slow; dropped";
	case FETCH_FINE:
		break;
	}
	return "is asked again";
}

uint64_t fetch_done_bytes(const struct fetch *f)
{
	uint64_t n = 0;
	for (uint32_t i = 0; i < f->pieces_n; i++)
		if (f->state[i] == FETCH_GOOD || f->state[i] == FETCH_STORED)
			n += fetch_piece_bytes(f, i);
	return n;
}
