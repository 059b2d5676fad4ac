#include "core/utf8.h"

#include "test.h"

/* RFC 3629 section 4, its grammar as a table: lead bytes and the range of the second byte. */
static const struct form {
	uint8_t lead_min, lead_max, second_min, second_max;
	size_t n;
} forms[] = {
	{0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
	{0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
	{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

/* Bytes of the first code point by that table; 0 when there is none. */
static size_t grammar(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		const struct form *f = &forms[i];
		if (n < f->n || p[0] < f->lead_min || p[0] > f->lead_max)
			continue;
		if (f->n > 1 && (p[1] < f->second_min || p[1] > f->second_max))
			return 0;
		for (size_t k = 2; k < f->n; k++)
			if (p[k] < 0x80 || p[k] > 0xbf)
				return 0;
		return f->n;
	}
	return 0;
}

/* Whether the first code point of p[0..n) is taken or refused as the grammar says, and writing it
 * gives the same bytes. */
static bool agrees(const uint8_t *p, size_t n)
{
	struct bytes text = bytes_of(p, n);
	uint32_t code = UINT32_MAX;
	bool taken = utf8_take(&text, &code);
	size_t want = grammar(p, n);
	if (taken != (want > 0))
		return false;
	if (!taken)
		return code == UINT32_MAX && text.p == p && text.n == n;
	uint8_t again[4];
	struct writer w = writer_of(again, sizeof again);
	utf8_write(&w, code);
	return text.n == n - want && bytes_equal(writer_view(&w), bytes_of(p, want));
}

TEST(every_sequence_of_one_to_three_bytes)
{
	unsigned wrong = 0;
	for (size_t n = 1; n <= 3; n++) {
		for (uint32_t v = 0; v < 1U << 8 * n; v++) {
			uint8_t p[3] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16)};
			wrong += !agrees(p, n);
		}
	}
	CHECK(wrong == 0);
}

TEST(sequences_of_four_bytes_at_every_edge)
{
	static const uint8_t edges[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xff};
	const size_t n = sizeof edges;
	unsigned wrong = 0, good = 0;
	for (unsigned lead = 0; lead < 256; lead++)
		for (size_t i = 0; i < n * n * n; i++) {
			uint8_t p[4] = {(uint8_t)lead, edges[i % n], edges[i / n % n], edges[i / n / n]};
			wrong += !agrees(p, 4);
			good += lead >= 0xf0 && grammar(p, 4) == 4;
		}
	CHECK(wrong == 0 && good > 0);
}

TEST(every_code_point_there_and_back)
{
	unsigned wrong = 0;
	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		uint8_t buf[4];
		struct writer w = writer_of(buf, sizeof buf);
		uint32_t again = UINT32_MAX;
		utf8_write(&w, code);
		struct bytes text = writer_view(&w);
		bool surrogate = code >= 0xd800 && code <= 0xdfff;
		bool taken = utf8_take(&text, &again);
		wrong += taken == surrogate || (taken && (again != code || text.n != 0));
	}
	CHECK(wrong == 0);
}

TEST(nothing_is_taken_off_nothing)
{
	struct bytes none = BYTES_NONE;
	uint32_t code = 7;
	CHECK(!utf8_take(&none, &code) && code == 7);
	CHECK(utf8_valid(none) && utf8_printable(none));
}

TEST(a_text_is_valid_to_its_end_or_not_at_all)
{
	CHECK(utf8_valid(BYTES_LITERAL("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z")));
	CHECK(utf8_valid(BYTES_LITERAL("a\0b")));
	CHECK(!utf8_valid(BYTES_LITERAL("abc\xc3")));
	CHECK(!utf8_valid(BYTES_LITERAL("\xe2\x82")));
	CHECK(!utf8_valid(BYTES_LITERAL("a\xff"
					"b")));
	CHECK(!utf8_valid(BYTES_LITERAL("\xed\xa0\xbd\xed\xb8\x80"))); /* CESU-8 */
	CHECK(!utf8_valid(BYTES_LITERAL("\xc0\x80")));
}

TEST(printable_text_cannot_harm_a_screen)
{
	static const uint32_t bad[] = {0,      1,      0x07,   0x0a,   0x0d,   0x1b,    0x1f,    0x7f,
				       0x80,   0x9b,   0x9f,   0xad,   0x61c,  0x180e,  0x200b,  0x200d,
				       0x200f, 0x2028, 0x2029, 0x202a, 0x202d, 0x202e,  0x2060,  0x2066,
				       0x2069, 0x206f, 0xfeff, 0xfff9, 0xfffb, 0xe0000, 0xe0041, 0xe007f};
	static const uint32_t good[] = {0x20,   0x7e,   0xa0,   0xac,   0xae,   0xe9,    0x61b,   0x61d,
					0x180d, 0x180f, 0x200a, 0x2010, 0x2027, 0x202f,  0x205f,  0x2070,
					0x20ac, 0xfefe, 0xff00, 0xfff8, 0xfffc, 0xdffff, 0xe0080, 0x1f600};
	uint8_t buf[8];
	for (size_t i = 0; i < sizeof bad / sizeof bad[0] + sizeof good / sizeof good[0]; i++) {
		bool want = i >= sizeof bad / sizeof bad[0];
		struct writer w = writer_of(buf, sizeof buf);
		write_u8(&w, 'a');
		utf8_write(&w, want ? good[i - sizeof bad / sizeof bad[0]] : bad[i]);
		write_u8(&w, 'b');
		CHECK(utf8_valid(writer_view(&w)));
		CHECK(utf8_printable(writer_view(&w)) == want);
		CHECK(utf8_code_printable(want ? good[i - sizeof bad / sizeof bad[0]] : bad[i]) == want);
	}
	CHECK(!utf8_printable(BYTES_LITERAL("ab\xff")));
}

int main(void)
{
	RUN(every_sequence_of_one_to_three_bytes);
	RUN(sequences_of_four_bytes_at_every_edge);
	RUN(every_code_point_there_and_back);
	RUN(nothing_is_taken_off_nothing);
	RUN(a_text_is_valid_to_its_end_or_not_at_all);
	RUN(printable_text_cannot_harm_a_screen);
	return test_end();
}
