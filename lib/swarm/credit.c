#include "swarm/credit.h"

#include <assert.h>

#include "core/err.h"

#define GROWTH_SECONDS 100      /* of repayments, for each raise */
#define GROWTH_SECONDS_MAX 1800 /* then each raise takes twice as much as the last */

static void set_limit(struct credit *c)
{
	c->limit = c->threshold * (100 + CREDIT_TOLERANCE_PERCENT) / 100;
}

void credit_init(struct credit *c, bool full_node, int64_t settled_s)
{
	*c = (struct credit){.times = 1,
			     .per_s = full_node ? PRICE_FULL_PER_S : PRICE_LIGHT_PER_S,
			     .threshold = full_node ? PRICE_FULL_THRESHOLD : PRICE_LIGHT_THRESHOLD,
			     .threshold_max = UINT64_MAX / 2,
			     .settled_s = settled_s};
	c->grows_at = GROWTH_SECONDS * c->per_s;
	set_limit(c);
}

void credit_extend(struct credit *c, uint64_t times, uint64_t threshold_max)
{
	assert(times > 0 && times <= CREDIT_TIMES_MAX);
	c->times *= times;
	c->per_s *= times;
	c->grows_at *= times;
	c->threshold_max = threshold_max;
	c->threshold = c->threshold > threshold_max / times ? threshold_max : c->threshold * times;
	set_limit(c);
}

void credit_prepare(struct credit *c, uint64_t price)
{
	c->shadow += price;
}

int credit_deliver(struct credit *c, uint64_t price, struct wall now)
{
	assert(price <= c->shadow);
	const uint64_t grace = now.s > c->settled_s ? c->per_s : 0;
	c->shadow -= price;
	c->balance += (int64_t)price;
	return c->balance >= (int64_t)(c->limit + grace) ? ERR_LIMIT : OK;
}

int credit_abort(struct credit *c, uint64_t price)
{
	assert(price <= c->shadow);
	c->shadow -= price;
	c->ghost += price;
	return c->ghost > c->limit ? ERR_LIMIT : OK;
}

static bool grow(struct credit *c)
{
	if (c->repaid <= c->grows_at || c->per_s > c->threshold_max - c->threshold)
		return false;
	c->grows_at += c->grows_at < GROWTH_SECONDS_MAX * c->per_s ? GROWTH_SECONDS * c->per_s : c->grows_at;
	c->threshold += c->per_s;
	set_limit(c);
	return true;
}

int credit_settle(struct credit *c, uint64_t amount, struct wall now, uint64_t *accepted, bool *grown)
{
	/* A clock that went back forgives nothing until it has caught up. */
	if (now.s <= c->settled_s)
		return ERR_LIMIT;
	const uint64_t seconds = (uint64_t)now.s - (uint64_t)c->settled_s;
	const uint64_t allowed = seconds > UINT64_MAX / c->per_s ? UINT64_MAX : seconds * c->per_s;
	const int64_t owed = c->balance + (int64_t)c->shadow;
	uint64_t v = owed > 0 ? (uint64_t)owed : 0;
	v = v < allowed ? v : allowed;
	v = v < amount ? v : amount;
	c->settled_s = now.s;
	c->balance -= (int64_t)v;
	c->repaid += v;
	*accepted = v;
	*grown = grow(c);
	return OK;
}

uint64_t credit_block_s(const struct credit *c)
{
	const int64_t owed = c->balance + (int64_t)(c->shadow + c->ghost);
	const uint64_t per_s = c->times * PRICE_FULL_PER_S;
	const uint64_t debt = owed > (int64_t)per_s ? (uint64_t)owed : per_s;
	return (debt + c->times * PRICE_FULL_THRESHOLD) / per_s;
}
