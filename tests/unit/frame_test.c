#include "swarm/frame.h"

#include "core/err.h"
#include "test.h"

static uint8_t wire[600], kept[512];

/* A message of n bytes, then three of the next, in pieces of every size. */
TEST(cut_everywhere)
{
	static const size_t sizes[] = {0, 1, 127, 128, 300};
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct writer w = writer_of(wire, sizeof wire);
		const size_t begun = frame_begin(&w);
		for (size_t k = 0; k < sizes[i]; k++)
			write_u8(&w, (uint8_t)(k * 7));
		frame_end(&w, begun);
		const size_t framed = w.n;
		write_text(&w, "abc");
		CHECK(framed == sizes[i] + (sizes[i] < 128 ? 1 : 2) && !w.full);
		for (size_t step = 1; step <= w.n; step++) {
			struct frame f;
			struct bytes message;
			size_t at = 0, used;
			bool cut = true;
			frame_init(&f, kept, sizeof kept, sizes[i]);
			while (!frame_done(&f, &message, &cut)) {
				const size_t n = step < w.n - at ? step : w.n - at;
				if (!CHECK(n > 0 && frame_take(&f, bytes_of(wire + at, n), &used) == OK))
					return;
				CHECK(used == n || frame_done(&f, &message, &cut));
				at += used;
			}
			CHECK(at == framed && !cut &&
			      bytes_equal(message, bytes_of(wire + framed - sizes[i], sizes[i])));
		}
	}
}

TEST(what_is_too_long)
{
	struct frame f;
	struct bytes message;
	size_t used;
	bool cut;
	frame_init(&f, kept, 4, 10);
	CHECK(frame_take(&f, BYTES_LITERAL("\x0b"), &used) == ERR_LIMIT);
	/* within the limit and beyond the room: the rest is counted and dropped */
	memset(kept, 0, sizeof kept);
	frame_init(&f, kept, 4, 10);
	CHECK(frame_take(&f,
			 BYTES_LITERAL("\x0a"
				       "012345"),
			 &used) == OK &&
	      !frame_done(&f, &message, &cut));
	CHECK(frame_take(&f, BYTES_LITERAL("6789x"), &used) == OK && used == 4);
	CHECK(frame_done(&f, &message, &cut) && cut && bytes_is(message, "0123") && kept[4] == 0);
	/* a length of too many bytes, of more than there can be, not minimal */
	frame_init(&f, kept, sizeof kept, UINT64_MAX);
	CHECK(frame_take(&f, BYTES_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), &used) == ERR_PROTOCOL);
	frame_init(&f, kept, sizeof kept, FRAME_BYTES_MAX);
	CHECK(frame_take(&f, BYTES_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), &used) == ERR_LIMIT);
	frame_init(&f, kept, sizeof kept, FRAME_BYTES_MAX);
	CHECK(frame_take(&f, BYTES_LITERAL("\x81"), &used) == OK);
	CHECK(frame_take(&f, BYTES_LITERAL("\0"), &used) == ERR_PROTOCOL);
	frame_init(&f, kept, sizeof kept, FRAME_BYTES_MAX);
	CHECK(frame_take(&f, BYTES_LITERAL("\x80\x80\x08"), &used) == OK && used == 3 && f.whole_n == FRAME_BYTES_MAX);
}

int main(void)
{
	RUN(cut_everywhere);
	RUN(what_is_too_long);
	return test_end();
}
