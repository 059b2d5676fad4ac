#include "core/hex.h"

#include "core/err.h"

static const char digits[] = "0123456789abcdef";

void hex_encode(struct bytes in, char *out)
{
	for (size_t i = 0; i < in.n; i++) {
		out[2 * i] = digits[in.p[i] >> 4];
		out[2 * i + 1] = digits[in.p[i] & 15];
	}
}

void hex_write(struct writer *w, uint64_t value, unsigned n)
{
	while (n-- > 0)
		write_u8(w, (uint8_t)digits[value >> 4 * n & 15]);
}

int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_decode(struct bytes text, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] >= 'A' && text.p[i] <= 'F')
			return ERR_VALUE;
	return hex_decode_any_case(text, out, n);
}

int hex_decode_any_case(struct bytes text, uint8_t *out, size_t n)
{
	if (text.n / 2 != n || text.n % 2 != 0)
		return ERR_VALUE;
	for (size_t i = 0; i < text.n; i++)
		if (hex_digit(text.p[i]) < 0)
			return ERR_VALUE;
	for (size_t i = 0; i < n; i++) {
		unsigned high = (unsigned)hex_digit(text.p[2 * i]), low = (unsigned)hex_digit(text.p[2 * i + 1]);
		out[i] = (uint8_t)(high << 4 | low);
	}
	return OK;
}
