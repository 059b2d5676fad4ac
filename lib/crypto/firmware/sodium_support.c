/* What the used files of libsodium want from the rest of it. Part of build/firmware/libsodium.a:
 * the real sources of these bring locked memory, system calls and run-time dispatch with them. */
#include <sodium/core.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>
#include <string.h>

void sodium_memzero(void *const p, const size_t n)
{
	if (n == 0)
		return;
	memset(p, 0, n);
	__asm__ __volatile__("" : : "r"(p) : "memory");
}

/* These four in constant time. */

int sodium_memcmp(const void *const a, const void *const b, size_t n)
{
	const uint8_t *p = a, *q = b;
	uint8_t difference = 0;
	for (size_t i = 0; i < n; i++)
		difference |= (uint8_t)(p[i] ^ q[i]);
	__asm__ __volatile__("" : "+r"(difference));
	return difference == 0 ? 0 : -1;
}

int sodium_is_zero(const uint8_t *p, const size_t n)
{
	uint8_t any = 0;
	for (size_t i = 0; i < n; i++)
		any |= p[i];
	__asm__ __volatile__("" : "+r"(any));
	return any == 0;
}

/* a += b and a -= b, little-endian, modulo 2^(8 n). */

void sodium_add(uint8_t *a, const uint8_t *b, const size_t n)
{
	unsigned carry = 0;
	for (size_t i = 0; i < n; i++) {
		carry += (unsigned)a[i] + b[i];
		a[i] = (uint8_t)carry;
		carry >>= 8;
	}
}

void sodium_sub(uint8_t *a, const uint8_t *b, const size_t n)
{
	unsigned borrow = 0;
	for (size_t i = 0; i < n; i++) {
		const unsigned difference = (unsigned)a[i] - b[i] - borrow;
		a[i] = (uint8_t)difference;
		borrow = (difference >> 8) & 1;
	}
}

/* Called for lengths beyond 2^32 blocks and the like, which no caller of ours has: stop at once,
 * rather than go on with a wrong cipher text. abort is compiled as this one too. */
void sodium_misuse(void)
{
	__builtin_trap();
}

/* Nothing in the firmware draws chance through libsodium: random bytes come in as parameters. */
void randombytes_buf(void *const p, const size_t n)
{
	(void)p, (void)n;
	__builtin_trap();
}
