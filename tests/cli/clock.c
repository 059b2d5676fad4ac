/* A clock that is wrong, for tests: preloaded, it has the time of day differ from what it is by so many seconds as
 * stand in the file that CLOCK_OFF names. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *t)
{
	const char *path = getenv("CLOCK_OFF");
	const long result = syscall(SYS_clock_gettime, clock, t);
	FILE *file = result == 0 && clock == CLOCK_REALTIME && path != NULL ? fopen(path, "re") : NULL;
	long off;
	if (file == NULL)
		return (int)result;
	if (fscanf(file, "%ld", &off) == 1)
		t->tv_sec += off;
	(void)fclose(file);
	return 0;
}
