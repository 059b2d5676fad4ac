#include "kad_event.h"

#include <stdlib.h>

static bool before(const struct event *a, const struct event *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void event_push(struct network *net, struct event e)
{
	static uint64_t order;
	if (net->heap_n == net->heap_room) {
		net->heap_room = net->heap_room == 0 ? 1024 : 2 * net->heap_room;
		struct event *more = realloc(net->heap, net->heap_room * sizeof *more);
		if (more == NULL)
			abort();
		net->heap = more;
	}
	e.order = order++;
	size_t at = net->heap_n++;
	for (; at > 0 && before(&e, &net->heap[(at - 1) / 2]); at = (at - 1) / 2)
		net->heap[at] = net->heap[(at - 1) / 2];
	net->heap[at] = e;
}

bool event_pop(struct network *net, uint64_t end_ms, struct event *e)
{
	if (net->heap_n == 0 || net->heap[0].at_ms > end_ms)
		return false;
	*e = net->heap[0];
	const struct event last = net->heap[--net->heap_n];
	size_t at = 0;
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= net->heap_n)
			break;
		if (child + 1 < net->heap_n && before(&net->heap[child + 1], &net->heap[child]))
			child++;
		if (!before(&net->heap[child], &last))
			break;
		net->heap[at] = net->heap[child];
		at = child;
	}
	net->heap[at] = last;
	return true;
}
