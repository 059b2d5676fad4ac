#include "efi/receive_window.h"

#define SEGMENT RECEIVE_WINDOW_SEGMENT_BYTES

void receive_window_init(struct receive_window *w)
{
	*w = (struct receive_window){.budget_bytes = RECEIVE_WINDOW_FIRST_BYTES};
}

void receive_window_arrived(struct receive_window *w, uint32_t n)
{
	w->arrived_bytes += n;
	if (w->arrived_bytes < w->budget_bytes)
		return;
	w->arrived_bytes = 0;
	if (w->budget_bytes <= RECEIVE_WINDOW_MOST_BYTES - SEGMENT)
		w->budget_bytes += SEGMENT;
}

void receive_window_lost(struct receive_window *w)
{
	w->arrived_bytes = 0;
	w->budget_bytes /= 2;
	if (w->budget_bytes < RECEIVE_WINDOW_LEAST_BYTES)
		w->budget_bytes = RECEIVE_WINDOW_LEAST_BYTES;
}

uint32_t receive_window_share(const struct receive_window *w, unsigned connections_n)
{
	const uint32_t share = w->budget_bytes / (connections_n == 0 ? 1 : connections_n);
	return share < 2 * SEGMENT ? 2 * SEGMENT : share;
}
