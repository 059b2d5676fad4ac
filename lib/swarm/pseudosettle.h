/* Pseudosettle 1.0.0: debt that is forgiven with time. The debtor says how much it would like to be forgiven,
 * the creditor how much it was, and at which second of its clock. It resets the stream instead when that
 * second had one already. What is forgiven, and when, is of swarm/ledger.h and swarm/credit.h. */
#ifndef SWARM_PSEUDOSETTLE_H
#define SWARM_PSEUDOSETTLE_H

#include "core/bytes.h"

#define PSEUDOSETTLE_PROTOCOL "/swarm/pseudosettle/1.0.0/pseudosettle"
#define PSEUDOSETTLE_BYTES_MAX 64 /* of either message */
#define PSEUDOSETTLE_MS 5000      /* that bee takes at most */

struct pseudosettle_ack {
	uint64_t amount;
	int64_t at_s; /* of the creditor's wall clock */
};

/* Read messages without their length (ERR_PROTOCOL: none), write them with it. */
MUST_CHECK int pseudosettle_read_payment(struct bytes message, uint64_t *amount);
void pseudosettle_write_payment(struct writer *w, uint64_t amount);
MUST_CHECK int pseudosettle_read_ack(struct bytes message, struct pseudosettle_ack *ack);
void pseudosettle_write_ack(struct writer *w, const struct pseudosettle_ack *ack);

#endif
