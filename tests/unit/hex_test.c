#include "core/hex.h"

#include "core/err.h"
#include "test.h"

TEST(every_byte_there_and_back)
{
	uint8_t all[256], again[256];
	char text[513];
	for (unsigned i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	text[512] = 'x';
	hex_encode(bytes_of(all, 256), text);
	CHECK(text[512] == 'x' && memcmp(text, "000102", 6) == 0 && memcmp(text + 506, "fdfeff", 6) == 0);
	CHECK(hex_decode(bytes_of(text, 512), again, 256) == OK && memcmp(all, again, 256) == 0);
}

TEST(every_other_digit_is_refused)
{
	unsigned accepted = 0;
	for (unsigned c = 0; c < 256; c++)
		for (size_t at = 0; at < 4; at++) {
			uint8_t text[4] = {'0', '0', '0', '0'}, out[2] = {0x55, 0x55};
			bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
			text[at] = (uint8_t)c;
			CHECK(hex_decode(bytes_of(text, 4), out, 2) == (digit ? OK : ERR_VALUE));
			CHECK(digit || (out[0] == 0x55 && out[1] == 0x55)); /* untouched */
			accepted += digit;
		}
	CHECK(accepted == 16 * 4);
}

TEST(every_other_length_is_refused)
{
	uint8_t out[4] = {0x55, 0x55, 0x55, 0x55};
	for (size_t n = 0; n <= 10; n++)
		CHECK(hex_decode(bytes_of("0123456789", n), out, 4) == (n == 8 ? OK : ERR_VALUE));
	CHECK(hex_decode(BYTES_NONE, out, 0) == OK);
	CHECK(hex_decode_any_case(BYTES_LITERAL("aBCdeF09"), out, 4) == OK && memcmp(out, "\xab\xcd\xef\x09", 4) == 0);
	CHECK(hex_decode(BYTES_LITERAL("aBCdeF09"), out, 4) == ERR_VALUE);
	CHECK(hex_decode_any_case(BYTES_LITERAL("aBCdeF0g"), out, 4) == ERR_VALUE && out[3] == 9);
	CHECK(hex_decode_any_case(BYTES_LITERAL("aBCdeF0"), out, 4) == ERR_VALUE);
	CHECK(hex_decode(BYTES_LITERAL("0"), out, 0) == ERR_VALUE);
	CHECK(hex_decode(BYTES_LITERAL("00"), out, SIZE_MAX / 2 + 2) == ERR_VALUE); /* 2 * n would wrap to 2 */
}

TEST(single_digits_in_either_case)
{
	for (unsigned c = 0; c < 256; c++) {
		static const char digits[] = "0123456789abcdef", upper[] = "ABCDEF";
		const char *low = c == 0 ? NULL : strchr(digits, (int)c), *high = c == 0 ? NULL : strchr(upper, (int)c);
		CHECK(hex_digit((uint8_t)c) == (low != NULL    ? (int)(low - digits)
						: high != NULL ? (int)(high - upper) + 10
							       : -1));
	}
}

TEST(numbers_with_their_leading_zeros)
{
	uint8_t out[40];
	struct writer w = writer_of(out, sizeof out);
	hex_write(&w, 0x1af4, 4);
	hex_write(&w, 0x1af4, 2);
	hex_write(&w, 0, 1);
	hex_write(&w, UINT64_C(0x0123456789abcdef), 16);
	hex_write(&w, 1, 0);
	CHECK(bytes_is(writer_view(&w), "1af4f400123456789abcdef"));
}

int main(void)
{
	RUN(single_digits_in_either_case);
	RUN(every_byte_there_and_back);
	RUN(numbers_with_their_leading_zeros);
	RUN(every_other_digit_is_refused);
	RUN(every_other_length_is_refused);
	return test_end();
}
