/* The fetch machine under events in any order that a driver may send: it comes to rest, asks only
 * for bytes of the artifact, and counts a piece only once. */
#include <assert.h>

#include "fetch/fetch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fetch f;

static void check(void)
{
	uint32_t done = 0;
	for (uint32_t i = 0; i < f.pieces_n; i++)
		done += fetch_piece_counts(&f, i);
	assert(done == f.done_n && fetch_done_bytes(&f) <= f.size);
}

static bool want(uint64_t now_ms)
{
	struct fetch_want w;
	fetch_next(&f, now_ms, &w);
	switch (w.kind) {
	case FETCH_WANT_ASK:
		assert(w.length > 0 && w.offset < f.size && w.length <= f.size - w.offset);
		return true;
	case FETCH_WANT_ABANDON:
		fetch_ended(&f, w.request, OK, now_ms);
		return true;
	case FETCH_WANT_HASH:
		return !fetch_hashed(&f, now_ms % 3 == 0);
	case FETCH_WANT_WAIT:
		return true;
	case FETCH_WANT_FAIL:
		break;
	}
	return false;
}

static void arrive(unsigned request, size_t n, bool good, uint64_t now_ms)
{
	uint64_t offset;
	uint32_t piece;
	bool store;
	if (!f.requests[request].active)
		return;
	while (n > 0) {
		size_t take = fetch_arrived(&f, request, n, now_ms, &offset, &store);
		assert(take <= n && (take == 0 || offset + take <= f.size));
		if (take == 0)
			return;
		n -= take;
		while (fetch_completed(&f, request, &piece))
			if (f.has_tree)
				fetch_checked(&f, piece, good);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int errs[] = {OK, ERR_NOT_FOUND, ERR_SIZE, ERR_PROTOCOL, ERR_TIMEOUT, ERR_CLOSED, ERR_IO};
	uint64_t now_ms = 0;
	if (size < 4)
		return 0;
	fetch_init(&f);
	for (unsigned i = 0; i < data[0] % 5U; i++)
		(void)fetch_source_add(&f);
	fetch_begin(&f, 1 + ((uint64_t)data[1] << 16 | data[2]));
	if (data[3] & 1)
		fetch_use_tree(&f);
	for (size_t i = 4; i + 2 < size; i += 3) {
		unsigned request = data[i + 1] % FETCH_REQUESTS_MAX;
		now_ms += data[i] >> 4 == 15 ? 5000 : data[i] >> 4;
		switch (data[i] % 4) {
		case 0:
		case 1:
			if (!want(now_ms))
				return 0;
			break;
		case 2:
			arrive(request % 8, (size_t)data[i + 2] << 13, data[i + 2] & 1, now_ms);
			break;
		case 3:
			if (f.requests[request % 8].active)
				fetch_ended(&f, request % 8, errs[data[i + 2] % 7], now_ms);
			break;
		}
		check();
	}
	return 0;
}
