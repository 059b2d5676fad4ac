/* How many files and connections this process may have open at once. */
#ifndef HOST_DESCRIPTORS_H
#define HOST_DESCRIPTORS_H

#include <stddef.h>

/* Raises the limit to n, or as far as the system lets it: fewer at once then. */
void descriptors_allow(size_t n);

#endif
