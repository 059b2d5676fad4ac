#include "core/multibase.h"

#include <assert.h>
#include <string.h>

#include "core/err.h"

static const char alphabets[][59] = {
	[MULTIBASE_58] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
	[MULTIBASE_36] = "0123456789abcdefghijklmnopqrstuvwxyz",
	[MULTIBASE_32] = "abcdefghijklmnopqrstuvwxyz234567",
};
static const unsigned radices[] = {[MULTIBASE_58] = 58, [MULTIBASE_36] = 36, [MULTIBASE_32] = 32};

static int digit(enum multibase base, uint8_t c)
{
	const char *at = memchr(alphabets[base], c, radices[base]);
	return at == NULL ? -1 : (int)(at - alphabets[base]);
}

/* A number in radix from as one in radix to, both big-endian, leading zeros one to one. How many
 * digits; ERR_NO_SPACE when there are more than room. */
static int convert(const uint8_t *in, size_t in_n, unsigned from, uint8_t *out, size_t room, unsigned to)
{
	size_t zeros = 0, n = 0; /* out holds n digits, little-endian */
	while (zeros < in_n && in[zeros] == 0)
		zeros++;
	for (size_t i = zeros; i < in_n; i++) {
		unsigned carry = in[i];
		for (size_t j = 0; j < n; j++) {
			carry += out[j] * from;
			out[j] = (uint8_t)(carry % to);
			carry /= to;
		}
		for (; carry > 0; carry /= to) {
			if (n == room)
				return ERR_NO_SPACE;
			out[n++] = (uint8_t)(carry % to);
		}
	}
	if (zeros > room - n)
		return ERR_NO_SPACE;
	memset(out + n, 0, zeros);
	n += zeros;
	for (size_t i = 0; i < n / 2; i++) {
		const uint8_t swapped = out[i];
		out[i] = out[n - 1 - i];
		out[n - 1 - i] = swapped;
	}
	return (int)n;
}

static void write_base32(struct writer *w, struct bytes in)
{
	unsigned bits = 0, held = 0;
	for (size_t i = 0; i < in.n; i++) {
		held = held << 8 | in.p[i];
		for (bits += 8; bits >= 5; bits -= 5)
			write_u8(w, (uint8_t)alphabets[MULTIBASE_32][held >> (bits - 5) & 31]);
		held &= 31;
	}
	if (bits > 0)
		write_u8(w, (uint8_t)alphabets[MULTIBASE_32][held << (5 - bits) & 31]);
}

static int read_base32(struct writer *w, struct bytes text)
{
	unsigned bits = 0, held = 0;
	for (size_t i = 0; i < text.n; i++) {
		held = held << 5 | (unsigned)digit(MULTIBASE_32, text.p[i]);
		bits += 5;
		if (bits < 8)
			continue;
		bits -= 8;
		write_u8(w, (uint8_t)(held >> bits));
		held &= (1U << bits) - 1;
	}
	return bits >= 5 || held != 0 ? ERR_VALUE : OK;
}

void multibase_write(struct writer *w, enum multibase base, struct bytes in)
{
	uint8_t digits[MULTIBASE_TEXT_MAX];
	assert(in.n <= MULTIBASE_BYTES_MAX);
	if (base == MULTIBASE_32) {
		write_base32(w, in);
		return;
	}
	const int n = convert(in.p, in.n, 256, digits, sizeof digits, radices[base]);
	for (int i = 0; i < n; i++)
		write_u8(w, (uint8_t)alphabets[base][digits[i]]);
}

int multibase_read(struct writer *w, enum multibase base, struct bytes text)
{
	uint8_t digits[MULTIBASE_TEXT_MAX], out[MULTIBASE_BYTES_MAX];
	if (text.n > sizeof digits)
		return ERR_VALUE;
	for (size_t i = 0; i < text.n; i++) {
		const int d = digit(base, text.p[i]);
		if (d < 0)
			return ERR_VALUE;
		digits[i] = (uint8_t)d;
	}
	if (base == MULTIBASE_32) {
		const int err = read_base32(w, text);
		return err != OK ? err : w->full ? ERR_NO_SPACE : OK;
	}
	const int n = convert(digits, text.n, radices[base], out, sizeof out, 256);
	if (n < 0)
		return ERR_VALUE;
	write_bytes(w, bytes_of(out, (size_t)n));
	return w->full ? ERR_NO_SPACE : OK;
}
