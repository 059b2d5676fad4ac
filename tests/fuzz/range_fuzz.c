/* Range and Content-Range: whatever comes, the ranges lie within and do not add up to more than
 * the whole. */
#include <assert.h>

#include "core/err.h"
#include "http/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ranges ranges;
	struct range r;
	uint64_t whole;
	if (size < 8)
		return 0;
	uint64_t n = load_le64(data);
	struct bytes header = bytes_of(data + 8, size - 8);
	if (range_read(header, n, &ranges) == RANGE_PARTIAL) {
		uint64_t left = n;
		assert(ranges.n >= 1 && ranges.n <= RANGES_MAX);
		for (size_t i = 0; i < ranges.n; i++) {
			assert(ranges.v[i].first <= ranges.v[i].last && ranges.v[i].last < n);
			assert(ranges.v[i].last - ranges.v[i].first < left);
			left -= ranges.v[i].last - ranges.v[i].first + 1;
		}
	}
	if (content_range_read(header, &r, &whole) == OK)
		assert(r.first <= r.last && r.last < whole);
	return 0;
}
