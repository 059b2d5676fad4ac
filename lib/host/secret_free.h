/* free, for what had secrets in it. */
#ifndef HOST_SECRET_FREE_H
#define HOST_SECRET_FREE_H

#include <stddef.h>

/* Wipes the first n bytes, and frees all. p: from malloc, or NULL. */
void secret_free(void *p, size_t n);

#endif
