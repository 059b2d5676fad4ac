#include "p2p/ip_text.h"

#include <string.h>

#include "core/decimal.h"
#include "core/err.h"
#include "core/hex.h"

#define GROUPS 8

/* What stands before the next c, and moves text behind it; all of it when there is none. */
static struct bytes until(struct bytes *text, uint8_t c, bool *found)
{
	const uint8_t *at = text->n == 0 ? NULL : memchr(text->p, c, text->n);
	const size_t n = at == NULL ? text->n : (size_t)(at - text->p);
	const struct bytes before = bytes_of(text->p, n);
	*found = at != NULL;
	*text = bytes_skip(*text, n + 1);
	return before;
}

int ip_text_read4(struct bytes text, uint8_t out[static 4])
{
	uint8_t read[4];
	for (size_t i = 0; i < 4; i++) {
		bool dot;
		uint64_t v;
		const struct bytes number = until(&text, '.', &dot);
		if (dot != (i < 3) || (number.n > 1 && number.p[0] == '0') || number.n > 3 ||
		    decimal_read(number, &v) != OK || v > 255)
			return ERR_VALUE;
		read[i] = (uint8_t)v;
	}
	memcpy(out, read, sizeof read);
	return OK;
}

/* One to four digits; -1: none. */
static int read_group(struct bytes text)
{
	int v = 0;
	if (text.n == 0 || text.n > 4)
		return -1;
	for (size_t i = 0; i < text.n; i++) {
		const int digit = hex_digit(text.p[i]);
		if (digit < 0)
			return -1;
		v = v << 4 | digit;
	}
	return v;
}

/* Groups with colons between them, an IPv4 address perhaps as the last two; how many, -1: none. */
static int read_groups(struct bytes text, uint16_t groups[static GROUPS])
{
	int n = 0;
	bool colon = text.n > 0;
	while (colon) {
		uint8_t v4[4];
		const struct bytes part = until(&text, ':', &colon);
		const int v = read_group(part);
		if (v >= 0 && n < GROUPS) {
			groups[n++] = (uint16_t)v;
		} else if (!colon && n <= GROUPS - 2 && ip_text_read4(part, v4) == OK) {
			groups[n++] = (uint16_t)(v4[0] << 8 | v4[1]);
			groups[n++] = (uint16_t)(v4[2] << 8 | v4[3]);
		} else {
			return -1;
		}
	}
	return n;
}

int ip_text_read6(struct bytes text, uint8_t out[static 16])
{
	uint16_t head[GROUPS] = {0}, tail[GROUPS] = {0};
	size_t gap = 0;
	while (gap < text.n && !bytes_starts(bytes_skip(text, gap), "::"))
		gap++;
	const bool has_gap = gap < text.n;
	const int n = read_groups(bytes_of(text.p, gap), head);
	const int tail_n = has_gap ? read_groups(bytes_skip(text, gap + 2), tail) : 0;
	if (n < 0 || tail_n < 0 || (has_gap ? n + tail_n >= GROUPS : n != GROUPS))
		return ERR_VALUE;
	for (int i = 0; i < tail_n; i++)
		head[GROUPS - tail_n + i] = tail[i];
	for (size_t i = 0; i < GROUPS; i++) {
		out[2 * i] = (uint8_t)(head[i] >> 8);
		out[2 * i + 1] = (uint8_t)head[i];
	}
	return OK;
}

void ip_text_write4(struct writer *w, const uint8_t in[static 4])
{
	for (size_t i = 0; i < 4; i++) {
		if (i > 0)
			write_u8(w, '.');
		write_decimal(w, in[i]);
	}
}

/* The first of the longest runs of two or more zero groups; how long it is. */
static size_t find_gap(const uint8_t *in, size_t *at)
{
	size_t best = 1, run = 0;
	for (size_t i = 0; i < GROUPS; i++) {
		run = in[2 * i] == 0 && in[2 * i + 1] == 0 ? run + 1 : 0;
		if (run > best) {
			best = run;
			*at = i + 1 - run;
		}
	}
	return best > 1 ? best : 0;
}

void ip_text_write6(struct writer *w, const uint8_t in[static 16])
{
	size_t at = GROUPS;
	const size_t gap = find_gap(in, &at);
	for (size_t i = 0; i < GROUPS; i++) {
		if (gap > 0 && i == at) {
			write_text(w, "::");
			i += gap - 1;
			continue;
		}
		if (i > 0 && !(gap > 0 && i == at + gap))
			write_u8(w, ':');
		const unsigned v = (unsigned)in[2 * i] << 8 | in[2 * i + 1];
		hex_write(w, v, v > 0xfff ? 4 : v > 0xff ? 3 : v > 0xf ? 2 : 1);
	}
}
