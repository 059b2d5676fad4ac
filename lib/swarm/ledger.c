#include "swarm/ledger.h"

#include <assert.h>

#define GRACE_MS 1000 /* after this much more may be owed, until the next settlement */

void ledger_init(struct ledger *l, uint64_t now_ms)
{
	*l = (struct ledger){.threshold = PRICE_LIGHT_THRESHOLD, .per_s = PRICE_LIGHT_PER_S, .settled_ms = now_ms};
}

void ledger_announced(struct ledger *l, uint64_t threshold)
{
	l->threshold = threshold;
}

uint64_t ledger_room(const struct ledger *l, uint64_t now_ms)
{
	const uint64_t grace = now_ms - l->settled_ms > GRACE_MS ? l->per_s : 0;
	const uint64_t used = l->debt + l->reserved;
	const uint64_t limit = l->threshold > UINT64_MAX - grace ? UINT64_MAX : l->threshold + grace;
	return used < limit ? limit - used : 0;
}

bool ledger_reserve(struct ledger *l, uint64_t price, uint64_t now_ms)
{
	if (price > ledger_room(l, now_ms))
		return false;
	l->reserved += price;
	return true;
}

void ledger_release(struct ledger *l, uint64_t price)
{
	assert(price <= l->reserved);
	l->reserved -= price;
}

void ledger_apply(struct ledger *l, uint64_t price)
{
	ledger_release(l, price);
	l->debt += price;
}

/* Half of what may be owed, as bee does it, and no less than a second forgives: what is asked for too early is
 * given up for all of the time that has passed. */
static bool is_worth(const struct ledger *l)
{
	return l->debt >= l->threshold / 2 && l->debt >= l->per_s;
}

uint64_t ledger_settle(struct ledger *l, uint64_t now_ms)
{
	if (l->settling || now_ms < l->settle_ms || !is_worth(l))
		return 0;
	l->settling = true;
	l->asked = l->debt;
	l->settle_ms = now_ms + LEDGER_SETTLE_MS;
	return l->asked;
}

/* The node forgives what was asked, or what the time allows, or all that it counts: when it is less than the first
 * two, it counts less than we do, and what we counted was free. */
static uint64_t forgiven(const struct ledger *l, const struct pseudosettle_ack *ack)
{
	const int64_t s = ack->at_s - l->settled_s;
	const bool known = l->settled && s > 0 && (uint64_t)s < UINT64_MAX / l->per_s;
	if (ack->amount >= l->asked || (known && ack->amount < (uint64_t)s * l->per_s))
		return l->asked;
	return ack->amount;
}

void ledger_settled(struct ledger *l, const struct pseudosettle_ack *ack, uint64_t now_ms)
{
	if (!l->settling)
		return;
	l->settling = false;
	l->settle_ms = now_ms + LEDGER_SETTLE_MS;
	if (ack == NULL)
		return;
	l->debt -= forgiven(l, ack);
	l->settled = true;
	l->settled_s = ack->at_s;
	l->settled_ms = now_ms;
}

uint64_t ledger_deadline(const struct ledger *l, uint64_t now_ms)
{
	uint64_t first = UINT64_MAX;
	if (!l->settling && is_worth(l))
		first = l->settle_ms;
	if (now_ms - l->settled_ms <= GRACE_MS && l->settled_ms + GRACE_MS + 1 < first)
		first = l->settled_ms + GRACE_MS + 1;
	return first;
}
