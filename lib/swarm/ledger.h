/* What we owe to one node, as a light client that never pays but by waiting: so that no node has a reason to
 * block us. The price of a chunk is reserved before it is asked for, and owed when it came; what the
 * node forgives by pseudosettle is taken off. A node allows more than is used here; the
 * difference is for what the two sides cannot know of each other at the same time.
 *
 * One for each connection: both sides begin at nothing. */
#ifndef SWARM_LEDGER_H
#define SWARM_LEDGER_H

#include "swarm/price.h"
#include "swarm/pseudosettle.h"

#define LEDGER_SETTLE_MS \
	1100 /* from one settlement to the next: two in one second of the node's clock are one too many */

struct ledger {
	uint64_t threshold, per_s; /* what may be owed, what is forgiven */
	uint64_t debt, reserved;
	uint64_t settled_ms; /* when the last settlement came through, or the connection began */
	bool settled, settling;
	uint64_t settle_ms; /* not before */
	uint64_t asked;     /* of the settlement on its way */
	int64_t settled_s;  /* the node's clock at the last one */
};

void ledger_init(struct ledger *l, uint64_t now_ms);
/* What the node has announced. */
void ledger_announced(struct ledger *l, uint64_t threshold);
/* What a chunk that is asked for now may cost at most; one that costs no more is reserved. */
uint64_t ledger_room(const struct ledger *l, uint64_t now_ms);
bool ledger_reserve(struct ledger *l, uint64_t price, uint64_t now_ms);
/* What became of it: it came, or may be counted by the node though it did not (a broken stream, wrong data); or the
 * node said that there is none. */
void ledger_apply(struct ledger *l, uint64_t price);
void ledger_release(struct ledger *l, uint64_t price);
/* What is to be settled now; 0: nothing. It is then on its way. */
uint64_t ledger_settle(struct ledger *l, uint64_t now_ms);
/* What became of that: ack NULL when the node refused. */
void ledger_settled(struct ledger *l, const struct pseudosettle_ack *ack, uint64_t now_ms);
/* When ledger_settle has something, or ledger_room says more, though nothing arrives. */
uint64_t ledger_deadline(const struct ledger *l, uint64_t now_ms);

#endif
