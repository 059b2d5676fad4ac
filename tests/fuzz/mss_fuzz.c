/* Lines of strangers: the same end in whatever pieces they arrive, and no more out than there is room for. */
#include <assert.h>
#include <string.h>

#include "core/err.h"
#include "p2p/mss.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"/noise", "/a"};

struct end {
	int err;
	bool done;
	size_t name, used, out;
};

static struct end feed(enum mss_role role, const uint8_t *data, size_t size, size_t step)
{
	static struct mss m;
	struct end end = {.err = OK};
	struct bytes in = bytes_of(data, size);
	mss_init(&m, role, names, 2);
	while (in.n > 0 && end.err == OK && !end.done) {
		size_t used;
		end.out += mss_out(&m).n;
		mss_sent(&m, mss_out(&m).n);
		end.err = mss_take(&m, bytes_of(in.p, in.n < step ? in.n : step), &used);
		assert(end.err != OK || used > 0);
		end.used += used;
		in = bytes_skip(in, used);
		end.done = mss_done(&m, &end.name);
	}
	if (end.err != OK)
		end.used = end.out = 0; /* a dead machine gives out nothing, and may have before */
	else
		end.out += mss_out(&m).n;
	return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	const enum mss_role role = data[0] % 2 == 0 ? MSS_DIALER : MSS_LISTENER;
	const struct end whole = feed(role, data + 1, size - 1, size),
			 cut = feed(role, data + 1, size - 1, 1 + data[0] / 2 % 8);
	assert(whole.err == cut.err && whole.done == cut.done && whole.name == cut.name);
	assert(whole.used == cut.used && whole.out == cut.out);
	return 0;
}
