#include "host/descriptors.h"

#include <sys/resource.h>

void descriptors_allow(size_t n)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= n)
		return;
	limit.rlim_cur = limit.rlim_max < n ? limit.rlim_max : n;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* as it was, then */
}
