#include "core/bytes.h"

#include <string.h>

struct bytes bytes_text(const char *s)
{
	size_t n = 0;
	while (s[n] != '\0')
		n++;
	return bytes_of(s, n);
}

bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool bytes_is(struct bytes a, const char *s)
{
	return bytes_equal(a, bytes_text(s));
}

bool bytes_starts(struct bytes a, const char *prefix)
{
	struct bytes b = bytes_text(prefix);
	return a.n >= b.n && bytes_equal(bytes_of(a.p, b.n), b);
}

bool bytes_ends(struct bytes a, const char *suffix)
{
	struct bytes b = bytes_text(suffix);
	return a.n >= b.n && bytes_equal(bytes_skip(a, a.n - b.n), b);
}

size_t bytes_http_scheme(struct bytes a)
{
	if (bytes_starts(a, "http://"))
		return sizeof "http://" - 1;
	return bytes_starts(a, "https://") ? sizeof "https://" - 1 : 0;
}

int bytes_compare(struct bytes a, struct bytes b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n == 0 ? 0 : memcmp(a.p, b.p, n);
	if (order != 0)
		return order;
	return a.n == b.n ? 0 : a.n < b.n ? -1 : 1;
}

struct bytes bytes_skip(struct bytes a, size_t n)
{
	if (n >= a.n)
		return BYTES_NONE;
	return bytes_of(a.p + n, a.n - n);
}

struct reader reader_of(struct bytes in)
{
	return (struct reader){.left = in, .dead = false};
}

struct bytes read_bytes(struct reader *r, uint64_t n)
{
	if (r->dead || n > r->left.n) {
		r->dead = true;
		return BYTES_NONE;
	}
	struct bytes v = bytes_of(r->left.p, (size_t)n);
	r->left = bytes_skip(r->left, (size_t)n);
	return v;
}

bool reader_done(const struct reader *r)
{
	return !r->dead && r->left.n == 0;
}

static uint64_t read_be(struct reader *r, size_t n)
{
	struct bytes b = read_bytes(r, n);
	uint64_t v = 0;
	for (size_t i = 0; i < b.n; i++)
		v = v << 8 | b.p[i];
	return v;
}

static uint64_t read_le(struct reader *r, size_t n)
{
	struct bytes b = read_bytes(r, n);
	uint64_t v = 0;
	for (size_t i = b.n; i > 0; i--)
		v = v << 8 | b.p[i - 1];
	return v;
}

uint8_t read_u8(struct reader *r)
{
	return (uint8_t)read_be(r, 1);
}

uint16_t read_be16(struct reader *r)
{
	return (uint16_t)read_be(r, 2);
}

uint32_t read_be32(struct reader *r)
{
	return (uint32_t)read_be(r, 4);
}

uint64_t read_be64(struct reader *r)
{
	return read_be(r, 8);
}

uint32_t read_le32(struct reader *r)
{
	return (uint32_t)read_le(r, 4);
}

uint64_t read_le64(struct reader *r)
{
	return read_le(r, 8);
}

struct writer writer_of(void *p, size_t room)
{
	return (struct writer){.p = (uint8_t *)p, .room = room, .n = 0, .full = false};
}

void write_bytes(struct writer *w, struct bytes v)
{
	if (w->full || v.n > w->room - w->n) {
		w->full = true;
		return;
	}
	if (v.n > 0)
		memcpy(w->p + w->n, v.p, v.n);
	w->n += v.n;
}

void write_u8(struct writer *w, uint8_t v)
{
	write_bytes(w, bytes_of(&v, 1));
}

static void write_be(struct writer *w, uint64_t v, size_t n)
{
	for (size_t i = n; i > 0; i--)
		write_u8(w, (uint8_t)(v >> (8 * (i - 1))));
}

static void write_le(struct writer *w, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		write_u8(w, (uint8_t)(v >> (8 * i)));
}

void write_be16(struct writer *w, uint16_t v)
{
	write_be(w, v, 2);
}

void write_be32(struct writer *w, uint32_t v)
{
	write_be(w, v, 4);
}

void write_be64(struct writer *w, uint64_t v)
{
	write_be(w, v, 8);
}

void write_le32(struct writer *w, uint32_t v)
{
	write_le(w, v, 4);
}

void write_le64(struct writer *w, uint64_t v)
{
	write_le(w, v, 8);
}

void write_text(struct writer *w, const char *s)
{
	write_bytes(w, bytes_text(s));
}

void write_decimal(struct writer *w, uint64_t v)
{
	uint8_t digits[20]; /* 2^64 has 20 */
	size_t n = sizeof digits;
	do {
		digits[--n] = (uint8_t)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	write_bytes(w, bytes_of(digits + n, sizeof digits - n));
}

struct bytes writer_view(const struct writer *w)
{
	return w->full ? BYTES_NONE : bytes_of(w->p, w->n);
}

void store_be32(uint8_t p[static 4], uint32_t v)
{
	for (size_t i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

void store_be64(uint8_t p[static 8], uint64_t v)
{
	for (size_t i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (56 - 8 * i));
}

void store_le64(uint8_t p[static 8], uint64_t v)
{
	for (size_t i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

uint32_t load_be32(const uint8_t p[static 4])
{
	struct reader r = reader_of(bytes_of(p, 4));
	return read_be32(&r);
}

uint64_t load_be64(const uint8_t p[static 8])
{
	struct reader r = reader_of(bytes_of(p, 8));
	return read_be64(&r);
}

uint64_t load_le64(const uint8_t p[static 8])
{
	struct reader r = reader_of(bytes_of(p, 8));
	return read_le64(&r);
}

struct arena arena_of(void *p, size_t room)
{
	return (struct arena){.p = (uint8_t *)p, .room = room, .n = 0};
}

void *arena_take(struct arena *a, size_t n)
{
	size_t pad = (size_t)(-(uintptr_t)(a->p + a->n) & 15U);
	if (pad > a->room - a->n || n > a->room - a->n - pad)
		return NULL;
	void *p = a->p + a->n + pad;
	a->n += pad + n;
	return p;
}
