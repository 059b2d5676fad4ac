/* Frames of a hostile peer: the same events in whatever pieces they arrive, data within them, and never more
 * of a stream than it has credit for. */
#include <assert.h>
#include <string.h>

#include "core/err.h"
#include "p2p/yamux.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	int err;
	uint64_t events, data, sum, out;
};

static struct seen feed(const uint8_t *data, size_t size, size_t step)
{
	static struct yamux y;
	static uint8_t buffer[4096];
	struct seen seen = {.err = OK};
	struct bytes in = bytes_of(data, size);
	uint32_t stream;
	size_t n;
	yamux_init(&y, YAMUX_SERVER, 1 << 20, 0);
	struct writer out = writer_of(buffer, sizeof buffer);
	assert(yamux_open(&y, &stream) == OK && yamux_tick(&y, 0, &out) == OK);
	for (bool more = true; more && seen.err == OK;) {
		struct yamux_event e;
		const struct bytes piece = bytes_of(in.p, in.n < step ? in.n : step);
		out = writer_of(buffer, sizeof buffer);
		seen.err = yamux_take(&y, piece, &n, &e, &out, 5);
		assert(n <= piece.n && !out.full);
		if (seen.err != OK)
			break;
		seen.out += out.n;
		in = bytes_skip(in, n);
		more = in.n > 0 || e.type != YAMUX_NOTHING;
		if (e.type == YAMUX_DATA) {
			assert(e.data.n > 0 && e.data.p >= piece.p && e.data.p + e.data.n <= piece.p + n);
			for (size_t i = 0; i < e.data.n; i++)
				seen.sum = seen.sum * 31 + e.data.p[i] + e.stream;
			seen.data += e.data.n;
			yamux_consumed(&y, e.stream, e.data.n);
		} else if (e.type != YAMUX_NOTHING) {
			seen.events = seen.events * 31 + (uint64_t)e.type + e.stream + e.code;
			assert(e.type != YAMUX_OPENED || yamux_has(&y, e.stream));
		}
		if (e.type == YAMUX_ENDED)
			yamux_close(&y, e.stream);
		/* A stream is over when its end is written: at once, or that would depend on the pieces. */
		assert(yamux_tick(&y, 5, &out) == OK && !out.full);
	}
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	const struct seen whole = feed(data + 1, size - 1, size), cut = feed(data + 1, size - 1, 1 + data[0] % 32);
	assert(whole.err == cut.err && whole.data == cut.data && whole.sum == cut.sum && whole.events == cut.events);
	return 0;
}
