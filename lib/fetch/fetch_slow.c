/* Who is too slow, and whose turn it is to give a whole alone. */
#include "fetch/fetch_parts.h"

#define CRAWL_MS 60000 /* without PROGRESS_BYTES from anybody: nobody would wait for the rest */
#define SOLO_SLOWER 8  /* times slower than another one was: that one's turn comes first */

/* So slow that a source which sends a byte now and then is no better than a silent one. That alone
 * is no fault: a slow link, or one that many share, is all there is sometimes. */
static bool is_late(const struct fetch_request *r, uint64_t now_ms)
{
	return r->active && !r->abandoned && now_ms >= r->progress_ms + FETCH_STALL_MS;
}

static bool is_idle(const struct fetch_source *s, uint64_t now_ms)
{
	return s->asked_n == 0 && s->strikes == 0 && s->retry_at_ms <= now_ms;
}

/* Whether somebody else has shown to be faster now, or is idle and may well be. */
static bool any_better(const struct fetch *f, unsigned source, uint64_t now_ms)
{
	for (unsigned i = 0; i < f->sources_n; i++) {
		bool may_come = f->solo == FETCH_NO_SOURCE || !f->tried_solo[i];
		if (i != source && f->sources[i].fault == FETCH_FINE && may_come && is_idle(&f->sources[i], now_ms))
			return true;
	}
	for (unsigned i = 0; i < FETCH_REQUESTS_MAX; i++) {
		const struct fetch_request *r = &f->requests[i];
		if (r->active && !r->abandoned && r->source != source && r->prompt && !is_late(r, now_ms))
			return true;
	}
	return false;
}

/* A whole from one source is not worth much more time than one from another would take. */
static bool is_slow_solo(const struct fetch *f, const struct fetch_request *r, uint64_t now_ms)
{
	if (f->solo != r->source || now_ms < r->began_ms + FETCH_STALL_MS)
		return false;
	uint64_t rate = r->got / (now_ms - r->began_ms) * 1000;
	for (unsigned i = 0; i < f->sources_n; i++)
		if (i != f->solo && f->sources[i].fault == FETCH_FINE && !f->tried_solo[i] &&
		    f->sources[i].rate / SOLO_SLOWER > rate)
			return true;
	return false;
}

/* The source is asked again when there is no better one left. */
static void drop_slow(struct fetch *f, unsigned source)
{
	fetch_drop(f, source, FETCH_SLOW, ERR_TIMEOUT);
	f->tried_solo[source] = false; /* its turn comes later */
}

void fetch_look_for_stalls(struct fetch *f, uint64_t now_ms)
{
	for (unsigned i = 0; i < f->sources_n; i++)
		f->sources[i].late = false;
	for (unsigned i = 0; i < FETCH_REQUESTS_MAX; i++) {
		const struct fetch_request *r = &f->requests[i];
		if (!r->active || r->abandoned)
			continue;
		bool late = is_late(r, now_ms);
		bool crawls = late && now_ms >= r->progress_ms + CRAWL_MS && now_ms >= f->progress_ms + CRAWL_MS;
		f->sources[r->source].late |= late;
		if (crawls || now_ms >= r->heard_ms + FETCH_STALL_MS) {
			fetch_abandon(f, i);
			fetch_strike(f, r->source, ERR_TIMEOUT, now_ms);
		} else if (f->sources[r->source].fault == FETCH_FINE &&
			   ((late && any_better(f, r->source, now_ms)) || is_slow_solo(f, r, now_ms))) {
			drop_slow(f, r->source);
		}
	}
}

/* The next whose turn it is: one without fault, else one that was too slow. None: NO_SOURCE. */
static unsigned next_solo(const struct fetch *f)
{
	static const enum fetch_fault faults[] = {FETCH_FINE, FETCH_SLOW};
	for (unsigned k = 0; k < 2; k++)
		for (unsigned i = 0; i < f->sources_n; i++)
			if (f->sources[i].fault == faults[k] && !f->tried_solo[i])
				return i;
	return FETCH_NO_SOURCE;
}

void fetch_begin_solo(struct fetch *f)
{
	unsigned next = next_solo(f);
	if (next == FETCH_NO_SOURCE) { /* each had its turn */
		for (unsigned i = 0; i < f->sources_n; i++)
			if (f->sources[i].fault == FETCH_FINE || f->sources[i].fault == FETCH_SLOW)
				fetch_drop(f, i, FETCH_FAILING, ERR_HASH);
		return;
	}
	f->solo = (uint8_t)next;
	f->tried_solo[next] = true;
}

void fetch_move_solo(struct fetch *f)
{
	if (f->solo == FETCH_NO_SOURCE || f->sources[f->solo].fault == FETCH_FINE)
		return;
	unsigned next = next_solo(f);
	if (next == FETCH_NO_SOURCE ||
	    (f->sources[f->solo].fault == FETCH_SLOW && f->sources[next].fault == FETCH_SLOW))
		return; /* nobody is better than it */
	f->solo = (uint8_t)next;
	f->tried_solo[next] = f->done_n == 0; /* to finish what another began is no turn of its own */
}
