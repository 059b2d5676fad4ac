/* What strangers say on streams of Swarm: the first byte says which message it is, the second how it is cut. Views lie
 * within the input or the machine's room, what was read is written and read again as the same, and no cut matters. */
#include <assert.h>
#include <string.h>

#include "core/err.h"
#include "swarm/handshake.h"
#include "swarm/hive.h"
#include "swarm/pricing.h"
#include "swarm/pseudosettle.h"
#include "swarm/retrieval.h"
#include "swarm/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t room[FRAME_BYTES_MAX];

/* A message that was written, without its length. */
static struct bytes body(const struct writer *w)
{
	struct reader r = reader_of(writer_view(w));
	const uint64_t n = varint_read(&r);
	assert(!w->full && !r.dead && n == r.left.n);
	return r.left;
}

static void record(struct bytes in)
{
	struct bzz_record found, again;
	struct bytes address;
	size_t n = 0, walked = 0;
	if (bzz_record_read(&found, in) != OK)
		return;
	for (enum bzz_generation g = BZZ_15; g < BZZ_GENERATIONS; g++)
		(void)!bzz_record_check(&found, g, 10, (struct wall){1700000000});
	if (underlay_check(found.underlay, &n) == OK) {
		for (struct underlay u = underlay_of(found.underlay); underlay_next(&u, &address);)
			walked++;
		assert(walked <= n && n <= UNDERLAY_ADDRESSES_MAX);
		if (underlay_choose(found.underlay, P2P_SCOPE_LOOPBACK, &address))
			assert(address.p >= in.p && address.p + address.n <= in.p + in.n);
	}
	struct writer w = writer_of(room, sizeof room);
	bzz_record_write(&w, 1, &found, BZZ_15);
	struct reader r = reader_of(bytes_skip(writer_view(&w), 1));
	const uint64_t length = varint_read(&r);
	assert(length == r.left.n && bzz_record_read(&again, r.left) == OK);
	assert(bytes_equal(again.underlay, found.underlay) && again.timestamp == found.timestamp);
}

static void amounts(struct bytes in)
{
	uint64_t v, again_v;
	struct pseudosettle_ack ack, again;
	struct writer w = writer_of(room, sizeof room);
	if (pricing_read(in, &v) == OK) {
		pricing_write(&w, v);
		assert(pricing_read(body(&w), &again_v) == OK && again_v == v);
	}
	w = writer_of(room, sizeof room);
	if (pseudosettle_read_ack(in, &ack) == OK) {
		pseudosettle_write_ack(&w, &ack);
		assert(pseudosettle_read_ack(body(&w), &again) == OK);
		assert(again.amount == ack.amount && again.at_s == ack.at_s);
	}
}

static void retrieval(struct bytes in)
{
	uint8_t address[REFERENCE_BYTES], again[REFERENCE_BYTES];
	struct retrieval_delivery d, d_again;
	struct writer w = writer_of(room, sizeof room);
	if (retrieval_read_request(in, address) == OK) {
		retrieval_write_request(&w, address);
		assert(retrieval_read_request(body(&w), again) == OK && memcmp(address, again, sizeof again) == 0);
	}
	w = writer_of(room, sizeof room);
	if (retrieval_read_delivery(in, &d) == OK) {
		retrieval_write_delivery(&w, &d);
		assert(retrieval_read_delivery(body(&w), &d_again) == OK);
		assert(bytes_equal(d.data, d_again.data) && bytes_equal(d.error, d_again.error));
	}
	w = writer_of(room, STATUS_PING_BYTES_MAX);
	if (status_write_pong(&w, in) == OK)
		(void)body(&w);
}

/* How many records, and how it ends, with pieces of step bytes. */
static unsigned hive(struct bytes in, size_t step, int *err, bool *done)
{
	static struct hive h;
	unsigned n = 0;
	*err = OK;
	hive_init(&h);
	while (in.n > 0 && *err == OK) {
		struct bytes piece = bytes_of(in.p, in.n < step ? in.n : step);
		bool found = true;
		in = bytes_skip(in, piece.n);
		while (*err == OK && found) {
			struct bzz_record r;
			size_t used = 0;
			*err = hive_take(&h, piece, &used, &r, &found);
			assert(used <= piece.n);
			piece = bytes_skip(piece, used);
			n += *err == OK && found;
			if (*err == OK && found && r.underlay.n > 0)
				assert(r.underlay.p >= h.body && r.underlay.p + r.underlay.n <= h.body + sizeof h.body);
		}
		assert(*err != OK || piece.n == 0);
	}
	*done = hive_done(&h);
	return n;
}

static int handshake(struct bytes in, size_t step, enum handshake_role role, enum bzz_generation generation)
{
	static struct handshake h;
	static struct identity self;
	static const uint8_t owner[20], nonce[32], address[] = {4, 127, 0, 0, 1, 6, 6, 0x62};
	const struct bytes here = bytes_of(address, sizeof address);
	const struct wall now = {1700000000};
	int err = OK;
	assert(identity_init(&self, owner, 10, nonce, &here, 1, BYTES_LITERAL("hi"), now) == OK);
	handshake_init(&h, role, generation, &self, here, now, 0);
	while (in.n > 0 && err == OK) {
		const struct bytes piece = bytes_of(in.p, in.n < step ? in.n : step);
		err = handshake_take(&h, piece);
		in = bytes_skip(in, piece.n);
		handshake_sent(&h, handshake_out(&h).n);
	}
	/* Who is known has signed a record that could be read. */
	if (handshake_closes(&h))
		assert(h.record.overlay.n == OVERLAY_BYTES && h.record.underlay.n > 0);
	return handshake_ended(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	const struct bytes in = bytes_of(data + 2, size - 2);
	const size_t step = data[1] + 1U;
	int err, err_again;
	bool done, done_again;
	switch (data[0] % 6) {
	case 0:
		record(in);
		break;
	case 1:
		amounts(in);
		break;
	case 2:
		retrieval(in);
		break;
	case 3: {
		const unsigned n = hive(in, SIZE_MAX, &err, &done);
		assert(hive(in, step, &err_again, &done_again) == n && err == err_again && done == done_again);
		break;
	}
	default: {
		const enum handshake_role role = data[0] % 6 == 4 ? HANDSHAKE_DIALER : HANDSHAKE_LISTENER;
		const enum bzz_generation generation = data[0] >= 128 ? BZZ_14 : BZZ_15;
		assert(handshake(in, SIZE_MAX, role, generation) == handshake(in, step, role, generation));
	}
	}
	return 0;
}
