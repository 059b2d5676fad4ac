/* Unsigned decimal numbers in text: what strtoull would be without locale, signs and surprises. */
#ifndef CORE_DECIMAL_H
#define CORE_DECIMAL_H

#include "core/bytes.h"

/* The whole text must be digits (1 to 20 of them) and the value fit; ERR_VALUE otherwise. */
MUST_CHECK int decimal_read(struct bytes text, uint64_t *out);

#endif
