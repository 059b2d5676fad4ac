#include "core/utf8.h"

bool utf8_take(struct bytes *text, uint32_t *code)
{
	if (text->n == 0)
		return false;
	const uint8_t *p = text->p;
	uint32_t c = p[0], min;
	size_t n;
	if (c < 0x80) {
		n = 1, min = 0;
	} else if ((c & 0xe0) == 0xc0) {
		n = 2, min = 0x80, c &= 0x1f;
	} else if ((c & 0xf0) == 0xe0) {
		n = 3, min = 0x800, c &= 0x0f;
	} else if ((c & 0xf8) == 0xf0) {
		n = 4, min = 0x10000, c &= 0x07;
	} else {
		return false;
	}
	if (n > text->n)
		return false;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return false;
		c = c << 6 | (p[i] & 0x3fU);
	}
	if (c < min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return false;
	*code = c;
	*text = bytes_skip(*text, n);
	return true;
}

void utf8_write(struct writer *w, uint32_t code)
{
	if (code < 0x80) {
		write_u8(w, (uint8_t)code);
		return;
	}
	unsigned tail = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
	write_u8(w, (uint8_t)(lead[tail] | code >> (6 * tail)));
	for (unsigned i = tail; i > 0; i--)
		write_u8(w, (uint8_t)(0x80 | (code >> (6 * (i - 1)) & 0x3f)));
}

bool utf8_valid(struct bytes text)
{
	uint32_t code;
	while (utf8_take(&text, &code))
		;
	return text.n == 0;
}

bool utf8_code_printable(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} harmful[] = {
		{0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},       {0x61c, 0x61c},
		{0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},
		{0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
	};
	for (size_t i = 0; i < sizeof harmful / sizeof harmful[0]; i++)
		if (code >= harmful[i].first && code <= harmful[i].last)
			return false;
	return true;
}

bool utf8_printable(struct bytes text)
{
	uint32_t code;
	while (utf8_take(&text, &code))
		if (!utf8_code_printable(code))
			return false;
	return text.n == 0;
}
