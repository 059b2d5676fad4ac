/* What will happen in a simulated network, soonest first; at the same time, in the order it was said. */
#ifndef SIM_KAD_EVENT_H
#define SIM_KAD_EVENT_H

#include "kad_network.h"

enum event_kind { EVENT_START, EVENT_NODE, EVENT_RUN, EVENT_ANSWER, EVENT_PING, EVENT_TURN };

struct event {
	uint64_t at_ms, order;
	enum event_kind kind;
	unsigned node, to, peer;
	bool store;
	struct run *run;
	uint64_t serial, asked_ms;
};

void event_push(struct network *net, struct event e);
/* The next one until end_ms; false: none. */
bool event_pop(struct network *net, uint64_t end_ms, struct event *e);

#endif
