/* The URL in a discovery record, which a stranger chose. */
#ifndef KAD_RECORD_URL_H
#define KAD_RECORD_URL_H

#include "kad/contact.h"

/* Whether it is of http or https, of printable ASCII, without user information, and its host is of this scope or
 * wider, and not link-local: those are machines that tell secrets to whoever asks from within. Names that some
 * programs read as numbers are refused. A name without a dot, or in a domain that each network has for itself, is
 * private; what other names lead to only who resolves them can tell. authority is a view of HOST or HOST:PORT. */
bool kad_record_url_ok(struct bytes url, enum kad_scope least, struct bytes *authority);
/* Whether addr, HOST:PORT, is where the URL leads; its port is the scheme's when it names none. */
bool kad_record_url_at(struct bytes url, struct bytes authority, struct bytes addr);

#endif
