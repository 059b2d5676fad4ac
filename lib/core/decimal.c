#include "core/decimal.h"

#include "core/err.h"

int decimal_read(struct bytes text, uint64_t *out)
{
	uint64_t v = 0;
	if (text.n == 0 || text.n > 20)
		return ERR_VALUE;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9' || __builtin_mul_overflow(v, 10U, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(text.p[i] - '0'), &v))
			return ERR_VALUE;
	}
	*out = v;
	return OK;
}
