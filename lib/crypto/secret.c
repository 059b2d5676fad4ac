#include "crypto/secret.h"

#include <string.h>

void secret_wipe(void *p, size_t n)
{
	if (n == 0)
		return;
	memset(p, 0, n);
	/* Says that the zeroes are read, so that the store is not dead. */
	__asm__ __volatile__("" : : "r"(p) : "memory");
}

bool secret_equal(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint8_t difference = 0;
	for (size_t i = 0; i < n; i++)
		difference |= (uint8_t)(a[i] ^ b[i]);
	/* Hides the value, so that the loop cannot be turned into one that leaves early. */
	__asm__ __volatile__("" : "+r"(difference));
	return difference == 0;
}
