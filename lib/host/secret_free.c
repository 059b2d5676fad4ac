#include "host/secret_free.h"

#include <stdlib.h>

#include "crypto/secret.h"

void secret_free(void *p, size_t n)
{
	if (p != NULL)
		secret_wipe(p, n);
	free(p);
}
