/* The little of URLs that fetching needs. */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include "core/bytes.h"

#define URL_BYTES_MAX 2048

/* http:// or https://, a host, printable ASCII without blanks, quotes or backslashes, no user
 * information, at most URL_BYTES_MAX bytes. */
bool url_ok(struct bytes url);

/* Whether a URL is that of a document rather than of a folder: its path ends in .json, or a query
 * or fragment follows. url_ok must hold. */
bool url_names_json(struct bytes url);

/* The provider's root that a manifest URL belongs to, '/' at its end: the URL without
 * CHANNEL/ARCH/manifest.json (arch in either spelling) or manifest.json, else without its last
 * segment; query and fragment left out. A view of url; only a URL without any path lacks the
 * slash. */
struct bytes url_root(struct bytes url, struct bytes channel, struct bytes arch);

#endif
