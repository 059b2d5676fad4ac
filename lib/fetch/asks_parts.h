/* What the parts of the machine for chunks share, and nobody else. */
#ifndef FETCH_ASKS_PARTS_H
#define FETCH_ASKS_PARTS_H

#include "fetch/asks.h"

/* The ask that is the k-th of a request. */
static inline uint32_t asks_of(const struct asks *a, const struct asks_request *r, size_t k)
{
	return r->by_range ? a->runs[r - a->requests][k] : r->ask;
}

/* Puts an ask at one end of the queue. */
void asks_queue(struct asks *a, uint32_t ask, bool front);
/* Nobody wants it any more; it can be used again as soon as nothing is under way for it. */
void asks_release(struct asks *a, uint32_t ask);
/* All were asked: those that failed are asked again, some times; or nobody has it. */
void asks_try_again(struct asks *a, uint32_t ask);
/* Sources that can still be asked for it, a bit each. */
uint32_t asks_usable(const struct asks *a, const struct ask *ask);

#endif
