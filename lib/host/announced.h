/* What is put into the DHT for a release that is served: its record (kad/record.h), under both spellings of its
 * architecture, as others know only one of them. */
#ifndef HOST_ANNOUNCED_H
#define HOST_ANNOUNCED_H

#include "kad/message.h"
#include "kad/record.h"
#include "phase/manifest.h"

#define ANNOUNCED_N 2
#define ANNOUNCED_ADDRESS_MAX 320 /* HOST:PORT */

/* Where records lead. */
struct announced_place {
	char url[KAD_RECORD_URL_MAX + 1];
	char http_addr[ANNOUNCED_ADDRESS_MAX + 1];
};

/* Of the manifest's URL; http_addr: HOST:PORT to be put in place of the URL's own, or NULL. ERR_VALUE: the URL, or
 * http_addr, is none that readers of records take; p is untouched then. */
MUST_CHECK int announced_place_of(struct announced_place *p, const char *url, const char *http_addr);

struct announced {
	size_t key_n, value_n;
	uint8_t key[KAD_RECORD_KEY_BYTES_MAX], value[KAD_RECORD_BYTES_MAX];
};

/* The records of m, as of now. ERR_VALUE: m's channel is none that the DHT has keys for, or the time cannot be written;
 * v is untouched then. */
MUST_CHECK int announced_write(struct announced v[static ANNOUNCED_N], const struct manifest *m,
			       const struct announced_place *place, struct wall now, uint64_t ttl_s);

#endif
