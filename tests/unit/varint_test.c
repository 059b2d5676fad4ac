#include "core/varint.h"

#include "core/err.h"
#include "test.h"

static const uint64_t numbers[] = {0,
				   1,
				   0x7f,
				   0x80,
				   0xff,
				   0x3fff,
				   0x4000,
				   300,
				   1U << 21,
				   UINT32_MAX,
				   (UINT64_C(1) << 56) - 1,
				   UINT64_C(1) << 56,
				   (UINT64_C(1) << 63) - 1};

TEST(what_is_written_is_read)
{
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		uint8_t p[VARINT_BYTES_MAX];
		struct writer w = writer_of(p, sizeof p);
		varint_write(&w, numbers[i]);
		CHECK(!w.full && w.n == varint_bytes(numbers[i]));
		struct reader r = reader_of(writer_view(&w)), loose = r;
		CHECK(varint_read(&r) == numbers[i] && reader_done(&r));
		CHECK(varint_read_loose(&loose) == numbers[i] && reader_done(&loose));
		uint64_t v;
		size_t used;
		for (size_t cut = 0; cut < w.n; cut++) {
			CHECK(varint_begin(bytes_of(p, cut), &v, &used) == ERR_TRUNCATED);
			r = loose = reader_of(bytes_of(p, cut));
			CHECK(varint_read(&r) == 0 && r.dead);
			CHECK(varint_read_loose(&loose) == 0 && loose.dead);
		}
		CHECK(varint_begin(bytes_of(p, sizeof p), &v, &used) == OK && v == numbers[i] && used == w.n);
	}
}

TEST(known_bytes)
{
	struct reader r = reader_of(BYTES_LITERAL("\xac\x02\x91\x02\x7f"));
	CHECK(varint_read(&r) == 300);
	CHECK(varint_read(&r) == 273);
	CHECK(varint_read(&r) == 127 && reader_done(&r));
}

/* One spelling each, and 63 bits. */
TEST(strict_is_strict)
{
	const struct bytes bad[] = {BYTES_LITERAL("\x80\x00"), BYTES_LITERAL("\x81\x80\x00"),
				    BYTES_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\x00"),
				    BYTES_LITERAL("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
				    BYTES_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct reader r = reader_of(bad[i]);
		uint64_t v;
		size_t used;
		CHECK(varint_read(&r) == 0 && r.dead && varint_read(&r) == 0);
		CHECK(varint_begin(bad[i], &v, &used) == ERR_PROTOCOL);
	}
}

TEST(loose_is_not_endless)
{
	struct reader r = reader_of(BYTES_LITERAL("\x80\x00"));
	CHECK(varint_read_loose(&r) == 0 && reader_done(&r));
	r = reader_of(BYTES_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
	CHECK(varint_read_loose(&r) == UINT64_MAX && reader_done(&r));
	r = reader_of(BYTES_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));
	CHECK(varint_read_loose(&r) == 0 && r.dead);
	r = reader_of(BYTES_LITERAL("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"));
	CHECK(varint_read_loose(&r) == 0 && r.dead);
}

TEST(largest)
{
	uint8_t p[VARINT_BYTES_MAX];
	struct writer w = writer_of(p, sizeof p);
	varint_write(&w, UINT64_MAX);
	CHECK(!w.full && w.n == 10 && varint_bytes(UINT64_MAX) == 10);
	w = writer_of(p, 9);
	varint_write(&w, UINT64_MAX);
	CHECK(w.full);
}

int main(void)
{
	RUN(what_is_written_is_read);
	RUN(known_bytes);
	RUN(strict_is_strict);
	RUN(loose_is_not_endless);
	RUN(largest);
	return test_end();
}
