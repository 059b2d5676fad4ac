#include "efi/receive_window.h"

#define SEGMENT RECEIVE_WINDOW_SEGMENT_BYTES
#define FIRST RECEIVE_WINDOW_FIRST_BYTES
#define MEASURE_MS 50     /* at least so long ... */
#define MEASURE_BUDGETS 4 /* ... and so many times the way there and back */
#define LONG_WAY_MS 8     /* no network of one building */
#define AGREED 3
#define WAITS_MAX 64
#define QUIET 32 /* measurements; twice as many with each loss */
#define QUIET_LONG_WAY 4
#define LOSSES_MAX 10 /* that are counted */
#define RATE_MAX (UINT32_MAX / 16)

void receive_window_init(struct receive_window *w)
{
	*w = (struct receive_window){.budget_bytes = FIRST,
				     .most_bytes = RECEIVE_WINDOW_MOST_BYTES,
				     .waits = 1,
				     .rests = 1};
}

/* Back to where it began, or to just below where it was too much. */
static void grow(struct receive_window *w, uint32_t n)
{
	w->arrived_bytes += n;
	if (w->arrived_bytes < w->budget_bytes || w->budget_bytes >= w->most_bytes)
		return;
	w->arrived_bytes = 0;
	w->budget_bytes += w->most_bytes - w->budget_bytes < SEGMENT ? w->most_bytes - w->budget_bytes : SEGMENT;
}

static void raise(struct receive_window *w, uint32_t rate)
{
	const uint32_t raised = w->budget_bytes + w->budget_bytes / 2;
	if (w->budget_bytes >= w->most_bytes)
		return;
	w->base_bytes = w->budget_bytes;
	w->base_rate = rate;
	w->tried_bytes = w->budget_bytes = raised < w->most_bytes ? raised : w->most_bytes;
	w->stage = RECEIVE_WINDOW_TRIES;
}

/* Half as much again under way gives half as much again where the way is what limits; less than
 * half of that may be chance. */
static bool is_better(uint32_t rate, uint32_t than)
{
	return rate > than + than / 4;
}

static void no_better(struct receive_window *w)
{
	w->budget_bytes = w->base_bytes;
	w->stage = RECEIVE_WINDOW_RESTS;
	w->rests = w->waits;
	w->agreed_n = 0;
	if (w->waits < WAITS_MAX)
		w->waits *= 2;
}

static void better(struct receive_window *w, uint32_t rate)
{
	w->budget_bytes = w->tried_bytes;
	w->stage = RECEIVE_WINDOW_RESTS;
	w->waits = 1;
	w->agreed_n = 0;
	raise(w, rate);
}

static bool is_long(uint32_t bytes, uint32_t rate)
{
	return bytes >= rate * LONG_WAY_MS;
}

/* A loss may have been chance, and is believed to have been when nothing was lost for long; sooner on
 * a long way, where there is more to win and a ring is not what overflows. */
static void lift(struct receive_window *w, uint32_t rate)
{
	const unsigned quiet = is_long(w->budget_bytes, rate) ? QUIET_LONG_WAY : (unsigned)QUIET << w->losses_n;
	if (w->most_bytes >= RECEIVE_WINDOW_MOST_BYTES || ++w->quiet_n < quiet)
		return;
	w->quiet_n = 0;
	w->most_bytes += w->most_bytes / 4;
	if (w->most_bytes > RECEIVE_WINDOW_MOST_BYTES)
		w->most_bytes = RECEIVE_WINDOW_MOST_BYTES;
}

/* On a long way a higher rate is no chance, and time is short. On a short one, where a burst may
 * be too much at any time, it must fall again with the budget, and all that several times. */
static void judge(struct receive_window *w, uint32_t rate)
{
	lift(w, rate);
	switch (w->stage) {
	case RECEIVE_WINDOW_RESTS:
		if (w->rests > 0)
			w->rests--;
		else if (w->budget_bytes >= FIRST)
			raise(w, rate);
		break;
	case RECEIVE_WINDOW_TRIES:
		w->tried_rate = rate;
		if (!is_better(rate, w->base_rate))
			no_better(w);
		else if (is_long(w->base_bytes, w->base_rate))
			better(w, rate);
		else {
			w->budget_bytes = w->base_bytes;
			w->stage = RECEIVE_WINDOW_COMPARES;
		}
		break;
	case RECEIVE_WINDOW_COMPARES:
		if (!is_better(w->tried_rate, rate))
			no_better(w);
		else if (++w->agreed_n == AGREED)
			better(w, w->tried_rate);
		else
			raise(w, rate);
		break;
	}
}

void receive_window_arrived(struct receive_window *w, uint32_t n, uint64_t now_ms)
{
	if (w->budget_bytes < FIRST)
		grow(w, n);
	if (w->measured_bytes == 0)
		w->began_ms = now_ms;
	w->measured_bytes += n;
	const uint64_t ms = now_ms - w->began_ms;
	if (ms < MEASURE_MS || w->measured_bytes < MEASURE_BUDGETS * (uint64_t)w->budget_bytes)
		return;
	const uint64_t rate = w->measured_bytes / ms;
	w->measured_bytes = 0;
	judge(w, rate > RATE_MAX ? RATE_MAX : (uint32_t)rate);
}

void receive_window_idle(struct receive_window *w)
{
	w->measured_bytes = 0;
}

void receive_window_lost(struct receive_window *w)
{
	w->most_bytes = w->budget_bytes - w->budget_bytes / 4;
	w->quiet_n = 0;
	if (w->losses_n < LOSSES_MAX)
		w->losses_n++;
	w->budget_bytes /= 2;
	if (w->budget_bytes < RECEIVE_WINDOW_LEAST_BYTES)
		w->budget_bytes = RECEIVE_WINDOW_LEAST_BYTES;
	if (w->most_bytes < RECEIVE_WINDOW_LEAST_BYTES)
		w->most_bytes = RECEIVE_WINDOW_LEAST_BYTES;
	w->arrived_bytes = 0;
	w->measured_bytes = 0;
	w->stage = RECEIVE_WINDOW_RESTS;
	w->rests = w->waits;
	w->agreed_n = 0;
}

uint32_t receive_window_share(const struct receive_window *w, unsigned connections_n)
{
	const uint32_t share = w->budget_bytes / (connections_n == 0 ? 1 : connections_n);
	return share < 2 * SEGMENT ? 2 * SEGMENT : share;
}
