/* How many bytes may be under way to us: one budget for all TCP connections.
 *
 * What all senders together may send at once must fit the receive ring of the network card, whose
 * size nobody tells. When it overflows, the end of a burst is lost, and a sender may need a second
 * or more to find out. So the budget starts small and halves when something is lost. Up to where it
 * started, or nearly to where something was lost, it grows by a segment for each budget that has
 * arrived. Beyond that it is raised by half for a while, and stays there only if more comes in per
 * second than before: where the way is short it does not, and nothing is risked for nothing; where
 * the way is long it soon reaches its most. */
#ifndef EFI_RECEIVE_WINDOW_H
#define EFI_RECEIVE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define RECEIVE_WINDOW_SEGMENT_BYTES 1460
#define RECEIVE_WINDOW_FIRST_BYTES (11 * RECEIVE_WINDOW_SEGMENT_BYTES)
#define RECEIVE_WINDOW_LEAST_BYTES (4 * RECEIVE_WINDOW_SEGMENT_BYTES)
#define RECEIVE_WINDOW_MOST_BYTES (256 * 1024)

struct receive_window {
	uint32_t budget_bytes;
	uint32_t arrived_bytes;     /* since it last grew by a segment */
	uint32_t most_bytes;        /* where something was lost, less a quarter; more again when that is long ago */
	unsigned losses_n, quiet_n; /* measurements since the last loss */
	enum { RECEIVE_WINDOW_RESTS, RECEIVE_WINDOW_TRIES, RECEIVE_WINDOW_COMPARES } stage;
	uint32_t base_bytes, base_rate;   /* before it was raised: the budget, and what came each millisecond */
	uint32_t tried_bytes, tried_rate; /* while it was raised */
	unsigned agreed_n;                /* how often more was better */
	unsigned waits, rests;            /* measurements until it is raised again; more each time it was no better */
	uint64_t began_ms;                /* of the measurement */
	uint64_t measured_bytes;
};

void receive_window_init(struct receive_window *w);
/* n bytes have arrived, in order. */
void receive_window_arrived(struct receive_window *w, uint32_t n, uint64_t now_ms);
/* Nobody sends for now: what is measured is no measure of the window. */
void receive_window_idle(struct receive_window *w);
/* A segment was lost: to be called once for each gap. */
void receive_window_lost(struct receive_window *w);
/* What one of that many connections that move data may have under way: two segments at least. */
uint32_t receive_window_share(const struct receive_window *w, unsigned connections_n);

#endif
