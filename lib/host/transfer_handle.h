/* curl as all our requests use it. */
#ifndef HOST_TRANSFER_HANDLE_H
#define HOST_TRANSFER_HANDLE_H

#include <curl/curl.h>

/* A handle with what they have in common: HTTP and HTTPS only, no redirects, no proxy, no signals,
 * connections that are tried for 5 s. NULL: no memory. */
CURL *transfer_handle(void);

#endif
