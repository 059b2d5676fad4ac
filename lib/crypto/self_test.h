/* Known answers, asked of this build on this machine: what the firmware's load option "selftest"
 * runs. A wrong answer means a broken compiler, processor or memory, and then nothing that was
 * verified here may be believed. */
#ifndef CRYPTO_SELF_TEST_H
#define CRYPTO_SELF_TEST_H

#include "core/bytes.h"

struct self_test {
	const char *name;  /* "SHA-256" */
	bool (*run)(void); /* whether all answers are right; some milliseconds */
};

/* One for each primitive; *n says how many. */
const struct self_test *self_tests(size_t *n);

#endif
