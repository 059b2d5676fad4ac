/* Any bytes as a date: refused, or what was read can be written, and reads as the same second. */
#include <stdlib.h>
#include <string.h>

#include "core/wall.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void need(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct wall t = {.s = INT64_MIN}, again = {.s = INT64_MIN};
	char text[WALL_TEXT_BYTES];
	if (n == sizeof t.s) { /* also any second */
		memcpy(&t.s, data, n);
		if (wall_write(t, text) == 0)
			need(wall_read(bytes_of(text, sizeof text), &again) == 0 && again.s == t.s);
		return 0;
	}
	uint8_t *exact = malloc(n); /* a sanitizer sees a byte too far */
	if (n > 0 && exact != NULL)
		memcpy(exact, data, n);
	if (exact != NULL && wall_read(bytes_of(exact, n), &t) == 0) {
		need(n >= WALL_TEXT_BYTES);
		need(wall_write(t, text) == 0);
		need(wall_read(bytes_of(text, sizeof text), &again) == 0 && again.s == t.s);
	} else {
		need(t.s == INT64_MIN);
	}
	free(exact);
	return 0;
}
