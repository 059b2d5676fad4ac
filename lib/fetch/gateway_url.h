/* Where a gateway to Swarm (the API of a bee node, or anything that answers as one) has something. */
#ifndef FETCH_GATEWAY_URL_H
#define FETCH_GATEWAY_URL_H

#include "swarm/reference.h"

/* A view of the gateway's URL without what '/' it ends in: paths begin with one. */
struct bytes gateway_url_root(struct bytes gateway);
/* Writes the gateway's URL, path ("/bytes/", "/chunks/") and the address in hexadecimal. */
void gateway_url_write(struct bytes gateway, const char *path, const uint8_t address[static REFERENCE_BYTES],
		       struct writer *w);

#endif
