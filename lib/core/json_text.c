#include "core/json_text.h"

#include <string.h>

#include "core/hex.h"
#include "core/utf8.h"

static int take_hex4(struct reader *r, uint32_t *out)
{
	struct bytes digits = read_bytes(r, 4);
	uint32_t v = 0;
	for (size_t i = 0; i < digits.n; i++) {
		int digit = hex_digit(digits.p[i]);
		if (digit < 0)
			r->dead = true;
		else
			v = v << 4 | (uint32_t)digit;
	}
	*out = v;
	return r->dead ? ERR_SYNTAX : OK;
}

/* XXXX, and for a high surrogate the \uXXXX of its other half; in starts behind the 'u'. */
static int take_u_escape(struct bytes *in, uint32_t *code)
{
	struct reader r = reader_of(*in);
	uint32_t high, low;
	if (take_hex4(&r, &high) != OK)
		return ERR_SYNTAX;
	if (high >= 0xd800 && high <= 0xdfff) {
		if (high > 0xdbff || !bytes_is(read_bytes(&r, 2), "\\u") || take_hex4(&r, &low) != OK || low < 0xdc00 ||
		    low > 0xdfff)
			return ERR_UTF8; /* a lone surrogate */
		high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	}
	*code = high;
	*in = r.left;
	return OK;
}

/* The escapes of one letter, and what they stand for; '/' is never written escaped. */
static const char escape_names[] = "\"\\bfnrt/";
static const char escape_codes[] = "\"\\\b\f\n\r\t/";
#define ESCAPES_N (sizeof escape_names - 1)
#define ESCAPES_WRITTEN_N (ESCAPES_N - 1)

int json_text_take(struct bytes *body, uint32_t *code)
{
	uint8_t c = body->p[0];
	if (c < 0x20)
		return ERR_SYNTAX;
	if (c != '\\')
		return utf8_take(body, code) ? OK : ERR_UTF8;
	struct bytes rest = bytes_skip(*body, 1);
	if (rest.n == 0)
		return ERR_SYNTAX;
	c = rest.p[0];
	rest = bytes_skip(rest, 1);
	if (c == 'u') {
		int err = take_u_escape(&rest, code);
		if (err != OK)
			return err;
	} else {
		const char *found = memchr(escape_names, c, ESCAPES_N);
		if (found == NULL)
			return ERR_SYNTAX;
		*code = (uint8_t)escape_codes[found - escape_names];
	}
	*body = rest;
	return OK;
}

/* A code point of a body known to be good; false at its end. */
static bool next_code(struct bytes *body, uint32_t *code)
{
	return body->n > 0 && json_text_take(body, code) == OK;
}

/* Code points beyond the BMP begin with a surrogate, so they stand between U+D7FF and U+E000. */
static uint32_t utf16_rank(uint32_t code)
{
	if (code >= 0x10000)
		return code - 0x10000 + 0xd800;
	return code >= 0xe000 ? code + 0x110000 : code;
}

int json_text_order(struct bytes a, struct bytes b)
{
	for (;;) {
		uint32_t x = 0, y = 0;
		bool more_a = next_code(&a, &x), more_b = next_code(&b, &y);
		if (!more_a || !more_b)
			return (int)more_a - (int)more_b;
		if (x != y)
			return utf16_rank(x) < utf16_rank(y) ? -1 : 1;
	}
}

bool json_text_is(struct bytes body, const char *s)
{
	struct bytes want = bytes_text(s);
	uint32_t x, y;
	while (next_code(&body, &x))
		if (!utf8_take(&want, &y) || x != y)
			return false;
	return want.n == 0;
}

void json_text_unescape(struct bytes body, struct writer *w)
{
	uint32_t code;
	while (next_code(&body, &code))
		utf8_write(w, code);
}

void json_text_write(struct writer *w, uint32_t code)
{
	const char *found = code > 0x7f ? NULL : memchr(escape_codes, (int)code, ESCAPES_WRITTEN_N);
	if (found != NULL) {
		write_u8(w, '\\');
		write_u8(w, (uint8_t)escape_names[found - escape_codes]);
	} else if (code < 0x20) {
		write_text(w, "\\u");
		hex_write(w, code, 4);
	} else {
		utf8_write(w, code);
	}
}

void json_text_canonical(struct bytes body, struct writer *w)
{
	uint32_t code;
	write_u8(w, '"');
	while (next_code(&body, &code))
		json_text_write(w, code);
	write_u8(w, '"');
}
