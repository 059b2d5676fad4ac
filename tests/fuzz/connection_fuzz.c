/* A hostile peer that has a good key: what it says inside the channel, in pieces, to a connection that is
 * open. The first byte says how the text is cut into frames, the rest is the text. */
#include <assert.h>
#include <string.h>

#include "core/err.h"
#include "p2p/connection.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const served[] = {"/a", "/b"};
static struct connection open_a, open_b, b;
static uint8_t in[NOISE_FRAME_BYTES_MAX];

static void move(struct connection *from, struct connection *to)
{
	struct connection_event e;
	size_t used;
	const struct bytes out = connection_out(from);
	if (out.n == 0)
		return;
	memcpy(in, out.p, out.n);
	connection_sent(from, out.n);
	for (size_t at = 0;; at += used)
		if (connection_take(to, in + at, out.n - at, &used, &e, 0) != OK ||
		    (used == 0 && e.type == CONNECTION_NOTHING))
			break;
}

static void open_both(void)
{
	struct noise_secrets secrets;
	memset(&secrets, 1, sizeof secrets);
	connection_init(&open_a, CONNECTION_DIALER, &secrets, NULL, served, 2, 0, 0);
	memset(&secrets, 2, sizeof secrets);
	connection_init(&open_b, CONNECTION_LISTENER, &secrets, NULL, served, 2, 0, 0);
	for (unsigned i = 0; i < 10; i++) {
		move(&open_a, &open_b);
		move(&open_b, &open_a);
	}
	assert(open_a.stage == CONNECTION_STREAMS && open_b.stage == CONNECTION_STREAMS);
}

/* One frame with this text. */
static bool say(struct noise *n, const uint8_t *text, size_t text_n)
{
	struct connection_event e;
	size_t frame_n, used, at = 0;
	memcpy(in + NOISE_HEAD_BYTES, text, text_n);
	if (noise_seal(n, in, text_n, &frame_n) != OK)
		return false;
	do {
		if (connection_take(&b, in + at, frame_n - at, &used, &e, 0) != OK)
			return false;
		assert(used <= frame_n - at);
		at += used;
		if (e.type == CONNECTION_DATA) {
			assert(e.data.n > 0 && e.data.p >= in && e.data.p + e.data.n <= in + frame_n);
			connection_consumed(&b, e.stream, e.data.n);
		}
		if (e.type == CONNECTION_ENDED)
			connection_close(&b, e.stream);
		connection_sent(&b, connection_out(&b).n);
	} while (e.type != CONNECTION_NOTHING || used > 0);
	assert(at == frame_n);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (open_a.stage != CONNECTION_STREAMS)
		open_both();
	if (size < 2)
		return 0;
	struct noise n = open_a.noise;
	b = open_b;
	const size_t step = data[0] + 1U;
	for (size_t at = 1; at < size; at += step)
		if (!say(&n, data + at, size - at < step ? size - at : step))
			break;
	return 0;
}
