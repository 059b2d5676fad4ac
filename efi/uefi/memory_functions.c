/* What the compiler and the cores call and no library brings here: memcpy, memmove, memset, memcmp,
 * memchr. By 64 bytes in vector registers: "rep movsb" is slow in emulators, and the network's copy
 * is a sixth of all time there.
 *
 * Compiled so that the compiler does not see a memcpy in the loops below and calls it. Lengths that
 * are no multiple of a vector end with one that overlaps what is done already. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t vector __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t word8 __attribute__((aligned(1), may_alias));
typedef uint32_t word4 __attribute__((aligned(1), may_alias));
typedef uint16_t word2 __attribute__((aligned(1), may_alias));

/* Below 16 bytes: everything is read before anything is written, so overlapping is no matter. */
static void move_few(uint8_t *d, const uint8_t *s, size_t n)
{
	if (n >= 8) {
		const uint64_t first = *(const word8 *)s, last = *(const word8 *)(s + n - 8);
		*(word8 *)d = first;
		*(word8 *)(d + n - 8) = last;
	} else if (n >= 4) {
		const uint32_t first = *(const word4 *)s, last = *(const word4 *)(s + n - 4);
		*(word4 *)d = first;
		*(word4 *)(d + n - 4) = last;
	} else if (n >= 2) {
		const uint16_t first = *(const word2 *)s, last = *(const word2 *)(s + n - 2);
		*(word2 *)d = first;
		*(word2 *)(d + n - 2) = last;
	} else if (n == 1) {
		*d = *s;
	}
}

static void move_64(uint8_t *d, const uint8_t *s)
{
	const vector a = *(const vector *)s, b = *(const vector *)(s + 16);
	const vector c = *(const vector *)(s + 32), e = *(const vector *)(s + 48);
	*(vector *)d = a;
	*(vector *)(d + 16) = b;
	*(vector *)(d + 32) = c;
	*(vector *)(d + 48) = e;
}

/* From 16 bytes on, d below s or apart from it. The end is read first: by then it may be written over. */
static void move_up(uint8_t *d, const uint8_t *s, size_t n)
{
	const vector last = *(const vector *)(s + n - 16);
	uint8_t *const end = d + n - 16;
	for (; n >= 64; n -= 64, d += 64, s += 64)
		move_64(d, s);
	for (; n >= 16; n -= 16, d += 16, s += 16)
		*(vector *)d = *(const vector *)s;
	*(vector *)end = last;
}

/* The same for d above s. */
static void move_down(uint8_t *d, const uint8_t *s, size_t n)
{
	const vector first = *(const vector *)s;
	for (; n >= 64; n -= 64)
		move_64(d + n - 64, s + n - 64);
	for (; n >= 16; n -= 16)
		*(vector *)(d + n - 16) = *(const vector *)(s + n - 16);
	*(vector *)d = first;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	if (n < 16)
		move_few(to, from, n);
	else
		move_up(to, from, n);
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	if (n < 16)
		move_few(to, from, n);
	else if ((uintptr_t)to - (uintptr_t)from < n)
		move_down(to, from, n);
	else
		move_up(to, from, n);
	return to;
}

void *memset(void *to, int value, size_t n)
{
	uint8_t *d = to;
	const uint8_t byte = (uint8_t)value;
	if (n < 16) {
		const uint64_t eight = UINT64_C(0x0101010101010101) * byte, both[2] = {eight, eight};
		move_few(d, (const uint8_t *)both, n);
		return to;
	}
	const vector v = (vector){0} + byte;
	*(vector *)(d + n - 16) = v;
	for (; n >= 64; n -= 64, d += 64) {
		*(vector *)d = v;
		*(vector *)(d + 16) = v;
		*(vector *)(d + 32) = v;
		*(vector *)(d + 48) = v;
	}
	for (; n >= 16; n -= 16, d += 16)
		*(vector *)d = v;
	return to;
}

/* By eight bytes as long as they are equal, then the first byte that is not. */
int memcmp(const void *one, const void *other, size_t n)
{
	const uint8_t *a = one, *b = other;
	for (; n >= 8 && *(const word8 *)a == *(const word8 *)b; n -= 8)
		a += 8, b += 8;
	for (; n != 0; n--, a++, b++) {
		if (*a != *b)
			return *a < *b ? -1 : 1;
	}
	return 0;
}

void *memchr(const void *in, int value, size_t n)
{
	const uint8_t *p = in;
	for (; n != 0; n--, p++) {
		if (*p == (uint8_t)value)
			return (void *)(uintptr_t)p;
	}
	return NULL;
}
