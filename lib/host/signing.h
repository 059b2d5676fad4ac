/* Adding signatures to one document: the text, and what was read from it. All functions print
 * what is wrong before they return an error. */
#ifndef HOST_SIGNING_H
#define HOST_SIGNING_H

#include "host/cli.h"
#include "phase/attach.h"

struct signing {
	struct cli *cli;
	const char *subject; /* of messages: the file's name */
	struct signable document;
	struct bytes text; /* as it is now; owned */
	void *memory;      /* owned */
};

/* Takes a document of either kind over, text included (malloc), also on failure; only one that a
 * verifier would read is signed. Warns of what a verifier would refuse at the time given. */
MUST_CHECK int signing_open(struct signing *s, struct cli *cli, const char *subject, struct bytes text, struct wall at);
void signing_close(struct signing *s);

/* Signs with the secret key in a file. */
MUST_CHECK int signing_make(struct signing *s, const char *path, struct signature *made);
/* Adds a signature; signed_at may be empty. */
MUST_CHECK int signing_add(struct signing *s, const struct signature *made, struct bytes signed_at);
/* Adds the signature in a file, made elsewhere. One that does not fit this document is refused
 * here and not on the machine that is to boot it. */
MUST_CHECK int signing_attach(struct signing *s, const char *path);

#endif
