#include "core/bytes.h"

#include "test.h"

TEST(reader_dies_on_the_first_misfit)
{
	struct reader r = reader_of(BYTES_LITERAL("\x01\x02\x03"));
	CHECK(read_be16(&r) == 0x0102);
	CHECK(read_be16(&r) == 0 && r.dead);
	CHECK(read_u8(&r) == 0 && !reader_done(&r));
}

TEST(fullness_of_a_writer_sticks)
{
	uint8_t buf[4];
	struct writer w = writer_of(buf, sizeof buf);
	write_decimal(&w, 123);
	write_text(&w, "xx");
	CHECK(w.full);
	write_u8(&w, 'y');
	CHECK(writer_view(&w).n == 0);
}

int main(void)
{
	RUN(reader_dies_on_the_first_misfit);
	RUN(fullness_of_a_writer_sticks);
	return test_end();
}
