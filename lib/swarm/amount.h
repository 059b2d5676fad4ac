/* Amounts in Swarm's accounting messages: a field with a big-endian number, without leading zeros; 0 is no
 * field. bee has no limit to them; here what is above 64 bits counts as the largest that fits. */
#ifndef SWARM_AMOUNT_H
#define SWARM_AMOUNT_H

#include "core/bytes.h"

uint64_t amount_read(struct bytes field);
void amount_write(struct writer *w, uint32_t number, uint64_t amount);

#endif
