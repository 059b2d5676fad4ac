/* A hostile server's answers: the same events in whatever pieces they arrive, and never more body
 * than the server sent. */
#include <assert.h>
#include <string.h>

#include "http/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	int err;
	unsigned heads, ends;
	uint64_t body, sum;
};

static struct seen feed(const uint8_t *data, size_t size, size_t step)
{
	static struct exchange x;
	struct seen seen = {.err = OK};
	exchange_init(&x);
	seen.err = exchange_ask(&x, BYTES_LITERAL("h"), BYTES_LITERAL("/"), NULL);
	exchange_sent(&x, exchange_out(&x).n);
	for (size_t at = 0; at < size && seen.err == OK; at += step) {
		struct bytes in = bytes_of(data + at, size - at < step ? size - at : step), body;
		enum exchange_event event = EXCHANGE_HEAD;
		while (seen.err == OK && event != EXCHANGE_NOTHING) {
			size_t used;
			seen.err = exchange_take(&x, in, &used, &event, &body);
			assert(used <= in.n && (body.n == 0 || (body.p >= in.p && body.n <= used)));
			in = bytes_skip(in, used);
			seen.heads += event == EXCHANGE_HEAD;
			seen.ends += event == EXCHANGE_END;
			for (size_t i = 0; i < body.n; i++)
				seen.sum = seen.sum * 31 + body.p[i];
			seen.body += body.n;
		}
	}
	assert(seen.heads <= 1 && seen.ends <= seen.heads && seen.body <= size);
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct seen whole = feed(data + 1, size - 1, size), cut = feed(data + 1, size - 1, 1 + data[0] % 16);
	assert(whole.err == cut.err && whole.heads == cut.heads && whole.ends == cut.ends);
	assert(whole.body == cut.body && whole.sum == cut.sum);
	return 0;
}
