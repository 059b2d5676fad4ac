/* What a bee node says to an upload: a short JSON document. */
#ifndef HOST_BZZ_REPLY_H
#define HOST_BZZ_REPLY_H

#include <stddef.h>

#define BZZ_REPLY_BYTES_MAX 4096

struct bzz_reply {
	size_t n;
	char text[BZZ_REPLY_BYTES_MAX];
};

/* For curl: context is the reply; more than it holds ends the transfer. */
size_t bzz_reply_take(char *p, size_t size, size_t n, void *context);
/* A member of it as text, fit for a terminal; "" when it has none. */
const char *bzz_reply_member(const struct bzz_reply *r, const char *name, char *text, size_t room);
/* What a status means to somebody who waits for an upload; a literal. */
const char *bzz_reply_meaning(long status);

#endif
