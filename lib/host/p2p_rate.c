#include "host/p2p_rate.h"

#include <assert.h>

#include "p2p/multiaddr.h"

uint64_t p2p_rate_group(struct bytes address)
{
	struct reader r = reader_of(address);
	struct multiaddr_part ip;
	uint64_t group = 1;
	if (!multiaddr_next(&r, &ip))
		return 0;
	for (size_t i = 0; i < ip.value.n && i < 7; i++)
		group = group << 8 | ip.value.p[i];
	return group;
}

/* The table has one place for several; who wants to push another out of it needs addresses of its own to do so, and
 * is held by the limits of all. */
bool p2p_rates_allow(struct p2p_rates *rates, uint64_t group, uint64_t burst, uint64_t every_ms, uint64_t now_ms)
{
	struct p2p_rate *rate = &rates->v[(group ^ rates->seed) * 0x9e3779b97f4a7c15 >> 55];
	static_assert(P2P_RATES_N == 512, "nine bits of a hash");
	if (rate->group != group)
		*rate = (struct p2p_rate){.group = group, .at_ms = now_ms};
	const uint64_t paid = now_ms - rate->at_ms;
	rate->debt_ms = rate->debt_ms > paid ? rate->debt_ms - paid : 0;
	rate->at_ms = now_ms;
	if (rate->debt_ms + every_ms > burst * every_ms)
		return false;
	rate->debt_ms += every_ms;
	return true;
}
