/* A search for the newest update whose answers the fuzzer chooses: it ends, and never beyond what was
 * said to be there. */
#include <assert.h>

#include "swarm/feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed_search s;
	struct reader r = reader_of(bytes_of(data, size));
	uint64_t number, highest = 0, first = read_u8(&r) == 0 ? 0 : read_be64(&r);
	unsigned asked = 0;
	bool any = false;
	feed_search_init(&s, first);
	while (!feed_search_done(&s)) {
		uint64_t numbers[FEED_PROBES];
		unsigned n = 0;
		while (feed_search_want(&s, &number)) {
			assert(n < FEED_PROBES && number >= first);
			numbers[n++] = number;
		}
		assert(n > 0);
		asked += n;
		assert(asked < 100 * FEED_PROBES * FEED_PATIENCE);
		for (unsigned i = 0; i < n; i++) {
			const enum feed_answer answer = (enum feed_answer)(read_u8(&r) % 3);
			if (answer == FEED_THERE && (!any || numbers[i] > highest))
				highest = numbers[i];
			any = any || answer == FEED_THERE;
			feed_search_answer(&s, numbers[i], r.dead ? FEED_NOT_THERE : answer);
		}
	}
	assert(!s.any || (any && s.newest <= highest && s.newest >= first));
	return 0;
}
