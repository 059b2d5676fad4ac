/* Which of our kinds of files a text is, for messages: somebody has given one in the place of
 * another, and the reader's own words (a number, a missing member) would not tell. */
#ifndef HOST_FILE_KIND_H
#define HOST_FILE_KIND_H

#include "host/cli.h"

/* cli_fail for a text that was to be wanted ("a release manifest", "a policy", "a boot plan", "a
 * detached signature", or several of them in words); where it is plainly another kind, that is said. */
void file_kind_fail(struct cli *cli, int err, const char *subject, const struct why *why, struct bytes text,
		    const char *wanted);

#endif
