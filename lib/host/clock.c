#include "host/clock.h"

#include <time.h>

#include "core/err.h"

int64_t clock_wall_s(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_REALTIME, &t); /* cannot fail with a valid clock */
	return t.tv_sec;
}

void clock_wall_text(char text[static WALL_TEXT_BYTES + 1])
{
	const bool good = wall_write((struct wall){clock_wall_s()}, text) == OK;
	text[good ? WALL_TEXT_BYTES : 0] = '\0';
}

uint64_t clock_now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with a valid clock */
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
