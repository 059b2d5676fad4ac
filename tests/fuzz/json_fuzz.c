/* Any bytes: the JSON reader refuses them cleanly, or reading and canonical writing agree. */
#include <stdio.h>

#include "../unit/json_invariants.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	bool accepted;
	const char *broken = json_broken(bytes_of(data, n), &accepted);
	if (broken != NULL) {
		(void)fprintf(stderr, "broken: %s\n", broken);
		abort();
	}
	return 0;
}
