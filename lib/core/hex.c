#include "core/hex.h"

#include "core/err.h"

void hex_encode(struct bytes in, char *out)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < in.n; i++) {
		out[2 * i] = digits[in.p[i] >> 4];
		out[2 * i + 1] = digits[in.p[i] & 15];
	}
}

#define NO_DIGIT 16U

static unsigned digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - (unsigned)'0';
	if (c >= 'a' && c <= 'f')
		return c - (unsigned)'a' + 10;
	return NO_DIGIT;
}

int hex_decode(struct bytes text, uint8_t *out, size_t n)
{
	if (text.n / 2 != n || text.n % 2 != 0)
		return ERR_VALUE;
	for (size_t i = 0; i < text.n; i++)
		if (digit(text.p[i]) == NO_DIGIT)
			return ERR_VALUE;
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(digit(text.p[2 * i]) << 4 | digit(text.p[2 * i + 1]));
	return OK;
}
