/* What simulated servers say: honest ones, liars and Sybils. */
#ifndef SIM_KAD_ANSWERS_H
#define SIM_KAD_ANSWERS_H

#include "kad_network.h"

/* What node to answers to node from; nothing: it resets the stream. */
struct bytes answers_say(struct network *net, unsigned from, unsigned to, struct bytes request,
			 uint8_t room[static KAD_SENT_BYTES_MAX]);

#endif
