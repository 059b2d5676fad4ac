#include "core/decimal.h"

#include "core/err.h"
#include "test.h"

TEST(numbers_that_are_read)
{
	static const struct {
		const char *text;
		uint64_t v;
	} good[] = {{"0", 0},
		    {"7", 7},
		    {"10", 10},
		    {"007", 7},
		    {"00000000000000000000", 0},
		    {"4294967296", 4294967296},
		    {"9999999999999999999", 9999999999999999999U},
		    {"18446744073709551615", UINT64_MAX}};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		uint64_t v = 42;
		CHECK(decimal_read(bytes_text(good[i].text), &v) == OK && v == good[i].v);
	}
}

TEST(numbers_that_are_refused)
{
	static const char *const bad[] = {"",
					  " ",
					  "-1",
					  "+1",
					  "-0",
					  " 1",
					  "1 ",
					  "1\n",
					  "\t1",
					  "1.0",
					  "1e3",
					  "0x10",
					  "1,0",
					  "1_0",
					  "a",
					  "1a",
					  "a1",
					  "--1",
					  "/",
					  ":",
					  "\xef\xbc\x91",
					  "18446744073709551616",
					  "18446744073709551620",
					  "20000000000000000000",
					  "99999999999999999999",
					  "000000000000000000001",
					  "100000000000000000000"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		uint64_t v = 42;
		if (!CHECK(decimal_read(bytes_text(bad[i]), &v) == ERR_VALUE && v == 42))
			printf("# \"%s\"\n", bad[i]);
	}
	uint64_t v = 42;
	CHECK(decimal_read(BYTES_LITERAL("1\0"), &v) == ERR_VALUE && decimal_read(BYTES_NONE, &v) == ERR_VALUE);
	CHECK(v == 42);
}

TEST(what_is_written_is_read)
{
	uint64_t state = 1;
	for (unsigned i = 0; i < 10000; i++) {
		uint8_t buf[20];
		struct writer w = writer_of(buf, sizeof buf);
		uint64_t v = 0, want = state >> i % 64;
		state = state * 6364136223846793005U + 1442695040888963407U;
		write_decimal(&w, want);
		CHECK(decimal_read(writer_view(&w), &v) == OK && v == want);
	}
}

int main(void)
{
	RUN(numbers_that_are_read);
	RUN(numbers_that_are_refused);
	RUN(what_is_written_is_read);
	return test_end();
}
