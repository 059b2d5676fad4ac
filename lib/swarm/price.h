/* What a chunk costs from a node, in bee's accounting units: the farther the node, the more others it has to
 * ask. Both sides compute the same number; none is ever told. And the limits that bee's full nodes set
 * to a light client that never pays but by waiting. Source: bee, pkg/pricer, pkg/node. */
#ifndef SWARM_PRICE_H
#define SWARM_PRICE_H

#include "swarm/overlay.h"

#define PRICE_STEP 10000              /* for each order that is missing */
#define PRICE_MAX (32 * PRICE_STEP)   /* of a node with nothing in common with the chunk */
#define PRICE_LIGHT_PER_S 450000      /* that a light client's debt is forgiven */
#define PRICE_LIGHT_THRESHOLD 1350000 /* that it may owe, unless another one is announced */
#define PRICE_FULL_PER_S (10 * PRICE_LIGHT_PER_S)
#define PRICE_FULL_THRESHOLD (10 * PRICE_LIGHT_THRESHOLD)
#define PRICE_FULL_THRESHOLD_MIN (2 * PRICE_FULL_PER_S) /* a full node drops who announces less to it */

static inline uint64_t price_of_order(unsigned order)
{
	return (uint64_t)(OVERLAY_ORDER_MAX + 1 - order) * PRICE_STEP;
}

/* The price of the chunk at address from the node at overlay. */
static inline uint64_t price_of(const uint8_t overlay[static OVERLAY_BYTES],
				const uint8_t address[static OVERLAY_BYTES])
{
	return price_of_order(overlay_order(overlay, address));
}

#endif
