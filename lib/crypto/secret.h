/* What is done with secrets beside using them: wipe, and compare without a clock to read. */
#ifndef CRYPTO_SECRET_H
#define CRYPTO_SECRET_H

#include "core/bytes.h"

/* Zeroes n bytes; the compiler cannot leave it out. */
void secret_wipe(void *p, size_t n);
/* Whether n bytes are equal, in time that depends on n only. */
bool secret_equal(const uint8_t *a, const uint8_t *b, size_t n);

#endif
