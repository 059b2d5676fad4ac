/* curl as all our requests use it. */
#ifndef HOST_TRANSFER_HANDLE_H
#define HOST_TRANSFER_HANDLE_H

#include <curl/curl.h>

#include "host/cli.h"

/* A handle with what they have in common: HTTP and HTTPS only, no redirects, no proxy, no signals,
 * connections that are tried for 5 s, the program's name and version as user agent. NULL: no memory. */
CURL *transfer_handle(const struct cli *cli);
/* What curl's own word of an end is to us: OK, ERR_TIMEOUT, ERR_CLOSED (cut off), ERR_IO for all else. */
int transfer_handle_err(CURLcode code);

#endif
