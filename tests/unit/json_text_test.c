#include "core/json_text.h"

#include "core/utf8.h"
#include "test.h"

TEST(one_code_point_at_a_time)
{
	struct bytes body = BYTES_LITERAL("a\\n\\u00e9\xc3\xa9\\ud83d\\ude00/\\/");
	static const uint32_t want[] = {'a', '\n', 0xe9, 0xe9, 0x1f600, '/', '/'};
	uint32_t code = 0;
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
		CHECK(json_text_take(&body, &code) == OK && code == want[i]);
	CHECK(body.n == 0);
}

TEST(what_is_refused_is_not_taken)
{
	static const struct {
		const char *body;
		int err;
	} bad[] = {
		{"\n", ERR_SYNTAX},           {"\\", ERR_SYNTAX},          {"\\x", ERR_SYNTAX},
		{"\\u123", ERR_SYNTAX},       {"\\u123G", ERR_SYNTAX},     {"\\ud800", ERR_UTF8},
		{"\\ud800\\u0041", ERR_UTF8}, {"\\udc00", ERR_UTF8},       {"\\ud800\\udbff", ERR_UTF8},
		{"\\ud800\\n", ERR_UTF8},     {"\\ud800\\udc0", ERR_UTF8}, {"\xff", ERR_UTF8},
		{"\xed\xa0\x80", ERR_UTF8},   {"\xc3", ERR_UTF8},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct bytes body = bytes_text(bad[i].body);
		uint32_t code = 77;
		CHECK(json_text_take(&body, &code) == bad[i].err);
		CHECK(code == 77 && bytes_is(body, bad[i].body));
	}
}

/* Whether the canonical string of escaped, which is code as \u escapes, is what RFC 8785 says. */
static bool becomes(uint32_t code, const char *escaped)
{
	uint8_t out[16], plain[8], want[16];
	struct writer w = writer_of(out, sizeof out), p = writer_of(plain, sizeof plain),
		      e = writer_of(want, sizeof want);
	utf8_write(&p, code);
	write_u8(&e, '"');
	if (code == '"' || code == '\\')
		write_u8(&e, '\\');
	if (code >= 0x20) {
		write_bytes(&e, writer_view(&p));
	} else if (code >= 8 && code <= 13 && code != '\v') {
		write_u8(&e, '\\');
		write_u8(&e, (uint8_t) "btn?fr"[code - 8]);
	} else {
		write_text(&e, escaped); /* \u00xx as it was: the digits are lower case */
	}
	write_u8(&e, '"');
	json_text_canonical(bytes_text(escaped), &w);
	return bytes_equal(writer_view(&w), writer_view(&e));
}

TEST(every_code_point_has_one_spelling)
{
	unsigned wrong = 0;
	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		char escaped[16];
		uint8_t out[8], plain[8];
		struct writer w = writer_of(out, sizeof out), p = writer_of(plain, sizeof plain);
		if (code >= 0xd800 && code <= 0xdfff)
			continue;
		if (code >= 0x10000)
			(void)snprintf(escaped, sizeof escaped, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10),
				       0xdc00 + (code & 0x3ff));
		else
			(void)snprintf(escaped, sizeof escaped, "\\u%04x", code);
		utf8_write(&p, code);
		json_text_unescape(bytes_text(escaped), &w);
		wrong += !bytes_equal(writer_view(&w), writer_view(&p));
		wrong += !becomes(code, escaped);
	}
	CHECK(wrong == 0);
}

TEST(a_body_is_compared_by_what_it_says)
{
	CHECK(json_text_is(BYTES_LITERAL("kernel"), "kernel") && json_text_is(BYTES_LITERAL("\\u006bernel"), "kernel"));
	CHECK(!json_text_is(BYTES_LITERAL("kernel"), "kerne") && !json_text_is(BYTES_LITERAL("kerne"), "kernel"));
	CHECK(!json_text_is(BYTES_LITERAL("kernel\\u0000"), "kernel") && json_text_is(BYTES_NONE, ""));
	CHECK(json_text_is(BYTES_LITERAL("\\ud83d\\ude00"), "\xf0\x9f\x98\x80"));
	CHECK(!json_text_is(BYTES_LITERAL("a"), "\xff"));
	CHECK(json_text_order(BYTES_LITERAL("\\u0061"), BYTES_LITERAL("a")) == 0);
	CHECK(json_text_order(BYTES_NONE, BYTES_NONE) == 0 &&
	      json_text_order(BYTES_NONE, BYTES_LITERAL("\\u0000")) < 0);
}

static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* A code point from the corners where orders differ: ASCII, beside the surrogates, beyond. */
static uint32_t random_code(uint32_t *state)
{
	static const uint32_t from[] = {0x20, 0x7f, 0x7ff, 0xd7fe, 0xe000, 0xfffe, 0x10000, 0x103fe, 0x10fffe};
	return from[random_next(state) % 9] + random_next(state) % 2;
}

static size_t utf16_of(const uint32_t *codes, size_t n, uint16_t *units)
{
	size_t at = 0;
	for (size_t i = 0; i < n; i++) {
		if (codes[i] >= 0x10000) {
			units[at++] = (uint16_t)(0xd800 + ((codes[i] - 0x10000) >> 10));
			units[at++] = (uint16_t)(0xdc00 + (codes[i] & 0x3ff));
		} else {
			units[at++] = (uint16_t)codes[i];
		}
	}
	return at;
}

static int utf16_order(const uint16_t *a, size_t a_n, const uint16_t *b, size_t b_n)
{
	for (size_t i = 0; i < a_n && i < b_n; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return a_n == b_n ? 0 : a_n < b_n ? -1 : 1;
}

/* The text as a body: some code points escaped, some as they are. */
static struct bytes body_of(const uint32_t *codes, size_t n, uint8_t buf[static 64], uint32_t *state)
{
	struct writer w = writer_of(buf, 64);
	for (size_t i = 0; i < n; i++) {
		uint16_t units[2];
		char text[16] = "";
		if (random_next(state) % 2 == 0 || codes[i] == '"' || codes[i] == '\\') {
			size_t units_n = utf16_of(codes + i, 1, units);
			for (size_t u = 0; u < units_n; u++)
				(void)snprintf(text + 6 * u, sizeof text - 6 * u, "\\u%04X", units[u]);
			write_text(&w, text);
		} else {
			utf8_write(&w, codes[i]);
		}
	}
	return writer_view(&w);
}

TEST(names_are_ordered_by_utf16_code_units)
{
	uint32_t state = 1;
	unsigned ties = 0;
	for (unsigned round = 0; round < 200000; round++) {
		uint32_t codes[2][4];
		uint16_t units[2][8];
		uint8_t buf[2][64];
		struct bytes body[2];
		size_t units_n[2];
		for (size_t i = 0; i < 2; i++) {
			size_t n = random_next(&state) % 5;
			for (size_t k = 0; k < n; k++)
				codes[i][k] = random_code(&state);
			units_n[i] = utf16_of(codes[i], n, units[i]);
			body[i] = body_of(codes[i], n, buf[i], &state);
		}
		int want = utf16_order(units[0], units_n[0], units[1], units_n[1]);
		int got = json_text_order(body[0], body[1]);
		ties += want == 0;
		if (!CHECK((got > 0) - (got < 0) == want))
			break;
		CHECK((json_text_order(body[1], body[0]) > 0) == (want < 0));
	}
	CHECK(ties > 1000);
}

int main(void)
{
	RUN(one_code_point_at_a_time);
	RUN(what_is_refused_is_not_taken);
	RUN(every_code_point_has_one_spelling);
	RUN(a_body_is_compared_by_what_it_says);
	RUN(names_are_ordered_by_utf16_code_units);
	return test_end();
}
