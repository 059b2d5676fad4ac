#include "swarm/shares.h"

#include <assert.h>

#define FORGIVEN_MS (1000 * (uint64_t)PRICE_FULL_THRESHOLD / PRICE_FULL_PER_S) /* all of it */

/* The table has one place for several; who wants to push another out of it needs addresses of its own to do so. */
bool shares_take(struct shares *s, uint64_t group, uint64_t price, uint64_t times, uint64_t now_ms)
{
	struct share *share = &s->v[(group ^ s->seed) * 0x9e3779b97f4a7c15 >> 55];
	static_assert(SHARES_N == 512, "nine bits of a hash");
	if (share->group != group)
		*share = (struct share){.group = group, .at_ms = now_ms};
	const uint64_t since_ms = now_ms - share->at_ms;
	const uint64_t paid =
		(since_ms < FORGIVEN_MS ? since_ms : FORGIVEN_MS) * (times * SHARES_PEERS * PRICE_FULL_PER_S / 1000);
	share->owed = share->owed > paid ? share->owed - paid : 0;
	share->at_ms = now_ms;
	if (share->owed + price > times * SHARES_PEERS * PRICE_FULL_THRESHOLD)
		return false;
	share->owed += price;
	return true;
}
