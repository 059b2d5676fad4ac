#include "efi/net_address.h"

#include <string.h>

#include "core/decimal.h"
#include "core/hex.h"

#define GROUPS 8

static bool read_four(struct bytes text, uint8_t ip[static 4])
{
	for (unsigned i = 0; i < 4; i++) {
		uint64_t value;
		size_t n = 0;
		while (n < text.n && text.p[n] != '.')
			n++;
		struct bytes part = bytes_of(text.p, n);
		if ((i < 3) != (n < text.n) || part.n > 3 || (part.n > 1 && part.p[0] == '0') ||
		    decimal_read(part, &value) != OK || value > 255)
			return false;
		ip[i] = (uint8_t)value;
		text = bytes_skip(text, n + 1);
	}
	return true;
}

/* One group of up to four hex digits; gives how many, 0: none. */
static size_t read_group(struct bytes text, unsigned *value)
{
	size_t n = 0;
	for (*value = 0; n < text.n && n < 4 && hex_digit(text.p[n]) >= 0; n++)
		*value = *value << 4 | (unsigned)hex_digit(text.p[n]);
	return n;
}

static bool read_six(struct bytes text, uint8_t ip[static 16])
{
	unsigned groups[GROUPS], n = 0, gap = GROUPS + 1; /* gap: groups before "::" */
	if (bytes_starts(text, "::")) {
		gap = 0;
		text = bytes_skip(text, 2);
	} else if (text.n == 0 || text.p[0] == ':') {
		return false;
	}
	while (text.n > 0) {
		unsigned value;
		size_t digits = read_group(text, &value);
		if (digits == 0 || n == GROUPS)
			return false;
		groups[n++] = value;
		text = bytes_skip(text, digits);
		if (text.n == 0)
			break;
		if (bytes_starts(text, "::") && gap > GROUPS) {
			gap = n;
			text = bytes_skip(text, 2);
		} else if (text.p[0] == ':' && text.n > 1) {
			text = bytes_skip(text, 1);
		} else {
			return false;
		}
	}
	if (gap > GROUPS ? n != GROUPS : n == GROUPS)
		return false;
	memset(ip, 0, 16);
	for (unsigned i = 0; i < n; i++) {
		unsigned at = i < gap ? i : GROUPS - n + i;
		ip[2 * at] = (uint8_t)(groups[i] >> 8);
		ip[2 * at + 1] = (uint8_t)groups[i];
	}
	return true;
}

int net_address_read(struct bytes text, struct net_address *out)
{
	struct net_address a = {.six = false};
	if (text.n > 2 && text.p[0] == '[' && text.p[text.n - 1] == ']')
		text = bytes_of(text.p + 1, text.n - 2);
	else if (read_four(text, a.ip)) {
		*out = a;
		return OK;
	}
	a.six = true;
	if (!read_six(text, a.ip))
		return ERR_VALUE;
	*out = a;
	return OK;
}

/* The longest run of zero groups, two at least: what "::" stands for. */
static void find_gap(const unsigned groups[static GROUPS], unsigned *first, unsigned *n)
{
	*first = *n = 0;
	for (unsigned i = 0; i < GROUPS; i++) {
		unsigned run = 0;
		while (i + run < GROUPS && groups[i + run] == 0)
			run++;
		if (run >= 2 && run > *n) {
			*first = i;
			*n = run;
		}
	}
}

const char *net_address_text(struct net_address_text *text, const struct net_address *a)
{
	struct writer w = writer_of(text->text, sizeof text->text - 1);
	unsigned groups[GROUPS], first, n;
	for (unsigned i = 0; !a->six && i < 4; i++) {
		write_decimal(&w, a->ip[i]);
		if (i < 3)
			write_u8(&w, '.');
	}
	for (unsigned i = 0; i < GROUPS; i++)
		groups[i] = (unsigned)a->ip[2 * i] << 8 | a->ip[2 * i + 1];
	find_gap(groups, &first, &n);
	for (unsigned i = 0; a->six && i < GROUPS; i++) {
		if (n > 0 && i == first) {
			write_text(&w, "::");
			i += n - 1;
			continue;
		}
		if (i > 0 && !(n > 0 && i == first + n))
			write_u8(&w, ':');
		hex_write(&w, groups[i], groups[i] > 0xfff ? 4 : groups[i] > 0xff ? 3 : groups[i] > 0xf ? 2 : 1);
	}
	text->text[w.n] = 0;
	return text->text;
}
