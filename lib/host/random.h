/* The kernel's randomness. */
#ifndef HOST_RANDOM_H
#define HOST_RANDOM_H

#include "core/err.h"

/* Fills n bytes, fit for keys. ERR_IO with errno; p is then anything. */
MUST_CHECK int random_fill(void *p, size_t n);

#endif
