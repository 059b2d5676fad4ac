/* Wall time: seconds since 1970-01-01T00:00:00Z, a type of its own so that nobody mixes it with
 * the monotonic now_ms. Used only where signed dates are judged. Text form: RFC 3339. */
#ifndef CORE_WALL_H
#define CORE_WALL_H

#include <stdint.h>

#include "core/bytes.h"

struct wall {
	int64_t s;
};

#define WALL_TEXT_BYTES 20 /* 2026-11-21T02:00:00Z */

/* Reads RFC 3339 date-times that lie in years 0001..9999 of UTC: any offset (turned to UTC),
 * fractions dropped, 'T' and 'Z' in either case, the leap second 23:59:60 UTC read as 23:59:59.
 * ERR_VALUE otherwise, out untouched. What was read, wall_write can write. */
MUST_CHECK int wall_read(struct bytes text, struct wall *out);
/* Writes the UTC form in whole seconds, no NUL. t must lie in years 0001..9999, else ERR_VALUE. */
MUST_CHECK int wall_write(struct wall t, char out[static WALL_TEXT_BYTES]);

#endif
