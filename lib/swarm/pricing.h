/* Pricing 1.0.0: each side tells the other, right after the handshake, how much it may owe before it must
 * settle. One message, no answer. bee drops a peer that does not take it, and a full bee one that announces
 * less than PRICE_FULL_THRESHOLD_MIN to it; announcing nothing is allowed. */
#ifndef SWARM_PRICING_H
#define SWARM_PRICING_H

#include "core/bytes.h"

#define PRICING_PROTOCOL "/swarm/pricing/1.0.0/pricing"
#define PRICING_BYTES_MAX 64 /* of a message */

/* Reads a message, without its length. ERR_PROTOCOL: none. */
MUST_CHECK int pricing_read(struct bytes message, uint64_t *threshold);
/* Writes it, with its length. */
void pricing_write(struct writer *w, uint64_t threshold);

#endif
