#include "p2p/yamux.h"

#include "core/err.h"
#include "core/hex.h"
#include "test.h"

#define ROOM 40000
#define FRAME(type, flags, stream, length) write_frame(type, flags, stream, length)

static struct yamux y;
static uint8_t out_buffer[ROOM], in_buffer[1 << 20];
static struct writer out, in;

static void begin(enum yamux_role role)
{
	yamux_init(&y, role, 0, 1000);
	out = writer_of(out_buffer, sizeof out_buffer);
	in = writer_of(in_buffer, sizeof in_buffer);
}

static void write_frame(unsigned type, unsigned flags, uint32_t stream, uint32_t length)
{
	write_u8(&in, 0);
	write_u8(&in, (uint8_t)type);
	write_be16(&in, (uint16_t)flags);
	write_be32(&in, stream);
	write_be32(&in, length);
}

/* What happened, as text: one letter an event with its stream, data as one run. */
static char told[4096];
static size_t told_n;

static void tell(const struct yamux_event *e)
{
	static const char letters[] = "-ODERWG";
	static uint32_t last;
	const bool run = told_n > 0 && e->type == YAMUX_DATA && last == e->stream;
	last = e->type == YAMUX_DATA ? e->stream : 0;
	if (!run && told_n < sizeof told - 32)
		told_n += (size_t)snprintf(told + told_n, sizeof told - told_n, "%c%u", letters[e->type], e->stream);
	if (e->type == YAMUX_RESET || e->type == YAMUX_GONE)
		told_n += (size_t)snprintf(told + told_n, sizeof told - told_n, "/%x", e->code);
}

/* Takes all of in, step bytes at a time; data is consumed at once when told to. */
static int take_all(size_t step, bool consume)
{
	struct bytes left = writer_view(&in);
	told_n = 0;
	told[0] = '\0';
	for (;;) {
		const struct bytes piece = bytes_of(left.p, left.n < step ? left.n : step);
		struct yamux_event e;
		size_t used;
		const int err = yamux_take(&y, piece, &used, &e, &out, 1000);
		CHECK(used <= piece.n);
		if (err != OK)
			return err;
		if (e.type == YAMUX_DATA)
			CHECK(e.data.n > 0 && e.data.p >= piece.p && e.data.p + e.data.n <= piece.p + used);
		if (e.type != YAMUX_NOTHING)
			tell(&e);
		if (e.type == YAMUX_DATA && consume)
			yamux_consumed(&y, e.stream, e.data.n);
		left = bytes_skip(left, used);
		if (e.type == YAMUX_NOTHING && (left.n == 0 || used == 0))
			return OK;
	}
}

static bool says(const char *hex)
{
	uint8_t want[512];
	const size_t n = strlen(hex) / 2;
	const bool right = n <= sizeof want && hex_decode(bytes_text(hex), want, n) == OK &&
			   bytes_equal(writer_view(&out), bytes_of(want, n));
	if (!right) {
		for (size_t i = 0; i < out.n && i < 100; i++)
			printf("%s%02x", i == 0 ? "# " : "", out.p[i]);
		printf("\n");
	}
	out = writer_of(out_buffer, sizeof out_buffer);
	return right;
}

#define PING "000200010000000000000000"

TEST(what_a_client_says)
{
	uint32_t stream;
	size_t n;
	begin(YAMUX_CLIENT);
	CHECK(yamux_tick(&y, 1000, &out) == OK && says(PING));
	CHECK(yamux_open(&y, &stream) == OK && stream == 1);
	CHECK(yamux_write(&y, stream, BYTES_LITERAL("abc"), &n, &out) == OK && n == 3);
	CHECK(says("000000010000000100000003616263"));
	CHECK(yamux_write(&y, stream, BYTES_LITERAL("d"), &n, &out) == OK && n == 1);
	yamux_close(&y, stream);
	CHECK(yamux_tick(&y, 1000, &out) == OK && says("00000000000000010000000164000100040000000100000000"));
	CHECK(yamux_write(&y, stream, BYTES_LITERAL("e"), &n, &out) == ERR_NOT_FOUND && n == 0);
	CHECK(yamux_open(&y, &stream) == OK && stream == 3);
	CHECK(yamux_tick(&y, 1000, &out) == OK && says("000100010000000300000000"));
	yamux_reset(&y, stream, YAMUX_RESET_NEGOTIATION);
	CHECK(yamux_tick(&y, 1000, &out) == OK && says("000100080000000300001001"));
	/* opened and reset before anybody was told */
	CHECK(yamux_open(&y, &stream) == OK && stream == 5);
	yamux_reset(&y, stream, 0);
	CHECK(!yamux_has(&y, 5) && yamux_tick(&y, 1000, &out) == OK && says(""));
	CHECK(yamux_go(&y, YAMUX_END_NORMAL, &out) && says("000300000000000000000000"));
	CHECK(yamux_open(&y, &stream) == ERR_CLOSED);
}

/* Opened by data as rust does, by an update as go does, with everything in one frame; and its end. */
TEST(streams_of_the_other_side)
{
	for (size_t step = 1; step < 60; step++) {
		begin(YAMUX_SERVER);
		FRAME(0, 1, 1, 3);
		write_text(&in, "abc");
		FRAME(1, 1, 3, 0);
		FRAME(0, 0, 3, 5);
		write_text(&in, "hello");
		FRAME(0, 5, 5, 2);
		write_text(&in, "xy");
		FRAME(1, 4, 3, 0);
		FRAME(0, 4, 1, 0);
		FRAME(1, 8, 5, 0x1003);
		FRAME(0, 0, 77, 4);
		write_text(&in, "junk");
		FRAME(1, 8, 79, 0);
		CHECK(take_all(step, true) == OK);
		CHECK(strcmp(told, "O1D1O3D3O5D5E5E3E1R5/1003") == 0);
		CHECK(yamux_has(&y, 1) && yamux_has(&y, 3) && !yamux_has(&y, 5));
		yamux_close(&y, 1);
		yamux_close(&y, 3);
		CHECK(yamux_tick(&y, 1000, &out) == OK && !yamux_has(&y, 1) && !yamux_has(&y, 3));
	}
	/* an acknowledgement rides on the first frame back */
	begin(YAMUX_SERVER);
	CHECK(yamux_tick(&y, 1000, &out) == OK && says(PING));
	FRAME(1, 1, 1, 0);
	CHECK(take_all(100, true) == OK && says("000100020000000100000000"));
}

/* All frames of a recorded session of js-libp2p, each side's, in pieces of every size. */
TEST(a_recorded_session)
{
	static const char *const names[] = {"transport_initiator", "transport_responder"};
	static char first[4096];
	cJSON *file = test_vectors("libp2p-noise-xx-session.json");
	for (unsigned side = 0; side < 2; side++)
		for (size_t step = 1; step < 200; step += step < 20 ? 1 : 17) {
			const cJSON *json;
			begin(side == 0 ? YAMUX_SERVER : YAMUX_CLIENT);
			cJSON_ArrayForEach(json, cJSON_GetObjectItem(file, names[side]))
			{
				const struct bytes hex = bytes_text(test_text(json, "plaintext"));
				CHECK(hex_decode(hex, in.p + in.n, hex.n / 2) == OK);
				in.n += hex.n / 2;
			}
			/* It answers streams of ours, too: those are not heard, because nobody opened them here. */
			CHECK(take_all(step, true) == OK);
			if (step == 1)
				memcpy(first, told, sizeof first);
			if (!CHECK(told_n > 4 && strcmp(first, told) == 0))
				printf("# side %u, step %zu: %s\n", side, step, told);
		}
	cJSON_Delete(file);
}

TEST(frames_that_cannot_be)
{
	static const uint8_t last[] = {0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, YAMUX_END_PROTOCOL};
	static const struct {
		uint8_t version, type;
		uint16_t flags;
		uint32_t stream, length;
	} rows[] = {{1, 0, 1, 1, 0},
		    {0, 4, 0, 1, 0},
		    {0, 0, 0x10, 1, 0},
		    {0, 1, 1, 2, 0},
		    {0, 0, 1, 0, 0},
		    {0, 1, 0, 0, 0},
		    {0, 2, 3, 0, 0},
		    {0, 2, 0, 0, 0},
		    {0, 0, 1, 1, YAMUX_WINDOW_BYTES + 1},
		    {0, 0, 1, 1, UINT32_MAX},
		    {0, 1, 1, 1, UINT32_MAX},
		    {0, 0, 0, 9, YAMUX_WINDOW_BYTES + 1},
		    {0, 1, 1, 9, 0},
		    {0, 1, 0, 9, UINT32_MAX - 100}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		begin(YAMUX_SERVER);
		FRAME(1, 1, 9, 0);
		CHECK(take_all(1000, false) == OK);
		in = writer_of(in_buffer, sizeof in_buffer);
		FRAME(rows[i].type, rows[i].flags, rows[i].stream, rows[i].length);
		in_buffer[0] = rows[i].version;
		const int err = take_all(5, false);
		const size_t said = out.n;
		if (!CHECK(err == ERR_PROTOCOL && take_all(5, false) == ERR_PROTOCOL))
			printf("# row %zu: %d\n", i, err);
		CHECK(out.n == said && memcmp(out.p + said - sizeof last, last, sizeof last) == 0);
		CHECK(yamux_deadline(&y) == UINT64_MAX && yamux_tick(&y, 1000, &out) == ERR_PROTOCOL);
	}
	begin(YAMUX_SERVER);
	FRAME(0, 5, 1, 0);
	FRAME(0, 0, 1, 1); /* after its end */
	CHECK(take_all(5, false) == ERR_PROTOCOL);
}

/* A window and not a byte more; half of it consumed gives credit for half. */
TEST(credit_given)
{
	begin(YAMUX_SERVER);
	CHECK(yamux_tick(&y, 1000, &out) == OK && says(PING));
	FRAME(0, 1, 1, YAMUX_WINDOW_BYTES);
	in.n += YAMUX_WINDOW_BYTES;
	CHECK(take_all(65536, false) == OK && says("000100020000000100000000"));
	yamux_consumed(&y, 1, YAMUX_WINDOW_BYTES / 2 - 1);
	CHECK(yamux_tick(&y, 1000, &out) == OK && says(""));
	yamux_consumed(&y, 1, 1);
	CHECK(yamux_tick(&y, 1000, &out) == OK && says("000100000000000100020000"));
	CHECK(yamux_tick(&y, 1000, &out) == OK && says(""));
	in = writer_of(in_buffer, sizeof in_buffer);
	FRAME(0, 0, 1, YAMUX_WINDOW_BYTES / 2);
	in.n += YAMUX_WINDOW_BYTES / 2;
	CHECK(take_all(65536, false) == OK);
	in = writer_of(in_buffer, sizeof in_buffer);
	FRAME(0, 0, 1, 1);
	CHECK(take_all(100, false) == ERR_PROTOCOL);
}

/* A frame as large as the window, as js-libp2p sends them, arrives bit by bit and is consumed so: credit is
 * for what has arrived. */
TEST(credit_in_the_middle_of_a_frame)
{
	uint64_t granted = YAMUX_WINDOW_BYTES, sent = 0;
	begin(YAMUX_SERVER);
	FRAME(1, 1, 1, 0);
	CHECK(take_all(100, true) == OK);
	for (unsigned frame = 0; frame < 5; frame++) {
		const uint32_t length = (uint32_t)(granted - sent);
		in.n = 0;
		FRAME(0, 0, 1, length);
		sent += length;
		for (uint32_t left = length; left > 0;) {
			const uint32_t piece = left < 10007 ? left : 10007;
			in.n += piece;
			left -= piece;
			out.n = 0;
			CHECK(take_all(piece, true) == OK && yamux_tick(&y, 1000, &out) == OK);
			if (out.n > 0)
				granted += load_be32(out.p + out.n - 4);
			CHECK(y.streams[0].take_window + y.streams[0].unread <= y.streams[0].window);
			in.n = 0;
		}
		CHECK(y.streams[0].take_window == granted - sent && granted - sent <= YAMUX_WINDOW_BYTES);
	}
	CHECK(sent > 3 * YAMUX_WINDOW_BYTES);
	in.n = 0;
	FRAME(0, 0, 1, (uint32_t)(granted - sent) + 1);
	CHECK(take_all(100, true) == ERR_PROTOCOL);
}

/* Used up within four round trips it grows, by what the budget has; the budget gets it back. */
TEST(windows_grow_by_the_budget)
{
	begin(YAMUX_SERVER);
	y.budget = 3 * YAMUX_WINDOW_BYTES;
	y.rtt_ms = 100;
	CHECK(yamux_tick(&y, 1000, &out) == OK && says(PING));
	FRAME(0, 1, 1, YAMUX_WINDOW_BYTES);
	in.n += YAMUX_WINDOW_BYTES;
	CHECK(take_all(1 << 20, true) == OK);
	CHECK(y.streams[0].window == 2 * YAMUX_WINDOW_BYTES && y.budget == 2 * YAMUX_WINDOW_BYTES);
	CHECK(y.streams[0].take_window == 2 * YAMUX_WINDOW_BYTES);
	CHECK(says("000100020000000100080000"));
	in.n = 0;
	FRAME(0, 0, 1, 2 * YAMUX_WINDOW_BYTES);
	in.n += 2 * YAMUX_WINDOW_BYTES;
	CHECK(take_all(1 << 20, true) == OK);
	CHECK(y.streams[0].window == 4 * YAMUX_WINDOW_BYTES && y.budget == 0);
	in.n = 0;
	FRAME(1, 8, 1, 0);
	CHECK(take_all(100, true) == OK && y.budget == 3 * YAMUX_WINDOW_BYTES && strcmp(told, "R1/0") == 0);
}

TEST(credit_taken)
{
	static uint8_t data[YAMUX_WINDOW_BYTES];
	uint32_t stream;
	size_t n, all = 0;
	begin(YAMUX_CLIENT);
	CHECK(yamux_open(&y, &stream) == OK);
	do {
		CHECK(yamux_write(&y, stream, bytes_of(data, sizeof data), &n, &out) == OK);
		CHECK(n == 0 || out.room - out.n >= YAMUX_ROOM_BYTES);
		all += n;
		out.n = 0;
	} while (n > 0);
	CHECK(all == YAMUX_WINDOW_BYTES);
	FRAME(1, 2, stream, 0);
	FRAME(1, 0, stream, 0);
	FRAME(1, 0, stream, 7);
	FRAME(1, 0, stream, 9);
	CHECK(take_all(7, true) == OK && strcmp(told, "W1") == 0);
	out.n = 0;
	CHECK(yamux_write(&y, stream, bytes_of(data, 100), &n, &out) == OK && n == 16);
	/* no room at all: nothing, and nothing broken */
	struct writer none = writer_of(out_buffer, 20);
	CHECK(yamux_write(&y, stream, bytes_of(data, 100), &n, &none) == OK && n == 0 && none.n == 0);
	/* a reset's length is no credit */
	in.n = 0;
	FRAME(1, 8, stream, 500);
	CHECK(take_all(7, true) == OK && strcmp(told, "R1/1f4") == 0);
	CHECK(yamux_write(&y, stream, bytes_of(data, 1), &n, &out) == ERR_NOT_FOUND);
}

TEST(too_many_streams)
{
	uint32_t stream;
	begin(YAMUX_SERVER);
	for (uint32_t i = 0; i < YAMUX_STREAMS_TAKEN_MAX; i++)
		FRAME(1, 1, 2 * i + 1, 0);
	CHECK(take_all(1000, true) == OK);
	out.n = in.n = 0;
	FRAME(0, 1, 999, 4);
	write_text(&in, "data");
	CHECK(take_all(1000, true) == OK && told_n == 0 && says("00010008000003e700001002"));
	for (unsigned i = YAMUX_STREAMS_TAKEN_MAX; i < YAMUX_STREAMS_MAX; i++)
		CHECK(yamux_open(&y, &stream) == OK);
	CHECK(yamux_open(&y, &stream) == ERR_LIMIT);
}

/* Pings without end while nothing can be sent: it takes no more than it could answer. */
TEST(back_pressure)
{
	begin(YAMUX_SERVER);
	CHECK(yamux_tick(&y, 1000, &out) == OK);
	for (uint32_t i = 0; i < 100; i++)
		FRAME(2, 1, 0, i);
	struct bytes left = writer_view(&in);
	uint32_t answered = 0;
	while (left.n > 0 && answered < 200) {
		struct yamux_event e;
		size_t used;
		out = writer_of(out_buffer, 30);
		CHECK(yamux_take(&y, left, &used, &e, &out, 1000) == OK && e.type == YAMUX_NOTHING && !out.full);
		left = bytes_skip(left, used);
		for (size_t i = 0; i < out.n; i += 12, answered++)
			CHECK(load_be32(out.p + i) == 0x00020002 && load_be32(out.p + i + 8) == answered);
	}
	CHECK(answered == 100 && left.n == 0);
}

TEST(pings)
{
	begin(YAMUX_CLIENT);
	CHECK(yamux_tick(&y, 1000, &out) == OK && says(PING));
	CHECK(yamux_deadline(&y) == 1000 + YAMUX_PONG_MS);
	FRAME(2, 2, 0, 99); /* nobody asked */
	FRAME(2, 2, 0, 0);
	CHECK(take_all(12, true) == OK && y.rtt_ms == 0 && yamux_deadline(&y) == 1000 + YAMUX_PING_MS);
	CHECK(yamux_tick(&y, 1000 + YAMUX_PING_MS - 1, &out) == OK && says(""));
	CHECK(yamux_tick(&y, 1000 + YAMUX_PING_MS, &out) == OK && says("000200010000000000000001"));
	CHECK(yamux_tick(&y, 1000 + YAMUX_PING_MS + YAMUX_PONG_MS - 1, &out) == OK);
	CHECK(yamux_tick(&y, 1000 + YAMUX_PING_MS + YAMUX_PONG_MS, &out) == ERR_TIMEOUT);
}

/* A ping that finds no room is no reason to wake up again and again, and not for ever. */
TEST(a_peer_that_does_not_read)
{
	begin(YAMUX_CLIENT);
	out = writer_of(out_buffer, 5);
	CHECK(yamux_tick(&y, 1000, &out) == OK && out.n == 0);
	const uint64_t late = 1000 + YAMUX_PING_MS + YAMUX_PONG_MS;
	CHECK(yamux_deadline(&y) == late);
	CHECK(yamux_tick(&y, late - 1, &out) == OK && yamux_deadline(&y) == late);
	CHECK(yamux_tick(&y, late, &out) == ERR_TIMEOUT);
}

TEST(the_other_side_goes)
{
	uint32_t stream;
	begin(YAMUX_CLIENT);
	CHECK(yamux_open(&y, &stream) == OK);
	FRAME(3, 0, 0, 1);
	FRAME(0, 2, stream, 2);
	write_text(&in, "hi");
	CHECK(take_all(5, true) == OK && strcmp(told, "G0/1D1") == 0);
	CHECK(yamux_open(&y, &stream) == ERR_CLOSED);
}

/* What arrives for a stream that was reset here is not heard, not even the rest of a frame. */
TEST(after_a_reset)
{
	struct yamux_event e;
	size_t used;
	begin(YAMUX_SERVER);
	FRAME(0, 5, 1, 10);
	write_text(&in, "0123456789");
	FRAME(1, 0, 1, 5);
	struct bytes left = writer_view(&in);
	CHECK(yamux_take(&y, left, &used, &e, &out, 1000) == OK && e.type == YAMUX_OPENED);
	left = bytes_skip(left, used);
	CHECK(yamux_take(&y, bytes_of(left.p, 4), &used, &e, &out, 1000) == OK && e.type == YAMUX_DATA);
	left = bytes_skip(left, used);
	yamux_reset(&y, 1, 7);
	yamux_consumed(&y, 1, 4);
	CHECK(yamux_take(&y, left, &used, &e, &out, 1000) == OK && e.type == YAMUX_NOTHING && used == left.n);
	CHECK(!yamux_has(&y, 1));
}

TEST(each_flipped_bit)
{
	for (size_t bit = 0; bit < 8 * 60; bit++) {
		begin(YAMUX_SERVER);
		FRAME(0, 1, 1, 3);
		write_text(&in, "abc");
		FRAME(1, 0, 1, 9);
		FRAME(2, 1, 0, 1);
		FRAME(1, 4, 1, 0);
		FRAME(3, 0, 0, 0);
		in_buffer[bit / 8] ^= (uint8_t)(1U << bit % 8);
		const int err = take_all(7, true);
		CHECK(err == OK || err == ERR_PROTOCOL);
	}
}

int main(void)
{
	RUN(what_a_client_says);
	RUN(streams_of_the_other_side);
	RUN(a_recorded_session);
	RUN(frames_that_cannot_be);
	RUN(credit_given);
	RUN(credit_in_the_middle_of_a_frame);
	RUN(windows_grow_by_the_budget);
	RUN(credit_taken);
	RUN(too_many_streams);
	RUN(back_pressure);
	RUN(pings);
	RUN(a_peer_that_does_not_read);
	RUN(the_other_side_goes);
	RUN(after_a_reset);
	RUN(each_flipped_bit);
	return test_end();
}
