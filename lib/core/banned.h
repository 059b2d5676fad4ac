/* Force-included: functions that nobody here may call become compile errors. The headers that
 * declare them come first, so that the declarations themselves still pass. */
#ifndef CORE_BANNED_H
#define CORE_BANNED_H

#include <string.h>
#if __STDC_HOSTED__
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
/* Under clang the fortified headers make macros of some of them. */
#undef sprintf
#undef vsprintf
#pragma GCC poison sprintf vsprintf gets gmtime localtime asctime ctime tmpnam tempnam mktemp
#pragma GCC poison atoi atol atoll atof strtol strtoul strtoll strtoull
#endif
#pragma GCC poison strcpy strcat strncpy strncat stpcpy strtok

#endif
