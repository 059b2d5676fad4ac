/* The machine for chunks under events in any order that a driver may send: it comes to rest, every ask ends once
 * or is there still, and after all is over none is left. */
#include <assert.h>

#include "fetch/asks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct asks a;
static uint64_t added_n, ended_n;

static void judge(const struct asks_part *part, bool good)
{
	if (good)
		asks_right(&a, part->ask);
	else
		asks_wrong(&a, part, 1);
	ended_n += good;
}

static void next(uint64_t now_ms)
{
	struct asks_want want;
	uint64_t id;
	int err;
	unsigned wants = 0;
	do {
		asks_next(&a, now_ms, &want);
		assert(want.kind != ASKS_WANT_ASK || (a.requests[want.request].active && want.source < a.sources_n));
		assert(want.kind != ASKS_WANT_ASK || !want.by_range || want.length > 0);
		assert(++wants < 10000);
	} while (want.kind != ASKS_WANT_WAIT);
	for (; asks_failed(&a, &id, &err); ended_n++)
		assert(id < added_n && (err == ERR_NOT_FOUND || err == ERR_SOURCE || err == ERR_SOURCE_LIES));
}

static void arrive(unsigned request, size_t n, bool good, uint64_t now_ms)
{
	struct asks_part part;
	while (n > 0 && a.requests[request].active) {
		const size_t take = asks_arrived(&a, request, n, now_ms, &part);
		assert(take <= n);
		if (take == 0) {
			asks_ended(&a, request, ERR_LIMIT, now_ms);
			return;
		}
		assert(!part.complete || part.wanted);
		if (part.complete)
			judge(&part, good);
		n -= take;
	}
}

static void end(unsigned request, int err, bool good, uint64_t now_ms)
{
	struct asks_part part;
	if (!a.requests[request].active)
		return;
	if (err == OK && asks_whole(&a, request, now_ms, &part))
		judge(&part, good);
	asks_ended(&a, request, err, now_ms);
}

static void add(unsigned n, bool leaves)
{
	uint8_t address[REFERENCE_BYTES] = {0};
	for (; n > 0 && asks_room(&a) > 0; n--) {
		const struct asks_leaf leaf = {.offset = added_n * 4096, .size = leaves ? 4096 : 0};
		asks_add(&a, added_n++, address, leaf);
	}
}

/* Nobody gives anything any more: all of it is over in the end. */
static void finish(uint64_t now_ms)
{
	for (unsigned i = 0; i < 20000 && asks_room(&a) < ASKS_MAX; i++) {
		next(now_ms);
		for (unsigned k = 0; k < a.slots_n; k++)
			end(k, ERR_CLOSED, false, now_ms);
		now_ms += 16000;
	}
	assert(asks_room(&a) == ASKS_MAX && a.queued_n == 0 && ended_n == added_n);
	for (size_t i = 0; i < a.sources_n; i++)
		assert(a.sources[i].under_way == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int errs[] = {OK, ERR_NOT_FOUND, ERR_SIZE, ERR_PROTOCOL, ERR_TIMEOUT, ERR_CLOSED, ERR_IO, OK};
	uint64_t now_ms = 0;
	if (size < 4)
		return 0;
	asks_init(&a);
	added_n = ended_n = 0;
	for (unsigned i = 0; i < 1 + data[0] % 4U; i++)
		(void)asks_source_add(&a, (data[1] >> i & 1) != 0, (data[2] >> i & 1) != 0);
	/* In the bits that choose nobody's ways: a network beside them, how wide it is, its requests among the others'.
	 */
	const unsigned wide = (data[1] >> 4 & 1) != 0 ? asks_source_add_wide(&a) : ASKS_SOURCES_MAX;
	if (wide < ASKS_SOURCES_MAX)
		asks_allow(&a, wide, 1 + (data[2] >> 4) * 2U);
	for (size_t i = 3; i + 3 < size; i += 4) {
		const unsigned request = wide < ASKS_SOURCES_MAX ? data[i + 1] % (ASKS_REQUESTS_MAX + 32U)
								 : data[i + 1] % ASKS_REQUESTS_MAX;
		const bool good = (data[i + 2] & 7) != 0;
		now_ms += data[i] >> 4 == 15 ? 5000U : data[i] >> 4;
		switch (data[i] % 8) {
		case 0:
			add(data[i + 2], (data[i + 1] & 1) != 0);
			break;
		case 1:
		case 2:
			next(now_ms);
			break;
		case 3:
		case 4:
			if (a.requests[request].active)
				arrive(request, (size_t)1 + data[i + 2] * 300U, good, now_ms);
			break;
		case 5:
			if (a.requests[request].active)
				asks_pause(&a, request);
			break;
		case 6:
			if (a.requests[request].active)
				asks_resume(&a, request, now_ms);
			break;
		default:
			end(request, errs[data[i + 2] % 8], good, now_ms);
			break;
		}
	}
	for (unsigned i = 0; i < a.slots_n; i++)
		if (a.requests[i].active)
			asks_resume(&a, i, now_ms);
	finish(now_ms);
	return 0;
}
