/* Force-included: functions that nobody here may call become compile errors. The headers that
 * declare them come first, so that the declarations themselves still pass. */
#ifndef CORE_BANNED_H
#define CORE_BANNED_H

#if __STDC_HOSTED__
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#endif

#pragma GCC poison strcpy strcat strncpy strncat stpcpy sprintf vsprintf strtok gets
#pragma GCC poison gmtime localtime asctime ctime atoi atol atoll atof strtol strtoul strtoll strtoull
#pragma GCC poison alloca tmpnam tempnam mktemp

#endif
