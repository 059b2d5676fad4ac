/* How many bytes may be under way to us: one budget for all TCP connections.
 *
 * What all senders together may send at once must fit the receive ring of the network card, whose
 * size nobody tells. When it overflows, the end of a burst is lost, and the sender finds out by a
 * timer, after a second or more. So the budget starts small, grows by a segment for each budget
 * that arrived while nothing is lost, and halves when something is: as a sender's congestion window
 * does, but for the last yard. */
#ifndef EFI_RECEIVE_WINDOW_H
#define EFI_RECEIVE_WINDOW_H

#include <stdint.h>

#define RECEIVE_WINDOW_SEGMENT_BYTES 1460
#define RECEIVE_WINDOW_FIRST_BYTES (11 * RECEIVE_WINDOW_SEGMENT_BYTES)
#define RECEIVE_WINDOW_LEAST_BYTES (4 * RECEIVE_WINDOW_SEGMENT_BYTES)
#define RECEIVE_WINDOW_MOST_BYTES (256 * 1024)

struct receive_window {
	uint32_t budget_bytes;
	uint32_t arrived_bytes; /* since it last grew */
};

void receive_window_init(struct receive_window *w);
/* n bytes have arrived, in order. */
void receive_window_arrived(struct receive_window *w, uint32_t n);
/* A segment was lost: to be called once for each gap. */
void receive_window_lost(struct receive_window *w);
/* What one of that many connections that move data may have under way: two segments at least. */
uint32_t receive_window_share(const struct receive_window *w, unsigned connections_n);

#endif
