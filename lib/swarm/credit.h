/* What one peer owes to us, by the rules that bee's nodes keep and expect: the server's side of the
 * accounting. A peer that goes too far beyond what was announced to it is to be disconnected. Amounts and prices
 * are in bee's accounting units (swarm/price.h), times in seconds of the wall's clock. */
#ifndef SWARM_CREDIT_H
#define SWARM_CREDIT_H

#include "core/wall.h"
#include "swarm/price.h"

#define CREDIT_TOLERANCE_PERCENT 25 /* that is never announced */
#define CREDIT_TIMES_MAX 10000

struct credit {
	uint64_t times;                    /* of what bee forgives */
	uint64_t per_s;                    /* that it is forgiven */
	uint64_t threshold, threshold_max; /* what was announced that it may owe; how far that may grow */
	uint64_t limit;                    /* of what it owes: beyond it, it is disconnected */
	int64_t balance;                   /* what the peer owes; below 0: it was forgiven too much */
	uint64_t shadow, ghost;            /* of deliveries that are prepared, that were and could not be sent */
	int64_t settled_s;                 /* the second of the last settlement; to be kept for the next connection */
	uint64_t repaid, grows_at;
};

/* settled_s: as it stood at the end of the last connection of the same libp2p peer (swarm/accounts.h), whatever overlay
 * it names; 0: there was none. */
void credit_init(struct credit *c, bool full_node, int64_t settled_s);
/* Right after it: a peer is forgiven so many times what bee forgives, and may owe as much more, up to threshold_max:
 * what it may owe it may ask for at once. times <= CREDIT_TIMES_MAX. */
void credit_extend(struct credit *c, uint64_t times, uint64_t threshold_max);
void credit_prepare(struct credit *c, uint64_t price);
/* The delivery has gone out; has not. ERR_LIMIT: disconnect the peer. */
MUST_CHECK int credit_deliver(struct credit *c, uint64_t price, struct wall now);
MUST_CHECK int credit_abort(struct credit *c, uint64_t price);
/* The peer asks to be forgiven: how much it is, and whether a higher threshold is to be announced now. ERR_LIMIT: a
 * second time within a second; the stream is to be reset. */
MUST_CHECK int credit_settle(struct credit *c, uint64_t amount, struct wall now, uint64_t *accepted, bool *grown);
/* How long bee would block the peer, in seconds. */
uint64_t credit_block_s(const struct credit *c);

#endif
