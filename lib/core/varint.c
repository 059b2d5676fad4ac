#include "core/varint.h"

#include "core/err.h"

#define STRICT_BYTES_MAX 9

uint64_t varint_read_loose(struct reader *r)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < VARINT_BYTES_MAX; i++) {
		const uint8_t b = read_u8(r);
		if (i == VARINT_BYTES_MAX - 1 && b > 1)
			break;
		v |= (uint64_t)(b & 0x7f) << 7 * i;
		if (b < 0x80)
			return r->dead ? 0 : v;
	}
	r->dead = true;
	return 0;
}

int varint_begin(struct bytes in, uint64_t *v, size_t *used)
{
	uint64_t value = 0;
	for (size_t i = 0; i < STRICT_BYTES_MAX; i++) {
		if (i == in.n)
			return ERR_TRUNCATED;
		value |= (uint64_t)(in.p[i] & 0x7f) << 7 * i;
		if (in.p[i] >= 0x80)
			continue;
		if (in.p[i] == 0 && i > 0)
			return ERR_PROTOCOL;
		*v = value;
		*used = i + 1;
		return OK;
	}
	return ERR_PROTOCOL;
}

uint64_t varint_read(struct reader *r)
{
	uint64_t v;
	size_t used;
	if (r->dead || varint_begin(r->left, &v, &used) != OK) {
		r->dead = true;
		return 0;
	}
	r->left = bytes_skip(r->left, used);
	return v;
}

void varint_write(struct writer *w, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		write_u8(w, (uint8_t)(v | 0x80));
	write_u8(w, (uint8_t)v);
}

size_t varint_bytes(uint64_t v)
{
	size_t n = 1;
	for (; v >= 0x80; v >>= 7)
		n++;
	return n;
}
