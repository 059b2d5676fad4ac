/* Content of Swarm over HTTP under the paths and with the headers of a bee node's API:
 *	/bytes/REFERENCE	a file
 *	/bzz/REFERENCE/PATH	a path of a manifest
 *	/chunks/ADDRESS		a chunk
 *	/soc/OWNER/ID		the file whose root a single-owner chunk wraps
 *	/feeds/OWNER/TOPIC	the newest update of a feed
 * all of them also below /v1. Where the chunks come from, and how an error looks, is the server's. */
#ifndef HOST_BZZ_SITE_H
#define HOST_BZZ_SITE_H

#include "host/bzz_shelf.h"
#include "host/http_server.h"

struct bzz_site {
	struct chunk_source source;
	/* Borrowed. NULL: none, as where what may be read is not the same all the time. */
	struct bzz_shelf *shelf;
	struct cli *cli;
	enum MHD_Result (*problem)(void *context, struct MHD_Connection *c, unsigned status, const char *detail);
	void *context;
	_Atomic uint64_t bytes_served_total;
};

/* Whether url (percent-encoded, without the query) is below one of these paths. */
bool bzz_site_has(const char *url);
/* Answers one that bzz_site_has. Any thread. */
enum MHD_Result bzz_site_route(struct bzz_site *site, struct MHD_Connection *c, const char *url, bool head);

#endif
